"""Nursery: runs a command line of ours in a bounded child process, as many side by side as are asked for."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Literal, Self

LAST_LINES = 20  # of a child's output that are kept for who waits for its end

Overrun = Literal["memory", "time"]


class NurseryError(Exception):
    """A child could not be started, or was lost: its process, or the one that watched it, is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended."""

    code: int  # exit code; negative: the signal that ended it
    overrun: Overrun | None = None  # which bound it broke, and was ended for
    lines: tuple[str, ...] = ()  # the last ones that it wrote


@dataclass(slots=True, kw_only=True)
class Nursery:
    """Where children run. Used as `async with Nursery(…) as nursery`; children still there at its end are stopped."""

    module: str = "cli"  # whose `main(arguments)` a child runs
    memory: int  # MiB that one child may take, its browser and parsers not counted
    longest: timedelta  # that one child may run
    grace: timedelta = timedelta(seconds=30)  # between SIGTERM and SIGKILL

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(self, arguments: Sequence[str], tell: Callable[[str], None]) -> Ended:
        """Run `module.main(arguments)` in a child; return how it ended. Cancelled, it stops the child first.

        Args:
            arguments: as on the command line, without the program's name.
            tell: called with each line that the child writes, to either of its outputs.

        Raises:
            NurseryError: the child could not be started, or was lost.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, *arguments, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT
            )
        except OSError as error:
            raise NurseryError(f"no child could be started: {error.strerror}") from error
        assert process.stdout is not None
        lines: list[str] = []
        overrun: Overrun | None = None
        try:
            async with asyncio.timeout(self.longest.total_seconds()):
                async for line in process.stdout:
                    lines = [*lines[1 - LAST_LINES :], line.decode(errors="replace").rstrip("\n")]
                    tell(lines[-1])
                await process.wait()
        except TimeoutError:
            overrun = "time"
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
                try:
                    async with asyncio.timeout(self.grace.total_seconds()):
                        await process.communicate()
                except TimeoutError:
                    process.kill()
                    await process.wait()
        return Ended(code=process.returncode or 0, overrun=overrun, lines=tuple(lines))

    async def close(self) -> None:
        """Stop every child and the nursery."""
