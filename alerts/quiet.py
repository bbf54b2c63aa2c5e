"""Quiet hours and the times of digests: pure arithmetic over a calendar and a time zone.

Wall clocks are compared, instants are returned; a wall time that daylight saving repeats counts both times.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.japan import national_holidays
from config.quiet import DAYS, DigestTime, Quiet

_FURTHEST = 60  # days that are looked ahead; longer holidays do not exist


def quiet_until(quiet: Quiet, now: datetime) -> datetime | None:
    """Return when quiet hours end that `now` lies in (UTC); None when it does not."""
    zone = ZoneInfo(quiet.zone)
    local = now.astimezone(zone)
    if not _is_quiet(quiet, local):
        return None
    for instant in _edges(quiet, local):
        if instant > now and not _is_quiet(quiet, instant.astimezone(zone)):
            return instant
    return now + timedelta(days=_FURTHEST)


def next_digest(at: DigestTime, zone: str, after: datetime) -> datetime:
    """Return the first time of a digest later than `after` (UTC)."""
    return next(instant for instant in _digests(at, zone, after, range(9)) if instant > after)


def last_digest(at: DigestTime, zone: str, now: datetime) -> datetime:
    """Return the last time of a digest at or before `now` (UTC)."""
    return next(instant for instant in _digests(at, zone, now, range(0, -9, -1)) if instant <= now)


def _digests(at: DigestTime, zone: str, near: datetime, days: range) -> Iterator[datetime]:
    place = ZoneInfo(zone)
    today = near.astimezone(place).date()
    for number in days:
        day = today + timedelta(days=number)
        if at.day is None or DAYS[day.weekday()] == at.day:
            yield datetime.combine(day, at.at, place).astimezone(UTC)


def _is_quiet(quiet: Quiet, local: datetime) -> bool:
    if DAYS[local.weekday()] in quiet.days or _is_holiday(quiet, local.date()):
        return True
    if quiet.hours is None:
        return False
    begin, end = quiet.hours
    clock = local.time().replace(tzinfo=None)
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def _is_holiday(quiet: Quiet, day: date) -> bool:
    return any(
        day in national_holidays(day.year) if known == "japan" else known in (day, f"{day:%m-%d}")
        for known in quiet.holidays
    )


def _edges(quiet: Quiet, local: datetime) -> Iterator[datetime]:
    """Yield the instants (UTC) at which quiet hours may end, in order."""
    ends = sorted({time(0), *(quiet.hours[1:] if quiet.hours else ())})
    for number in range(_FURTHEST):
        day = local.date() + timedelta(days=number)
        walls = [datetime.combine(day, end, local.tzinfo) for end in ends]
        yield from sorted({wall.replace(fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)})
