"""Calibration: a team's judgements turn the shipped weights a little, and say what a score means for this team.

1. Later judgements are laid aside, if there are times and enough of them.
2. The pull towards the shipped weights is chosen by cross-fitting over whole campaigns.
3. The weights are fitted on the earlier judgements.
4. Before and after are measured on what the fit has not seen: the later judgements, or folds of campaigns.
5. A map from sums to scores is fitted on the later judgements, and kept if it helps on campaigns it has not seen.

Only flagged items are judged. That shifts no weight: whether a thing was judged depends on its evidence alone, and a
logistic model is fitted given the evidence. It does limit what the map knows, so a map raises nothing below its range.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum, sqrt

import numpy as np

from detector.fit import Vector, fit_isotonic, fit_platt, fit_towards
from detector.measures import Answer, Quality, log_loss, quality
from detector.policy import Policy, Rule
from detector.replay import reweigh
from detector.score_map import ScoreMap

# Campaigns of each answer below which nothing is fitted. With a prior the usual ten events for each weight (P. Peduzzi
# et al., 1996) are not needed for the weights, but ten of each answer are for telling whether the fit helps.
FEWEST: int = 10
# Later campaigns, and of each answer, from which a straight line is fitted to the scores.
PLATT_FROM, PLATT_EACH = 20, 5
# From 1,000 points on an isotonic curve is the better map (A. Niculescu-Mizil and R. Caruana, 2005).
ISOTONIC_FROM: int = 1000
LATER: float = 0.25  # part of the campaigns, the newest, that the weights do not see
FOLDS: int = 5
# Pulls to choose from. 1 / sqrt(pull) is how far, in log-odds, a weight may plausibly be from the shipped one.
PULLS: tuple[float, ...] = (0.25, 1.0, 4.0, 16.0, 64.0, 256.0)


class TooFew(ValueError):
    """There are too few judgements; the message says how many are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One judged item, as a policy sees it."""

    group: str  # campaign; its items are seen and judged together, and count as one
    seen: dict[str, float]  # strength of each signal's strongest observation
    fraud: bool
    at: datetime | None = None  # of the judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A fitted policy, and how it does on judgements that its weights have not seen."""

    policy: Policy  # still of the base's version
    pull: float
    campaigns: int
    frauds: int  # campaigns
    seen_in: dict[str, int]  # campaigns in which a signal was seen, by signal
    held_out: str  # what before and after are measured on
    before: Quality
    after: Quality  # weights alone
    mapped: Quality | None  # weights and map; None without a map
    about_map: str  # which map, or why none

    @property
    def better(self) -> bool:
        """Tell whether the fitted policy beats the one in use where neither was fitted."""
        now = self.mapped or self.after
        return (now.log_loss or 0.0) < (self.before.log_loss or 0.0)


def calibrate(observations: Sequence[Observation], *, base: Policy, current: Policy) -> Calibrated:
    """Fit a policy.

    Args:
        observations: judged items; the order does not matter.
        base: the weights that the fit is pulled towards, the shipped ones.
        current: the policy in use, for "before".

    Raises:
        TooFew: there is not enough to fit.
    """
    frauds, honest = _groups(observations)
    if min(len(frauds), len(honest)) < FEWEST:
        raise TooFew(
            f"too few judgements: needs {FEWEST} confirmed and {FEWEST} dismissed campaigns, "
            f"there are {len(frauds)} and {len(honest)}"
        )
    base = replace(base, map=None, fitted={})
    earlier, later = _split(observations)
    pull = choose_pull(earlier, base)
    fitted = fit_policy(earlier, base, pull)
    about_map = "none: there are too few later judgements with a time"
    mapped: Quality | None = None
    if later:
        held_out = f"the {_count(later)} newest campaigns"
        before, after = measure(later, current), measure(later, fitted)
        fitted, mapped, about_map = _with_map(later, fitted, after)
    else:
        held_out = f"{_count(observations)} campaigns in {FOLDS} folds"
        before, after = measure(observations, current), _cross_measured(observations, base)
    return Calibrated(
        policy=fitted,
        pull=pull,
        campaigns=_count(observations),
        frauds=len(frauds),
        seen_in=_seen_in(observations),
        held_out=held_out,
        before=before,
        after=after,
        mapped=mapped,
        about_map=about_map,
    )


def fit_policy(observations: Sequence[Observation], base: Policy, pull: float) -> Policy:
    """Return the base with weights and bias fitted to observations; three digits, signs kept."""
    features, frauds, counts = _matrix(observations, base)
    prior = np.array([*(rule.weight for rule in base.rules), base.bias])
    free = (*(False for _ in base.rules), True)
    weights = fit_towards(features, frauds, prior, pull, counts=counts, free=free)
    rules = (
        Rule(rule.signal, round(float(weight), 3) + 0.0, rule.origin)
        for rule, weight in zip(base.rules, weights[:-1], strict=True)
    )
    return replace(base, bias=round(float(weights[-1]), 3), rules=tuple(rules))


def choose_pull(observations: Sequence[Observation], base: Policy) -> float:
    """Return the strongest pull whose held-out log loss is within one standard error of the best."""
    losses: dict[float, list[float]] = {pull: [] for pull in PULLS}
    for rest, fold in _folds(observations):
        for pull in PULLS:
            fitted = fit_policy(rest, base, pull)
            losses[pull] += [log_loss([(answer.score, answer.fraud)]) or 0.0 for answer in _answers(fold, fitted)]
    means = {pull: float(np.mean(found)) for pull, found in losses.items()}
    best = min(PULLS, key=lambda pull: means[pull])
    error = float(np.std(losses[best])) / sqrt(len(losses[best]))
    return max(pull for pull in PULLS if means[pull] <= means[best] + error)


def measure(observations: Sequence[Observation], policy: Policy) -> Quality:
    """Measure a policy on observations, each campaign by its highest score."""
    return quality(_answers(observations, policy))


def _answers(observations: Sequence[Observation], policy: Policy) -> list[Answer]:
    best: dict[tuple[str, bool], Answer] = {}
    for one in observations:
        score, decision = reweigh(one.seen, policy)
        key = (one.group, one.fraud)
        if key not in best or score > best[key].score:
            flagged = decision in ("impersonation", "suspicious")
            best[key] = Answer(
                id=one.group, fraud=one.fraud, flagged=flagged, score=score, brand="-", source="-", kind="-"
            )
    return list(best.values())


def _cross_measured(observations: Sequence[Observation], base: Policy) -> Quality:
    answers: list[Answer] = []
    for rest, fold in _folds(observations):
        answers += _answers(fold, fit_policy(rest, base, choose_pull(rest, base)))
    return quality(answers)


def _with_map(later: Sequence[Observation], fitted: Policy, after: Quality) -> tuple[Policy, Quality | None, str]:
    """Return the policy with a map if that helps on campaigns the map has not seen."""
    answers: list[Answer] = []
    for rest, fold in _folds(later):
        answers += _answers(fold, replace(fitted, map=_fit_map(rest, fitted)))
    mapped = quality(answers)
    made = _fit_map(later, fitted)
    name = "isotonic" if _count(later) >= ISOTONIC_FROM else "platt"
    if made is None:
        return fitted, None, "none: higher scores were not confirmed more often"
    if (mapped.log_loss or 0.0) >= (after.log_loss or 0.0):
        return fitted, None, f"none: {name} did not help on campaigns it had not seen"
    return replace(fitted, map=made), mapped, f"{name} (isotonic from {ISOTONIC_FROM} later campaigns on)"


def _fit_map(observations: Sequence[Observation], policy: Policy) -> ScoreMap | None:
    _, frauds, counts = _matrix(observations, policy)
    weights = policy.weights
    sums = np.array(
        [
            policy.bias + fsum(round(weights[signal] * strength, 4) for signal, strength in one.seen.items())
            for one in observations
        ]
    )
    if _count(observations) >= ISOTONIC_FROM:
        return fit_isotonic(sums, frauds, counts=counts)
    return fit_platt(sums, frauds, counts=counts)


def _matrix(observations: Sequence[Observation], policy: Policy) -> tuple[Vector, Vector, Vector]:
    """Return strengths with a last column of ones, frauds, and what each item counts: a campaign counts one."""
    size: dict[str, int] = defaultdict(int)
    for one in observations:
        size[one.group] += 1
    rows = [[*(one.seen.get(rule.signal, 0.0) for rule in policy.rules), 1.0] for one in observations]
    return (
        np.array(rows, dtype=float),
        np.array([float(one.fraud) for one in observations]),
        np.array([1 / size[one.group] for one in observations]),
    )


def _split(observations: Sequence[Observation]) -> tuple[list[Observation], list[Observation]]:
    """Return earlier and later observations, by campaign; none are later where a time is missing or they are few."""
    first: dict[str, datetime] = {}
    for one in observations:
        if one.at is None:
            return list(observations), []
        first[one.group] = min(one.at, first.get(one.group, one.at))
    ordered = sorted(first, key=lambda group: (first[group], group))
    late = set(ordered[len(ordered) - int(len(ordered) * LATER) :])
    later = [one for one in observations if one.group in late]
    earlier = [one for one in observations if one.group not in late]
    if len(late) < PLATT_FROM or min(map(len, _groups(later))) < PLATT_EACH or min(map(len, _groups(earlier))) < FEWEST:
        return list(observations), []
    return earlier, later


def _folds(observations: Sequence[Observation]) -> list[tuple[list[Observation], list[Observation]]]:
    """Return (rest, fold) pairs: whole campaigns, each answer spread evenly, the same at every call."""
    place: dict[str, int] = {}
    for groups in _groups(observations):
        ordered = sorted(
            groups - place.keys(), key=lambda group: hashlib.sha256(group.encode("utf-8", "replace")).digest()
        )
        place |= {group: index % FOLDS for index, group in enumerate(ordered)}
    return [
        (
            [one for one in observations if place[one.group] != fold],
            [one for one in observations if place[one.group] == fold],
        )
        for fold in range(FOLDS)
    ]


def _groups(observations: Sequence[Observation]) -> tuple[set[str], set[str]]:
    """Return the campaigns with a fraud, and those with something honest."""
    return {one.group for one in observations if one.fraud}, {one.group for one in observations if not one.fraud}


def _count(observations: Sequence[Observation]) -> int:
    return len({one.group for one in observations})


def _seen_in(observations: Sequence[Observation]) -> dict[str, int]:
    groups: dict[str, set[str]] = defaultdict(set)
    for one in observations:
        for signal in one.seen:
            groups[signal].add(one.group)
    return {signal: len(found) for signal, found in groups.items()}
