"""FeedSpider: lists of URLs, posts or news, over HTTP or from files, of any length.

1. a file or an answer is cut into pieces; 2. each piece is parsed in the sandbox; 3. its rows become items, stored
together; 4. a bad line is named by its number and counted, the rest goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
from scrapy.http import Response
from sqlalchemy.orm import Session

from config import Config, FeedSource, Source
from detector.items import Item
from spiders.base import SourceSpider
from spiders.chunks import Chunk, TooLong, chunks
from spiders.failures import Trouble
from spiders.files import blocks, matching
from spiders.found import Found, Page
from spiders.packed import unpacked
from spiders.parts import SHALLOW, host_part, parted
from spiders.run import SourceRun

PART_ROWS = 200
PART_ROWS_WITH_PICTURES = 20  # their pictures are fetched before they are stored
BAD_LINES_TOLD = 10  # for each piece
FILES = "files"  # name of the part that reads them


class FeedSpider(SourceSpider):
    """Reads a source of kind "feed"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, FeedSource)
        self._source: FeedSource = run.source

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        assert isinstance(source, FeedSource)
        return tuple(_parted(source))

    async def seek(self) -> AsyncIterator[Any]:
        mine = _parted(self._source).get(self.run.slice, frozenset()) if self.run.slice else None
        for url in self._source.urls:
            if mine is not None and host_part(url) not in mine:
                continue
            request = await self.ask(url, self.read_answer, conditional=True)
            if request is not None:
                yield request
        for pattern in self._source.paths if mine is None or FILES in mine else ():
            files = await asyncio.to_thread(matching, pattern)
            if not files:
                self.tell(pattern, Trouble(kind="no_file", says="no such file"))
            for path in files:
                try:
                    async for part in self._parts(blocks(path), str(path), None):
                        yield part
                except OSError as error:
                    self.tell(str(path), Trouble(kind="file", says=f"cannot be read: {error.strerror}"))
                if self.run.full:
                    return

    async def read_answer(self, response: Response) -> AsyncIterator[Any]:
        """Read a feed that a server sent."""
        page = self.opened(response)
        if page is None:
            return
        limit = self.run.config.crawler.max_bytes
        body = await asyncio.to_thread(unpacked, response.body, limit)
        if body is None:
            self.tell(response.url, Trouble(kind="too_large", says="larger than crawler.max_bytes once unpacked"))
            return
        if b"<html" in body[:2000].lower() and await self.walled(response, response.url):
            return
        async for part in self._parts([body], response.url, page):
            yield part
        page.complete = not self.run.full
        self.stop_if_full()

    async def _parts(self, source: Iterable[bytes], name: str, page: Page | None) -> AsyncIterator[Found]:
        """Yield the items of a list, piece by piece."""
        pieces = chunks(source, format=self._source.format, limit=self.run.config.crawler.max_bytes)
        form: str = self._source.format
        while True:
            try:
                piece = await asyncio.to_thread(next, pieces, None)
            except TooLong as error:
                self.tell(name, Trouble(kind="too_large", says=str(error)))
                _spoil(page)
                return
            if piece is None:
                return
            parsed = await self._extract(piece, form, name)
            if parsed is None:
                _spoil(page)
                continue
            form = parsed["format"]
            self._tell_bad(parsed, piece, name)
            for rows in _groups(parsed["rows"]):
                part = await self.part(rows, page)
                if part is not None:
                    yield part
                if self.run.full:
                    return

    async def _extract(self, piece: Chunk, form: str, name: str) -> dict[str, Any] | None:
        source = self._source
        parsed: dict[str, Any] | None = await self.extract(
            "spiders.pages.feeds:parse_feed",
            piece.with_header() if form == "csv" else piece.body,
            name,
            format=form,
            item=source.item,
            columns=source.columns,
            delimiter=source.delimiter,
            encoding=source.encoding,
            time_zone=source.time_zone,
            url=name,
        )
        return parsed

    def _tell_bad(self, parsed: dict[str, Any], piece: Chunk, name: str) -> None:
        headed = parsed["format"] == "csv"
        for bad in parsed["bad"][:BAD_LINES_TOLD]:
            line = piece.line(bad["line"], headed=headed)
            self.run.tally.problem("bad_line", f"{name}: line {line}: {bad['why']}")
        hidden = parsed["bad_count"] - len(parsed["bad"][:BAD_LINES_TOLD])
        if hidden > 0:
            self.run.tally.problem("bad_line", f"{name}: {hidden} more bad lines", count=hidden)


def _parted(source: FeedSource) -> dict[str, frozenset[str]]:
    """Return the hosts of each part; files, which all workers see alike, are one of the units."""
    units = [*map(host_part, source.urls), *[FILES for _ in source.paths]]
    return parted(units, word="hosts", least=SHALLOW)


def _spoil(page: Page | None) -> None:
    """Keep an answer that was not read from being skipped as unchanged next time."""
    if page is not None:
        page.spoiled = True


def _groups(rows: list[dict[str, Any]]) -> Iterable[list[Item]]:
    """Yield rows as items, in groups that are stored together."""
    size = PART_ROWS_WITH_PICTURES if any(row.get("images") for row in rows) else PART_ROWS
    for start in range(0, len(rows), size):
        yield [msgspec.convert(row, Item) for row in rows[start : start + size]]
