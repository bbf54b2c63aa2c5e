"""Times to an event of which some have not happened yet: Kaplan and Meier's estimate, pure.

Who only counts what is done praises the quick and forgets what still waits. Here a case that waits counts for as long
as it has waited (E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations", 1958).
"""

from array import array
from collections import Counter
from dataclasses import dataclass, field

Steps = tuple[tuple[float, float], ...]  # seconds, and the share that still waits from then on
LEAST_STEP = 0.002  # of a share; less cannot be seen in a chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The time within which a share of the cases got there."""

    seconds: float
    at_least: bool  # so few got there that the time is only known to be no shorter than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How long something took."""

    reached: int  # cases in which it has happened
    waiting: int  # in which it has not yet
    ended: int  # in which it cannot happen any more, because something else ended the wait
    unknown: int  # whose beginning is not known
    median: Quantile | None  # None without any case
    p90: Quantile | None
    steps: Steps  # begins at (0, 1); of a long curve only the steps that one can see
    longest: float  # seconds that the longest wait has been watched, whether it ended or not


@dataclass(slots=True)
class Waits:
    """Collects the waits of one kind, eight bytes a case."""

    reached: "array[float]" = field(default_factory=lambda: array("d"))
    waiting: "array[float]" = field(default_factory=lambda: array("d"))
    ended: "array[float]" = field(default_factory=lambda: array("d"))
    unknown: int = 0

    def spread(self) -> Spread:
        """Return how long it took."""
        steps, longest = kaplan_meier(self.reached, array("d", [*self.waiting, *self.ended]))
        return Spread(
            reached=len(self.reached),
            waiting=len(self.waiting),
            ended=len(self.ended),
            unknown=self.unknown,
            median=quantile(steps, longest, 0.5),
            p90=quantile(steps, longest, 0.9),
            steps=_thinned(steps),
            longest=longest,
        )


def kaplan_meier(reached: "array[float]", censored: "array[float]") -> tuple[Steps, float]:
    """Return the curve of the share that still waits, and the longest time watched.

    Args:
        reached: seconds after which it happened.
        censored: seconds after which nobody could watch any longer; at equal times these come after the others.
    """
    events, losses = Counter(reached), Counter(censored)
    at_risk, share = len(reached) + len(censored), 1.0
    steps = [(0.0, 1.0)]
    times = sorted(events.keys() | losses.keys())
    for seconds in times:
        if events[seconds]:
            share *= 1 - events[seconds] / at_risk
            steps.append((seconds, share))
        at_risk -= events[seconds] + losses[seconds]
    return tuple(steps), times[-1] if times else 0.0


def quantile(steps: Steps, longest: float, part: float) -> Quantile | None:
    """Return the time within which `part` got there; None where nothing was watched.

    Args:
        steps: a curve of `kaplan_meier`, with its `longest`.
        part: 0-1.
    """
    if len(steps) == 1 and longest == 0.0:
        return None
    for seconds, share in steps:
        if share <= 1 - part + 1e-12:
            return Quantile(seconds=seconds, at_least=False)
    return Quantile(seconds=longest, at_least=True)


def _thinned(steps: Steps) -> Steps:
    kept = [steps[0]]
    for step in steps[1:]:
        if kept[-1][1] - step[1] >= LEAST_STEP or step is steps[-1]:
            kept.append(step)
    return tuple(kept)
