"""What a pass of the dispatcher did, counted and in words."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from storage.outbox import ClaimedDelivery, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt that was made and recorded."""

    case: int | None  # None: a digest, of many
    reason: str
    receiver: str
    ok: bool
    dead: bool  # given up


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchReport:
    """What one pass did."""

    routed: int = 0  # intents that became deliveries
    sent: int = 0
    retried: int = 0  # attempts that failed and come again
    dead: int = 0  # deliveries given up; visible, can be replayed
    unrouted: int = 0  # due intents that reach nobody and stay pending
    unrouted_ids: frozenset[int] = frozenset()
    problems: tuple[str, ...] = ()  # one line each
    tried: tuple[Tried, ...] = ()


@dataclass(slots=True)
class Tally:
    """The report while it grows."""

    routed: int = 0
    sent: int = 0
    retried: int = 0
    dead: int = 0
    unrouted: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)

    def problem(self, line: str) -> None:
        """Note one line."""
        self.problems.append(line)

    def recorded(self, delivery: ClaimedDelivery, outcome: Outcome, problems: Iterable[str]) -> None:
        """Count an attempt, once it is recorded, and note what it has to say."""
        dead = not outcome.ok and outcome.retry_at is None
        self.tried.append(
            Tried(case=delivery.case_id, reason=delivery.reason, receiver=delivery.receiver, ok=outcome.ok, dead=dead)
        )
        if outcome.ok:
            self.sent += 1
        elif dead:
            self.dead += 1
        else:
            self.retried += 1
        self.problems.extend(problems)

    def report(self) -> DispatchReport:
        """Return what was counted so far."""
        return DispatchReport(
            routed=self.routed,
            sent=self.sent,
            retried=self.retried,
            dead=self.dead,
            unrouted=len(self.unrouted),
            unrouted_ids=frozenset(self.unrouted),
            problems=tuple(self.problems),
            tried=tuple(self.tried),
        )
