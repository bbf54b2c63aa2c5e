"""The watch on one machine: due sources run in child processes, alerts are dispatched in between.

1. Ask the schedule which sources are due, from the last start in the database (or here, if the child died first).
2. Run each as `mekiki crawl --source KEY` in a child of its own, so that no crawl can take the watch with it.
3. Meanwhile the messenger sends what the outbox holds.
4. On SIGTERM or SIGINT pass the signal on, wait for the children, and end.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine

from config import Config
from storage.database import snapshot
from storage.errors import StorageUnavailable
from storage.media import MediaStore
from storage.runs import last_run
from watch.messenger import Messenger
from watch.schedule import next_start
from watch.telling import tell_changes

TICK = 1.0  # seconds between two looks at the clock
LONGEST_CRAWL = timedelta(hours=6)  # a child that runs longer hangs
GRACE = 30.0  # seconds a child has to end after SIGTERM


@dataclass(slots=True, kw_only=True)
class Watch:
    """One running watch."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]
    say: Callable[[str], None]  # one line for the operator
    parallel: int = 2  # crawls at once
    command: Sequence[str] = (sys.executable, "-m", "cli")
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _started: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        sources = self._scheduled()
        what = f"watching {sources} source{'' if sources == 1 else 's'}"
        if not sources:
            what = "no source has a schedule: sending alerts and reminders alone"
        self.say(f"{what}; stop with Ctrl-C or SIGTERM")
        messenger = Messenger(config=self.config, engine=self.engine, media=self.media, now=self.now, say=self.say)
        telling = asyncio.create_task(messenger.run())
        while not stop.is_set() and not telling.done():
            try:
                self._start_due()
            except StorageUnavailable as error:
                self.say(f"trying again: {error}")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)
        for task in (telling, *self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        with suppress(asyncio.CancelledError):
            await telling  # a message cut off here goes out again, unchanged, when its lease has run out
        self.say("stopped")

    def _scheduled(self) -> int:
        return sum(next_start(source, None, self.now()) is not None for source in self.config.source)

    def _start_due(self) -> None:
        now = self.now()
        for key in [key for key, task in self._running.items() if task.done()]:
            self._running.pop(key).result()
        for source in self.config.source:
            if source.key in self._running or len(self._running) >= self.parallel:
                continue
            with snapshot(self.engine) as session:
                run = last_run(session, source.key)
            starts = [start for start in (run and run.started_at, self._started.get(source.key)) if start]
            due = next_start(source, max(starts, default=None), now)
            if due is not None and due <= now:
                self._started[source.key] = now
                self._running[source.key] = asyncio.create_task(self._crawl(source.key))

    async def _crawl(self, key: str) -> None:
        arguments = (*self.command, "crawl", "--config", str(self.config.file), "--source", key)
        try:
            process = await asyncio.create_subprocess_exec(*arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        except OSError as error:  # no memory, no process or file left: may be over by the next try
            self.say(f"{key}: the crawl could not be started: {error.strerror}; next try by its schedule")
            return
        try:
            async with asyncio.timeout(LONGEST_CRAWL.total_seconds()):
                output, errors = await process.communicate()
        except TimeoutError:
            await self._end(process)
            self.say(f"{key}: stopped, it ran longer than {LONGEST_CRAWL}")
            return
        except asyncio.CancelledError:
            await self._end(process)
            raise
        for line in (
            *output.decode(errors="replace").splitlines(),
            *errors.decode(errors="replace").splitlines(),
        ):
            self.say(line)
        for problem in await tell_changes(self.config, self.engine, self.media, now=self.now, source=key):
            self.say(problem)
        if process.returncode not in (0, 4):
            self.say(f"{key}: the crawl ended with exit code {process.returncode}; next try by its schedule")

    async def _end(self, process: Process) -> None:
        """Ask the child to stop, then insist."""
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(GRACE):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
