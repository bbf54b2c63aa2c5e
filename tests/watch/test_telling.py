"""Receivers hear of a source once its round is over, and not of tries that an outage cut short."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config import Config, FeedSource
from storage.database import transaction
from storage.rounds import STOPPED
from storage.schema import Run, RunOutcome
from tests.alerts.bureau import Bureau
from tests.servers.sink import Sink
from tests.storage.conftest import sqlite_template
from watch.rounds import WAITS
from watch.telling import tell_changes

__all__ = ["sqlite_template"]
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
CUT_SHORT: Mapping[str, int] = {STOPPED: 1, "error.storage": 1}  # as a crawl notes that the database was away


class Desk(Bureau):
    """An office with one source, read each hour."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.webhook("desk", url)
        self.at = NOON
        self.parts: Mapping[str, Any] = {"paths": ("list.txt",)}

    @property
    def config(self) -> Config:
        known = {"key": "list", "kind": "feed", "format": "urls", "every": "1h"}
        source = FeedSource.model_validate({**known, **self.parts})
        return super().config.model_copy(update={"source": (source,)})

    def ran(
        self, outcome: RunOutcome | None, counts: Mapping[str, int] | None = None, *, ago: float = 0, slice: str = ""
    ) -> None:
        """Record a run of the round that began so many hours ago."""
        at = NOON - timedelta(hours=ago)
        with transaction(self.engine) as session:
            ended = {"finished_at": at if outcome else None, "outcome": outcome, "counts": dict(counts or {})}
            session.add(Run(source="list", slice=slice, round_at=at, started_at=at, **ended))

    def tell(self, *, over: bool = False) -> None:
        """Look how the source is."""
        told = tell_changes(self.config, self.engine, self.media, now=self.now, source="list", over=over)
        assert asyncio.run(told) == []


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, sink: Sink, sqlite_template: Path) -> Iterator[Desk]:
    shutil.copy(sqlite_template, tmp_path / "mekiki.db")
    opened = Desk(tmp_path, sink.url())
    yield opened
    opened.close()


def told(sink: Sink) -> list[str]:
    return [json.loads(body)["type"].rpartition(".")[2] for body in sink.bodies]


def test_a_try_that_an_outage_cut_short_is_no_news_and_neither_is_the_next_one(desk: Desk, sink: Sink) -> None:
    desk.ran("failed", CUT_SHORT)
    desk.tell()
    desk.ran("ok", {"items": 1})
    desk.tell()
    assert told(sink) == []


def test_a_round_that_was_tried_often_enough_is_told_once(desk: Desk, sink: Sink) -> None:
    for _ in range(len(WAITS) + 1):
        assert told(sink) == []
        desk.ran("failed", CUT_SHORT)
        desk.tell()
    desk.tell()
    assert told(sink) == ["unwell"]


def test_a_round_that_nobody_tries_again_is_told_as_it_stands_and_well_again_only_after_a_good_one(
    desk: Desk, sink: Sink
) -> None:
    desk.ran("ok", {"items": 1}, ago=3)
    for ago in (2, 1):
        desk.ran("failed", CUT_SHORT, ago=ago)
    desk.tell(over=True)
    assert told(sink) == ["unwell"]
    desk.tell()  # another part of it has ended
    assert told(sink) == ["unwell"]
    desk.ran("ok", {"items": 1})
    desk.tell()
    assert told(sink) == ["unwell", "well"]


def test_a_part_that_is_to_be_tried_again_holds_the_round_open(desk: Desk, sink: Sink) -> None:
    desk.parts = {"urls": tuple(f"https://list{number}.test/list.txt" for number in range(64))}
    names = [f"hosts={number}/4" for number in range(1, 5)]
    desk.ran("failed", CUT_SHORT, slice=names[0])
    for name in names[1:]:
        desk.ran("failed", {"error.dns": 1}, slice=name)
    desk.tell()
    assert told(sink) == []
    desk.ran("failed", {"error.dns": 1}, slice=names[0])
    desk.tell()
    assert told(sink) == ["unwell"]


def test_a_source_without_a_good_run_for_long_is_told_while_its_round_goes_on(desk: Desk, sink: Sink) -> None:
    desk.ran("ok", {"items": 1}, ago=9)
    desk.ran(None)  # killed, or under way
    desk.tell()
    assert told(sink) == ["unwell"]
