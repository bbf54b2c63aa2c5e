"""Replay: a verdict worked out again from its evidence and its policy, and what would have changed it.

Scores are sums, so the question "what if this had not been seen" has an exact answer. A signal is taken away with all
its observations.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import fsum

from detector.evidence import LEARNED, Evidence
from detector.items import Kind
from detector.policy import Policy, tells
from detector.verdict import Decision, Verdict

# Signals taken away together at most, while every combination is tried; beyond it the heaviest go first.
MOST_TOGETHER: int = 3

# What cannot be seen together with a signal, or with those of a prefix: a host that is registered is not foreign.
_EXCLUDES: dict[str, tuple[str, ...]] = {
    "official.host": ("host.", "page.", "copied.", "name.title"),
    "official.destination": ("host.",),
    "official.partner": ("host.", "page.", "copied.", "name.title"),
    "official.account": ("advertiser.",),
    "host.": ("official.host", "official.destination", "official.partner"),
    "advertiser.": ("official.account",),
    "page.": ("official.host", "official.partner"),
    "copied.": ("official.host", "official.partner"),
    "name.title": ("official.host", "official.partner"),
}
# What only some kinds of items can show, by signal or prefix.
_ONLY: dict[str, tuple[Kind, ...]] = {
    "official.host": ("page", "domain"),
    "official.destination": ("ad", "post", "comment"),
    "host.foreign": ("ad", "post", "comment"),
    "name.title": ("page",),
    "page.": ("page", "domain"),
    "copied.": ("page",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Score and decision that other evidence would have given."""

    signals: tuple[str, ...]  # taken away, or added
    weight: float  # what they add to the sum, log-odds
    score: float
    decision: Decision  # "none": nothing about the brand is left, and there would be no verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A verdict, worked out again."""

    verdict: Verdict
    bias: float
    log_odds: float  # bias and all weights
    score: float
    decision: Decision
    differences: tuple[str, ...]  # between the stored verdict and this one; empty: it replays bit by bit
    without: tuple[Outcome, ...]  # each counted signal alone taken away
    smallest: Outcome | None  # the fewest signals without which the decision would be another
    clearing: Outcome | None  # the fewest without which a flagged item would not be flagged
    would: tuple[Outcome, ...]  # absent signals, each alone at full strength, that would give another decision


def weigh(evidence: Sequence[Evidence], policy: Policy) -> tuple[float, Decision]:
    """Return score and decision of weighted evidence, whatever its order."""
    score = round(policy.score(fsum(one.weight for one in evidence)), 6)
    return score, policy.decide(score, {one.signal for one in evidence})


def strengths(evidence: Iterable[Evidence]) -> dict[str, float]:
    """Return the strength of each signal's strongest observation: what a policy weighs."""
    found: dict[str, float] = {}
    for one in evidence:
        found[one.signal] = max(one.strength, found.get(one.signal, 0.0))
    return found


def reweigh(seen: dict[str, float], policy: Policy) -> tuple[float, Decision]:
    """Return score and decision that a policy gives to signals of these strengths."""
    weights = policy.weights
    total = fsum(round(weights[signal] * strength, 4) for signal, strength in seen.items() if signal in weights)
    score = round(policy.score(total), 6)
    return score, policy.decide(score, seen)


def replay(verdict: Verdict, policy: Policy, *, kind: Kind | None = None) -> Replay:
    """Work a stored verdict out again.

    Args:
        verdict: as it was stored.
        policy: of the version that the verdict names.
        kind: of the item, where it is known; leaves out what such an item cannot show.
    """
    score, decision = weigh(verdict.evidence, policy)
    counted = tuple(dict.fromkeys(one.signal for one in verdict.evidence if one.weight))

    def taken(signals: Sequence[str]) -> Outcome:
        return _taken(verdict, policy, signals)

    return Replay(
        verdict=verdict,
        bias=policy.bias,
        log_odds=policy.bias + fsum(one.weight for one in verdict.evidence),
        score=score,
        decision=decision,
        differences=tuple(_differences(verdict, policy, score, decision)),
        without=tuple(taken((signal,)) for signal in counted),
        smallest=_fewest(verdict, counted, taken, lambda decision: decision != verdict.decision),
        clearing=_fewest(verdict, counted, taken, lambda decision: not _flags(decision)) if verdict.flagged else None,
        would=tuple(_would(verdict, policy, kind)),
    )


def _differences(verdict: Verdict, policy: Policy, score: float, decision: Decision) -> Iterator[str]:
    if verdict.policy != policy.version:
        yield f"the verdict is of policy {verdict.policy}, this is {policy.version}"
    stored: dict[str, float] = {}
    for one in verdict.evidence:
        stored[one.signal] = stored.get(one.signal, 0.0) + one.weight
    for signal, strength in strengths(verdict.evidence).items():
        weight = policy.weights.get(signal, 0.0)
        # A stored strength has four digits, so that the last digit of its product may be another.
        if abs(stored[signal] - weight * strength) > 0.0001 * (1 + abs(weight)):
            yield f"{signal} counts {stored[signal]:+.4f}, by the policy it would be {weight * strength:+.4f}"
    if score != verdict.score:
        yield f"the score is {verdict.score}, from evidence and policy it would be {score}"
    if decision != verdict.decision:
        yield f"the decision is {verdict.decision}, from evidence and policy it would be {decision}"


def _flags(decision: Decision) -> bool:
    return decision in ("impersonation", "suspicious")


def _taken(verdict: Verdict, policy: Policy, signals: Sequence[str]) -> Outcome:
    left = [one for one in verdict.evidence if one.signal not in signals]
    weight = fsum(one.weight for one in verdict.evidence if one.signal in signals)
    score, decision = weigh(left, policy)
    if not any(tells(one.signal) for one in left):
        decision = "none"
    return Outcome(signals=tuple(signals), weight=weight, score=score, decision=decision)


def _fewest(
    verdict: Verdict,
    counted: Sequence[str],
    taken: Callable[[Sequence[str]], Outcome],
    reached: Callable[[Decision], bool],
) -> Outcome | None:
    """Return the smallest set that does it; of several, the one that moves the score most."""
    for size in range(1, min(MOST_TOGETHER, len(counted)) + 1):
        found = [one for one in map(taken, combinations(counted, size)) if reached(one.decision)]
        if found:
            return max(found, key=lambda one: abs(one.score - verdict.score))
    incriminating = sorted(
        (signal for signal in counted if taken((signal,)).weight > 0), key=lambda signal: -taken((signal,)).weight
    )
    for size in range(MOST_TOGETHER + 1, len(incriminating) + 1):
        if reached((one := taken(incriminating[:size])).decision):
            return one
    return None


def _would(verdict: Verdict, policy: Policy, kind: Kind | None) -> Iterator[Outcome]:
    there = {one.signal for one in verdict.evidence}
    for rule in policy.rules:
        prefix = rule.signal.partition(".")[0] + "."
        only = _ONLY.get(rule.signal) or _ONLY.get(prefix)
        if (
            rule.signal in there
            or rule.signal.startswith(LEARNED)  # no single thing that could have been seen at full strength
            or not rule.weight
            or (kind and only and kind not in only)
        ):
            continue
        gone = _EXCLUDES.get(rule.signal) or _EXCLUDES.get(prefix, ())
        left = [one for one in verdict.evidence if not one.signal.startswith(gone)] if gone else verdict.evidence
        score = round(policy.score(fsum([*(one.weight for one in left), rule.weight])), 6)
        decision = policy.decide(score, {rule.signal, *(one.signal for one in left)})
        if decision != verdict.decision:
            yield Outcome(signals=(rule.signal,), weight=rule.weight, score=score, decision=decision)
