"""Totals: what all runs of each source came to, added up from the database and kept up to date from there.

The first look reads every run that is kept; later ones only those that are new, or had not ended. So every process, and
each start of one, tells the same numbers; they fall only when old runs are removed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.schema import Run, RunOutcome

AT_ONCE = 2000  # rows read at a time
MOST_OPEN = 500  # runs without an end that are looked at again; those that were killed never get one
OVERLAP = 500  # runs before the newest that are looked at again: numbers are given out before they can be seen
MOST_CLASSES = 50  # of errors, of one source; spiders of installed packages name their own


@dataclass(slots=True, kw_only=True)
class SourceTotals:
    """What the runs of one source came to."""

    runs: Counter[RunOutcome] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)  # items, new, changed, flagged, requests, pictures, ...
    errors: Counter[str] = field(default_factory=Counter)  # by class; what is too much is counted as "other"

    def add(self, outcome: RunOutcome, counts: Mapping[str, int]) -> None:
        """Add a run."""
        self.runs[outcome] += 1
        for name, count in counts.items():
            if name.startswith("error."):
                kind = name.removeprefix("error.")
                known = kind in self.errors or len(self.errors) < MOST_CLASSES
                self.errors[kind if known else "other"] += count
            elif "." not in name:
                self.counts[name] += count


class RunTotals:
    """The totals by source."""

    def __init__(self) -> None:
        self.by_source: dict[str, SourceTotals] = {}
        self._last = 0  # the newest run that was looked at
        self._open: list[int] = []  # older ones that had no end then
        self._added: set[int] = set()  # of the last `OVERLAP`

    def update(self, session: Session) -> None:
        """Add the runs that have ended since the last look."""
        new = Run.id > self._last - OVERLAP
        query = select(Run.id, Run.source, Run.outcome, Run.counts).where(or_(new, Run.id.in_(self._open)))
        still: list[int] = []
        for number, source, outcome, counts in session.execute(query.execution_options(yield_per=AT_ONCE)):
            self._last = max(self._last, number)
            if outcome is None:
                still.append(number)
            elif number not in self._added:
                self._added.add(number)
                self.by_source.setdefault(source, SourceTotals()).add(outcome, counts)
        self._open = sorted(still)[-MOST_OPEN:]
        self._added = {number for number in self._added if number > self._last - OVERLAP}
