"""Keeper: judges what was found and stores it, in small batches, on a thread of its own.

1. The pipeline hands each `Found` to the keeper and waits; 2. the keeper closes a batch at 200 items or after half a
second; 3. one worker thread judges the batch and commits it: items, verdicts, cases and alert intents together; 4. the
waiting pipelines go on. A kill at any moment loses only work that the next run does again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from detector.assess import Assessor
from detector.items import Item
from safety.traces import UNTRACED, Trace
from spiders.found import Found
from spiders.report import Tally
from spiders.shelf import Shelf
from spiders.sinks import Judged, Kept, Sink

BATCH_ITEMS = 200
BATCH_SECONDS = 0.5


class Keeper:
    """The judge and storekeeper of one source."""

    def __init__(
        self,
        assessor: Assessor,
        sink: Sink,
        shelf: Shelf,
        tally: Tally,
        *,
        executor: Executor,
        clock: Callable[[], datetime],
        canary: str | None = None,
        trace: Trace = UNTRACED,
    ) -> None:
        self._trace = trace
        self._assessor = assessor
        self._sink = sink
        self._shelf = shelf
        self._tally = tally
        self._executor = executor
        self._clock = clock
        self._canary = canary
        self._waiting: list[tuple[Found, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def keep(self, found: Found) -> None:
        """Return once the items are stored.

        Raises:
            StorageUnavailable: the storage takes nothing more.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((found, done))
        if sum(len(waiting.items) for waiting, _ in self._waiting) >= BATCH_ITEMS:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(BATCH_SECONDS, self._flush)
        await done

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            task = asyncio.get_running_loop().create_task(self._store(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _store(self, batch: list[tuple[Found, asyncio.Future[None]]]) -> None:
        """Run one batch on the worker thread, count it, and wake those who wait for it."""
        items = [(item, found) for found, _ in batch for item in found.items]
        cursors = dict(found.cursor for found, _ in batch if found.cursor is not None)
        try:
            stored = await asyncio.get_running_loop().run_in_executor(self._executor, self._commit, items, cursors)
        except Exception as error:  # noqa: BLE001  whoever waits must be woken, whatever happened
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        lost = {id(found) for found in self._count(stored)}
        for found, done in batch:
            if found.page is not None and id(found) not in lost:
                found.page.kept += 1
            if not done.done():
                done.set_result(None)

    def _count(self, stored: "_Stored") -> list[Found]:
        """Add a batch to the tally; return the parts of which something could not be stored."""
        self._tally.items += stored.items
        self._tally.flagged += stored.flagged
        self._tally.new += stored.new
        self._tally.changed += stored.changed
        self._tally.opened += stored.opened
        for item in stored.kept:
            self._tally.saw(item)
            self._tally.canary += self._canary is not None and _shows(item, self._canary)
        for item, _, why in stored.failed:
            self._tally.problem("not_stored", f"item {item.id}: {why}")
        return [found for _, found, _ in stored.failed]

    def _commit(self, items: Sequence[tuple[Item, Found]], cursors: Mapping[str, Any]) -> "_Stored":
        stored = _Stored()
        judged: list[tuple[Judged, Found]] = []
        began = monotonic()
        for item, found in items:
            try:
                judged.append((self._judge(item, found), found))
            except Exception as error:  # noqa: BLE001  edge to the detector: one item must not take 199 others along
                stored.failed.append((item, found, f"could not be judged: {type(error).__name__}: {error}"))
        self._trace.note("judge", monotonic() - began, items=len(items))
        began = monotonic()
        try:
            stored.add(self._sink.commit([entry for entry, _ in judged], cursors), [entry for entry, _ in judged])
        except OperationalError:  # locked, full, gone: no item's fault
            raise
        except SQLAlchemyError:
            self._commit_singly(judged, stored)
            self._sink.commit([], cursors)
        self._trace.note("store", monotonic() - began, items=stored.items, new=stored.new, flagged=stored.flagged)
        return stored

    def _commit_singly(self, judged: Sequence[tuple[Judged, Found]], stored: "_Stored") -> None:
        """Store one by one, so that only the item that the database refuses is left out."""
        for entry, found in judged:
            try:
                stored.add(self._sink.commit([entry]), [entry])
            except OperationalError:
                raise
            except SQLAlchemyError as error:
                why = str(error).partition("\n")[0]
                stored.failed.append((entry.item, found, f"the database refused it: {why}"))

    def _judge(self, item: Item, found: Found) -> Judged:
        now = self._clock()
        known = {
            reference: self._shelf.known(found.pictures[reference])
            for reference in item.images
            if reference in found.pictures
        }
        pictures = {reference: record for reference, record in known.items() if record is not None}
        hashes = {reference: record.hash for reference, record in pictures.items() if record.hash is not None}
        verdicts = self._assessor.assess(item, on=now.date(), pictures=hashes)
        return Judged(item=item, verdicts=verdicts, pictures=pictures, seen_at=_seen_at(item, now), led=found.led)


def _seen_at(item: Item, now: datetime) -> datetime:
    """Return when the item says it was seen, in UTC; now where it says nothing, or a time at the calendar's edge."""
    try:
        return item.seen_at.astimezone(UTC) if item.seen_at is not None else now
    except OverflowError:
        return now


def _shows(item: Item, planted: str) -> bool:
    """Tell whether an item is the planted one."""
    words = (item.id, item.url or "", *item.links, *(text.text for text in item.texts))
    return any(planted in word for word in words)


class _Stored:
    """What came of one batch."""

    def __init__(self) -> None:
        self.items = 0
        self.flagged = 0
        self.new = 0
        self.changed = 0
        self.opened: list[int] = []
        self.kept: list[Item] = []
        self.failed: list[tuple[Item, Found, str]] = []

    def add(self, kept: Kept, batch: Sequence[Judged]) -> None:
        self.items += len(batch)
        self.kept += [judged.item for judged in batch]
        self.flagged += sum(judged.flagged for judged in batch)
        self.new += kept.new
        self.changed += kept.changed
        self.opened += kept.opened
