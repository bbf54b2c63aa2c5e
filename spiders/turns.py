"""Turns: a source's share of the threads that wait for the sandbox.

Reading a hostile page takes seconds. Where all sources wait in the threads that look things up in the database as well,
a few such pages hold up the next request of every other source.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

AT_ONCE = 3  # of one source; the sandbox itself works on two

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Calls functions on threads that all sources share, a few at a time."""

    def __init__(self, executor: Executor, at_once: int = AT_ONCE) -> None:
        self._executor = executor
        self._gate = asyncio.Semaphore(at_once)

    async def take(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Call a function once it is this source's turn, and return its result."""
        async with self._gate:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, partial(function, *arguments, **options))
