"""WebSpider: pages, and the ads on them.

1. sitemaps and start URLs; 2. each page is parsed in the sandbox; 3. the page and its ads become items; 4. links that
`follow` names and `deny` does not are visited down to `depth`. Where an ad leads is not visited.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import re2
from scrapy import Request
from scrapy.http import Response
from sqlalchemy.orm import Session
from w3lib.encoding import http_content_type_encoding

from config import Config, Source, WebSource
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble
from spiders.packed import unpacked
from spiders.parts import SHALLOW, host_part, parted
from spiders.refusals import SCHEMES
from spiders.run import SourceRun
from spiders.settings import REDIRECTS
from spiders.sightings import ad_items, page_item

SITEMAPS_DEEP = 3  # an index may name indexes; a loop must end

_READABLE = ("html", "xml", "text/plain")


class WebSpider(SourceSpider):
    """Reads a source of kind "web"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, WebSource)
        self._source: WebSource = run.source
        self._follow = [re2.compile(pattern) for pattern in run.source.follow]
        self._deny = [re2.compile(pattern) for pattern in run.source.deny]
        self._seen: set[str] = set()

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        assert isinstance(source, WebSource)
        return tuple(_parted(source))

    async def seek(self) -> AsyncIterator[Any]:
        if self.run.slice:  # where others begin is not visited from here, too; what nobody begins with is
            hosts = _parted(self._source).get(self.run.slice, frozenset())
            begun = (*self._source.urls, *self._source.sitemaps)
            self._seen.update(urldefrag(url).url for url in begun if host_part(url) not in hosts)
        for url in self._source.urls:
            async for request in self._visit([url], depth=0):
                yield request
        for url in self._source.sitemaps:
            async for sitemap in self._open_sitemap(url, level=0):
                yield sitemap

    async def read_sitemap(self, response: Response, level: int) -> AsyncIterator[Any]:
        """Visit what a sitemap lists."""
        body = await asyncio.to_thread(unpacked, response.body, self.run.config.crawler.max_bytes)
        if body is None:
            self.tell(response.url, Trouble(kind="too_large", says="larger than crawler.max_bytes once unpacked"))
            return
        listed = await self.extract("spiders.pages.sitemaps:parse_sitemap", body, response.url, url=response.url)
        if listed is None:
            return
        wanted = (url for url in listed["urls"] if not self._follow or self._wanted(url))
        async for request in self._visit((url for url in wanted if not self._denied(url)), depth=0):
            yield request
        for url in listed["sitemaps"] if level < SITEMAPS_DEEP else ():
            async for sitemap in self._open_sitemap(url, level=level + 1):
                yield sitemap

    async def read_page(self, response: Response, depth: int, refreshed: int = 0) -> AsyncIterator[Any]:
        """Make items of a page, then go on to what it links to."""
        page = self.opened(response)
        if page is None or not self._is_page(response):
            return
        seen = await self.extract(
            "spiders.pages.publisher:parse_page",
            response.body,
            response.url,
            url=response.url,
            asked=response.meta.get("redirect_urls", [response.url])[0],
            encoding=http_content_type_encoding(_content_type(response)),
            ads=self._source.ads,
            rules=[str(path) for path in self.run.config.crawler.ad_rules],
        )
        if seen is None:
            return
        if seen["wall"]:
            self.tell(response.url, Trouble(kind="blocked", says=f"shows {seen['wall']} instead of the page"))
            return
        if seen["degraded"]:
            self.tell(response.url, Trouble(kind="parse_degraded", says="only its plain text could be read"))
        part = await self.part(self._items(seen, response.url), page)
        if part is not None:
            yield part
        page.complete = not self.run.full
        self.stop_if_full()
        if seen["refresh"]:
            async for request in self._refresh(response, seen["refresh"], depth, refreshed + 1):
                yield request
        if self._follow and depth < self._source.depth:
            async for request in self._visit(filter(self._wanted, seen["links"]), depth=depth + 1):
                yield request

    async def _open_sitemap(self, url: str, level: int) -> AsyncIterator[Request]:
        if self._first_time(url):
            request = await self.ask(url, self.read_sitemap, level=level)
            if request is not None:
                yield request

    def _items(self, seen: dict[str, Any], url: str) -> Iterator[Item]:
        now = self.run.clock()
        if self._source.text:
            yield page_item(seen, url, now)
        yield from ad_items(seen, url, now)

    async def _visit(self, urls: Iterable[str], depth: int) -> AsyncIterator[Request]:
        """Ask for pages not seen before. Only a page whose links nobody follows may be skipped when unchanged."""
        last = depth >= self._source.depth or not self._follow
        for url in urls:
            if urlsplit(url).scheme in SCHEMES and self._first_time(url):
                request = await self.ask(url, self.read_page, conditional=last, priority=-depth, depth=depth)
                if request is None and self.run.requested > self.run.source.max_pages:
                    return
                if request is not None:
                    yield request

    async def _refresh(self, response: Response, to: str, depth: int, count: int) -> AsyncIterator[Request]:
        """Follow a meta refresh as a browser would, as often as a redirect may be followed."""
        url = urljoin(response.url, to)
        if count > REDIRECTS or urlsplit(url).scheme not in SCHEMES or not self._first_time(url):
            return
        request = await self.ask(url, self.read_page, depth=depth, refreshed=count)
        if request is not None:
            yield request

    def _is_page(self, response: Response) -> bool:
        kind = _content_type(response).lower()
        if kind and not any(word in kind for word in _READABLE):
            self.tell(response.url, Trouble(kind="no_page", says=f"no page but {kind.partition(';')[0]}"))
            return False
        return True

    def _first_time(self, url: str) -> bool:
        address = urldefrag(url).url
        if address in self._seen:
            return False
        self._seen.add(address)
        return True

    def _wanted(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self._follow) and not self._denied(url)

    def _denied(self, url: str) -> bool:
        return any(pattern.search(url) for pattern in self._deny)


def _parted(source: WebSource) -> dict[str, frozenset[str]]:
    """Return the hosts of each part; what leads on by links or sitemaps is read whole: two parts might meet."""
    if source.follow or source.sitemaps:
        return {"": frozenset()}
    return parted(map(host_part, source.urls), word="hosts", least=SHALLOW)


def _content_type(response: Response) -> str:
    return (response.headers.get("Content-Type") or b"").decode("latin-1")
