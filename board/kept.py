"""Kept: what takes long to work out, worked out once, on a thread of its own, and kept for some minutes.

The kind of a thing is its key, or the first of a key of several: of one kind few are worked out at a time, and no more
than half are kept, so that whoever asks for ever others (reports of other days) takes nobody's place.

Whoever asks waits a little. What is older than it should be is worked out anew, and shown until that is done; two ask
for the same: it is done once. What fails is told to those who wait, and tried again by the next.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")
PATIENCE = 3.0  # seconds that somebody waits for something that is not there yet
MOST = 24  # things that are kept; those that nobody asks for go first
MOST_BEGUN = 2  # of one kind that are worked out or wait for it
AT_ONCE = 3  # that are worked out; one more than of one kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """Something that was worked out."""

    value: T
    at: datetime  # when that began; UTC


@dataclass(slots=True)
class _Thing:
    answer: Answer[Any] | None = None
    work: Future[Answer[Any]] | None = None  # while it is worked out


class Kept:
    """What was worked out, by key. Safe from several threads."""

    def __init__(self, now: Callable[[], datetime], *, most: int = MOST, at_once: int = AT_ONCE) -> None:
        """Take the clock.

        Args:
            now: UTC.
            most: things that are kept.
            at_once: that are worked out at the same time; others wait.
        """
        self._now = now
        self._most = most
        self._things: OrderedDict[Hashable, _Thing] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(at_once, "kept")

    def ask(
        self, key: Hashable, make: Callable[[], T], *, fresh: timedelta, patience: float = PATIENCE
    ) -> Answer[T] | None:
        """Return what `make` gives, not older than `fresh` if that can be had in time; None while there is nothing.

        Args:
            key: what it is.
            make: works it out, on another thread; may raise.
            fresh: how old it may be.
            patience: seconds to wait.

        Raises:
            Exception: what `make` raises.
        """
        with self._lock:
            thing = self._things.setdefault(key, _Thing())
            self._things.move_to_end(key)
            if thing.answer is not None and timedelta(0) <= self._now() - thing.answer.at < fresh:
                return thing.answer
            if thing.work is None and self._begun(key) < MOST_BEGUN:
                thing.work = self._threads.submit(self._worked_out, thing, make)
            work = thing.work
            self._forget(key)
        if work is None:
            return thing.answer
        try:
            return work.result(patience)
        except NotYet:
            if work.done():  # then it is `make` that raised it
                raise
            return thing.answer

    def put(self, key: Hashable, value: object) -> None:
        """Keep something that was worked out already."""
        with self._lock:
            self._things[key] = _Thing(answer=Answer(value=value, at=self._now()))
            self._things.move_to_end(key)
            self._forget(key)

    def get(self, key: Hashable) -> Answer[Any] | None:
        """Return what is kept under a key, however old."""
        with self._lock:
            thing = self._things.get(key)
            return thing.answer if thing is not None else None

    def _worked_out(self, thing: _Thing, make: Callable[[], T]) -> Answer[T]:
        at = self._now()
        try:
            answer = Answer(value=make(), at=at)
        except BaseException:
            with self._lock:
                thing.work = None
            raise
        with self._lock:
            thing.answer, thing.work = answer, None
        return answer

    def _begun(self, key: Hashable) -> int:
        return sum(thing.work is not None and _kind(other) == _kind(key) for other, thing in self._things.items())

    def _forget(self, key: Hashable) -> None:
        """Let go of what nobody asked for the longest, of this kind, then of all; what is worked out now stays."""
        self._keep([other for other in self._things if _kind(other) == _kind(key)], self._most // 2)
        self._keep(list(self._things), self._most)

    def _keep(self, keys: Sequence[Hashable], most: int) -> None:
        idle = [key for key in keys if self._things[key].work is None]
        for key in idle[: max(0, len(keys) - most)]:
            del self._things[key]


def _kind(key: Hashable) -> Hashable:
    return key[0] if isinstance(key, tuple) else key
