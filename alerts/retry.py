"""When to try again: the schedule of attempts, and what `Retry-After` asks for. Pure: time and chance are arguments."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Time from the last failure to the next attempt, by number of failures so far. The first attempt waits for nothing.
# The example schedule of the Standard Webhooks specification, up to its seventh attempt.
SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
JITTER = 0.1  # share of the delay, both ways, so that deliveries that failed together do not return together
LONGEST_WAIT = timedelta(days=1)  # the most that a Retry-After may ask for
LONGEST_PAUSE = timedelta(minutes=2)  # of a receiver in trouble that asks for nothing


def next_attempt(
    failures: int, *, now: datetime, chance: float, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when to try again after that many failures, or None when the schedule is used up.

    `chance` is a random number in [0, 1). A `retry_after` moves the attempt back, never forward.
    """
    if failures >= len(SCHEDULE):
        return None
    delay = SCHEDULE[failures] * (1 - JITTER + 2 * JITTER * chance)
    return now + max(delay, min(retry_after or timedelta(0), LONGEST_WAIT))


def pause_until(retry_at: datetime | None, *, now: datetime, retry_after: timedelta | None = None) -> datetime:
    """Return until when a receiver in trouble is left alone by all its deliveries.

    One of them then tries it out on behalf of the others: when the one that has failed comes again (`retry_at`), but
    within two minutes, so that a message which the receiver alone cannot digest does not hold the others up for hours.
    What the receiver itself asks for goes before.
    """
    longest = now + LONGEST_PAUSE
    return max(min(retry_at or longest, longest), now + min(retry_after or timedelta(0), LONGEST_WAIT))


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3); at most a day, at least nothing.

    A value in neither form counts as absent, as the RFC asks of fields that cannot be understood.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max(date - now, timedelta(0)), LONGEST_WAIT)
