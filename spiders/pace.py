"""Pace: when each host may be asked next, for all sources of a process, and through the database for all processes.

- `delay` is the least pause between two requests to one host, whoever asks, and the longest that anybody wants holds.
  Turns are taken from the database before they are due, `AHEAD` seconds' worth or one, so that requests go out when
  their turn comes and not when an answer does. A turn that a busy process misses by more than half a delay is let go.
- An answer 429 or 503 with Retry-After pauses the host for all: written at once, looked for each `LOOK_EVERY` seconds
  while a host is asked. Without `delay` no turns are taken, and only looked.
- Interfaces count by key and not by host: a pause that one asks for holds for the source, on all workers, under the
  name that `interface` makes of both; pages of the same host and other sources go on.
- What visitors are told pauses the host like any answer. But all visitors of one link look within one round, since who
  is shown what is the question, and a host must not send the second away by what it tells the first; the next round at
  that host, whichever worker's, is put off (`spiders.visits.spider`).
- Where the database does not answer, and in a dry run, which writes nothing, a process keeps its own pace.

robots.txt is asked for by each source of each process, as a request like any other: what changed there holds at once.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from spiders.turnstile import Turnstile
from storage.turns import Reserved, Standing, Wanted

LONGEST_PAUSE = 120.0  # seconds, all pauses of a run together; a host that wants more is left to a later run
AHEAD = 1.5  # seconds' worth of turns that one process has in hand; what a crash costs the others
LOOK_EVERY = 0.5  # seconds; others stop asking within twice that
FRESH = 2.0  # seconds for which what was seen is good enough to go on by
PATIENCE = 10.0  # seconds after which a process that gets no answer goes on at its own pace
APART = 5.0  # seconds until it tries the database again after a failure
LATE = 0.5  # of a delay: a turn missed by more is none any more
CATCH_UP = 0.95  # of a delay: no two requests of one process are closer, when the first went out late


def interface(host: str, source: str) -> str:
    """Return the name under which a pause holds that an interface asked one source for."""
    return f"{host} {source}"  # no host has a space in it


@dataclass(slots=True, eq=False)
class _Host:
    """What a process knows of a host."""

    names: list[str]  # under which it may be paused
    asked: float = 0.0  # when, on the clock; 0: never
    used: float = -math.inf  # when somebody wanted to
    looked: float = -math.inf  # when it was known how it stands
    wished: float = 0.0  # seconds between two requests that somebody wants, of all processes
    gap: float = 0.0  # that turns are taken for
    turns: deque[float] = field(default_factory=deque)  # in hand: when
    reserved: Reserved | None = None  # what the last of them are part of
    wanting: float | None = None  # since when turns were asked for
    looking: float | None = None  # since when it was asked how it stands
    waiting: set[Callable[[], None]] = field(default_factory=set)  # called when an answer comes


class Pace:
    """Remembers when each host was asked last, when it may be next, and how long it wants to be left alone."""

    def __init__(self, engine: Engine | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            engine: where turns are shared; None: they are not.
            clock: of this process; `time.monotonic` where turns are shared.
        """
        self._clock = clock
        self._turnstile = Turnstile(engine, self) if engine is not None else None
        self._hosts: dict[str, _Host] = {}
        self._until: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._apart_until = -math.inf
        self._ticking = False
        self.trouble: str | None = None  # why turns were not shared for some time, the first time

    # --- asking ---------------------------------------------------------------------------------------------------

    def asked(self, host: str) -> float:
        """Return when a host was asked last, on the clock; 0 where it was not."""
        known = self._hosts.get(host)
        return known.asked if known is not None else 0.0

    def ask(self, host: str, at: float, queued: int = 0) -> None:
        """Note that a host is asked; `queued` requests wait to be."""
        known = self._host(host)
        known.asked = max(at, known.asked)
        if known.turns:
            known.turns.popleft()
            if known.gap:
                self._take(host, known, queued)

    def wait(self, host: str, delay: float, *, least: float, queued: int, ready: Callable[[], None]) -> float:
        """Return the seconds after which to try again; 0: a request may go out now.

        Args:
            delay: seconds between two requests that the source wants now, by how slowly the host answers.
            least: the source's own delay; the turns that are shared are as far apart.
            queued: requests that wait for this host.
            ready: called, at most once, when it is worth trying earlier.
        """
        now = self._clock()
        known = self._host(host)
        own = max(0.0, known.asked + delay - now) if known.asked else 0.0
        if self._turnstile is None or now < self._apart_until:
            return own
        known.used = now
        since = known.looking if known.looking is not None else None if known.turns else known.wanting
        if since is None:
            since = self._look(known, now, alone=max(least, known.wished) == 0 or bool(known.turns))
        if since is not None:
            return self._patiently(known, since + PATIENCE - now, own, ready)
        gap = known.gap = max(least, known.wished)
        if gap == 0 or (delay > gap and own > 0):
            return own
        while known.turns and known.turns[0] < now - LATE * gap:
            known.turns.popleft()
        if not known.turns:
            self._take(host, known, max(1, queued))
            return self._patiently(known, PATIENCE, own, ready)
        caught_up = known.asked + CATCH_UP * gap - now if known.asked else 0.0
        return max(0.0, known.turns[0] - now, caught_up)

    def _patiently(self, known: _Host, left: float, own: float, ready: Callable[[], None]) -> float:
        if left <= 0:
            self.trouble = self.trouble or f"no answer within {PATIENCE:.0f} s"
            return own
        known.waiting.add(ready)
        return left

    def _look(self, known: _Host, now: float, *, alone: bool) -> float | None:
        """Ask how a host stands, where that is not known and taking turns would not tell; return since when."""
        assert self._turnstile is not None
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._tick)
        if now - known.looked <= FRESH or not (alone or len(known.names) > 1):
            return None
        self._turnstile.look(known.names)
        known.looking = now
        return now

    def _tick(self) -> None:
        """Look how the hosts stand that are being asked."""
        assert self._turnstile is not None
        now = self._clock()
        busy = [known for known in self._hosts.values() if now - known.used <= FRESH or known.turns]
        self._ticking = bool(busy)
        if busy:
            self._turnstile.look([name for known in busy for name in known.names])
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._tick)

    def _take(self, host: str, known: _Host, queued: int) -> None:
        """Take turns for requests that wait, once half of those in hand are used."""
        if known.wanting is not None or self._turnstile is None:
            return
        most, have = max(1, int(AHEAD / known.gap)), len(known.turns)
        count = min(most, queued) - have
        if count > 0 and have <= most / 2:
            known.wanting = self._clock()
            self._turnstile.reserve(Wanted(host=host, delay=known.gap, count=count))

    # --- pauses ---------------------------------------------------------------------------------------------------

    def pause(self, name: str, seconds: float) -> None:
        """Leave a host alone for so long, and no shorter than it asked for before; once it was enough, for good.

        Args:
            name: the host, or an `interface`, which may ask for a pause as often as it likes.
        """
        self._hold(name, seconds)
        if self._turnstile is not None:
            self._turnstile.pause(name, seconds)

    def left(self, name: str) -> float:
        """Return the seconds for which a host, or an interface, wants to be left alone."""
        return max(0.0, self._until.get(name, 0.0) - self._clock())

    async def stands(self, host: str) -> float:
        """Return the seconds for which a host wants to be left alone, as all processes know it."""
        known, now = self._host(host), self._clock()
        if self._turnstile is not None and now >= self._apart_until and now - known.looked > FRESH:
            answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            known.waiting.add(lambda: None if answered.done() else answered.set_result(None))
            self._turnstile.look(known.names)
            await asyncio.wait([answered], timeout=PATIENCE)
        return self.left(host)

    def watch(self, host: str, name: str) -> None:
        """Look for pauses of an interface at this host from now on."""
        known = self._host(host)
        if name not in known.names:
            known.names.append(name)
            known.looked = -math.inf

    def _hold(self, name: str, seconds: float) -> None:
        now = self._clock()
        before = max(now, self._until.get(name, 0.0))
        until = max(before, now + seconds)
        self._waited[name] = self._waited.get(name, 0.0) + until - before
        patient = " " in name or self._waited[name] <= LONGEST_PAUSE
        self._until[name] = until if patient else math.inf
        known = self._hosts.get(name)
        if known is not None and known.turns and self._turnstile is not None:
            for reserved, unused in self._unused([known]):
                self._turnstile.give_back(reserved, unused)
            known.turns.clear()

    # --- answers of the turnstile ---------------------------------------------------------------------------------

    def granted(self, reserved: Sequence[Reserved]) -> None:
        """Take turns in hand."""
        now = self._clock()
        for one in reserved:
            known = self._host(one.host)
            known.wanting, known.wished = None, one.delay
            if len(known.names) == 1:
                known.looked = now
            if one.count:
                known.reserved = one
                known.turns.extend(one.first + one.delay * number for number in range(one.count))
            if one.pause:
                self._hold(one.host, one.pause)
            self._wake(known)

    def saw(self, names: Sequence[str], standings: dict[str, Standing]) -> None:
        """Note how hosts stand."""
        now = self._clock()
        for name in names:
            standing = standings.get(name)
            if standing is not None and standing.pause:
                self._hold(name, standing.pause)
        for name in names:
            known = self._hosts.get(name)
            if known is not None:
                known.looked, known.looking = now, None
                known.wished = standings[name].delay if name in standings else 0.0
                self._wake(known)

    def apart(self, why: str) -> None:
        """Go on at this process's own pace for some time."""
        self.trouble = self.trouble or why
        self._apart_until = self._clock() + APART
        for known in list(self._hosts.values()):
            known.wanting = known.looking = None
            self._wake(known)

    def close(self) -> None:
        """Give back what was not used; nothing is asked any more."""
        if self._turnstile is not None:
            self._turnstile.close(self._unused(self._hosts.values()))

    def _unused(self, hosts: Iterable[_Host]) -> list[tuple[Reserved, int]]:
        return [
            (known.reserved, min(len(known.turns), known.reserved.count))
            for known in hosts
            if known.turns and known.reserved is not None
        ]

    def _wake(self, known: _Host) -> None:
        waiting, known.waiting = known.waiting, set()
        for ready in waiting:
            ready()

    def _host(self, host: str) -> _Host:
        known = self._hosts.get(host)
        if known is None:
            known = self._hosts[host] = _Host([host])
        return known
