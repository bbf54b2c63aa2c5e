"""When a source is due: pure functions over its schedule and its last start."""

from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from config import Source


def next_start(source: Source, last: datetime | None, now: datetime) -> datetime | None:
    """Return when the source should start next (UTC); None when it has no schedule or is switched off.

    A source that never ran is due now. Missed starts are made up for once, not many times.
    """
    if not source.enabled or not (source.every or source.schedule):
        return None
    if last is None:
        return now
    if source.every:
        return last + source.every
    assert source.schedule is not None
    return next(CronSim(source.schedule, last))


def first_round(source: Source, now: datetime) -> datetime | None:
    """Return in which round a source that never ran is now (UTC); None as in `next_start`.

    The same for all who ask at about the same time, so that workers that begin parts of it begin one round.
    """
    if not source.enabled or not (source.every or source.schedule):
        return None
    if source.every:
        seconds = source.every.total_seconds()
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
    assert source.schedule is not None
    return last_time(source.schedule, now)


def last_time(schedule: str, now: datetime) -> datetime:
    """Return the last time of a cron expression at or before `now` (UTC)."""
    return next(CronSim(schedule, now + timedelta(microseconds=1), reverse=True))  # it looks before, not at
