"""A worker of the fleet: takes jobs from the queue, any number of workers side by side, on any machine.

1. Whoever holds the plan puts in what is due (`watch.many.plan`).
2. PgQueuer hands jobs out, beats for those that run, and takes back those of a worker that beats no more.
3. A job is done by `watch.perform`, the same function as on one machine. Light ones have a lane of their own, so that
   no message waits behind a crawl.
4. One that failed waits for its next try, then is held as dead; an outage of the database is no failure.
5. On SIGTERM or SIGINT what runs may end, then is stopped and put back, for others to take at once; that is no try.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence, Sized
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from safety.screen import screen
from storage.errors import StorageUnavailable
from watch.job import KINDS, Job, JobKind
from watch.many.link import OUTAGE, Connection, Link, connect
from watch.many.plan import Plan
from watch.many.queue import LEASE, LOOK, SETTINGS, Queue, builders, session_of
from watch.perform import Hands, JobFailed, called, perform, tell_of

BUSY_LOOK = timedelta(seconds=0.5)  # between two looks while jobs wait; the end of one is notified anyway
LIGHT: tuple[JobKind, ...] = ("deliver", "remind", "stamp")  # short, in the worker's own process
# Before the next tries of a job that failed: what a killed child or a lost connection broke is over in seconds, a site
# or a service that is being restarted in minutes. What is longer than that, a person should see: the job is dead.
TRY_AGAIN = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=5))
MOST_DEATHS = 5  # of workers that had the same job: it is probably the job that kills them
OUTAGE_PAUSE = 2.0  # seconds before a job that found the database away looks again
TURN = 1.0  # seconds between two signs of life for `/health`
PATIENCE = 5.0  # seconds that jobs may go on after SIGTERM, before they are put back


class Lane(Queries):
    """What one manager of PgQueuer asks the queue with: it takes no more at once than it has room for.

    The room is counted here and not by PgQueuer in the database: a claim whose answer was lost with the connection
    would take a place there that nobody gives back.
    """

    def __init__(self, link: Link, most: int) -> None:
        """Let at most so many jobs run at once."""
        super().__init__(link, **builders())
        self._link, self._most = link, most
        self.running: Sized = ()  # jobs under way

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[models.Job]:
        """Claim jobs that wait, and those whose worker is not heard of any more.

        For one lease after the link was made nobody is taken for dead: the server may have been away, and those who
        live must be heard of first.
        """
        room = self._most - len(self.running)
        if room < 1:
            return []
        patience = max(timedelta(), heartbeat_timeout - timedelta(seconds=self._link.age))
        if patience:
            heartbeat_timeout = timedelta(days=1)
        return await super().dequeue(
            min(batch_size, room), entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
        )


class Dead(Exception):
    """A job is given up; the text, one screened line, is what people read of it."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """One worker."""

    hands: Hands
    queues: Sequence[JobKind] = KINDS  # whose jobs it takes
    jobs: int = 2  # crawls, visits, rechecks and prunings at once
    lease: timedelta = LEASE
    try_again: Sequence[timedelta] = TRY_AGAIN
    patience: float = PATIENCE
    id: UUID = field(default_factory=uuid4)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)  # what still runs is put back
    _queue: Queue = field(init=False)

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT.

        Raises:
            psycopg.Error: PostgreSQL refuses what cannot be meant: no tables, no rights.
        """
        logging.getLogger("pgqueuer").propagate = False  # it logs what jobs raise, traces and all; we say it in a line
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with aclosing(Link(self._connect, self.hands.say)) as link:
            self._queue = Queue(link)
            managers = [
                self._manager(Lane(link, most), kinds)
                for most, kinds in (
                    (len(LIGHT), [kind for kind in self.queues if kind in LIGHT]),
                    (self.jobs, [kind for kind in self.queues if kind not in LIGHT]),
                )
                if kinds
            ]
            self.hands.say(f"working on {', '.join(self.queues)}, {self.jobs} at once; stop with Ctrl-C or SIGTERM")
            planning = asyncio.create_task(Plan(hands=self.hands, link=link, queue=self._queue).run())
            working = [asyncio.create_task(self._run(manager)) for manager in managers]
            stopped = asyncio.create_task(self._turn(stop))
            await asyncio.wait({planning, stopped, *working}, return_when=asyncio.FIRST_COMPLETED)
            planning.cancel()
            stopped.cancel()
            await self._end(link, managers, working)
            for ended in await asyncio.gather(planning, *working, return_exceptions=True):
                if isinstance(ended, OUTAGE):
                    self.hands.warn("PostgreSQL is away: what was under way is taken over by others")
                elif isinstance(ended, Exception):
                    raise ended
        self.hands.say("stopped")

    async def _turn(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.hands.meter.turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TURN)

    async def _connect(self) -> Connection:
        return await connect(self.hands.engine, session_of(self.id, self.lease))

    def _manager(self, lane: Lane, kinds: Sequence[JobKind]) -> QueueManager:
        manager = QueueManager(lane, channel=SETTINGS.channel)
        manager.queue_manager_id = QueueManagerId(self.id)
        manager.min_dequeue_poll_interval = BUSY_LOOK
        lane.running = manager.job_context
        for kind in kinds:
            manager.entrypoint(kind, on_failure="hold", accepts_context=False)(self._do)
        return manager

    async def _run(self, manager: QueueManager) -> None:
        await manager.run(
            batch_size=self.jobs,
            dequeue_timeout=self.lease / LOOK,
            heartbeat_timeout=self.lease,
            log_aggregation_interval=timedelta(),  # nobody reads its statistics: `queue_figures.py` counts the log
        )

    async def _end(self, link: Link, managers: Sequence[QueueManager], working: Sequence[asyncio.Task[None]]) -> None:
        """Let jobs end, put the others back; a server that is away is not waited for."""
        for manager in managers:
            manager.shutdown.set()
        await asyncio.wait(working, timeout=self.patience)
        self._stopping.set()
        for _ in range(int(self.hands.nursery.grace.total_seconds() + PATIENCE)):
            if any(manager.job_context for manager in managers):
                await asyncio.wait(working, timeout=1.0)
        link.give_up()

    async def _do(self, row: models.Job) -> None:
        """Do one job of the queue, and tell PgQueuer what becomes of it.

        Raises:
            RetryRequested: it is put back.
            Dead: it is given up.
        """
        try:
            job = Job.from_json(row.payload or b"")
        except (ValueError, RecursionError) as error:  # msgspec's errors are of the first kind
            raise Dead(f"not a job of this version of mekiki: {screen(str(error))}") from None
        deaths = await self._queue.times_taken(row.id) - 1
        if deaths >= MOST_DEATHS:
            await self._give_up(row, job, f"{deaths} workers died while they did it")
        try:
            with self.hands.meter.job(job.kind):
                done = await self._performed(job)
        except JobFailed as error:
            await self._failed(row, job, str(error))
        except Exception as error:  # noqa: BLE001 - the edge of a job: a defect in one ends no others
            await self._failed(row, job, f"{type(error).__name__}: {error}")
        else:
            if done:
                await self._queue.bury_older(row.id, job.identity)
                return
            await self._queue.spare(row)
            raise RetryRequested(timedelta(), "its worker was stopped")

    async def _performed(self, job: Job) -> bool:
        """Do a job, through outages of the database; False when the worker was stopped meanwhile."""
        while True:
            doing = asyncio.create_task(perform(job, self.hands))
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            doing.cancel()  # of no effect where it is done
            try:
                await doing
            except asyncio.CancelledError:
                return False
            except StorageUnavailable as error:
                if self._stopping.is_set():
                    return False
                self.hands.warn(f"{called(job)}: trying again: {error}")
                await asyncio.sleep(OUTAGE_PAUSE)
            else:
                return True

    async def _failed(self, row: models.Job, job: Job, why: str) -> None:
        if row.attempts >= len(self.try_again):
            await self._give_up(row, job, why)
        delay = self.try_again[max(0, row.attempts)]  # below 0: spared, then its worker was killed
        why = screen(why, limit=500)
        self.hands.warn(f"{job.kind}: {why}; next try in {delay.total_seconds():.0f} s")
        raise RetryRequested(delay, why) from None

    async def _give_up(self, row: models.Job, job: Job, why: str) -> None:
        await self._queue.bury_older(row.id, job.identity)
        why = screen(why, limit=500)
        self.hands.warn(f"{job.kind}: {why}; dead after {row.attempts + 1} tries, see `mekiki queue dead`")
        if job.source:
            try:
                await tell_of(job, self.hands, over=True)
            except StorageUnavailable as error:
                self.hands.warn(f"{called(job)}: how the source is was not told: {error}")
        raise Dead(why) from None
