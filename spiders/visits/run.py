"""run_visits: follow links as several visitors, in one process, side by side, and compare what each saw.

A process can do this once: Twisted's reactor does not start again. What is fetched passes the same guard as a crawl;
robots.txt is not asked, because a visit does what a reader who clicks does, for one address that a person or the
detector found suspicious.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Response
from scrapy.settings import Settings

from config import Config
from config.models import Visitor
from detector.visits import Visit, compared
from safety.egress import EgressRule
from safety.sandbox import Sandbox
from spiders.log import screened_logging
from spiders.resolver import guard_connections, prove_guard
from spiders.settings import scrapy_settings
from spiders.visits.journey import Journey
from spiders.visits.visitors import visitors

AT_ONCE = 8  # links followed side by side


def run_visits(
    config: Config,
    links: Sequence[str],
    *,
    put: Callable[[bytes], str],
    done: Callable[[tuple[Visit, ...]], None] = lambda _: None,
) -> list[tuple[Visit, ...]]:
    """Follow each link as every visitor; return the compared visits of each, in order.

    Args:
        links: exactly as they stand.
        put: keeps bytes and returns their SHA-256; called from worker threads.
        done: called with the visits of each link as soon as they are compared.
    """
    found: dict[int, tuple[Visit, ...]] = {}

    def finish(number: int, visits: tuple[Visit, ...]) -> None:
        found[number] = visits
        done(visits)

    settings = Settings({**scrapy_settings(config), **_SETTINGS})
    process = AsyncCrawlerProcess(settings)
    from twisted.internet import reactor  # installed by the line above

    rule = EgressRule.parse(config.egress.allow, config.egress.hosts)
    undo = guard_connections(reactor, rule)
    with Sandbox() as sandbox, screened_logging():
        crawler = Crawler(_VisitSpider, settings)
        task = process.crawl(
            crawler, links=links, visitors=visitors(config), put=put, sandbox=sandbox, rule=rule, finish=finish
        )
        try:
            process.start(install_signal_handlers=threading.current_thread() is threading.main_thread())
        finally:
            undo()
    error = None if task.cancelled() or not task.done() else task.exception()
    if error is not None:
        raise error
    return [found[number] for number in sorted(found)]


_NONE: tuple[Request, ...] = ()  # journeys ask the engine themselves
_SETTINGS: dict[str, Any] = {
    "ROBOTSTXT_OBEY": False,
    "ITEM_PIPELINES": {},
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
        "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
        "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
        "spiders.refusals.RefusalMiddleware": 560,
    },
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
}


class _VisitSpider(Spider):
    """Holds the engine while journeys are under way; it yields nothing."""

    name = "visits"

    def __init__(
        self,
        links: Sequence[str],
        visitors: Sequence[Visitor],
        put: Callable[[bytes], str],
        sandbox: Sandbox,
        rule: EgressRule,
        finish: Callable[[int, tuple[Visit, ...]], None],
    ) -> None:
        super().__init__()
        self._links, self._visitors = links, visitors
        self._put, self._sandbox, self._rule, self._finish = put, sandbox, rule, finish

    async def start(self) -> AsyncIterator[Any]:
        from twisted.internet import reactor  # the reactor must be installed before it is imported

        await prove_guard(reactor, self._rule)
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._visit(gate, number, link) for number, link in enumerate(self._links)))
        for request in _NONE:
            yield request

    async def _visit(self, gate: asyncio.Semaphore, number: int, link: str) -> None:
        async with gate:
            rows = await asyncio.gather(*(self._as(visitor, link) for visitor in self._visitors))
        self._finish(number, compared([visit for row in rows for visit in row]))

    async def _as(self, visitor: Visitor, link: str) -> list[Visit]:
        """Return one visitor's visits, one after another."""
        journey = Journey(
            link, visitor, fetch=self._fetch, put=self._put, sandbox=self._sandbox, clock=lambda: datetime.now(UTC)
        )
        visits = []
        for number in range(visitor.times):
            if number:
                await asyncio.sleep(visitor.pause)
            visits.append(await journey.follow())
        return visits

    async def _fetch(self, request: Request) -> Response:
        engine = self.crawler.engine
        assert engine is not None
        response: Response = await engine.download_async(request)
        return response
