"""One item that cannot be judged or stored never takes others along; a storage that fails wakes whoever waits."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy.exc import DataError, OperationalError

from detector.assess import Assessor
from detector.items import Item
from safety.sandbox import Sandbox
from spiders.eye import Eye
from spiders.found import Found, Page
from spiders.keeper import Keeper
from spiders.report import Tally
from spiders.shelf import Shelf
from spiders.sinks import NO_CURSORS, DrySink, Judged, Kept


class Picky(DrySink):
    """A storage that refuses some items, or everything."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.calls = 0
        self.full = False

    def commit(self, batch: Sequence[Judged], cursors: Mapping[str, Any] = NO_CURSORS) -> Kept:
        self.calls += 1
        if self.full:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        if any(judged.item.id == "refused" for judged in batch):
            raise DataError("INSERT", {}, Exception("a zero byte"))
        self.kept += [judged.item.id for judged in batch]
        return Kept(new=len(batch))


class Bench:
    def __init__(self, eye: Eye, executor: ThreadPoolExecutor) -> None:
        self.sink = Picky()
        self.tally = Tally("bench")
        self.keeper = Keeper(
            Assessor(()),
            self.sink,
            Shelf(eye, self.sink),
            self.tally,
            executor=executor,
            clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        )

    def keep(self, *founds: Found) -> list[BaseException | None]:
        async def together() -> list[BaseException | None]:
            return await asyncio.gather(*(self.keeper.keep(found) for found in founds), return_exceptions=True)

        return asyncio.run(together())


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Sandbox() as sandbox, Eye(sandbox, words=False) as eye, ThreadPoolExecutor(1) as executor:
        yield Bench(eye, executor)


def found(*names: str) -> Found:
    page = Page(url="https://paper.test/", etag='"1"', last_modified=None, found=1, complete=True)
    return Found(items=tuple(Item(id=name, kind="post") for name in names), page=page)


def test_parts_are_stored_together(bench: Bench) -> None:
    parts = [found("a"), found("b"), found("c")]
    assert bench.keep(*parts) == [None] * 3
    assert (bench.sink.kept, bench.sink.calls) == (["a", "b", "c"], 1)
    assert all(part.page is not None and part.page.settled for part in parts)


def test_a_refused_item_is_left_out_alone_and_its_page_is_fetched_again(bench: Bench) -> None:
    good, bad = found("a"), found("b", "refused", "c")
    assert bench.keep(good, bad) == [None, None]
    assert bench.sink.kept == ["a", "b", "c"]
    assert bench.tally.errors == {"not_stored": 1}
    assert bench.tally.items == 3
    assert good.page is not None
    assert bad.page is not None
    assert good.page.settled
    assert not bad.page.settled


def test_a_full_storage_is_told_to_everyone_who_waits(bench: Bench) -> None:
    bench.sink.full = True
    part = found("a")
    results = bench.keep(part, found("b"))
    assert [type(result) for result in results] == [OperationalError] * 2
    assert part.page is not None
    assert not part.page.settled


def test_a_time_at_the_edge_of_the_calendar_loses_no_item(bench: Bench) -> None:
    edge = datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=10)))
    assert bench.keep(Found(items=(Item(id="a", kind="post", seen_at=edge),))) == [None]
    assert (bench.sink.kept, bench.tally.errors) == (["a"], {})
