"""Dates of feeds have one meaning or none."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.pages.times import read_time

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T10:25:00Z", (2026, 11, 22, 10, 25)),
        ("2026-11-22T10:25:00+02:00", (2026, 11, 22, 8, 25)),
        ("2026-11-22T10:25:00", (2026, 11, 22, 1, 25)),
        ("2026-11-22", (2026, 11, 21, 15, 0)),
        ("2026/11/22 10:25:00", (2026, 11, 22, 1, 25)),
        ("2026/1/2 3:04", (2026, 1, 1, 18, 4)),
        ("2026.11.22", (2026, 11, 21, 15, 0)),
        ("2026年11月22日 10時25分", (2026, 11, 22, 1, 25)),
        ("Sun, 22 Nov 2026 10:25:00 +0900", (2026, 11, 22, 1, 25)),
        ("22 Nov 2026 10:25:00 GMT", (2026, 11, 22, 10, 25)),
        ("1795343100", (2026, 11, 22, 10, 25)),
        ("1795343100000", (2026, 11, 22, 10, 25)),
    ],
)
def test_read(text: str, utc: tuple[int, int, int, int, int]) -> None:
    year, month, day, hour, minute = utc
    assert read_time(text, TOKYO) == datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "03/04/2026", "2026/13/01", "2026-02-30", "1" * 500, "0001-01-01"])
def test_unreadable(text: str) -> None:
    assert read_time(text, TOKYO) is None


@given(st.text(max_size=70))
def test_any_text_is_survived(text: str) -> None:
    moment = read_time(text, UTC)
    assert moment is None or moment.utcoffset() is not None
