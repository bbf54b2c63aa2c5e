"""PacedDownloader: Scrapy's downloader, which several sources share in manners, and slow hosts do not block.

- A request goes out when its host's turn comes, whichever source of whichever process asks: Scrapy counts for each
  source alone (`spiders.pace`).
- An answer 429 or 503 with Retry-After pauses the host for all who read pages, or the interface for its source;
  visitors pause the host and go on themselves.
- A host that does not answer makes room for others after `PATIENCE`; else 16 silent hosts would stop all others of
  their source until the timeout.
"""

from collections import Counter
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.asyncio import CallLaterResult, call_later
from scrapy.utils.defer import _schedule_coro
from twisted.python.failure import Failure

from spiders.api import retry_after
from spiders.pace import LONGEST_PAUSE, Pace, interface
from spiders.refusals import HostPaused, Stopped
from spiders.robots import ROBOTS
from spiders.run import run_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.defer import Deferred

PATIENCE = 0.5  # seconds after which what is asked of a host no longer counts as part of `crawler.concurrency`
MOST_OPEN = 128  # connections of one source, slow ones included
LOOK_SECONDS = 0.2  # between two looks whether a pause is over
STOP_SECONDS = 1.0  # between two looks whether the crawl is; what waits for its turn then is given up
PAUSING = (429, 503)


class _Slot(Slot):
    """The requests of one source to one host; when the last one went out is known to all sources."""

    def __init__(self, pace: Pace, host: str, interface: str, concurrency: int, delay: float) -> None:
        self.pace, self.host, self.interface = pace, host, interface
        self.ready: Callable[[], None] = _nothing  # called when it is worth looking at the queue
        super().__init__(concurrency, delay, 0.0)

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
        self._pace, self._now, self._source = run.pace, run.clock, run.source.key
        self._least = crawler.settings.getfloat("DOWNLOAD_DELAY")
        self._visits = not crawler.settings.getbool("ROBOTSTXT_OBEY")
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
        slot = self.slots.get(key)
        if slot is None:
            name = interface(key, self._source)
            slot = self.slots[key] = _Slot(self._pace, key, name, self.domain_concurrency, self._delay)
            slot.ready = partial(self._ready, slot)
            self._start_slot_gc()
        if not self._visits and not _is_page(request):
            assert isinstance(slot, _Slot)
            self._pace.watch(key, slot.interface)
        return key, slot

    def _answered(self, response: Response, request: Request) -> None:
        """Note how long a host asks to be left alone; sent before the next request leaves its queue."""
        if response.status in PAUSING:
            seconds = retry_after(response, self._now())
            if seconds:
                host = self.get_slot_key(request)
                of_host = self._visits or _is_page(request)
                self._pace.pause(host if of_host else interface(host, self._source), seconds)

    def _process_queue(self, slot: Slot) -> None:
        assert isinstance(slot, _Slot)
        while slot.latercall is None and slot.queue and slot.free_transfer_slots() > 0:
            wait = self._held(slot)
            if not wait and slot.queue:
                wait = self._pace.wait(
                    slot.host, slot.delay, least=self._least, queued=len(slot.queue), ready=slot.ready
                )
            if wait and not self._visits and not self.crawler.crawling:
                self._give_up(slot, list(slot.queue), Stopped())
            elif wait:
                slot.latercall = call_later(min(wait, STOP_SECONDS), self._latercall, slot)
            elif slot.queue:
                request, waiting = slot.queue.popleft()
                self._pace.ask(slot.host, monotonic(), len(slot.queue))
                _schedule_coro(self._wait_for_download(slot, request, waiting))

    def _ready(self, slot: _Slot) -> None:
        if slot.latercall is not None:
            slot.latercall.cancel()
            slot.latercall = None
        self._process_queue(slot)

    def _held(self, slot: _Slot) -> float:
        """Return for how long the queue must wait; requests that would wait for too long are given up."""
        pages = self._pace.left(slot.host) if not self._visits else 0.0
        others = self._pace.left(slot.interface)
        if not pages and not others:
            return 0.0
        lefts = [(one, pages if _is_page(one[0]) else others) for one in slot.queue]
        self._give_up(slot, [one for one, left in lefts if left > LONGEST_PAUSE], HostPaused(slot.host))
        longest = max((left for _, left in lefts if left <= LONGEST_PAUSE), default=0.0)
        return min(longest, LOOK_SECONDS)

    def _give_up(self, slot: _Slot, waiting: "Sequence[tuple[Request, Deferred[Response]]]", why: Exception) -> None:
        for one in waiting:
            slot.queue.remove(one)
        for _, answer in waiting:
            answer.errback(Failure(why))  # type: ignore[no-untyped-call]


def _nothing() -> None:
    pass


def _is_page(request: Request) -> bool:
    """Tell a page, list, picture or robots.txt from what is asked of an interface, or as a reader."""
    return ROBOTS in request.meta or not request.meta.get("dont_obey_robotstxt")
