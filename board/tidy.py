"""Tidy: each minute what is over goes: sessions that ended, denials that were only counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from board.board import Board
from storage.database import transaction
from storage.denials import tell
from storage.errors import StorageError
from storage.signed_in import forget

EVERY = 60.0  # seconds


def tidy(board: Board) -> None:
    """Remove sessions that ended; put on record what was denied and only counted."""
    times = board.config.board
    with transaction(board.engine) as session:
        forget(session, now=board.now(), most=times.session, idle=times.idle)
    with transaction(board.engine) as session:
        tell(session, now=board.now())


def tidying(board: Board) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return what does that as long as the application runs."""

    async def work() -> None:
        while True:
            try:
                await run_in_threadpool(tidy, board)
            except StorageError as error:
                board.log.warning(f"sessions that ended could not be removed: {error}")
            await asyncio.sleep(EVERY)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return running
