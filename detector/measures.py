"""Measures: how good a set of answers is, from what the machine said and what people say.

Shares come with Wilson's 95 % interval (E. B. Wilson, 1927), which is honest for few observations and for 0 and 1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import TypeVar

Z95: float = 1.959963984540054  # normal quantile of 0.975
BINS: int = 10
# Probabilities are kept this far from 0 and 1 in the log loss: one sure and wrong answer must not hide all others.
CLIP: float = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One judged thing: what the machine said, and what is true."""

    id: str
    fraud: bool  # the truth: it impersonates
    flagged: bool  # the machine says that a person should look
    score: float  # 0-1; 0 where the machine had nothing to say
    brand: str  # "-" where unknown
    source: str  # configured source, or platform; "-" where unknown
    kind: str  # class of the label, or reason of the judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, with its 95 % interval; `value` is None of nothing."""

    part: int
    of: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The answers whose score lies between two bounds."""

    low: float
    high: float
    mean_score: float | None
    frauds: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good the answers are."""

    count: int
    frauds: int
    precision: Share  # of what was flagged
    recall: Share  # of what is fraud
    false_alarms: Share  # of what is honest
    f1: float | None
    auc: float | None  # chance that a fraud scores above an honest thing; None without both
    brier: float | None  # mean squared error of the score
    log_loss: float | None
    calibration_error: float | None  # expected: mean distance between score and share of frauds over the bins
    bins: tuple[Bin, ...]


Key = TypeVar("Key")


def share(part: int, of: int) -> Share:
    """Return part / of with Wilson's interval."""
    if of == 0:
        return Share(part=0, of=0, value=None, low=0.0, high=1.0)
    p, z2 = part / of, Z95**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    reach = Z95 / (1 + z2 / of) * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Share(part=part, of=of, value=p, low=max(0.0, min(p, middle - reach)), high=min(1.0, max(p, middle + reach)))


def quality(answers: Sequence[Answer]) -> Quality:
    """Measure answers."""
    frauds = sum(one.fraud for one in answers)
    flagged = sum(one.flagged for one in answers)
    right = sum(one.flagged and one.fraud for one in answers)
    pairs = [(one.score, one.fraud) for one in answers]
    bins = reliability(pairs)
    return Quality(
        count=len(answers),
        frauds=frauds,
        precision=share(right, flagged),
        recall=share(right, frauds),
        false_alarms=share(flagged - right, len(answers) - frauds),
        f1=2 * right / (flagged + frauds) if flagged + frauds else None,
        auc=area(pairs),
        brier=_mean([(score - fraud) ** 2 for score, fraud in pairs]),
        log_loss=log_loss(pairs),
        calibration_error=_calibration_error(bins, len(answers)),
        bins=bins,
    )


def by(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, Quality]:
    """Measure answers apart by brand, source or class, the largest group first."""
    groups: dict[str, list[Answer]] = {}
    for one in answers:
        groups.setdefault(key(one), []).append(one)
    return {name: quality(groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))}


def reliability(pairs: Sequence[tuple[float, bool]], *, bins: int = BINS) -> tuple[Bin, ...]:
    """Return equally wide bins of the score, with the share of frauds in each."""
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for score, fraud in pairs:
        inside[min(int(score * bins), bins - 1)].append((score, fraud))
    return tuple(
        Bin(
            low=index / bins,
            high=(index + 1) / bins,
            mean_score=_mean([score for score, _ in found]),
            frauds=share(sum(fraud for _, fraud in found), len(found)),
        )
        for index, found in enumerate(inside)
    )


def area(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Return the area under the ROC curve by ranks; ties count half."""
    frauds = sum(fraud for _, fraud in pairs)
    honest = len(pairs) - frauds
    if not frauds or not honest:
        return None
    ranked = sorted(pairs)
    total = start = 0.0
    position = 0
    while position < len(ranked):
        end = position
        while end < len(ranked) and ranked[end][0] == ranked[position][0]:
            end += 1
        here = sum(fraud for _, fraud in ranked[position:end])
        total += here * (start + (end - position - here) / 2)
        start += end - position - here
        position = end
    return total / (frauds * honest)


def log_loss(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Return the mean of -log(probability given to what is true)."""
    return _mean([-log(max(CLIP, score if fraud else 1 - score)) for score, fraud in pairs])


def _calibration_error(bins: Sequence[Bin], count: int) -> float | None:
    if not count:
        return None
    return sum(
        one.frauds.of / count * abs(one.mean_score - one.frauds.value)
        for one in bins
        if one.mean_score is not None and one.frauds.value is not None
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
