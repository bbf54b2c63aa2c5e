"""Measures against numbers worked out by hand or in print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.measures import Answer, area, by, log_loss, quality, reliability, share


def answer(fraud: bool, score: float, **fields: str) -> Answer:
    named = {"id": "1", "brand": "hoshino", "source": "tips", "kind": "x", **fields}
    return Answer(fraud=fraud, flagged=score >= 0.5, score=score, **named)


def test_wilson_as_in_print() -> None:
    # R. G. Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for part, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        found = share(part, of)
        assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)
    assert share(0, 0).value is None


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_interval_holds_the_share(a: int, b: int) -> None:
    found = share(min(a, b), max(a, b))
    assert 0 <= found.low <= (found.value or 0.0) <= found.high <= 1


def test_quality_by_hand() -> None:
    found = quality([answer(True, 0.9), answer(True, 0.4), answer(False, 0.6), answer(False, 0.1)])
    assert (found.precision.value, found.recall.value, found.false_alarms.value, found.f1) == (0.5, 0.5, 0.5, 0.5)
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert found.auc == pytest.approx(3 / 4)
    assert found.calibration_error == pytest.approx((0.1 + 0.6 + 0.6 + 0.1) / 4)


def test_sure_and_right_or_wrong() -> None:
    assert log_loss([(1.0, True), (0.0, False)]) == 0
    assert log_loss([(0.0, True)]) == pytest.approx(13.8155, abs=1e-3)
    assert log_loss([]) is None
    assert quality([]).precision.value is None


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), st.booleans()), max_size=25))
def test_area_equals_the_slow_definition(pairs: list[tuple[float, bool]]) -> None:
    frauds = [score for score, fraud in pairs if fraud]
    honest = [score for score, fraud in pairs if not fraud]
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in frauds for b in honest]
    assert area(pairs) == (pytest.approx(sum(wins) / len(wins)) if wins else None)


def test_bins_hold_every_score_once() -> None:
    bins = reliability([(index / 100, index % 2 == 0) for index in range(101)])
    assert [one.frauds.of for one in bins] == [10] * 9 + [11]


def test_groups_the_largest_first() -> None:
    found = by([answer(True, 1, brand="b"), answer(True, 1, brand="a"), answer(False, 0, brand="b")], lambda a: a.brand)
    assert list(found) == ["b", "a"]
