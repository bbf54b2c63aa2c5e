"""VisitSpider: follow suspicious links as several visitors, compare what each saw, keep it, and have it judged.

1. the links that are due, or were named; 2. each is followed as every visitor, plainly or with a browser; 3. the visits
are compared; 4. what was seen is kept as evidence, with what it says of the link's cases; 5. the pages at the ends go
on as items, to be judged with the pictures on them, and join the cases whose links led there.

robots.txt is not asked: a visit does what a reader who clicks does, for one address that was found suspicious.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Config, Source
from config.models import Visitor
from config.sources.visits import VisitsSource
from detector.hosts import Host, parse_host
from detector.items import Item
from detector.visits import compared
from safety.secret import SecretError
from spiders.base import SourceSpider
from spiders.failures import trouble
from spiders.found import Found, Led, fingerprint
from spiders.pace import LONGEST_PAUSE
from spiders.refusals import HostPaused
from spiders.run import SourceRun
from spiders.sightings import page_item, targets
from spiders.visits import chromium
from spiders.visits.addresses import host_of
from spiders.visits.dial import Dialler, Failed, Refused, Upstream, canonical_name, resolve_by_system
from spiders.visits.followed import Followed
from spiders.visits.hosts import RECHECK, VISIT, first_host, shared_out
from spiders.visits.journey import Journey
from spiders.visits.keeping import kept
from spiders.visits.links import unpaid
from spiders.visits.memory import bound_memory
from spiders.visits.proxy import GuardProxy, prove_proxy
from spiders.visits.visitors import awake, visitors
from storage.cursors import cursor_names
from storage.errors import StorageError
from storage.visits import LinkToVisit, VisitRound, Wanted

AT_ONCE = 8  # links followed side by side
BROWSERS_AT_ONCE = 2  # of them with a browser
PAUSE_SECONDS = 1.0  # between two looks whether a host may be visited again


class VisitSpider(SourceSpider):
    """Reads a source of kind "visits"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, VisitsSource)
        self._source: VisitsSource = run.source
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._browsers = asyncio.Semaphore(BROWSERS_AT_ONCE)
        self._browser_gone = False
        self._proxy: GuardProxy | None = None

    @classmethod
    def settings_for(cls, config: Config) -> dict[str, Any]:
        """Return Scrapy's settings beyond those of every crawl; with a browser where one is wanted and there."""
        path = config.crawler.browser
        wanted = any(visitor.browser for visitor in visitors(config)) and chromium.absent(path) is None
        browser = chromium.settings(path, timeout=config.crawler.timeout) if wanted else {}
        return {"ROBOTSTXT_OBEY": False, "AUTOTHROTTLE_ENABLED": False, **browser}

    async def seek(self) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            there = [visitor for visitor in self._visitors() if await self._leaves(visitor)]
            links = await self._links(tuple(visitor.key for visitor in there))
            self.run.tally.unchanged += not links  # nothing to follow: no silence
            if any(visitor.browser for visitor in there):
                self._proxy = await stack.enter_async_context(GuardProxy(self.run.egress))
                await prove_proxy(self._proxy)
                watching = asyncio.ensure_future(bound_memory(lambda line: self.run.tally.problem("memory", line)))
                stack.push_async_callback(_ended, [watching])
            rounds = [asyncio.ensure_future(self._round(link, there)) for link in links if there]
            stack.push_async_callback(_ended, rounds)  # before the proxy is
            for done in asyncio.as_completed(rounds):
                for found in await done:
                    part = await self.part(found.items, pictures=found.pictures, led=found.led)
                    if part is not None:
                        yield part
        if "=" in self.run.slice and there and not self.run.tally.stopped:  # what was not followed is found again
            await asyncio.to_thread(self.run.sink.commit, [], {self.run.slice: None})

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        assert isinstance(source, VisitsSource)
        if source.links or source.cases or source.items:
            return ("",)
        allotted = (name for reason in (VISIT, RECHECK) for name in cursor_names(session, source.key, f"{reason}="))
        return (VISIT, RECHECK, *allotted)

    async def _links(self, there: tuple[str, ...]) -> list[LinkToVisit]:
        """Return the links that this run follows; what is too much for one is left to others, host by host."""
        links = [LinkToVisit(url=url) for url in self._source.links]
        if links and not (self._source.cases or self._source.items):
            return links
        reason, _, host = self.run.slice.partition("=")
        wanted = self._wanted(there)
        if host:
            place = await asyncio.to_thread(self.run.sink.cursor, self.run.slice)
            if place is None:
                return []  # somebody else has followed them
            wanted = replace(wanted, of=tuple(place["items"]))
        # Asked before the links are: what somebody ends meanwhile is followed already, and found again when it is due.
        open_ = await asyncio.to_thread(self.run.sink.cursor_names, f"{reason}=") if reason and not host else []
        taken, click = {name.partition("=")[2] for name in open_}, self._source.click
        resting = await asyncio.to_thread(self.run.sink.resting, LONGEST_PAUSE)
        if not (self._source.cases or self._source.items):  # those that nobody may follow now must not take the room
            wanted = replace(wanted, left=lambda url: first_host(url, click=click) in taken or host_of(url) in resting)
        links += await asyncio.to_thread(self.run.sink.links_to_visit, wanted)
        if host:
            return [link for link in links if first_host(link.url, click=click) == host]
        if not reason or not there:
            return links
        mine, others = shared_out(links, taken, click=click)
        places = {f"{reason}={other}": {"items": items} for other, items in others.items()}
        await asyncio.to_thread(self.run.sink.commit, [], places)
        return mine

    def _wanted(self, there: tuple[str, ...]) -> Wanted:
        now = self.run.clock()
        return Wanted(
            score=self._source.look_closer,
            judged_since=now - timedelta(days=self._source.days),
            before=now - self._source.again,
            most=self._source.most,
            cases=self._source.cases,
            items=self._source.items,
            reason=_reason(self.run.slice),
            visitors=there,
        )

    def _visitors(self) -> Iterator[Visitor]:
        """Yield who looks now; who does not, and why, is told."""
        missing = chromium.absent(self.run.config.crawler.browser)
        unseen = [visitor.key for visitor in visitors(self.run.config) if visitor.browser and missing]
        if unseen:
            self.run.tally.note(f"{', '.join(unseen)}: what only a browser shows was not seen: {missing}")
        for visitor in visitors(self.run.config):
            if visitor.browser and missing:
                continue
            if not awake(visitor, self.run.clock()):
                assert visitor.hours is not None
                hours = "{}-{}".format(*visitor.hours)
                self.run.tally.note(f"{visitor.key} did not look: its hours are {hours} in {visitor.zone}")
                continue
            yield visitor

    async def _leaves(self, visitor: Visitor) -> bool:
        """Tell whether a visitor's proxy is there to leave through, and may be."""
        try:
            upstream = _upstream(visitor)
            if upstream is not None:
                timeout = self.run.config.crawler.timeout
                dialler = Dialler(self.run.egress, resolve_by_system, seconds=timeout, limit=0)
                await dialler.permitted(upstream.host, upstream.port)
        except (SecretError, ValueError) as error:
            self.run.tally.problem("missing_secret", f"visitor {visitor.key}: proxy: {error}; it did not look")
            return False
        except (Refused, Failed) as error:
            self.run.tally.problem(
                "proxy", f"visitor {visitor.key}: its proxy is not reached: {error}; it did not look"
            )
            return False
        return True

    async def _round(self, link: LinkToVisit, there: Sequence[Visitor]) -> list[Found]:
        """Follow one link as every visitor; return the pages to be judged."""
        try:
            async with self._gate:
                if self.run.tally.stopped or await self._put_off(host_of(link.url)):
                    return []
                return await self._followed(link, there)
        except (StorageError, SQLAlchemyError, OSError) as error:
            self._not_kept(error)
        except Exception as error:  # noqa: BLE001  edge to the network: one link must not take the others along
            self.run.tally.problem("internal", f"{link.url}: {type(error).__name__}: {error}")
        return []

    async def _put_off(self, host: str) -> bool:
        """Wait while a host wants to be left alone; tell whether that is for too long, so that a later run follows."""
        while left := await self.run.pace.stands(host):
            if left > LONGEST_PAUSE or not self.crawler.crawling:
                self.tell(host, trouble(HostPaused(host)))
                return True
            await asyncio.sleep(min(left, PAUSE_SECONDS))
        return False

    async def _followed(self, link: LinkToVisit, there: Sequence[Visitor]) -> list[Found]:
        """Follow one link, keep what was seen, and return the pages to be judged."""
        url = link.url if self._source.click else unpaid(link.url)
        rows = await asyncio.gather(*(self._as(visitor, url) for visitor in there))
        followed = [one for row in rows for one in row]
        seen = compared([one.visit for one in followed])
        followed = [replace(one, visit=visit) for one, visit in zip(followed, seen, strict=True)]
        keeping = [asyncio.to_thread(kept, one, self.run.sink.put) for one in followed]
        visits = tuple(await asyncio.gather(*keeping))
        await asyncio.to_thread(self.run.sink.visited, VisitRound(link=link, visits=visits))
        self.run.tally.unchanged += 1  # what was asked for came, although it may be no item
        for one in followed:
            if one.visit.end.problem not in (None, "dns", "hand_off"):
                self.run.tally.note(f"{one.visit.visitor}: {one.visit.end.url}: {one.visit.says}")
        return [found async for found in self._found(link, followed)]

    def _not_kept(self, error: Exception) -> None:
        """The storage fails: say so once and follow nothing more."""
        if not self.run.tally.stopped:
            self.run.tally.problem("storage", f"visits could not be stored: {str(error).partition(chr(10))[0]}")
        self.run.tally.stopped = True

    async def _as(self, visitor: Visitor, url: str) -> list[Followed]:
        """Return one visitor's visits, one after another."""
        if visitor.browser:
            async with self._browsers:
                return await self._browsing(visitor, url) if not self._browser_gone else []
        journey = Journey(
            url,
            visitor,
            fetch=self._download,
            put=self.run.sink.put,
            sandbox=self.run.sandbox,
            clock=self.run.clock,
            upstream=_upstream(visitor),
        )
        return [await journey.follow() async for _ in _times(visitor)]

    async def _browsing(self, visitor: Visitor, url: str) -> list[Followed]:
        from spiders.visits.browser import BrowserGone, BrowserJourney  # only where Playwright is installed

        assert self._proxy is not None
        journey = BrowserJourney(
            url,
            visitor,
            fetch=self._download,
            put=self.run.sink.put,
            sandbox=self.run.sandbox,
            clock=self.run.clock,
            proxy=self._proxy,
            upstream=visitor.proxy.reveal() if visitor.proxy is not None else None,
            draw=lambda shot: asyncio.to_thread(self.run.shelf.shelve, shot, words=False),
        )
        try:
            return [await journey.follow() async for _ in _times(visitor)]
        except BrowserGone as error:
            self._browser_gone = True
            says = f"{error} while following {url}; what only a browser shows was not seen from there on"
            self.run.tally.problem("browser", says)
            return []
        finally:
            await journey.close()

    async def _download(self, request: Any) -> Any:
        engine = self.crawler.engine
        assert engine is not None
        return await engine.download_async(request)

    async def _found(self, link: LinkToVisit, followed: Sequence[Followed]) -> AsyncIterator[Found]:
        """Yield each page that was seen, once, as its most thorough visitor saw it."""
        told: set[tuple[str, str]] = set()
        for one in sorted(followed, key=lambda one: not one.visit.browser):
            landing = one.visit.landing
            if one.page is None or one.url is None or landing is None or one.visit.outcome == "gone":
                continue  # what says that nothing is there is no page of anybody: it must not arrive in a case
            what = (one.url.partition("?")[0], landing.text)  # a redirector may give each visitor a number
            if what in told:
                continue
            told.add(what)
            item, pictures = await self._item(one)
            led = Led(visitor=one.visit.visitor, cases=link.cases, items=link.items)
            yield Found(items=(item,), pictures=pictures, led=led)

    async def _canonical(self, host: Host | None, one: Followed) -> str | None:
        """Return what a host's name is another name of; not asked from here for a visitor who leaves elsewhere."""
        away = {visitor.key for visitor in visitors(self.run.config) if visitor.proxy is not None}
        if host is None or not host.suffix or one.visit.visitor in away or host.ascii in self.run.egress.hosts:
            return None
        return await canonical_name(host.ascii)

    async def _item(self, one: Followed) -> tuple[Item, dict[str, str]]:
        """Return the last page as an item, with the pictures that the browser has loaded already."""
        assert one.page is not None
        assert one.url is not None
        host = parse_host(one.url)
        domain = host.registrable if host is not None and not host.shared else None
        item = page_item(
            one.page,
            one.url,
            one.visit.end.at,
            certificate_from=one.visit.end.certificate_from.date() if one.visit.end.certificate_from else None,
            certificate=one.visit.end.certificate,
            cname=await self._canonical(host, one),
            registered_on=await asyncio.to_thread(self.run.sink.registered_on, domain) if domain else None,
        )
        item = replace(item, id=fingerprint("landing", *targets((one.url,))))
        pictures: dict[str, str] = {}
        for reference in item.images:
            if reference in one.pictures:
                record = await asyncio.to_thread(self.run.shelf.shelve, one.pictures[reference])
                pictures[reference] = record.sha256
        if one.screenshot is not None:
            name = f"screenshot:{one.visit.visitor}"
            item = replace(item, images=(name, *item.images))
            pictures[name] = one.screenshot.sha256
        return item, pictures


def _reason(slice: str) -> Literal["", "visit", "recheck"]:
    reason = slice.partition("=")[0]
    return "visit" if reason == VISIT else "recheck" if reason == RECHECK else ""


def _upstream(visitor: Visitor) -> Upstream | None:
    """Return a visitor's proxy.

    Raises:
        SecretError: it is not there.
        ValueError: it has another form.
    """
    return Upstream.parse(visitor.proxy.reveal()) if visitor.proxy is not None else None


async def _ended(tasks: Sequence["asyncio.Future[Any]"]) -> None:
    """End what is still under way."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _times(visitor: Visitor) -> AsyncIterator[int]:
    """Yield once for each visit, after the pause between them."""
    for number in range(visitor.times):
        if number:
            await asyncio.sleep(visitor.pause)
        yield number
