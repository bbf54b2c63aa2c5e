"""Priority: which case first, and until when: score x reach x harm.

    reach     1 + log10(items) / 4 + log10(sightings) / 4 + log10(publishers) / 2, at most 3
    harm      0.5 low, 1 normal, 2 high
    priority  score x reach x harm: 0 to 6; from 1.5 on it is high, below 0.6 low

Ten times as many sightings of the same items move a case less than ten more pages that carry them. A case that was seen
once and leads to a form for card numbers stands before a mention that a hundred pages carry. The bounds are chosen so
that any certain impersonation that takes money is high at once, and one that merely leads on becomes so at a hundred
items; they are agreed terms, not measurements.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log10
from typing import Literal

from storage.schema import Case, Harm

PriorityClass = Literal["high", "normal", "low"]
HARM_WEIGHT: dict[Harm, float] = {"low": 0.5, "normal": 1.0, "high": 2.0}
MOST_REACH: float = 3.0
HIGH: float = 1.5
LOW: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeWithin:
    """How soon a case should be judged, by the class of its priority."""

    high: timedelta
    normal: timedelta
    low: timedelta

    def of(self, priority: float) -> timedelta:
        """Return the time that is agreed for a priority."""
        within: timedelta = getattr(self, class_of(priority))
        return within


def priority_of(*, score: float, items: int, sightings: int, publishers: int, harm: Harm) -> float:
    """Return score x reach x harm, 0 to 6.

    Args:
        score: the best of the case's verdicts, 0-1.
        items: of the case; 0 counts as 1, as with the two others.
        sightings: of these items.
        publishers: hosts of pages that carried them.
        harm: what it may do to people.
    """
    items, sightings, publishers = max(items, 1), max(sightings, 1), max(publishers, 1)
    reach = 1 + log10(items) / 4 + log10(sightings) / 4 + log10(publishers) / 2
    return score * min(reach, MOST_REACH) * HARM_WEIGHT[harm]


def class_of(priority: float) -> PriorityClass:
    """Return the class that terms are agreed for."""
    return "high" if priority >= HIGH else "low" if priority < LOW else "normal"


def weigh(case: Case) -> None:
    """Bring a case's harm, priority and due date up to date with what they are made of."""
    case.harm = case.harm_set or case.harm_seen
    case.priority = priority_of(
        score=case.score, items=case.items, sightings=case.sightings, publishers=case.publishers, harm=case.harm
    )
    case.due_at = case.due_set or _agreed(case)


def _agreed(case: Case) -> datetime | None:
    if case.judge_within is None:
        return None
    return max(case.waiting_since, case.opened_at) + timedelta(seconds=case.judge_within)
