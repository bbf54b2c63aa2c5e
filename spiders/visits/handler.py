"""BrowserHandler: scrapy-playwright's download handler, one browser for both schemes. Loaded only where it is there."""

from typing import Self
from weakref import WeakKeyDictionary

from playwright.async_api import Page
from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from spiders.handler import Bounded
from spiders.visits.chromium import bare_driver

_HANDLERS: "WeakKeyDictionary[Crawler, BrowserHandler]" = WeakKeyDictionary()


class BrowserHandler(Bounded, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # comes without types
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

    async def _launch(self) -> None:
        bare_driver()
        await super()._launch()

    async def _download_request_with_page(self, request: Request, page: Page, spider: Spider) -> Response:
        """Open the address and hand over the page; what it holds is read elsewhere, within limits."""
        request.meta["playwright_page"] = page
        response, download = await self._get_response_and_download(request, page, spider)
        if download and download.exception:
            raise download.exception
        return Response(request.url, status=response.status if response is not None else 200, request=request)

    async def close(self) -> None:
        """Close the browser, at the first time of being asked."""
        if not self._closed:
            self._closed = True
            await super().close()
