"""The fit against data whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.fit import fit_isotonic, fit_platt, fit_towards
from detector.score_map import logistic

PRIOR = np.array([1.0, 2.0, -1.0, 0.0, -2.0])  # the last one is the bias
FREE = (False, False, False, False, True)


def drawn(weights: np.ndarray, count: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Draw observations from a logistic model of known weights."""
    random = np.random.default_rng(seed)
    features = np.column_stack([random.integers(0, 2, (count, len(weights) - 1)), np.ones(count)]).astype(float)
    chances = 1 / (1 + np.exp(-(features @ weights)))
    return features, (random.random(count) < chances).astype(float)


def test_without_data_the_prior_stays() -> None:
    assert fit_towards(np.zeros((0, 5)), np.zeros(0), PRIOR, 1.0) == pytest.approx(PRIOR)


def test_a_strong_pull_dominates_and_much_data_dominate() -> None:
    truth = np.array([2.5, 0.5, -2.0, 0.0, -1.0])
    features, frauds = drawn(truth, 40_000)
    assert fit_towards(features, frauds, PRIOR, 1e9, free=FREE) == pytest.approx(PRIOR, abs=1e-3)
    assert fit_towards(features, frauds, PRIOR, 1.0, free=FREE) == pytest.approx(truth, abs=0.12)


def test_signs_are_kept_and_what_was_not_seen_stays() -> None:
    truth = np.array([-2.0, 2.0, 2.0, 1.0, 0.0])
    features, frauds = drawn(truth, 5_000)
    features[:, 1] = 0.0
    found = fit_towards(features, frauds, PRIOR, 1.0, free=FREE)
    assert found[0] == 0.0  # would be negative
    assert found[1] == 2.0  # never seen
    assert found[2] == 0.0  # would be positive
    assert found[3] == 0.0  # told, not counted


def test_one_weight_by_hand() -> None:
    # Ten frauds of ten, pull 2 towards 1: 10 (1 - p) = 2 (w - 1), p = logistic(w).
    (found,) = fit_towards(np.ones((10, 1)), np.ones(10), np.array([1.0]), 2.0)
    assert 10 * (1 - logistic(found)) == pytest.approx(2 * (found - 1))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([0.25, 1.0, 16.0]))
def test_the_answer_is_the_best_that_the_signs_allow(seed: int, count: int, pull: float) -> None:
    random = np.random.default_rng(seed)
    prior = random.normal(0, 2, 6)
    features, frauds = random.random((count, 6)), random.integers(0, 2, count).astype(float)
    counts = random.random(count) + 0.1
    found = fit_towards(features, frauds, prior, pull, counts=counts)
    gradient = features.T @ (counts * (1 / (1 + np.exp(-(features @ found))) - frauds)) + pull * (found - prior)
    assert np.all(found * prior >= 0)
    for value, slope, sign in zip(found, gradient, np.sign(prior), strict=True):
        assert abs(slope) < 1e-5 if value else slope * sign > -1e-5


def test_counts_are_repetitions() -> None:
    features, frauds = drawn(PRIOR, 30)
    twice = fit_towards(np.vstack([features, features]), np.hstack([frauds, frauds]), PRIOR, 1.0)
    assert fit_towards(features, frauds, PRIOR, 1.0, counts=np.full(30, 2.0)) == pytest.approx(twice)


def test_isotonic_pools_what_falls() -> None:
    sums, frauds = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    assert fit_isotonic(sums, frauds).points == ((0.0, 0.005), (1.0, 0.5), (2.0, 0.5), (3.0, 0.995))


@given(st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=1, max_size=60))
def test_isotonic_never_falls_and_keeps_the_mean(rows: list[tuple[int, bool]]) -> None:
    sums, frauds = np.array([float(at) for at, _ in rows]), np.array([float(fraud) for _, fraud in rows])
    found = fit_isotonic(sums, frauds)
    assert found.problem() is None
    mean = sum(found.score(at) for at in sums) / len(rows)
    assert mean == pytest.approx(frauds.mean(), abs=0.006)


def test_platt_finds_the_line_and_refuses_one_that_turns() -> None:
    random = np.random.default_rng(3)
    sums = random.normal(1, 3, 20_000)
    frauds = (random.random(20_000) < 1 / (1 + np.exp(-(0.5 * sums - 1)))).astype(float)
    found = fit_platt(sums, frauds)
    assert found is not None
    assert [found.slope, found.intercept] == pytest.approx([0.5, -1.0], abs=0.06)
    assert found.lowest == pytest.approx(sums.min(), abs=1e-5)
    assert fit_platt(sums, 1 - frauds) is None
