"""Days and moments as people type them, made moments of one zone: that of `[triage] zone`."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class NoMoment(Exception):
    """A text or a day that is no moment; the message says why."""


def read_moment(text: str) -> date | datetime:
    """Read 2026-12-01, 2026-12-01T18:00 or 2026-12-01T18:00+09:00.

    Raises:
        NoMoment: it is none of these.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise NoMoment(f"expected 2026-12-01, the end of that day, or 2026-12-01T18:00+09:00, got {text!r}") from None


def end_of(day: date, zone: str) -> datetime:
    """Return when a day ends in a zone (IANA name); in UTC.

    Raises:
        NoMoment: the calendar has no such moment.
    """
    try:
        return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise NoMoment(f"{day} is too far away") from None


def moment_of(said: date | datetime, zone: str) -> datetime:
    """Return the moment that is meant: the end of a day, or a time, of the zone where it names no offset.

    Raises:
        NoMoment: the calendar has no such moment.
    """
    if not isinstance(said, datetime):
        return end_of(said, zone)
    try:
        return (said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        raise NoMoment(f"{said} is too far away") from None
