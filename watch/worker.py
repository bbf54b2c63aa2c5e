"""The watch on one machine: what is due is done, crawls in children, messages in between.

1. Each second, or each third one while all is quiet, ask the database what is due (`watch.due`); leave out what is
   under way here, claimed by another watch on the same database (`watch.claims`), or rests because it failed.
2. Start it (`watch.perform`): so many children at once, each kind of light job once.
3. What failed is said, and tried again after a rest; what a killed watch has left is due at once for the next one.
4. On SIGTERM or SIGINT stop what is under way, wait for it, and end.
"""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storage.errors import StorageUnavailable
from watch.claims import Claims
from watch.due import due_jobs
from watch.job import DueJob, Job
from watch.perform import Hands, JobFailed, called, perform
from watch.schedule import next_start

TICK = 1.0  # seconds between two looks at what is due
QUIET_TICKS = 3  # the same while nothing is due or under way: most of what an idle watch costs is looking
LIGHT = ("deliver", "remind", "stamp")  # done in this process
SHARED = ("deliver", "remind")  # several watches may do them at once: they claim, or lock, what they take
# Before a job that failed is tried again. Children that cannot start, a secret that is missing, a configuration that is
# being edited: over in a minute, or once a person has seen the line that says so.
RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    until: datetime
    failures: int


@dataclass(slots=True, kw_only=True)
class Watch:
    """One running watch."""

    hands: Hands
    claims: Claims
    _running: dict[str, tuple[Job, asyncio.Task[None]]] = field(default_factory=dict)
    _rests: dict[str, _Rest] = field(default_factory=dict)
    _troubles: dict[str, str] = field(default_factory=dict)  # of the database, as they were said, by who met them

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self.hands.say(f"{self._greeting()}; stop with Ctrl-C or SIGTERM")
        quiet = 0  # ticks
        while not stop.is_set():
            self.hands.meter.turn()
            if quiet % QUIET_TICKS == 0 and (await self._look() or self._running):
                quiet = 0
            else:
                quiet += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self.hands.say("stopped")

    def _greeting(self) -> str:
        now = self.hands.now()
        sources = sum(next_start(source, None, now) is not None for source in self.hands.config.source)
        if not sources:
            return "no source has a schedule: sending alerts and reminders alone"
        return f"watching {sources} source{'' if sources == 1 else 's'}"

    async def _look(self) -> bool:
        """Start what is due, as far as there is room; tell whether there was any, or no telling."""
        for identity in [identity for identity, (_, task) in self._running.items() if task.done()]:
            self._running.pop(identity)[1].result()
        try:
            due = await asyncio.to_thread(due_jobs, self.hands.config, self.hands.engine, self.hands.now())
        except StorageUnavailable as error:
            self._complain("due", str(error))
            return True
        self._troubles.pop("due", None)
        self._start(due)
        return bool(due)

    def _start(self, due: Sequence[DueJob]) -> None:
        children = sum(job.kind not in LIGHT for job, _ in self._running.values())
        for job in (one.job for one in due):
            rest = self._rests.get(job.identity)
            if job.identity in self._running or (rest is not None and self.hands.now() < rest.until):
                continue
            if job.kind not in LIGHT and children >= self.hands.config.watch.children:
                continue
            if job.kind in SHARED or self.claims.take(job.identity):
                children += job.kind not in LIGHT
                self._running[job.identity] = job, asyncio.create_task(self._do(job))

    async def _do(self, job: Job) -> None:
        try:
            with self.hands.meter.job(job.kind):
                await perform(job, self.hands)
        except JobFailed as error:
            self._rest(job, str(error))
        except StorageUnavailable as error:
            self._complain(job.kind, str(error))
        except Exception as error:  # noqa: BLE001 - the edge of a job: a defect in one ends no others
            self._rest(job, f"{called(job)}: {type(error).__name__}: {error}")
        else:
            self._rests.pop(job.identity, None)
            self._troubles.pop(job.kind, None)
        finally:
            if job.kind not in SHARED:
                self.claims.release(job.identity)

    def _rest(self, job: Job, why: str) -> None:
        before = self._rests.get(job.identity)
        failures = before.failures + 1 if before is not None else 1
        rest = RESTS[min(failures, len(RESTS)) - 1]
        self._rests[job.identity] = _Rest(until=self.hands.now() + rest, failures=failures)
        self.hands.warn(f"{why}; next try in {rest.total_seconds():.0f} s")

    def _complain(self, what: str, why: str) -> None:
        """Say once what is wrong with the database, until `what` is well again."""
        if self._troubles.get(what) != why:
            self._troubles[what] = why
            self.hands.warn(f"trying again: {why}")
