"""The plan: one worker of all puts into the queue what is due; which one, a lock in PostgreSQL decides.

The lock is an advisory one of the worker's session, and not a row of PgQueuer's schedules: it is free in the moment in
which its holder's connection is gone, where a row would have to wait until it is old (30 s there), and it leaves
nothing behind. What is due is read from the database each time (`watch.due`): after an outage, rounds that were missed
are made up for once, and nothing of that is remembered here. Two that plan at once do no harm (`Job.identity`).
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storage.errors import StorageUnavailable
from watch.due import due_jobs
from watch.many.link import Link
from watch.many.queue import Queue
from watch.perform import Hands

EVERY = 2.0  # seconds between two looks at what is due; what takes minutes to crawl need not start sooner
# The same after nothing was due. A crawl that runs is due until it has ended, so what it finds is told without delay;
# looking each two seconds through quiet hours would take more CPU than all the rest of an idle worker.
QUIET_EVERY = 5.0
FORGET_EVERY = timedelta(hours=1)
LOCK = 0x6D656B696B69_71  # of PostgreSQL's advisory locks


@dataclass(slots=True, kw_only=True)
class Plan:
    """Runs until cancelled."""

    hands: Hands
    link: Link
    queue: Queue
    _forgot_at: datetime | None = field(default=None, init=False)
    _mine: float | None = field(default=None, init=False)  # when the link was made on which the lock is ours
    _told: str = field(default="", init=False)

    async def run(self) -> None:
        """Plan for ever, whenever the plan is ours."""
        while True:
            quiet = await self._have_lock() and not await self._pass()
            await asyncio.sleep(QUIET_EVERY if quiet else EVERY)

    async def _have_lock(self) -> bool:
        if self._mine == self.link.made_at:
            return True
        rows = await self.link.fetch("SELECT pg_try_advisory_lock($1) AS mine", LOCK)
        self._mine = self.link.made_at if rows[0]["mine"] else None
        return self._mine is not None

    async def _pass(self) -> bool:
        """Put in what is due; tell whether there was any, or no telling."""
        now = self.hands.now()
        try:
            due = await asyncio.to_thread(due_jobs, self.hands.config, self.hands.engine, now)
        except StorageUnavailable as error:
            if str(error) != self._told:
                self._told = str(error)
                self.hands.warn(f"plan: trying again: {error}")
            return True
        self._told = ""
        await self.queue.offer(due, now)
        if self._forgot_at is None or now - self._forgot_at >= FORGET_EVERY:
            self._forgot_at = now
            await self.queue.forget()
        return bool(due)
