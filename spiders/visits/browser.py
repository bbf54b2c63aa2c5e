"""BrowserJourney: follow one link with Chromium, as one visitor, to what its scripts make of it.

1. the browser opens the link through the guarding proxy; 2. every navigation of the page is a hop, whoever caused it;
3. it stays for a while, because scripts wait before they lead on; 4. the page as it is then is read, drawn and kept,
with every request that was made. What the browser says in place of a page is no evidence and is not kept.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Error as BrowserError
from playwright.async_api import FloatRect, Page
from scrapy import Request

from config.models import Visitor
from detector.visits import Hop, Landing, Visit, outcome_of
from safety.sandbox import Sandbox
from spiders.visits.certificates import Certificate, shown_certificate
from spiders.visits.chromium import WINDOWS, context
from spiders.visits.click_ids import without_click_ids
from spiders.visits.followed import Followed
from spiders.visits.journey import MOST_HOPS, Clock, Fetch, Put
from spiders.visits.proxy import GuardProxy, Passage
from spiders.visits.reading import read_page
from spiders.visits.traffic import Traffic
from storage.pictures import PictureRecord

LONGEST = 45.0  # seconds of one visit beside what it stays
READING = 20.0  # seconds to hand over what a page has become, and to draw it
STEPPING = 2.0  # seconds to look down a page
CLOSING = 5.0  # seconds
STEP = 0.25
MOST_FRAMES = 10  # of a page that are looked at
MOST_DRAWN, MOST_WIDE = 10_000, 4_000  # pixels of height and width
MOST_RENDERED = 12_000_000  # characters of HTML that are taken; of what is read, see `spiders.pages.landing`
MOST_KEPT = 3_000_000  # bytes of them that are kept
_HTML = (
    f"""((document.doctype ? "<!DOCTYPE html>" : "") + document.documentElement.outerHTML).slice(0, {MOST_RENDERED})"""
)


_GONE = "Connection closed"  # as Playwright says that its driver is no more


class BrowserGone(Exception):
    """No browser will look any more in this run."""


class BrowserJourney:
    """Follows one link as one visitor; the second time with the cookies of the first."""

    def __init__(
        self,
        url: str,
        visitor: Visitor,
        *,
        fetch: Fetch,
        put: Put,
        sandbox: Sandbox,
        clock: Clock,
        proxy: GuardProxy,
        upstream: str | None = None,
        draw: Callable[[bytes], Awaitable[PictureRecord]],
    ) -> None:
        """Take the link and the means; as for `Journey`, and the proxy that everything goes through.

        Args:
            upstream: the visitor's own proxy, behind ours.
            draw: keeps a screenshot and looks at it.
        """
        self._url, self._visitor = url, visitor
        self._fetch, self._put, self._sandbox, self._clock, self._draw = fetch, put, sandbox, clock, draw
        self._rule = proxy.rule
        self._passage: Passage = proxy.open(upstream)
        self._name = self._passage.username
        self._context = context(
            visitor, server=proxy.address, username=self._passage.username, password=self._passage.password
        )
        self._page: Page | None = None

    async def follow(self) -> Followed:
        """Go to the end and say what came of it."""
        started = self._clock()
        url = without_click_ids(self._url) if self._visitor.bare else self._url
        traffic = Traffic(url, clock=self._clock, passage=self._passage, put=self._put, most_hops=MOST_HOPS)
        opened = await self._open(url, traffic)
        content: str | None = None
        shot: bytes | None = None
        where, framed = url, ""
        if opened is not None:
            with suppress(BrowserError, TimeoutError):
                async with asyncio.timeout(LONGEST + self._visitor.stay):
                    await self._stay(opened, traffic)
                async with asyncio.timeout(READING):
                    where, content = opened.url, await _content(opened)
                    framed = await _framed(opened, traffic)
                    shot = await _screenshot(opened) if content is not None else None
        hops = list(await traffic.hops(shown=content is not None))
        landing, page, drawn = None, None, None
        on_the_web = [hop for hop in hops if hop.problem != "hand_off"]  # the page stays when it opens an app
        if content is not None and on_the_web and on_the_web[-1].status is not None:
            landing, page = await self._read(content + framed, where)
        if landing is not None and shot is not None:
            drawn = await self._draw(shot)
            width, height = WINDOWS[self._visitor.device]
            seen = drawn.hash.phash if drawn.hash is not None and not drawn.hash.flat else None
            landing = replace(landing, picture=seen, window=f"{width}x{height}")
        hops[-1] = await self._certified(hops[-1])
        outcome, says = outcome_of(hops, landing, ended=not traffic.endless)
        visit = Visit(
            url=self._url,
            visitor=self._visitor.key,
            started_at=started,
            hops=tuple(hops),
            landing=landing,
            outcome=outcome,
            says=says + self._cut_short(traffic),
            browser=True,
            country=self._visitor.country,
            screenshot=drawn.rendition if drawn is not None else None,
        )
        rendered = None
        if content is not None and landing is not None:
            rendered = content.encode("utf-8", "replace")[:MOST_KEPT]
        followed = Followed(
            visit=visit,
            exchanges=await traffic.exchanges(),
            page=page,
            url=where,
            rendered=rendered,
            screenshot=drawn,
            pictures=traffic.pictures,
        )
        if self._page is not None:
            with suppress(BrowserError, TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await self._page.close()
        return followed

    def _cut_short(self, traffic: Traffic) -> str:
        """Say where not all of a page was loaded."""
        if self._passage.over:
            return "; it sent more than a visit may take, and was cut off"
        return "; it had not loaded whole in time" if traffic.slow else ""

    async def close(self) -> None:
        """Forget the visitor: cookies, storage, the way through the proxy."""
        if self._page is not None:
            with suppress(BrowserError, TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await self._page.context.close()
        self._passage.close()

    async def _open(self, url: str, traffic: Traffic) -> Page | None:
        """Open the link; None where no page can be had."""
        goto = {"wait_until": "domcontentloaded"}
        if self._visitor.referrer:
            goto["referer"] = self._visitor.referrer
        request = Request(url, dont_filter=True)
        request.meta.update(
            dont_obey_robotstxt=True,
            dont_retry=True,
            dont_redirect=True,
            playwright=True,
            playwright_include_page=True,
            playwright_context=self._name,
            playwright_context_kwargs=self._context,
            playwright_page_init_callback=traffic.attach,
            playwright_page_goto_kwargs=goto,
        )
        try:
            async with asyncio.timeout(LONGEST):
                await self._fetch(request)
        except Exception as error:
            if _GONE in str(error):
                raise BrowserGone("the browser's driver died") from error
            traffic.failed(error)
        page = request.meta.get("playwright_page")
        self._page = page if isinstance(page, Page) else self._page
        if not isinstance(page, Page) or page.is_closed() or page.url.startswith(("chrome-error:", "about:")):
            return None
        return page

    async def _stay(self, page: Page, traffic: Traffic) -> None:
        """Wait until nothing has led on for a while, and look down the page once, so that all of it is loaded."""
        scrolled = False
        while traffic.still < self._visitor.stay and not traffic.endless:
            if not scrolled and traffic.still > self._visitor.stay / 3:
                scrolled = True
                await _scroll(page, MOST_DRAWN)
            await asyncio.sleep(STEP)
        await _scroll(page, 0)

    async def _read(self, content: str, url: str) -> tuple[Landing | None, dict[str, Any] | None]:
        body = content.encode("utf-8", "replace")
        seen = await asyncio.to_thread(
            read_page, self._sandbox, body, url=url, asked=self._url, encoding="utf-8", rendered=True
        )
        if seen is None:
            return None, None
        return Landing(**seen["landing"]), seen["page"]

    async def _certified(self, hop: Hop) -> Hop:
        """Add the certificate of the last hop's server, asked of the address that the proxy dialled."""
        parts = urlsplit(hop.url)
        if parts.scheme != "https" or hop.status is None or hop.address is None or not parts.hostname:
            return hop
        try:
            port = parts.port or 443
        except ValueError:
            return hop
        if not self._rule.permits(hop.address, port):
            return hop
        found: Certificate = await shown_certificate(hop.address, port, parts.hostname, seconds=CLOSING)
        return replace(hop, certificate=found.digest, certificate_from=found.valid_from)


async def _scroll(page: Page, to: int) -> None:
    """Go down a page as far as that, or back up; one whose script never ends stays where it is."""
    with suppress(BrowserError, TimeoutError):
        async with asyncio.timeout(STEPPING):
            await page.evaluate("to => window.scrollTo(0, Math.min(document.documentElement.scrollHeight, to))", to)


async def _content(page: Page) -> str | None:
    """Return the page's HTML as its scripts have made it; None for what the browser itself says."""
    if page.url.startswith(("chrome-error:", "about:", "data:", "blob:")):
        return None
    session = await page.context.new_cdp_session(page)
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame})  # whose functions no page replaces
    answer = await session.send(
        "Runtime.evaluate",
        {"expression": _HTML, "contextId": world["executionContextId"], "returnByValue": True, "timeout": 10_000},
    )
    value = answer["result"].get("value")
    return value if isinstance(value, str) else None


async def _framed(page: Page, traffic: Traffic) -> str:
    """Return the documents, as their servers sent them, of frames that take up most of the window.

    They stand as frames with `srcdoc`, which the reader takes for a part of the page. Smaller frames are other
    people's: ads, videos, maps.
    """
    found = []
    window = page.viewport_size or {"width": 0, "height": 0}
    for frame in page.main_frame.child_frames[:MOST_FRAMES]:
        with suppress(BrowserError):
            box = await (await frame.frame_element()).bounding_box()
            if box is not None and box["width"] * box["height"] * 2 >= window["width"] * window["height"]:
                found.append(f'<iframe srcdoc="{escape(traffic.document(frame.url))}"></iframe>')
    return "".join(found)


async def _screenshot(page: Page) -> bytes | None:
    """Return the whole page as PNG, its first `MOST_DRAWN` pixels of height."""
    with suppress(BrowserError):
        session = await page.context.new_cdp_session(page)
        size = (await session.send("Page.getLayoutMetrics"))["cssContentSize"]  # a page's own words may be false
        clip: FloatRect = {
            "x": 0,
            "y": 0,
            "width": max(1, min(size["width"], MOST_WIDE)),
            "height": max(1, min(size["height"], MOST_DRAWN)),
        }
        return await page.screenshot(full_page=True, type="png", animations="disabled", timeout=15_000, clip=clip)
    return None
