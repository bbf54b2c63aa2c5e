"""Due: which jobs should run now. A fact in the database and the configuration; nothing is remembered here."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from config import Config
from storage.database import snapshot
from storage.runs import last_run
from watch.job import DueJob, Job
from watch.schedule import next_start

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def due_jobs(config: Config, engine: Engine, now: datetime) -> list[DueJob]:
    """Return the jobs that should run now: messages first, then what has been due for longest.

    A job that is under way, here or elsewhere, is still due: that a process is alive is no fact in the database. Who
    starts jobs leaves out what it, or another, has under way (`Job.identity`). What is won: a killed one is due at
    once, without a lease to wait for.

    Args:
        now: UTC.

    Raises:
        StorageUnavailable: the database cannot be read.
    """
    found = [DueJob(job=Job(kind=kind), due_at=now) for kind in ("remind", "deliver")]
    with snapshot(engine) as session:
        for source in config.source:
            run = last_run(session, source.key)
            at = next_start(source, run.started_at if run is not None else None, now)
            if at is not None and at <= now:
                found.append(DueJob(job=Job(kind="crawl", source=source.key), due_at=at))
    return [*found[:2], *sorted(found[2:], key=lambda one: one.due_at)]
