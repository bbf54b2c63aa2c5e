from datetime import UTC, datetime

import pytest

from alerts.quiet import last_digest, next_digest, quiet_until
from config.quiet import DigestTime, Quiet
from tests.alerts.bureau import at

OFFICE = Quiet.model_validate(
    {
        "key": "office",
        "hours": ["20:00", "08:00"],
        "days": ["Sat", "Sun"],
        "holidays": ["japan", "12-29", "12-30", "12-31", "01-02", "01-03"],
    }
)
BERLIN = Quiet.model_validate({"key": "night", "hours": ["22:00", "02:30"], "zone": "Europe/Berlin"})


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24T12:00+09:00", None),  # a Tuesday
        ("2026-11-24T19:59+09:00", None),
        ("2026-11-24T20:00+09:00", "2026-11-25T08:00+09:00"),
        ("2026-11-25T07:59+09:00", "2026-11-25T08:00+09:00"),
        ("2026-11-25T08:00+09:00", None),
        ("2026-11-20T21:00+09:00", "2026-11-24T08:00+09:00"),  # Friday night, weekend, 勤労感謝の日
        ("2026-12-28T21:00+09:00", "2027-01-04T08:00+09:00"),  # 年末年始
        ("2026-11-24T11:00Z", "2026-11-24T23:00Z"),  # the same instants, told otherwise
    ],
)
def test_business_hours_in_japan(now: str, until: str | None) -> None:
    assert quiet_until(OFFICE, at(now)) == (until and at(until))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28T23:00+01:00", "2026-03-29T03:30+02:00"),  # 02:30 is skipped: when it would have been
        ("2026-10-24T23:00+02:00", "2026-10-25T02:30+02:00"),  # 02:30 comes twice: ends the first time,
        ("2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"),  # and what is quiet again ends again
        ("2026-06-01T23:00+02:00", "2026-06-02T02:30+02:00"),
    ],
)
def test_quiet_hours_where_clocks_are_changed(now: str, until: str) -> None:
    end = quiet_until(BERLIN, at(now))
    assert end == at(until)
    assert quiet_until(BERLIN, end) is None


def test_a_day_alone_is_quiet_until_the_next_midnight() -> None:
    closed = Quiet.model_validate({"key": "closed", "holidays": [datetime(2026, 8, 13, tzinfo=UTC).date()]})
    assert quiet_until(closed, at("2026-08-13T00:00+09:00")) == at("2026-08-14T00:00+09:00")
    assert quiet_until(closed, at("2026-08-12T23:59+09:00")) is None


@pytest.mark.parametrize(
    ("when", "zone", "now", "last", "following"),
    [
        ("daily 09:00", "Asia/Tokyo", "2026-11-24T08:59+09:00", "2026-11-23T09:00+09:00", "2026-11-24T09:00+09:00"),
        ("daily 09:00", "Asia/Tokyo", "2026-11-24T09:00+09:00", "2026-11-24T09:00+09:00", "2026-11-25T09:00+09:00"),
        ("weekly Mon 09:00", "Asia/Tokyo", "2026-11-22T23:59Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"),
        ("weekly Mon 09:00", "Asia/Tokyo", "2026-11-23T00:00Z", "2026-11-23T00:00Z", "2026-11-30T00:00Z"),
        ("daily 09:00", "Europe/Berlin", "2026-03-29T12:00Z", "2026-03-29T07:00Z", "2026-03-30T07:00Z"),
        ("daily 09:00", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-28T08:00Z", "2026-03-29T07:00Z"),
    ],
)
def test_digests_leave_at_the_wall_time_of_their_zone(
    when: str, zone: str, now: str, last: str, following: str
) -> None:
    time = DigestTime.parse(when)
    assert str(time) == when
    assert last_digest(time, zone, at(now)) == at(last)
    assert next_digest(time, zone, at(now)) == at(following)
