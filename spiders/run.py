"""SourceRun: everything one source's spider, middlewares and pipelines share while it is read."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import BinaryIO

from scrapy.crawler import Crawler

from config import Config, Source
from detector.assess import Assessor
from detector.items import Item
from safety.egress import EgressRule
from safety.sandbox import Sandbox
from safety.traces import UNTRACED, Trace
from spiders.found import Page
from spiders.keeper import Keeper
from spiders.pace import Pace
from spiders.report import Tally
from spiders.shelf import Shelf
from spiders.sinks import Sink
from spiders.turns import Turns

PARTS_UNDER_WAY = 64  # parts between a spider and the storage; more would only fill memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """As much of a `SourceRun` as questions are made of, for who wants to know what would be asked."""

    source: Source
    config: Config
    secrets: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class SourceRun:
    """One source being read. Lives on the reactor's thread."""

    source: Source
    config: Config
    egress: EgressRule
    secrets: dict[str, str] = field(repr=False)  # key in the source's table -> revealed
    headers: dict[str, str] = field(repr=False)  # revealed; sent to the source's own origins only
    limit: int | None
    since: date | None
    sandbox: Sandbox
    sink: Sink
    shelf: Shelf
    assessor: Assessor
    keeper: Keeper
    tally: Tally
    clock: Callable[[], datetime]
    pace: Pace
    reading: Turns  # of pages
    looking: Turns  # at pictures
    slice: str = ""  # the part of the source that is read; "": all of it
    stdin: BinaryIO | None = None
    trace: Trace = UNTRACED
    pages: list[Page] = field(default_factory=list)
    admitted: int = 0
    requested: int = 0  # by the whole round, as far as its other runs have ended
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARTS_UNDER_WAY))

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs that the configuration names."""
        return self.source.own_urls

    @property
    def full(self) -> bool:
        """Tell whether as many items were admitted as asked for."""
        return self.limit is not None and self.admitted >= self.limit

    def admit(self, items: Iterable[Item]) -> tuple[Item, ...]:
        """Return the items that are recent enough, as far as the limit allows; one id counts once."""
        admitted: dict[tuple[str, str | None, str], Item] = {}
        for item in items:
            if self.limit is not None and self.admitted + len(admitted) >= self.limit:
                break
            if self.since is None or not _older(item, self.since):
                admitted.setdefault((item.kind, item.platform, item.id), item)
        self.admitted += len(admitted)
        return tuple(admitted.values())


def _older(item: Item, since: date) -> bool:
    """Tell whether an item says that it was last seen, or first shown, before that day."""
    try:
        if item.seen_at is not None:
            return item.seen_at.astimezone(UTC).date() < since
        return item.first_shown is not None and date.fromisoformat(item.first_shown[:10]) < since
    except (ValueError, OverflowError):
        return False  # a day that cannot be read, or that no calendar has in UTC, hides nothing


def run_of(crawler: Crawler) -> SourceRun:
    """Return the run that a crawler's spider was made for."""
    run = getattr(crawler.spider, "run", None)
    if not isinstance(run, SourceRun):
        raise TypeError("the crawler's spider has no run")
    return run
