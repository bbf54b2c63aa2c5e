"""Fit: logistic regression that is pulled towards given weights, and maps from scores to probabilities.

Pure arithmetic on matrices. What it is fitted on, and whether that is enough, is `detector.calibration`'s business.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.score_map import Isotonic, Platt

Vector = NDArray[np.float64]

# Newton steps; a convex problem with some dozens of weights needs about ten.
MOST_STEPS: int = 100
# Largest gradient (log-odds x observations) at which a fit counts as done.
DONE: float = 1e-8
# Scores that an isotonic map gives at least and at most: a block of only frauds does not make the next one certain.
SURE: float = 0.005


def fit_towards(
    features: Vector, frauds: Vector, prior: Vector, pull: float, *, counts: Vector | None = None,
    free: Sequence[bool] | None = None,
) -> Vector:  # fmt: skip
    """Fit logistic weights with an L2 pull towards a prior, by Newton steps that keep every weight's sign.

    Minimises sum(counts x log loss) + pull / 2 x |weights - prior|². A weight whose prior is 0 stays 0, unless free.

    Args:
        features: observations x weights; a bias is a column of ones.
        frauds: 0 or 1 for each observation.
        prior: the weights that no data would give.
        pull: more than 0; how many units of curvature the prior is worth.
        counts: how much each observation counts; default 1.
        free: weights that may take either sign; default none.
    """
    counts = np.ones(len(frauds)) if counts is None else counts
    either = np.zeros(len(prior), dtype=bool) if free is None else np.asarray(free, dtype=bool)
    low = np.where(either, -np.inf, np.where(prior < 0, -np.inf, 0.0))
    high = np.where(either, np.inf, np.where(prior > 0, np.inf, 0.0))
    weights = prior.astype(float).copy()
    for _ in range(MOST_STEPS):
        chances = _logistic(features @ weights)
        gradient = features.T @ (counts * (chances - frauds)) + pull * (weights - prior)
        held = ((weights <= low) & (gradient > 0)) | ((weights >= high) & (gradient < 0))
        if np.abs(np.where(held, 0.0, gradient)).max(initial=0.0) < DONE:
            break
        inner = features[:, ~held]
        curvature = inner.T @ (inner * (counts * chances * (1 - chances))[:, None]) + pull * np.eye(inner.shape[1])
        step = np.zeros(len(prior))
        step[~held] = np.linalg.solve(curvature, gradient[~held])
        weights = _shortened(features, frauds, prior, pull, counts, weights, step, (low, high), gradient)
    return weights


def _shortened(
    features: Vector, frauds: Vector, prior: Vector, pull: float, counts: Vector, weights: Vector, step: Vector,
    bounds: tuple[Vector, Vector], gradient: Vector,
) -> Vector:  # fmt: skip
    """Take the step, halved until the loss falls (Armijo), cut off at the bounds."""

    def loss(at: Vector) -> float:
        sums = features @ at
        return float(counts @ (np.logaddexp(0.0, sums) - frauds * sums) + pull / 2 * ((at - prior) ** 2).sum())

    before = loss(weights)
    for halvings in range(40):
        moved = np.clip(weights - step * 0.5**halvings, *bounds)
        if loss(moved) <= before + 1e-4 * float(gradient @ (moved - weights)):
            return moved
    return weights


def _logistic(sums: Vector) -> Vector:
    return np.asarray(1 / (1 + np.exp(-np.clip(sums, -60.0, 60.0))))


def fit_platt(sums: Vector, frauds: Vector, *, counts: Vector | None = None, pull: float = 1.0) -> Platt | None:
    """Fit a straight line in log-odds, pulled towards "as it is"; None when higher sums are not worse."""
    line = fit_towards(
        np.column_stack([sums, np.ones(len(sums))]), frauds, np.array([1.0, 0.0]), pull, counts=counts,
        free=(False, True),
    )  # fmt: skip
    if line[0] <= 0.01:
        return None
    return Platt(slope=round(float(line[0]), 6), intercept=round(float(line[1]), 6), lowest=round(float(sums.min()), 6))


def fit_isotonic(sums: Vector, frauds: Vector, *, counts: Vector | None = None) -> Isotonic:
    """Fit a curve that never falls, by pooling neighbours that do (Ayer et al., 1955)."""
    counts = np.ones(len(frauds)) if counts is None else counts
    blocks: list[list[float]] = []  # count, frauds, first sum, last sum
    for place in np.argsort(sums, kind="stable"):
        at, count = float(sums[place]), float(counts[place])
        if blocks and at == blocks[-1][3]:
            blocks[-1][0] += count
            blocks[-1][1] += count * float(frauds[place])
        else:
            blocks.append([count, count * float(frauds[place]), at, at])
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] / pooled[-2][0] >= pooled[-1][1] / pooled[-1][0]:
            count, found, _, last = pooled.pop()
            pooled[-1][0] += count
            pooled[-1][1] += found
            pooled[-1][3] = last
    points: list[tuple[float, float]] = []
    for count, found, first, last in pooled:
        score = round(min(1 - SURE, max(SURE, found / count)), 6)
        points += [(round(at, 6), score) for at in dict.fromkeys((first, last))]
    return Isotonic(points=tuple(here for before, here in pairwise([(-np.inf, 0.0), *points]) if before[0] < here[0]))
