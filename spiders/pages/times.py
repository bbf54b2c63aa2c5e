"""Dates as feeds write them -> UTC. Day-month order is never guessed: 03/04/2026 is unreadable."""

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

_JAPANESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日(?:\s*(\d{1,2})[時:](\d{1,2})分?(?:(\d{1,2})秒)?)?")
_SLASHES = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_LONGEST = 64


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment in UTC, None when the text is no date that has one meaning.

    Read are ISO 8601, `2026/04/03 10:25[:00]`, `2026年4月3日`, RFC 822, and seconds or milliseconds since 1970.

    Args:
        text: as the feed has it.
        zone: of times that carry none.
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        if match := _SLASHES.fullmatch(text) or _JAPANESE.fullmatch(text):
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        elif _EPOCH.fullmatch(text):
            moment = datetime.fromtimestamp(int(text[:10]), UTC)
        else:
            moment = _standard(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # the last two from the RFC 822 parser
        return None


def _standard(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
