from datetime import datetime, timedelta

import pytest

from alerts.pace import Pace
from config.rates import Rate
from tests.alerts.samples import NOW


def second(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace(None)
    for _ in range(3):
        assert pace.wait(NOW) == timedelta(0)
        pace.took(NOW)


def test_attempts_are_spread_evenly() -> None:
    pace = Pace(Rate.parse("30/m"))
    assert pace.wait(NOW) == timedelta(0)
    pace.took(NOW)
    assert pace.wait(second(0.5)) == timedelta(seconds=1.5)
    assert pace.wait(second(2)) == timedelta(0)
    assert pace.wait(second(60)) == timedelta(0), "time that went by unused is not saved up"


def test_the_last_attempt_of_another_process_counts() -> None:
    assert Pace(Rate.parse("1/s"), last=second(-0.25)).wait(NOW) == timedelta(seconds=0.75)


def test_a_clock_that_was_set_back_keeps_nobody_waiting_longer_than_one_gap() -> None:
    assert Pace(Rate.parse("1/s"), last=second(3600)).wait(NOW) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "gap"), [("1/s", 1.0), ("30/m", 2.0), ("240/m", 0.25), ("500/h", 7.2), ("99999/s", 0.00001)]
)
def test_what_a_rate_means(text: str, gap: float) -> None:
    rate = Rate.parse(text)
    assert rate.gap == timedelta(seconds=gap)
    assert str(rate) == text


@pytest.mark.parametrize("text", ["", "0/m", "1/d", "1", "/m", "-1/s", "1.5/s", "1/s ", "１/s", "100000/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rate"):
        Rate.parse(text)
