"""Nursery: runs command lines of ours, each in a bounded child, without the two seconds that a new Python would take.

A process of its own has imported everything (`watch.children.nursery_child`) and forks a child for each command line.
It is started with the first, and anew when it was lost. It ends its children when we are gone, however that came about.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import msgspec

from watch.children.orders import End, Line, News, Order, Overrun, Start, Stop, Unborn

LAST_LINES = 20  # of a child that are kept for who waits for its end
# What a crawl imports only once it runs: a third of a child's time. None of it installs a reactor: that is the child's.
LATE = (
    "aiohttp.web",
    "console.commands.database",  # the verbs that children are started with
    "console.commands.finding",
    "scrapy.core.downloader.contextfactory",
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.cookies",
    "scrapy.downloadermiddlewares.httpcompression",
    "scrapy.downloadermiddlewares.redirect",
    "scrapy.downloadermiddlewares.retry",
    "scrapy.extensions.feedexport",
    "scrapy.extensions.telnet",
    "scrapy.extensions.throttle",
    "scrapy.pipelines.media",
    "scrapy.squeues",
    "spiders.downloader",
    "spiders.handler",
    "spiders.keep",
    "spiders.pictures",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.web.client",
)
LONGEST_LINE = 1 << 20  # bytes of news; a child's line is cut far below
_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds our packages


class NurseryError(Exception):
    """A child could not be started, or was lost with the process that had started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended."""

    code: int  # exit code; negative: the signal that ended it
    overrun: Overrun | None = None  # the bound that it broke, for which it was ended
    lines: tuple[str, ...] = ()  # the last ones that it wrote, to either output
    peak: int = 0  # bytes that it took at most, its browser and parsers not counted


@dataclass(slots=True, kw_only=True)
class _Running:
    tell: Callable[[str], None]
    end: asyncio.Future[Ended]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))


@dataclass(slots=True, kw_only=True)
class Nursery:
    """Where children run; `async with Nursery(…) as nursery`. Belongs to one event loop."""

    memory: int  # MiB that one child may take, its browser and parsers not counted
    longest: timedelta  # that one child may run; then it is asked to end
    grace: timedelta = timedelta(seconds=30)  # that it has for that, before it is killed
    module: str = "cli"  # whose `main(arguments)` children run
    late: Sequence[str] = LATE  # modules that it needs while it runs; imported before the fork, too
    _process: Process | None = None
    _listening: asyncio.Task[None] | None = None
    _running: dict[int, _Running] = field(default_factory=dict)
    _children: int = 0  # so many were ordered
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(
        self,
        arguments: Sequence[str],
        tell: Callable[[str], None],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        """Run `module.main(arguments)` in a child; return how it ended. Cancelled, it has the child end first.

        Args:
            arguments: as on the command line, without the program's name.
            tell: called with each line that the child writes, to either of its outputs, as it comes.
            environment: variables that it has beside ours.

        Raises:
            NurseryError: the child could not be started, or was lost.
        """
        await self._start()
        self._children += 1
        number = self._children
        running = _Running(tell=tell, end=asyncio.get_running_loop().create_future())
        self._running[number] = running
        try:
            await self._order(
                Start(
                    child=number,
                    arguments=tuple(arguments),
                    memory=self.memory << 20,
                    longest=self.longest.total_seconds(),
                    grace=self.grace.total_seconds(),
                    environment=dict(environment),
                )
            )
            return await asyncio.shield(running.end)
        except asyncio.CancelledError:
            with suppress(NurseryError):
                await self._order(Stop(child=number))
                await running.end
            raise
        finally:
            self._running.pop(number, None)

    async def close(self) -> None:
        """End the nursery; children that are still there are killed. Used again, it starts anew."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
        if self._listening is not None:
            await self._listening

    async def _start(self) -> None:
        """Make sure that the process is there."""
        async with self._starting:
            if self._process is not None:
                return
            if self._listening is not None:
                await self._listening
            bare = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # whose threads no fork would take along
            places = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "watch.children.nursery_child", self.module, *self.late),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=PIPE,
                    limit=LONGEST_LINE,
                    env={**os.environ, **bare, "PYTHONPATH": places},
                    start_new_session=True,  # Ctrl-C is ours to handle
                )
            except OSError as error:  # no memory, no process or file left: may be over by the next try
                raise NurseryError(f"the process that starts jobs could not be started: {error.strerror}") from error
            self._listening = asyncio.create_task(self._listen(self._process))

    async def _order(self, order: Order) -> None:
        if self._process is None or self._process.stdin is None:
            raise NurseryError("the process that starts jobs is gone")
        try:
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            await self._process.stdin.drain()
        except UnicodeEncodeError:
            raise NurseryError("the arguments are no text") from None
        except (ConnectionError, RuntimeError):
            raise NurseryError("the process that starts jobs is gone") from None

    async def _listen(self, process: Process) -> None:
        """Take in news until the process is gone; then what ran is lost."""
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = asyncio.create_task(_last_line(process.stderr))
        async for line in process.stdout:
            self._take(msgspec.json.decode(line, type=News))
        last = await complaints
        code = await process.wait()
        if self._process is process:
            self._process = None
        why = f"the process that starts jobs has ended ({_how(code)}{': ' if last else ''}{last})"
        for running in self._running.values():
            if not running.end.done():
                running.end.set_exception(NurseryError(why))
                running.end.exception()  # nobody may wait for it any more

    def _take(self, news: News) -> None:
        if isinstance(news, Line | End | Unborn) and (running := self._running.get(news.child)) is not None:
            if isinstance(news, Line):
                running.lines.append(news.text)
                running.tell(news.text)
            elif running.end.done():
                return
            elif isinstance(news, End):
                running.end.set_result(
                    Ended(code=news.code, overrun=news.overrun, lines=tuple(running.lines), peak=news.peak)
                )
            else:
                running.end.set_exception(NurseryError(f"no child could be started: {news.why}"))


async def _last_line(stream: asyncio.StreamReader) -> str:
    """Return the last line of a stream: of a traceback, what it is about."""
    last = ""
    async for line in stream:
        last = line.decode(errors="backslashreplace").rstrip()
    return last


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
