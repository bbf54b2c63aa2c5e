"""What people ask of the queue: how it stands, which jobs are dead and why, and that they be tried again."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from safety.screen import screen
from storage.database import snapshot, transaction
from storage.errors import DatabaseOutdated
from watch.job import KINDS, Job, JobKind
from watch.many.queue import JOBS, LEASE, LOG, LOOK, SCHEMA

# Statements over tables that are PgQueuer's; no value is ever put into their text.
_STANDING = text(f"""
SELECT entrypoint,
       count(*) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS waiting,
       min(execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS first_since, now() AS at,
       count(*) FILTER (WHERE status = 'queued' AND execute_after > now()) AS later,
       count(*) FILTER (WHERE status = 'failed') AS dead
FROM {JOBS} GROUP BY entrypoint
""")  # noqa: S608
# A worker that was killed has no session any more, one that hangs has, and is not heard of.
_TAKEN = text(f"""
SELECT job.entrypoint, worker.name, count(*) AS jobs,
       worker.name IS NULL OR now() - job.heartbeat >= :lease * interval '1 s' AS lost,
       extract(epoch FROM now() - max(job.heartbeat))::float8 AS silent
FROM {JOBS} job
LEFT JOIN (
    SELECT split_part(application_name, ' ', 4) AS id, min(split_part(application_name, ' ', 3)) AS name
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'mekiki worker % %' GROUP BY 1
) worker ON worker.id = left(job.queue_manager_id::text, 8)
WHERE job.status = 'picked' GROUP BY job.entrypoint, job.queue_manager_id, worker.name, lost ORDER BY 1, 2
""")  # noqa: S608
# A job's time is that between its last pick and its end: of one that was taken over, the time of who did it.
_DONE = text(f"""
SELECT ended.entrypoint, count(*) AS done,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
FROM {LOG} ended
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM ended.created - max(picked.created))::float8 AS seconds
    FROM {LOG} picked
    WHERE picked.job_id = ended.job_id AND picked.status = 'picked' AND picked.created <= ended.created
) took
WHERE ended.status = 'successful' AND ended.created > now() - interval '1 hour' GROUP BY ended.entrypoint
""")  # noqa: S608
_SESSIONS = text("""
SELECT count(DISTINCT split_part(application_name, ' ', 4)) AS workers,
       max(substring(application_name FROM ' ([0-9.]+)$')::float8) AS lease FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'mekiki worker % %'
""")
_DEAD = text(f"""
SELECT job.id, job.payload, job.created, job.updated, job.attempts,
       (SELECT left(step.traceback ->> 'exception_message', 1000) FROM {LOG} step
        WHERE step.job_id = job.id AND step.status = 'failed' ORDER BY step.id DESC LIMIT 1) AS why
FROM {JOBS} job WHERE job.status = 'failed' ORDER BY job.updated DESC, job.id DESC
""")  # noqa: S608
_RETRY = text(f"""
WITH again AS (
    UPDATE {JOBS} dead
    SET status = 'queued', execute_after = now(), updated = now(), attempts = 0, queue_manager_id = NULL
    WHERE id = :number AND status = 'failed' AND NOT EXISTS (
        SELECT FROM {JOBS} live WHERE live.dedupe_key = dead.dedupe_key AND live.status IN ('queued', 'picked')
    )
    RETURNING id, entrypoint, priority
)
INSERT INTO {LOG} (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM again
RETURNING job_id
""")  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningOn:
    """A worker that has jobs of a queue."""

    worker: str  # "HOST:PID"
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """How one queue stands."""

    queue: JobKind
    waiting: int  # jobs that may run now
    oldest_wait: float  # seconds that the first of these has been waiting; 0 without any
    later: int  # jobs that wait for their next try
    running: int
    workers: tuple[RunningOn, ...]  # that are doing them
    dead: int
    done: int  # in the last hour
    p50: float | None  # seconds that half of these took at most; None without any
    p95: float | None
    lost: int = 0  # jobs whose worker was killed, or is not heard of
    taken_over_in: float | None = None  # seconds within which others take these; None: no worker is there, or none lost


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadJob:
    """A job that was given up."""

    number: int
    job: Job | None  # None: its payload is none of this version's
    queued_at: datetime
    died_at: datetime
    tries: int
    why: str  # one line, safe to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of dead jobs that somebody wants to be tried again."""

    queued: tuple[int, ...]
    already: tuple[int, ...]  # another job of the same identity waits or runs
    unknown: tuple[int, ...]  # no dead job has this number


def queue_figures(engine: Engine) -> list[QueueFigures]:
    """Return how each queue stands, in the order of `KINDS`.

    Raises:
        DatabaseOutdated: there is no queue in this database.
        StorageUnavailable: the database cannot be read.
    """
    with snapshot(engine) as session:
        check_there(session)
        standing = {row.entrypoint: row for row in session.execute(_STANDING)}
        done = {row.entrypoint: row for row in session.execute(_DONE)}
        alive = session.execute(_SESSIONS).one()
        lease = alive.lease or LEASE.total_seconds()
        taken: dict[str, list[Row[Any]]] = {}
        for row in session.execute(_TAKEN, {"lease": lease}):
            taken.setdefault(row.entrypoint, []).append(row)
    figures = []
    for kind in KINDS:
        now, past = standing.get(kind), done.get(kind)
        lost = [row for row in taken.get(kind, ()) if row.lost]
        held = [RunningOn(worker=screen(row.name), jobs=row.jobs) for row in taken.get(kind, ()) if not row.lost]
        left = max((max(0.0, lease - row.silent) + lease / LOOK for row in lost), default=None)
        figures.append(
            QueueFigures(
                queue=kind,
                waiting=now.waiting if now else 0,
                oldest_wait=(now.at - now.first_since).total_seconds() if now and now.first_since else 0.0,
                later=now.later if now else 0,
                running=sum(one.jobs for one in held),
                workers=tuple(held),
                lost=sum(row.jobs for row in lost),
                taken_over_in=left if alive.workers else None,
                dead=now.dead if now else 0,
                done=past.done if past else 0,
                p50=past.p50 if past else None,
                p95=past.p95 if past else None,
            )
        )
    return figures


def workers_connected(session: Session) -> int:
    """Return how many workers have a connection to this database."""
    return int(session.execute(_SESSIONS).one().workers)


def dead_jobs(engine: Engine) -> list[DeadJob]:
    """Return the jobs that were given up, the last one first. Raises as `queue_figures` does."""
    with snapshot(engine) as session:
        check_there(session)
        return [
            DeadJob(
                number=row.id,
                job=_job(row.payload),
                queued_at=row.created,
                died_at=row.updated,
                tries=row.attempts + 1,
                why=screen(row.why or "", limit=300),
            )
            for row in session.execute(_DEAD)
        ]


def retry(engine: Engine, numbers: Collection[int]) -> Retried:
    """Let dead jobs run again, with all their tries. Raises as `queue_figures` does."""
    wanted = set(numbers)
    dead = {job.number for job in dead_jobs(engine)} & wanted
    queued: set[int] = set()
    with transaction(engine) as session:
        for number in sorted(dead):
            with suppress(IntegrityError), session.begin_nested():  # one of its identity was put in just now
                queued |= set(session.scalars(_RETRY, {"number": number}))
    return Retried(
        queued=tuple(sorted(queued)),
        already=tuple(sorted(dead - queued)),
        unknown=tuple(sorted(wanted - dead)),
    )


def check_there(session: Session) -> None:
    """Make sure that there is a queue.

    Raises:
        DatabaseOutdated: there is none; the message says what to type.
    """
    if session.get_bind().dialect.name != "postgresql":
        raise DatabaseOutdated("a queue needs PostgreSQL; with SQLite, `mekiki watch` runs everything on one machine")
    if session.scalar(text("SELECT to_regclass(:name)"), {"name": JOBS}) is None:
        raise DatabaseOutdated(f"there is no queue in this database (schema {SCHEMA}); type: mekiki db upgrade")


def _job(payload: bytes | None) -> Job | None:
    try:
        return Job.from_json(bytes(payload or b""))
    except (ValueError, RecursionError):  # msgspec's errors are of the first kind
        return None
