"""The way through the cases: in order, page by page from the database, back again, and to a case by number.

The list is read as it is walked, never as a whole: a hundred thousand open cases cost no more than fifty.
"""

from collections import deque
from collections.abc import Callable, Sequence

from storage.case_views import CaseSummary

BATCH = 50  # cases read at once
NEWCOMERS = 5  # from the top of the list, at every batch: what came in meanwhile and is more urgent

Load = Callable[[CaseSummary | None, int], Sequence[CaseSummary]]  # behind which case, how many


class Walk:
    """Cases one after another, each once, and the way that was taken."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[int] = deque()
        self._last: CaseSummary | None = None  # behind it the next batch begins
        self._brought = 0  # cases since the list was begun
        self._seen: set[int] = set()
        self._way: list[int] = []
        self._place = -1

    def next(self) -> int | None:
        """Go on; None where nothing is left."""
        if self._place + 1 >= len(self._way):
            if (found := self._fresh()) is None:
                self._place = len(self._way)
                return None
            self._way.append(found)
        self._place += 1
        return self._way[self._place]

    def previous(self) -> int | None:
        """Go back one; None at the first."""
        if self._place <= 0:
            return None
        self._place -= 1
        return self._way[self._place]

    def visit(self, case_id: int) -> None:
        """Look at a case before the one at hand, which comes next."""
        self._seen.add(case_id)
        self._place = max(0, self._place)
        self._way.insert(self._place, case_id)

    def _fresh(self) -> int | None:
        while not self._waiting:
            if not self._fill():
                return None
        return self._waiting.popleft()

    def _fill(self) -> bool:
        """Read the next batch, and what is new at the top; at its end the list begins anew, until it brings nothing."""
        batch = self._load(self._last, BATCH)
        top = self._load(None, NEWCOMERS) if self._last is not None else ()
        for summary in (*top, *batch):
            if summary.id not in self._seen:
                self._seen.add(summary.id)
                self._waiting.append(summary.id)
                self._brought += 1
        if len(batch) == BATCH:
            self._last = batch[-1]
            return True
        brought, self._last, self._brought = self._brought, None, 0
        return brought > 0
