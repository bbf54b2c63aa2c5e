"""robots.txt by RFC 9309: 4xx means everything is allowed, 5xx and silence mean nothing is.

Scrapy's own middleware parses whatever body comes back, with a parser that some bodies keep busy for minutes, and
fetches when none does. 429 counts as silence: a host that asks us to slow down has not consented.
"""

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from spiders.pages.robots import Robots, RobotsTrap
from spiders.refusals import TargetRefused

ROBOTS = "mekiki_robots"  # in the meta of a request for robots.txt


class RobotsForbid(IgnoreRequest):
    """robots.txt forbids this request."""


class RobotsUnreachable(IgnoreRequest):
    """robots.txt could not be read, so nothing of this host may be; the cause says why."""

    def __init__(self, host: str) -> None:
        super().__init__(f"the robots.txt of {host} could not be read")
        self.host = host


class RobotsStatus(Exception):
    """robots.txt was answered with a status that forbids everything."""


class RobotsMiddleware(RobotsTxtMiddleware):
    """Downloader middleware; its place is given in `spiders.settings`."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._hosts: dict[str, Robots | Exception | list[Deferred[Robots | Exception]]] = {}

    async def process_request(  # type: ignore[override]  # Scrapy is giving up the second argument
        self, request: Request
    ) -> None:
        """Let a request pass that its host's robots.txt allows."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        answer = await self._answer(request)
        if isinstance(answer, Exception):
            raise RobotsUnreachable(urlparse_cached(request).hostname or "") from answer
        try:
            allowed = answer.allows(request.url)
        except RobotsTrap as error:
            raise RobotsForbid(f"robots.txt cannot be followed: {error}") from error
        if not allowed:
            raise RobotsForbid("robots.txt forbids it")

    async def _answer(self, request: Request) -> Robots | Exception:
        """Return the parser of a host, fetching robots.txt once; others wait for the same answer."""
        url = urlparse_cached(request)
        key = f"{url.scheme}://{url.netloc}"
        known = self._hosts.get(key)
        if isinstance(known, list):
            waiter: Deferred[Robots | Exception] = Deferred()
            known.append(waiter)
            return await maybe_deferred_to_future(waiter)
        if known is not None:
            return known
        waiters: list[Deferred[Robots | Exception]] = []
        self._hosts[key] = waiters
        answer = await self._fetch(f"{key}/robots.txt")
        self._hosts[key] = answer
        for waiter in waiters:
            waiter.callback(answer)
        return answer

    async def _fetch(self, url: str) -> Robots | Exception:
        request = Request(
            url,
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, ROBOTS: True},
            callback=NO_CALLBACK,
        )
        try:
            response = await self.crawler.engine.download_async(request)
        except TargetRefused as error:
            own = error.host == urlparse_cached(request).hostname
            return self._parser(b"") if own else error  # an own host is refused again with the page, and counted there
        except Exception as error:  # noqa: BLE001  any failure of the download is the same answer: silence
            return error
        return self._read(response)

    def _read(self, response: Response) -> Robots | Exception:
        if response.status == 429 or response.status >= 500:
            return RobotsStatus(f"answered {response.status}")
        if response.status >= 300:
            return self._parser(b"")
        return self._parser(response.body)

    def _parser(self, body: bytes) -> Robots:
        return Robots(body, self._robotstxt_useragent or self._default_useragent)
