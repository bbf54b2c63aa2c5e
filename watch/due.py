"""Due: which jobs should run now. Facts in the database, and the configuration; nothing is remembered here.

Asked every second or two: a dozen statements that indexes answer, however many sources there are.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from cronsim import CronSim
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from alerts.grouping import SCHEDULED
from alerts.quiet import last_digest
from config import Config, Source
from config.routes import named
from spiders.pace import LONGEST_PAUSE
from spiders.slices import slices_of
from storage.cursors import cursor, save_cursor
from storage.database import snapshot
from storage.outbox import due_since
from storage.reminders import anything_due
from storage.rounds import latest_rounds
from storage.routed import has_digest
from storage.stamps import due_stamps
from storage.turns import paused_sources
from watch.job import DueJob, Job, JobKind
from watch.rounds import DuePart, due_parts
from watch.schedule import last_time

OURS = ""  # instead of a source's key: cursors of the watch itself
PRUNED = "pruned"  # cursor: when what is too old was removed last, ISO 8601
UNWANTED = "unwanted"  # cursor: [when alerts were left over that no route wants, ISO 8601; of which routes]
# Until these are looked at again: a route may want one once its case has grown. Thousands of them take a while.
LOOK_AGAIN = timedelta(minutes=5)


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
    with snapshot(engine) as session:
        light = [DueJob(job=Job(kind=kind), due_at=since) for kind, since in _light(config, session, now)]
        heavy = [(part.since, _job(source, part)) for source, part in _parts(config, session, now)]
        pruning = prune_due(config, session, now)
    if pruning is not None:
        heavy.append((pruning, DueJob(job=Job(kind="prune"), due_at=pruning)))
    return light + [due for _, due in sorted(heavy, key=lambda row: row[0])]


def round_of(config: Config, session: Session, job: Job, now: datetime) -> datetime | None:
    """Return the round that a job of a source belongs to, now; None where there is nothing to do for it."""
    source = next((source for source in config.source if source.key == job.source), None)
    if source is None:
        return None
    slices = slices_of(config, source, session)
    latest = latest_rounds(session, [source.key]).get(source.key)
    parts = due_parts(source, latest, slices, now, early=True)
    return next((part.round_at for part in parts if part.slice == job.slice), None)


def is_paused(session: Session, source: str) -> bool:
    """Tell whether a source is not to be begun, because an interface that it asks wants to be left alone for a while.

    Its crawl would wait for that in a child, which others could use. What is longer than a crawl waits is no reason: it
    ends at once, and says so.
    """
    return source in paused_sources(session, longest=LONGEST_PAUSE)


def prune_due(config: Config, session: Session, now: datetime) -> datetime | None:
    """Return since when pruning is due; None when it is not.

    Where nothing is removed, PostgreSQL still wants its tables for the months to come.
    """
    storage = config.storage
    kept_for = (storage.keep_items, storage.keep_pictures, storage.keep_visits)
    if not any(kept_for) and session.get_bind().dialect.name != "postgresql":
        return None
    last = cursor(session, OURS, PRUNED)
    due = last_time(config.watch.prune, now) if last is None else _next(config.watch.prune, last)
    return due if due <= now else None


def unwanted(config: Config, session: Session, now: datetime) -> datetime | None:
    """Return when alerts were last left over that no route wants; None where they are to be looked at again."""
    noted = cursor(session, OURS, UNWANTED)
    if noted is None or noted[1] != _routes(config):
        return None
    at = datetime.fromisoformat(noted[0])
    return at if at <= now < at + LOOK_AGAIN else None


def note_unwanted(config: Config, session: Session, at: datetime) -> None:
    """Note that no route wants what was due at that time and is still there, so that it is not due each second."""
    save_cursor(session, OURS, UNWANTED, [at.isoformat(), _routes(config)], at)


def _next(schedule: str, last: str) -> datetime:
    return next(CronSim(schedule, datetime.fromisoformat(last)))


def _light(config: Config, session: Session, now: datetime) -> Iterator[tuple[JobKind, datetime]]:
    if anything_due(session, now):
        yield "remind", now
    since = due_since(session, now, unwanted=unwanted(config, session, now)) or _empty_digest(config, session, now)
    if since is not None:
        yield "deliver", since
    if config.evidence.authority is not None and due_stamps(session, now, limit=1):
        yield "stamp", now


def _routes(config: Config) -> str:
    return sha256(repr(config.route).encode()).hexdigest()


def _empty_digest(config: Config, session: Session, now: datetime) -> datetime | None:
    """Return when a digest should have left that tells of nothing, where a route wants those, and has not."""
    for name, route in named(config.route):
        if route.digest and route.empty:
            end = last_digest(route.digest, route.zone, now)
            if not has_digest(session, name, SCHEDULED, end):
                return end
    return None


def _parts(config: Config, session: Session, now: datetime) -> Iterator[tuple[Source, DuePart]]:
    scheduled = [source for source in config.source if source.enabled and (source.every or source.schedule)]
    latest = latest_rounds(session, [source.key for source in scheduled])
    paused = paused_sources(session, longest=LONGEST_PAUSE) if scheduled else frozenset()  # see `is_paused`
    for source in scheduled:
        if source.key in paused:
            continue
        for part in due_parts(source, latest.get(source.key), slices_of(config, source, session), now):
            yield source, part


def _job(source: Source, part: DuePart) -> DueJob:
    kind: JobKind = "crawl"
    for word in ("visit", "recheck"):
        if part.slice.partition("=")[0] == word:
            kind = word
    return DueJob(job=Job(kind=kind, source=source.key, slice=part.slice), due_at=part.round_at)
