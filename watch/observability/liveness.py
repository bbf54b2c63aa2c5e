"""Liveness: is this process worth keeping? Judged for a supervisor that can only start it anew.

What a restart would not mend is no reason: receivers that fail, sources that are blocked, a full disk are for people
(`mekiki status`, the alert rules).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from storage.errors import StorageError
from watch.job import JobKind
from watch.observability.facts import Facts
from watch.observability.meter import Meter

STILL = 30.0  # seconds without a turn of the loop, which turns each second
STUCK = timedelta(minutes=15)  # jobs due for that long that nobody does, while nothing is under way
# Kinds that wait for each other: those in children for a free child, the others for nothing.
LANES: tuple[tuple[JobKind, ...], ...] = (("crawl", "visit", "recheck", "prune"), ("deliver", "remind", "stamp"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a process does what it should."""

    reasons: tuple[str, ...] = ()  # why not, in words

    @property
    def well(self) -> bool:
        """Tell whether it does."""
        return not self.reasons


class Liveness:
    """Judges one process."""

    def __init__(self, read: Callable[[], Facts], meter: Meter) -> None:
        """Take where the facts come from (`FactsReader.read`), and the meter of this process."""
        self._read, self._meter = read, meter

    def loop(self) -> Standing:
        """Tell whether the loop goes round; asks nothing outside this process."""
        silent = self._meter.silent_for()
        return Standing(reasons=(f"the loop has not gone round for {silent:.0f} s",) if silent > STILL else ())

    def whole(self) -> Standing:
        """Tell whether the loop goes round, the database answers, and what is due is done."""
        reasons = list(self.loop().reasons)
        try:
            facts = self._read()
        except StorageError as error:
            return Standing(reasons=(*reasons, str(error)))
        for lane in LANES:
            kinds = [kind for kind in lane if kind in self._meter.kinds]
            waiting = [one for one in facts.due if one.job.kind in kinds and facts.at - one.due_at > STUCK]
            if waiting and self._meter.idle_for(kinds) > STUCK.total_seconds():
                first = min(waiting, key=lambda one: one.due_at)
                since = f"{first.due_at:%Y-%m-%d %H:%M}Z"
                due = "1 job is due" if len(waiting) == 1 else f"{len(waiting)} jobs are due"
                reasons.append(f"nothing is done, while {due}, the first ({first.job.kind}) since {since}")
        return Standing(reasons=tuple(reasons))
