"""Whole days of a zone, the period before, and bars."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from desk.reports.period import Period

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 6, 1, tzinfo=UTC)


def period(first: str, last: str, zone: ZoneInfo = TOKYO, now: datetime = NOW) -> Period:
    return Period(first=date.fromisoformat(first), last=date.fromisoformat(last), zone=zone, now=now)


def test_a_day_begins_at_midnight_of_its_zone() -> None:
    november = period("2026-11-01", "2026-11-30")
    assert november.start == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert november.end == datetime(2026, 11, 30, 15, tzinfo=UTC)
    assert not november.running
    assert november.day_of(datetime(2026, 10, 31, 15, tzinfo=UTC)) == date(2026, 11, 1)


def test_a_day_with_a_change_of_the_clock_has_its_own_length() -> None:
    day = period("2026-10-25", "2026-10-25", BERLIN)
    assert (day.end - day.start).total_seconds() == 25 * 3600


def test_a_period_that_is_not_over_ends_now() -> None:
    now = datetime(2026, 11, 12, 3, tzinfo=UTC)
    running = period("2026-11-01", "2026-11-30", now=now)
    assert running.end == now
    assert running.running


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("2027-02-01", "2027-02-28", ("2027-01-01", "2027-01-31")),
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
        ("2026-11-01", "2026-11-29", ("2026-10-03", "2026-10-31")),
        ("2026-11-09", "2026-11-15", ("2026-11-02", "2026-11-08")),
    ],
)
def test_the_period_before_is_as_many_months_or_days(first: str, last: str, before: tuple[str, str]) -> None:
    earlier = period(first, last).before()
    assert (earlier.first.isoformat(), earlier.last.isoformat()) == before
    assert earlier.end == period(first, last).start


@pytest.mark.parametrize(
    ("first", "last", "count", "second"),
    [
        ("2026-11-01", "2026-11-30", 30, "2026-11-02"),
        ("2026-09-01", "2026-11-30", 14, "2026-09-07"),  # the first bar is what is left of its week
        ("2025-01-01", "2026-11-30", 23, "2025-02-01"),
    ],
)
def test_bars_are_days_weeks_or_months(first: str, last: str, count: int, second: str) -> None:
    bars = period(first, last).bars()
    assert len(bars) == count
    assert bars[0] == date.fromisoformat(first)
    assert bars[1] == date.fromisoformat(second)
    assert period(first, last).bar_of(date.fromisoformat(last)) == bars[-1]
