"""Turnstile: where the processes that crawl meet to take turns at hosts; asks the database on threads of its own.

The reactor never waits for it. What is asked while an answer is under way is asked together, in one transaction: a
crawl of many hosts costs no transaction for each. Looking is apart from writing, so that a database that is busy with
others' writes (SQLite) keeps nobody from seeing that a host wants to be left alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.database import snapshot, transaction
from storage.errors import StorageError
from storage.turns import Reserved, Standing, Wanted, forget, give_back, look, pause, reserve

LANES = 3  # threads: one looks, one takes turns, one tells of pauses

T = TypeVar("T")
R = TypeVar("R")


class Asks(Protocol):
    """Who wants the answers; called on the reactor's thread."""

    def granted(self, reserved: Sequence[Reserved]) -> None:
        """Take turns."""

    def saw(self, names: Sequence[str], standings: dict[str, Standing]) -> None:
        """Take how hosts stand, as far as anything is known of them."""

    def apart(self, why: str) -> None:
        """Learn that the database does not answer."""


class Turnstile:
    """One process's way to the turns that all take."""

    def __init__(self, engine: Engine, asks: Asks) -> None:
        self._engine, self._asks = engine, asks
        self._threads = ThreadPoolExecutor(LANES, thread_name_prefix="turns")
        lane = _Lane[Wanted, list[Reserved]](self._threads, self._reserve, asks.granted, asks.apart)
        self._wanted = lane
        self._looked = _Lane[str, tuple[list[str], dict[str, Standing]]](
            self._threads, self._look, lambda answer: asks.saw(*answer), asks.apart
        )
        self._told = _Lane[tuple[str, float], None](self._threads, self._pause, lambda _: None, asks.apart)
        self._returned = _Lane[tuple[Reserved, int], None](self._threads, self._give_back, lambda _: None, asks.apart)

    def reserve(self, wanted: Wanted) -> None:
        """Ask for turns; a host once at a time."""
        self._wanted.put(wanted)

    def look(self, names: Sequence[str]) -> None:
        """Ask how hosts stand."""
        for name in names:
            self._looked.put(name)

    def pause(self, name: str, seconds: float) -> None:
        """Tell all others at once to leave a host alone."""
        self._told.put((name, seconds))

    def give_back(self, reserved: Reserved, unused: int) -> None:
        """Give turns back."""
        self._returned.put((reserved, unused))

    def close(self, unused: Sequence[tuple[Reserved, int]]) -> None:
        """Finish what is under way or waits, give turns back, and have hosts forgotten that nobody asks any more."""
        self._threads.shutdown()
        try:
            if told := self._told.rest():
                self._pause(told)
            if returned := [*self._returned.rest(), *unused]:
                self._give_back(returned)
            with transaction(self._engine) as session:
                forget(session)
        except (StorageError, SQLAlchemyError) as error:
            self._asks.apart(str(error).partition("\n")[0])

    def _reserve(self, wanted: Sequence[Wanted]) -> list[Reserved]:
        with transaction(self._engine) as session:
            return reserve(session, wanted)

    def _look(self, names: Sequence[str]) -> tuple[list[str], dict[str, Standing]]:
        wanted = list(dict.fromkeys(names))
        with snapshot(self._engine) as session:
            return wanted, look(session, wanted)

    def _pause(self, told: Sequence[tuple[str, float]]) -> None:
        longest: dict[str, float] = {}
        for name, seconds in told:
            longest[name] = max(seconds, longest.get(name, 0.0))
        with transaction(self._engine) as session:
            pause(session, longest)

    def _give_back(self, unused: Sequence[tuple[Reserved, int]]) -> None:
        with transaction(self._engine) as session:
            for reserved, count in sorted(unused, key=lambda one: one[0].host):  # as all who lock many hosts do
                give_back(session, reserved, count)


class _Lane(Generic[T, R]):
    """Calls a function on a thread with all that was put in meanwhile, one call at a time."""

    def __init__(
        self,
        threads: ThreadPoolExecutor,
        call: Callable[[list[T]], R],
        done: Callable[[R], None],
        failed: Callable[[str], None],
    ) -> None:
        self._threads, self._call, self._done, self._failed = threads, call, done, failed
        self._things: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, thing: T) -> None:
        self._things.append(thing)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def rest(self) -> list[T]:
        """Return what was put in and never came to a thread, because the reactor ended."""
        return self._things

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        why = None
        try:
            while self._things:
                things, self._things = self._things, []
                self._done(await loop.run_in_executor(self._threads, self._call, things))
        except Exception as error:  # noqa: BLE001  whoever waits must be told, whatever happened
            why = str(error).partition("\n")[0] or type(error).__name__
        self._things, self._task = [], None
        if why is not None:
            self._failed(why)
