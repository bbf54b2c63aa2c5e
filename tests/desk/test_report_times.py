"""Waits of which some are not over."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.reports.times import Quantile, Waits, kaplan_meier, quantile

SECONDS = st.lists(st.integers(0, 50).map(float), max_size=30)


def test_the_curve_of_the_paper() -> None:
    """Kaplan and Meier's estimate worked by hand: it happened at 6 (three), 7 and 10; losses at 6, 9, 10 and 11."""
    steps, longest = kaplan_meier(array("d", [6, 6, 6, 7, 10]), array("d", [6, 9, 10, 11]))
    assert longest == 11
    assert [seconds for seconds, _ in steps] == [0, 6, 7, 10]
    shares = [1, 6 / 9, 6 / 9 * 4 / 5, 6 / 9 * 4 / 5 * 2 / 3]
    assert [share for _, share in steps] == pytest.approx(shares)


@given(SECONDS, SECONDS)
def test_the_curve_is_the_product_of_what_stays_at_each_time(reached: list[float], lost: list[float]) -> None:
    steps, _ = kaplan_meier(array("d", reached), array("d", lost))
    share = 1.0
    for seconds in sorted(set(reached)):
        at_risk = sum(one >= seconds for one in [*reached, *lost])
        share *= (at_risk - reached.count(seconds)) / at_risk
        assert dict(steps)[seconds] == pytest.approx(share)
    assert len(steps) == 1 + len(set(reached))


@given(st.lists(st.integers(0, 50).map(float), min_size=1, max_size=30))
def test_without_anything_waiting_it_is_the_plain_median(reached: list[float]) -> None:
    steps, longest = kaplan_meier(array("d", reached), array("d"))
    lower_median = sorted(reached)[(len(reached) - 1) // 2]
    assert quantile(steps, longest, 0.5) == Quantile(seconds=lower_median, at_least=False)


def test_where_more_than_half_wait_the_median_is_only_bounded() -> None:
    waits = Waits(reached=array("d", [5]), waiting=array("d", [8, 3]), ended=array("d", [2]))
    spread = waits.spread()
    assert (spread.reached, spread.waiting, spread.ended) == (1, 2, 1)
    assert spread.median == Quantile(seconds=5, at_least=False)  # one of the two that were still watched at 5
    assert spread.p90 == Quantile(seconds=8, at_least=True)
    assert Waits(waiting=array("d", [8, 3])).spread().median == Quantile(seconds=8, at_least=True)


def test_of_nothing_there_is_no_median() -> None:
    spread = Waits(unknown=3).spread()
    assert (spread.median, spread.p90, spread.unknown) == (None, None, 3)


def test_a_long_curve_keeps_only_the_steps_that_can_be_seen_and_its_end() -> None:
    spread = Waits(reached=array("d", range(1, 20_001))).spread()
    assert len(spread.steps) <= 502
    assert spread.steps[-1] == pytest.approx((20_000, 0), abs=1e-9)
    assert spread.median == Quantile(seconds=10_000, at_least=False)
