"""BrowserHandler: scrapy-playwright's download handler, one browser for both schemes. Loaded only where it is there."""

from typing import Self
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

_HANDLERS: "WeakKeyDictionary[Crawler, BrowserHandler]" = WeakKeyDictionary()


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # comes without types
    """Fetches plainly, or with Chromium where a request says so."""

    _closed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the crawler's one handler: Scrapy asks once for each scheme."""
        if crawler not in _HANDLERS:
            _HANDLERS[crawler] = cls(crawler)
        found = _HANDLERS[crawler]
        assert isinstance(found, cls)
        return found

    async def close(self) -> None:
        """Close the browser, at the first time of being asked."""
        if not self._closed:
            self._closed = True
            await super().close()
