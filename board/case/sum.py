"""The sum behind a score: what is assumed of everything, what each observation adds, and what that comes to."""

from dataclasses import dataclass

from board.case.evidence import Reason, reasons_of
from board.ways import Asked
from desk.policies import policy_of
from detector.items import Item
from detector.policy import PolicyError
from detector.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A score as a sum of log-odds."""

    bias: float | None  # None where the policy is not at hand
    reasons: tuple[Reason, ...]
    more: int  # observations that are not shown
    total: float | None
    score: float
    policy: str
    widest: float  # the largest weight, for bars

    def bar(self, weight: float) -> tuple[float, float]:
        """Return where a bar begins and how long it is, of a line from 0 to 100 with its zero at 50."""
        length = min(50.0, 50.0 * abs(weight) / self.widest) if self.widest else 0.0
        return (50.0, round(length, 2)) if weight >= 0 else (round(50.0 - length, 2), round(length, 2))


def sum_of(verdict: Verdict, item: Item, asked: Asked) -> Sum:
    """Return the sum behind a verdict."""
    try:
        bias: float | None = policy_of(verdict.policy, asked.board.config).bias
    except PolicyError:
        bias = None
    reasons = tuple(reasons_of(verdict, item, asked))
    weights = [one.weight for one in verdict.evidence]
    return Sum(
        bias=bias,
        reasons=reasons,
        more=len(verdict.told) - len(reasons),
        total=None if bias is None else bias + sum(weights),
        score=verdict.score,
        policy=verdict.policy,
        widest=max([abs(bias or 0.0), *(abs(one.weight) for one in reasons)]),
    )
