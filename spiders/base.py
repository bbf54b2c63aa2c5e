"""SourceSpider: what the spiders of all source kinds share.

A kind yields requests (`ask`) and parts (`part`) from `seek` and from its callbacks; pages are parsed in the sandbox
(`extract`); every failure ends in one place (`failed`), counted by class, with one line.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from sqlalchemy.orm import Session
from twisted.python.failure import Failure

from config import Config, Source
from detector.items import Item
from safety.sandbox import SandboxError
from safety.traces import UNTRACED
from spiders.failures import STOPPED, Trouble, trouble
from spiders.found import Found, Led, Page
from spiders.resolver import prove_guard
from spiders.run import SourceRun
from spiders.visits.addresses import without_user

LOOK_SECONDS = 0.02

Callback = Callable[..., AsyncIterator[Any]]


class SourceSpider(Spider):
    """Reads one source."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(name=run.source.key)
        self.run = run
        self._told: set[tuple[str, str]] = set()  # hosts, and what was said of them
        self._under_way = 0  # parts not stored yet
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def settings_for(cls, config: Config) -> dict[str, Any]:
        """Return what this kind wants of Scrapy beyond the settings of every crawl."""
        return {}

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        """Return the names of the parts that several workers may read at the same time; ("",) for the whole.

        Args:
            config: all of it.
            source: of this kind.
            session: one state of the database.
        """
        return ("",)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "SourceSpider":
        """Build the spider and listen to what Scrapy would otherwise only log."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        connect = crawler.signals.connect
        connect(spider._sent, signals.request_reached_downloader)
        if spider.run.trace is not UNTRACED:
            connect(spider._came, signals.response_downloaded)
        connect(spider._stored, signals.item_scraped)
        connect(spider._failed, signals.item_error)
        connect(spider._not_stored, signals.item_dropped)
        connect(spider._broken, signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Prove the guard, then seek."""
        from twisted.internet import reactor  # the reactor must be installed before it is imported

        await prove_guard(reactor, self.run.egress)
        async for thing in self.seek():
            yield thing
        while self._under_way:  # else Scrapy notices only at its next heartbeat, up to 5 s later, that all is done
            await asyncio.sleep(LOOK_SECONDS)

    @abstractmethod
    def seek(self) -> AsyncIterator[Any]:
        """Yield the first requests and parts."""

    async def ask(
        self, url: str, callback: Callback, *, conditional: bool = False, priority: int = 0, **arguments: Any
    ) -> Request | None:
        """Return the request for a page, or None when the URL is unusable or the run has asked often enough.

        Args:
            url: absolute.
            callback: called with the response and `arguments`; with `conditional`, also for the answer 304.
            conditional: ask for the page only if it has changed since its items were stored.
            priority: higher goes first.
        """
        if self.run.requested >= self.run.source.max_pages:
            if self.run.requested == self.run.source.max_pages:
                self.run.requested += 1
                self.run.tally.note(f"stopped asking after max_pages = {self.run.source.max_pages} requests")
            return None
        try:
            request = Request(
                without_user(url),
                callback,
                cb_kwargs=arguments,
                errback=self.failed,
                dont_filter=True,
                priority=priority,
            )
        except ValueError:
            self.run.tally.problem("bad_url", f"{url}: not a URL that can be fetched")
            return None
        self.run.requested += 1
        state = await asyncio.to_thread(self.run.sink.fetch_state, url) if conditional else None
        if state is not None:
            request.meta["handle_httpstatus_list"] = [304]
            if state.etag:
                request.headers["If-None-Match"] = state.etag
            if state.last_modified:
                request.headers["If-Modified-Since"] = state.last_modified
        return request

    def opened(self, response: Response) -> Page | None:
        """Return the page that an answer is the content of, or None when it says that nothing has changed."""
        if response.status == 304:
            self.run.tally.unchanged += 1
            return None
        asked = response.meta.get("redirect_urls", [response.url])[0]
        page = Page(url=asked, etag=_header(response, "ETag"), last_modified=_header(response, "Last-Modified"))
        self.run.pages.append(page)
        return page

    async def part(
        self,
        items: Iterable[Item],
        page: Page | None = None,
        *,
        cursor: tuple[str, Any] | None = None,
        pictures: Mapping[str, str] = MappingProxyType({}),
        led: Led | None = None,
    ) -> Found | None:
        """Return items to be stored together, once there is room for them; None when none is wanted.

        Args:
            items: of one answer, or of a part of it.
            page: the answer.
            cursor: name and JSON value that are stored in the same transaction, see `Sink.cursor`; without items too.
            pictures: reference in Item.images -> SHA-256 of pictures that are stored already.
            led: how a page was come to that a journey ended at.
        """
        admitted = self.run.admit(items)
        if not admitted and cursor is None:
            return None
        await self.run.room.acquire()
        self._under_way += 1
        if page is not None:
            page.found += 1
        return Found(items=admitted, page=page, cursor=cursor, pictures=pictures, led=led)

    def stop_if_full(self) -> None:
        """End the source when it has given as many items as asked for.

        Raises:
            CloseSpider: it has.
        """
        if self.run.full:
            raise CloseSpider("limit")

    async def extract(self, target: str, body: bytes, what: str, **options: Any) -> Any | None:
        """Run a parser in the sandbox; None when it failed, which is then counted under `what`."""
        began = monotonic()
        try:
            return await self.run.reading.take(self.run.sandbox.call, target, body, **options)
        except SandboxError as error:
            self.tell(what, trouble(error))
            return None
        finally:
            self.run.trace.note("parse", monotonic() - began, bytes=len(body), parser=target.rpartition(":")[2])

    async def walled(self, response: Response, where: str) -> bool:
        """Tell whether a captcha, consent or login wall came instead of what was asked for; count it as blocked."""
        asked = response.meta.get("redirect_urls", [response.url])[0]
        found = await self.extract("spiders.pages.walls:wall_of", response.body, where, url=response.url, asked=asked)
        if found:
            self.tell(where, Trouble(kind="blocked", says=f"shows {found} instead of an answer"))
        return bool(found)

    def tell(self, where: str, failure: Trouble, *, prefix: str = "") -> None:
        """Count a failure and keep its line; what holds for a whole host is counted and told once."""
        if failure.kind == STOPPED:
            self.run.tally.stopped = True
        elif failure.host is None:
            self.run.tally.problem(f"{prefix}{failure.kind}", f"{where}: {failure.says}")
        elif (failure.host, failure.says) not in self._told:
            self._told.add((failure.host, failure.says))
            self.run.tally.problem(failure.kind, f"{failure.host}: {failure.says}")

    def failed(self, failure: Failure) -> None:
        """Handle a request that gave no page."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        self.tell(request.url, trouble(failure.value))

    def _sent(self) -> None:
        self.run.tally.requests += 1

    def _came(self, response: Response, request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        seconds = request.meta.get("download_latency", 0.0)
        self.run.trace.note("fetch", seconds, host=host, status=response.status, bytes=len(response.body))

    def _stored(self) -> None:
        self.run.room.release()
        self._under_way -= 1

    def _failed(self, item: Found, failure: Failure) -> None:
        self._not_stored(item, failure.value)

    def _not_stored(self, item: Found, exception: BaseException | None) -> None:
        """The storage fails: say so and stop, for what is read now would be lost."""
        self._stored()
        why = str(exception).partition("\n")[0]
        self.run.tally.problem("storage", f"{len(item.items)} items could not be stored: {why}")
        self.run.tally.stopped = True
        self._closing = self._closing or asyncio.ensure_future(self._close())

    async def _close(self) -> None:
        """End the source once no part is under way: Scrapy would wait for ever for one that `start` gave it."""
        while self._under_way:
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)
        engine = self.crawler.engine
        if engine.spider is not None:
            await engine.close_spider_async(reason="storage")

    def _broken(self, failure: Failure, response: Response | None) -> None:
        """A fault of ours in a callback: counted, with its line; the log has the traceback."""
        where = response.url if isinstance(response, Response) else self.name
        self.run.tally.problem("internal", f"{where}: {type(failure.value).__name__}: {failure.getErrorMessage()}")


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return None if value is None else value.decode("latin-1")[:1000]
