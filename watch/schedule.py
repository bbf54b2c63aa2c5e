"""When a source is due: pure functions over its schedule and its last start."""

from datetime import datetime

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
