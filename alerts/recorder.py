"""Recorder: writes down what came of tries; all that came while it was writing goes into the next transaction."""

import asyncio
from collections.abc import Callable, Sequence

from storage.errors import StorageError
from storage.outbox import Outcome


class Recorder:
    """One for each pass."""

    def __init__(self, write: Callable[[Sequence[Outcome]], None]) -> None:
        """Take what writes outcomes, all or nothing; it is called in a thread."""
        self._write = write
        self._waiting: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, outcome: Outcome) -> None:
        """Return once an outcome is written.

        Raises:
            StorageError: it is not.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._write_batch(batch)

    async def _write_batch(self, batch: list[tuple[Outcome, asyncio.Future[None]]]) -> None:
        failure: Exception | None = None
        try:
            await asyncio.to_thread(self._write, [outcome for outcome, _ in batch])
        except StorageError as error:
            if len(batch) > 1:  # one that cannot be written keeps none of the others back
                for one in batch:
                    await self._write_batch([one])
                return
            failure = error
        except asyncio.CancelledError:
            for _, done in batch:
                done.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            failure = error
        for _, done in batch:
            if failure is not None and not done.done():
                done.set_exception(failure)
            elif not done.done():
                done.set_result(None)
