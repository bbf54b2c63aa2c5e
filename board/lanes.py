"""Lanes: threads by what is asked, so that slow ways, or open ones, keep no others waiting."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

P = ParamSpec("P")
T = TypeVar("T")
Lane = Literal["open", "slow", "usual"]
LANES: Mapping[Lane, int] = {"open": 8, "slow": 4, "usual": 32}  # requests that are worked on at once


class Threads:
    """The threads of one lane."""

    def __init__(self, most: int) -> None:
        self._limiter = CapacityLimiter(most)

    async def run(self, does: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Call a function on a thread, once one is free."""
        return await run_sync(partial(does, *arguments, **more), limiter=self._limiter)
