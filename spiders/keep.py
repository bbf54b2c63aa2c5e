"""KeepPipeline: Scrapy's last pipeline opens and closes the run, and holds each part until it is stored."""

import asyncio
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from sqlalchemy.exc import SQLAlchemyError

from spiders.found import Found
from spiders.report import Tally
from spiders.run import SourceRun, run_of
from storage.errors import StorageUnavailable
from storage.rounds import STOPPED
from storage.runs import FetchState


class KeepPipeline:
    """Holds each part until the keeper has stored it."""

    def __init__(self, crawler: Crawler, run: SourceRun) -> None:
        self._crawler = crawler
        self._run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the run of the crawler's spider."""
        return cls(crawler, run_of(crawler))

    async def open_spider(self) -> None:
        """Note the start of the run; what other parts of its round have asked for counts, too."""
        before = await asyncio.to_thread(self._run.sink.begin)
        self._run.tally.run = self._run.sink.run_id
        self._run.requested = min(before, self._run.source.max_pages)

    async def process_item(self, item: Found) -> Found:
        """Store the items of a part.

        Raises:
            DropItem: the storage takes nothing more; the spider says so in one line (`SourceSpider`).
        """
        try:
            await self._run.keeper.keep(item)
        except StorageUnavailable as error:
            raise DropItem(str(error), log_level="DEBUG") from error
        return item

    async def close_spider(self) -> None:
        """Note the end of the run, and the answers that are completely stored."""
        run = self._run
        run.tally.stopped |= not self._crawler.crawling
        if run.shelf.unread and run.shelf.unread_because is not None:
            run.tally.note(f"words in {run.shelf.unread} pictures were not read: {run.shelf.unread_because}")
        states = [
            FetchState(url=page.url, etag=page.etag, last_modified=page.last_modified)
            for page in run.pages
            if page.settled and (page.etag or page.last_modified)
        ]
        try:
            await asyncio.to_thread(run.sink.end, run.tally.outcome(), _counts(run.tally), states)
        except (StorageUnavailable, SQLAlchemyError) as error:
            run.tally.problem("storage", f"the end of the run could not be noted: {str(error).partition(chr(10))[0]}")


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "requests": tally.requests,
        "items": tally.items,
        "new": tally.new,
        "changed": tally.changed,
        "flagged": tally.flagged,
        "pictures": tally.pictures,
        "unchanged": tally.unchanged,
        "canary": tally.canary,
        **({STOPPED: 1} if tally.stopped else {}),
        **{f"filled.{name}": count for name, count in sorted(tally.filled.items())},
        **{f"error.{kind}": count for kind, count in sorted(tally.errors.items())},
    }
