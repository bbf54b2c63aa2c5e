"""Score map: from summed log-odds to the score, for a policy that was calibrated on what people decided.

A policy without a map scores by the logistic of the sum. A map only knows the range in which somebody judged: below it
a score is never raised, so that no map can flag what nobody has looked at. Both maps never fall.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from math import exp, isfinite

import msgspec


def logistic(log_odds: float) -> float:
    """Return the probability, 0-1, of log-odds; extreme ones do not overflow."""
    return 1 / (1 + exp(-max(-60.0, min(60.0, log_odds))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """A straight line in log-odds (J. Platt, 1999)."""

    slope: float
    intercept: float
    lowest: float  # the smallest sum of log-odds that was judged

    def problem(self) -> str | None:
        """Say what is wrong with the numbers."""
        if not all(map(isfinite, (self.slope, self.intercept, self.lowest))):
            return "platt: expected finite numbers"
        return None if self.slope > 0 else "platt.slope: expected more than 0, or the order of scores would turn"

    def score(self, log_odds: float) -> float:
        """Return the score of summed log-odds, bias included."""
        if log_odds < self.lowest:
            return min(logistic(log_odds), logistic(self.slope * self.lowest + self.intercept))
        return logistic(self.slope * log_odds + self.intercept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Isotonic:
    """Points joined by straight lines; constant above the last."""

    points: tuple[tuple[float, float], ...]  # summed log-odds (rising), score 0-1 (never falling)

    def problem(self) -> str | None:
        """Say what is wrong with the numbers."""
        if not self.points:
            return "isotonic.points: expected at least one [log-odds, score]"
        if not all(isfinite(at) and 0 <= score <= 1 for at, score in self.points):
            return "isotonic.points: expected [log-odds, score 0-1]"
        for (left, low), (right, high) in pairwise(self.points):
            if left >= right or low > high:
                return f"isotonic.points: [{right}, {high}] does not rise from [{left}, {low}]"
        return None

    def score(self, log_odds: float) -> float:
        """Return the score of summed log-odds, bias included."""
        after = bisect_right(self.points, log_odds, key=lambda point: point[0])
        if after == 0:
            return min(logistic(log_odds), self.points[0][1])
        if after == len(self.points):
            return self.points[-1][1]
        (left, low), (right, high) = self.points[after - 1 : after + 1]
        return low + (high - low) * (log_odds - left) / (right - left)


ScoreMap = Platt | Isotonic


def score_map(platt: dict[str, float] | None, isotonic: dict[str, list[tuple[float, float]]] | None) -> ScoreMap | None:
    """Return the map that the tables of a policy file describe, unchecked.

    Raises:
        msgspec.ValidationError: a number is missing or has the wrong type.
    """
    if platt is not None:
        return msgspec.convert(platt, Platt)
    return None if isotonic is None else msgspec.convert(isotonic, Isotonic)
