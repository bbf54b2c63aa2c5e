"""Traffic: what a browser's page asked for and got, and how the page itself went from one address to the next."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urldefrag

from playwright.async_api import Error as BrowserError
from playwright.async_api import Page
from playwright.async_api import Request as Asked
from playwright.async_api import Response as Answered
from scrapy import Request

from detector.visits import Hop, How
from spiders.pages.encoding import decode
from spiders.refusals import SCHEMES
from spiders.settings import PICTURE_BYTES
from spiders.visits.addresses import host_of, scheme_of
from spiders.visits.dial import key_of
from spiders.visits.exchange import Exchange
from spiders.visits.journey import HAND_OFFS, LONGEST_HEADER, MOST_HEADERS, REDIRECTS, Clock, Put
from spiders.visits.messages import MARK
from spiders.visits.proxy import Passage

MOST_REQUESTS = 400  # of one visit that are noted
MOST_KEPT = 20 * 2**20  # bytes of answers that are kept
LONGEST_URL = 16_000  # characters of an address that are noted; the WARC has all of it
BODY_SECONDS = 5.0  # to hand over the body of an answer
_LEADS: Mapping[str, How] = {"metaTagRefresh": "refresh", "httpHeaderRefresh": "refresh"}  # as DevTools names them


@dataclass(slots=True, kw_only=True)
class _Step:
    """One navigation of the page."""

    url: str
    how: How
    at: datetime
    began: float
    request: Asked | None = None  # None for an address outside the web


@dataclass(slots=True, kw_only=True)
class _Noted:
    """One request, and what is known of it by now."""

    request: Asked
    at: datetime
    answer: Answered | None = None
    headers: tuple[tuple[str, str], ...] = ()
    sent: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str | None = None


@dataclass
class Traffic:
    """Listens to one page. Lives on the reactor's thread."""

    url: str
    clock: Clock
    passage: Passage
    put: Put
    most_hops: int
    endless: bool = False  # it leads on and on
    pictures: dict[str, bytes] = field(default_factory=dict)  # URL -> bytes
    _steps: list[_Step] = field(default_factory=list)
    _noted: dict[Asked, _Noted] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _kept: int = 0
    _why: str | None = None  # what DevTools says leads on next
    _problem: str | None = None
    _away: tuple[int, str] | None = None  # status and address of a redirect out of the web
    _page: Page | None = None
    _frame: str | None = None  # the page's own, as DevTools names it
    _began: float = field(default_factory=time.monotonic)

    async def attach(self, page: Page, _: Request) -> None:
        """Begin to listen, before anything is opened."""
        self._page = page
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("requestfailed", self._lost)
        page.on("popup", self._shut)
        page.on("crash", lambda _: self.failed(RuntimeError("crash")))
        session = await page.context.new_cdp_session(page)
        await session.send("Page.enable")
        self._frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        session.on("Page.frameRequestedNavigation", self._leads)
        await session.send("Network.enable")
        session.on("Network.responseReceivedExtraInfo", self._redirected)

    @property
    def still(self) -> float:
        """Seconds since the page was last led on."""
        return time.monotonic() - (self._steps[-1].began if self._steps else self._began)

    @property
    def slow(self) -> bool:
        """Tell whether the page was not loaded in time."""
        return self._problem == "timeout"

    def failed(self, error: Exception) -> None:
        """Note why the browser gave up."""
        text = str(error)
        if "Download" in text or (isinstance(error, RuntimeError) and "download" in text):
            self._problem = "download"
        elif isinstance(error, TimeoutError) or "Timeout" in text:
            self._problem = "timeout"
        elif self._problem is None:
            self._problem = "browser"

    def _leads(self, event: Mapping[str, Any]) -> None:
        """Hear where a script, a refresh or a form is about to lead; an address outside the web ends the journey."""
        if event.get("frameId") != self._frame:
            return
        url = str(event.get("url", ""))[:LONGEST_URL]
        self._why = str(event.get("reason", ""))
        scheme = scheme_of(url)
        if scheme in HAND_OFFS and not (self._steps and scheme_of(self._steps[-1].url) == scheme):
            self._steps.append(_Step(url=url, how="script", at=self.clock(), began=time.monotonic()))

    def _redirected(self, event: Mapping[str, Any]) -> None:
        """Hear of a redirect out of the web: it is the only place where the browser tells of it."""
        headers = {name.lower(): str(value) for name, value in event.get("headers", {}).items()}
        location = headers.get("location", "")[:LONGEST_URL]
        if event.get("statusCode") in REDIRECTS and scheme_of(location) in HAND_OFFS:
            self._away = (int(event["statusCode"]), location)

    def _asked(self, request: Asked) -> None:
        leads = False
        with suppress(BrowserError):  # a service worker's request has no frame
            leads = (
                request.is_navigation_request() and self._page is not None and (request.frame == self._page.main_frame)
            )
        if leads or len(self._noted) < MOST_REQUESTS:
            self._noted[request] = _Noted(request=request, at=self.clock())
        if leads:
            self._step(request)

    def _step(self, request: Asked) -> None:
        if scheme_of(request.url) in HAND_OFFS and self._steps and scheme_of(self._steps[-1].url) in HAND_OFFS:
            return  # an address outside the web, which was told already
        how: How = "start" if not self._steps else "script"
        if request.redirected_from is not None:
            how = "redirect"
        elif self._steps:
            how = _LEADS.get(self._why or "", "script")
        self._why = None
        self._steps.append(
            _Step(url=request.url[:LONGEST_URL], how=how, at=self.clock(), began=time.monotonic(), request=request)
        )
        if len(self._steps) >= self.most_hops and not self.endless:
            self.endless = True
            assert self._page is not None
            self._later(self._leave(self._page))

    async def _leave(self, page: Page) -> None:
        with suppress(BrowserError):
            await page.goto("about:blank")

    def _answered(self, answer: Answered) -> None:
        noted = self._noted.get(answer.request)
        if noted is not None:
            noted.answer = answer
            self._later(self._keep(noted, answer))

    def _lost(self, request: Asked) -> None:
        noted = self._noted.get(request)
        if noted is not None:
            noted.failure = (request.failure or "failed")[:200]

    def _shut(self, page: Page) -> None:
        """Close what a page opens beside itself."""
        self._later(page.close())

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, noted: _Noted, answer: Answered) -> None:
        """Keep headers and body of an answer, as far as there is room."""
        sent = _sane(await answer.request.all_headers())
        noted.sent = tuple(pair for pair in sent if pair[0].lower() != "proxy-authorization")
        noted.headers = _sane(await answer.all_headers())
        if 300 <= answer.status < 400 or answer.request.resource_type == "media" or self._kept >= MOST_KEPT:
            return
        async with asyncio.timeout(BODY_SECONDS):
            body = await answer.body()
        if self._kept + len(body) <= MOST_KEPT:
            self._kept += len(body)
            noted.body = body
            if answer.request.resource_type == "image" and answer.status == 200 and len(body) <= PICTURE_BYTES:
                self.pictures[answer.url] = body

    async def hops(self, *, shown: bool) -> tuple[Hop, ...]:
        """Return the navigations of the page, at least one; `shown` says that a page came of them."""
        await self._settled()
        if not self._steps:
            problem = self._problem or "browser"
            return (Hop(url=self.url, how="start", at=self.clock(), seconds=0.0, problem=problem),)
        hops = [await self._hop(step) for step in self._steps]
        if self._away is not None and not shown and hops[-1].problem != "hand_off":
            status, location = self._away
            hops[-1] = replace(hops[-1], status=status, problem=None)
            hops.append(Hop(url=location, how="redirect", at=self.clock(), seconds=0.0, problem="hand_off"))
        elif self._problem == "download" and not shown:
            hops[-1] = replace(hops[-1], problem="download")
        return tuple(hops)

    async def _hop(self, step: _Step) -> Hop:
        if step.request is None or scheme_of(step.url) in HAND_OFFS:
            return Hop(url=step.url, how=step.how, at=step.at, seconds=0.0, problem="hand_off")
        noted = self._noted.get(step.request)
        url = self.url if step.how == "start" and urldefrag(self.url).url == step.url else step.url
        address = self._address(step.url)
        if noted is None or noted.answer is None:
            return Hop(url=url, how=step.how, at=step.at, seconds=0.0, address=address, problem=self._why_not(step))
        refused = self._why_not(step) if _from_the_proxy(noted) else None
        timing = noted.request.timing
        seconds = max(0.0, timing.get("responseStart", 0.0)) / 1000
        if refused is not None:
            return Hop(url=url, how=step.how, at=step.at, seconds=seconds, problem=refused)
        return Hop(
            url=url,
            how=step.how,
            at=step.at,
            seconds=round(seconds, 3),
            status=noted.answer.status,
            address=address,
            headers=noted.headers,
            body=await asyncio.to_thread(self.put, noted.body) if noted.body else None,
        )

    def document(self, url: str) -> str:
        """Return a document that a frame shows, as its server sent it; empty where it was not kept."""
        for noted in self._noted.values():
            if noted.request.url == url and noted.request.resource_type == "document":
                return decode(noted.body, None)[0]
        return ""

    def _why_not(self, step: _Step) -> str:
        """Return the class of what kept a navigation from being answered."""
        host = key_of(host_of(step.url))
        if host in self.passage.refused:
            return "refused_address"
        if self.passage.over:
            return "too_large"
        return self.passage.failed.get(host) or self._problem or "connection"

    def _address(self, url: str) -> str | None:
        return self.passage.addresses.get(key_of(host_of(url)))

    async def exchanges(self) -> tuple[Exchange, ...]:
        """Return every request and what came back, in order."""
        await self._settled()
        return tuple(
            Exchange(
                url=noted.request.url,
                method=noted.request.method,
                at=noted.at,
                address=self._address(noted.request.url),
                sent=noted.sent,
                status=noted.answer.status if noted.answer is not None and not _from_the_proxy(noted) else None,
                headers=noted.headers,
                body=noted.body,
                problem=noted.failure or ("refused" if noted.answer is not None and _from_the_proxy(noted) else None),
            )
            for noted in self._noted.values()
            if scheme_of(noted.request.url) in SCHEMES
        )

    async def _settled(self) -> None:
        """Wait for what is being handed over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=BODY_SECONDS)
            for task in self._tasks:
                task.cancel()


def _from_the_proxy(noted: _Noted) -> bool:
    """Tell whether an answer is our own proxy's; it takes its mark out of what others send in the open."""
    in_the_open = noted.request.url.startswith("http:")
    return in_the_open and any(name.lower() == MARK.lower() for name, _ in noted.headers)


def _sane(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = [(name, part[:LONGEST_HEADER]) for name, value in headers.items() for part in value.split("\n")]
    return tuple(found[:MOST_HEADERS])


async def _quietly(work: Any) -> None:
    """Do it, unless the page goes away meanwhile."""
    with suppress(BrowserError, TimeoutError, KeyError):
        await work
