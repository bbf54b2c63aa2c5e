"""PacedDownloader: Scrapy's downloader, which several sources share in manners, and slow hosts do not block.

- `delay` is the least pause between two requests to one host, whichever sources ask: Scrapy counts for each alone.
- An answer 429 or 503 with Retry-After to one source pauses the host for all. Interfaces, which count by key and not by
  host, wait in their own way (`spiders.api`), and so do visits.
- A host that does not answer makes room for others after `PATIENCE`; else 16 silent hosts would stop all others of
  their source until the timeout.
"""

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.asyncio import CallLaterResult, call_later
from twisted.python.failure import Failure

from spiders.api import retry_after
from spiders.pace import LONGEST_PAUSE, Pace
from spiders.refusals import HostPaused
from spiders.robots import ROBOTS
from spiders.run import run_of

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

PATIENCE = 0.5  # seconds after which what is asked of a host no longer counts as part of `crawler.concurrency`
MOST_OPEN = 128  # connections of one source, slow ones included
LOOK_SECONDS = 0.2  # between two looks whether a pause, or the crawl, is over
PAUSING = (429, 503)


class _Slot(Slot):
    """The requests of one source to one host; when the last one went out is known to all sources."""

    def __init__(self, pace: Pace, host: str, concurrency: int, delay: float, jitter: float) -> None:
        self.pace, self.host = pace, host
        super().__init__(concurrency, delay, jitter)

    @property
    def lastseen(self) -> float:
        return self.pace.asked(self.host)

    @lastseen.setter
    def lastseen(self, at: float) -> None:
        if at:  # Scrapy begins with 0
            self.pace.ask(self.host, at)


class PacedDownloader(Downloader):
    """One source's downloader; its name is given in `spiders.settings`."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        run = run_of(crawler)
        self._pace, self._now = run.pace, run.clock
        self._began: dict[Request, float] = {}
        self._looking: CallLaterResult | None = None
        crawler.signals.connect(self._answered, signals.response_downloaded)

    def fetch(self, request: Request, spider: Spider | None = None) -> "Deferred[Response | Request]":
        """Send a request through the middlewares and out."""
        self._began[request] = monotonic()
        fetched: Deferred[Response | Request] = super().fetch(request)
        return fetched.addBoth(self._over, request)

    def _over(self, result: Any, request: Request) -> Any:
        self._began.pop(request, None)
        return result

    def needs_backout(self) -> bool:
        """Tell whether nothing more should be sent now."""
        if not super().needs_backout():
            return False
        open_ = sum(len(slot.transferring) for slot in self.slots.values())
        if open_ < MOST_OPEN and len(self.active) - self._stalled() < self.total_concurrency:
            return False
        if self._looking is None:
            self._looking = call_later(LOOK_SECONDS, self._look)
        return True

    def _stalled(self) -> int:
        """Count what has been asked for some time; of one host no more than it may be asked at once."""
        now = monotonic()
        waiting = {request for slot in self.slots.values() for request, _ in slot.queue}
        hosts = Counter(
            self.get_slot_key(request)
            for request, began in self._began.items()
            if now - began >= PATIENCE and request not in waiting
        )
        return sum(min(count, self.domain_concurrency) for count in hosts.values())

    def _look(self) -> None:
        """Let the engine ask again: nothing else tells it that time has passed."""
        self._looking = None
        engine = self.crawler.engine
        if engine._slot is not None:  # it is still at work
            engine._slot.nextcall.schedule()

    def close(self) -> None:
        """Stop all timers."""
        if self._looking is not None:
            self._looking.cancel()
        super().close()

    def _get_slot(self, request: Request, spider: Spider | None = None) -> tuple[str, Slot]:
        key = self.get_slot_key(request)
        if key not in self.slots:
            self.slots[key] = _Slot(self._pace, key, self.domain_concurrency, self._delay, self._jitter)
            self._start_slot_gc()
        return key, self.slots[key]

    def _answered(self, response: Response, request: Request) -> None:
        """Note how long a host asks to be left alone; sent before the next request leaves its queue."""
        if response.status in PAUSING and _is_page(request):
            seconds = retry_after(response, self._now())
            if seconds:
                self._pace.pause(self.get_slot_key(request), seconds)

    def _process_queue(self, slot: Slot) -> None:
        assert isinstance(slot, _Slot)
        left = self._pace.left(slot.host)
        if not left or not any(_is_page(request) for request, _ in slot.queue):
            super()._process_queue(slot)
        elif left > LONGEST_PAUSE or not self.crawler.crawling:
            while slot.queue:
                _, waiting = slot.queue.popleft()
                waiting.errback(Failure(HostPaused(slot.host)))  # type: ignore[no-untyped-call]
        elif slot.latercall is None:
            slot.latercall = call_later(min(left, LOOK_SECONDS), self._latercall, slot)


def _is_page(request: Request) -> bool:
    """Tell a page, list, picture or robots.txt from what is asked of an interface, or as a reader."""
    return ROBOTS in request.meta or not request.meta.get("dont_obey_robotstxt")
