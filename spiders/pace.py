"""Pace: when each host may be asked next, for all sources of a process together."""

import math
import time
from collections.abc import Callable

LONGEST_PAUSE = 120.0  # seconds, all pauses of a run together; a host that wants more is left to the next run


class Pace:
    """Remembers when each host was asked last, and how long it wants to be left alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self._waited: dict[str, float] = {}

    def asked(self, host: str) -> float:
        """Return when a host was asked last, on the clock; 0 where it was not."""
        return self._asked.get(host, 0.0)

    def ask(self, host: str, at: float) -> None:
        """Note that a host was asked."""
        self._asked[host] = max(at, self.asked(host))

    def pause(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long, and no shorter than it asked for before; once it was enough, for good."""
        now = self._clock()
        before = max(now, self._until.get(host, 0.0))
        until = max(before, now + seconds)
        self._waited[host] = self._waited.get(host, 0.0) + until - before
        self._until[host] = until if self._waited[host] <= LONGEST_PAUSE else math.inf

    def left(self, host: str) -> float:
        """Return the seconds for which a host wants to be left alone."""
        return max(0.0, self._until.get(host, 0.0) - self._clock())
