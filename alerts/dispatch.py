"""Dispatch: one pass over what is due. The only place that retries.

Flow: due intents are routed and their alerts frozen as deliveries -> due deliveries are claimed under a lease -> each
receiver gets a lane of its own, in which its deliveries go out in order and at its pace, so that a slow receiver
delays nobody else -> outcomes are recorded together, while the next deliveries are on their way -> while any lane is
busy, what became due meanwhile joins in. A receiver that cannot take more now is left alone for a while, its lane's
rest is given back.

Recording follows sending, so what a killed dispatcher has sent and not recorded goes out again after the lease, with
the same id and body: at most `AHEAD` deliveries for each receiver, and the one on its way. At least once, never lost.
"""

import asyncio
import os
import random
import socket
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.attempts import Attempts, Made
from alerts.channels import open_channel
from alerts.delivery import Receipt
from alerts.errors import UnknownReceiver
from alerts.gate import Gate
from alerts.message import Alert
from alerts.notices import test_notice
from alerts.outgoing import Outgoing
from alerts.pace import Pace
from alerts.recorder import Recorder
from alerts.report import DispatchReport, Tally
from alerts.templating import Templates
from config import Config
from safety.egress import EgressRule
from storage.database import snapshot
from storage.errors import StorageError
from storage.media import MediaStore
from storage.outbox import ClaimedDelivery
from storage.receivers import last_attempts

LEASE = timedelta(minutes=2)  # longer than any attempt; a killed dispatcher's deliveries wait this long
LANE = 50  # deliveries that wait for one receiver, before no more are claimed for it
AHEAD = 2  # deliveries of one receiver that may be sent and not recorded yet; a kill sends them twice
MARGIN = timedelta(seconds=20)  # no attempt starts with less of its lease left: the time limit and the recording fit in
LOOK_AGAIN = 1.0  # seconds after which a pass with a busy lane looks for what became due


async def dispatch_due(
    config: Config,
    engine: Engine,
    media: MediaStore,
    *,
    now: Callable[[], datetime],
    gate: Gate | None = None,
    chance: Callable[[], float] = random.random,
    lease: timedelta = LEASE,
    skip: frozenset[int] = frozenset(),
    stop: asyncio.Event | None = None,
) -> DispatchReport:
    """Route and send everything that is due but the intents in `skip`, and say what was done.

    Several dispatchers may run at once; a delivery is sent by the one that holds its lease. A pass takes no new work
    once it has lasted as long as a lease, or `stop` is set: then what is on its way is sent and recorded, and the rest
    given back.

    Raises:
        StorageError: the outbox cannot be read; what was sent is recorded.
    """
    async with (gate or gate_of(config)).keeping() as way:
        one = _Pass(config, engine, media, now=now, gate=way, chance=chance, lease=lease, skip=skip)
        return await one.run(stop or asyncio.Event())


async def send_test(
    config: Config,
    receiver: str,
    media: MediaStore,
    *,
    now: Callable[[], datetime],
    gate: Gate | None = None,
) -> Receipt:
    """Send one test message to a receiver, once, past the outbox.

    Raises:
        UnknownReceiver: no receiver has this key.
        DeliveryError: it did not arrive.
    """
    notice = test_notice(receiver, config.alerting.language, now())
    return await send_notice(config, receiver, media, notice, now=now, gate=gate)


async def send_notice(
    config: Config,
    receiver: str,
    media: MediaStore,
    notice: Alert,
    *,
    now: Callable[[], datetime],
    gate: Gate | None = None,
) -> Receipt:
    """Send a message that is about no case to a receiver, once, past the outbox.

    Raises:
        UnknownReceiver: no receiver has this key.
        DeliveryError: it did not arrive.
    """
    row = next((row for row in config.receiver if row.key == receiver), None)
    if row is None:
        raise UnknownReceiver(receiver)
    channel = open_channel(row, gate=gate or gate_of(config), media=media, templates=templates_of(config))
    return await channel.send(notice, f"msg_{notice.reason}_{os.urandom(8).hex()}", now=now())


def templates_of(config: Config) -> Templates:
    """Return the texts of messages, the configuration's own first."""
    return Templates(config.alerting.templates)


def gate_of(config: Config) -> Gate:
    """Return the way out that the configuration allows."""
    return Gate(rule=EgressRule.parse(config.egress.allow, config.egress.hosts))


class _Pass:
    """The state of one pass."""

    def __init__(
        self,
        config: Config,
        engine: Engine,
        media: MediaStore,
        *,
        now: Callable[[], datetime],
        gate: Gate,
        chance: Callable[[], float],
        lease: timedelta,
        skip: frozenset[int],
    ) -> None:
        worker = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._outgoing = Outgoing(config, engine, worker=worker, lease=lease)
        self._recorder = Recorder(self._outgoing.record)
        self._tally = Tally()
        templates = templates_of(config)
        self._attempts = Attempts(
            {row.key: open_channel(row, gate=gate, media=media, templates=templates) for row in config.receiver},
            disabled=self._outgoing.disabled,
            language=config.alerting.language,
            now=now,
            chance=chance,
        )
        with snapshot(engine) as session:
            last = last_attempts(session)
        self._paces = {row.key: Pace(row.rate, last.get(row.key)) for row in config.receiver}
        self._now = now
        self._lease = lease
        self._skip = skip
        self._lanes: dict[str, deque[tuple[ClaimedDelivery, datetime]]] = defaultdict(deque)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._closed: set[str] = set()  # receivers that get no more in this pass
        self._unrecorded: set[str] = set()  # of those: what was claimed for them comes back with its lease

    async def run(self, stop: asyncio.Event) -> DispatchReport:
        """Work until nothing is due, or `stop` is set.

        After a lease's time, until the lanes that are busy then have stopped: a lane that is slow then holds nobody up,
        the others get what becomes due for them meanwhile.
        """
        end = self._now() + self._lease
        late: frozenset[str] | None = None  # receivers whose lanes were busy then
        broken: StorageError | None = None
        async with asyncio.TaskGroup() as group:
            while broken is None:
                self._busy = {key: task for key, task in self._busy.items() if not task.done()}
                if stop.is_set():
                    self._closed |= self._lanes.keys()
                    break
                if self._now() >= end:
                    late = late if late is not None else frozenset(self._busy)
                    self._closed |= late
                    if late.isdisjoint(self._busy):
                        break
                try:
                    found = await self._take(group)
                except StorageError as error:
                    broken = error
                    continue
                if not (found or self._busy):
                    break
                if not found:
                    await asyncio.wait(self._busy.values(), timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
        if broken is not None:
            raise broken
        return self._tally.report()

    async def _take(self, group: asyncio.TaskGroup) -> bool:
        """Route some of what is due and claim; tell whether there was any."""
        now = self._now()
        routed = await asyncio.to_thread(self._outgoing.route_due, now, skip=self._skip | self._tally.unrouted)
        for one in routed:
            if one.problem:
                self._tally.unrouted.add(one.intent.id)
                self._tally.problem(one.problem)
            elif one.deliveries:
                self._tally.routed += 1
        full = {key for key, lane in self._lanes.items() if len(lane) >= LANE}
        claimed = await asyncio.to_thread(self._outgoing.claim, now, skip=full | self._closed)
        for delivery in claimed:
            lane = self._lanes[delivery.receiver]
            lane.append((delivery, now + self._lease))
            task = self._busy.get(delivery.receiver)
            if task is None or task.done():
                self._busy[delivery.receiver] = group.create_task(self._drain(delivery.receiver, lane))
        return bool(claimed or routed)

    async def _drain(self, key: str, lane: deque[tuple[ClaimedDelivery, datetime]]) -> None:
        """Send one receiver's deliveries in order, and record them while the next ones are on their way.

        What is left over when the receiver is in trouble goes back; what is too near the end of its lease comes back
        with that.
        """
        recording: deque[asyncio.Task[None]] = deque()
        try:
            while lane and key not in self._closed:
                delivery, until = lane.popleft()
                wait = self._paces[key].wait(self._now()) if key in self._paces else timedelta(0)
                if self._now() + wait + MARGIN > until:
                    continue
                if not await self._waited(key, wait):
                    lane.appendleft((delivery, until))
                    break
                made = await self._attempts.make(delivery)
                if key in self._paces:
                    self._paces[key].took(self._now())
                recording.append(asyncio.create_task(self._record(delivery, made)))
                if not made.well:
                    break
                while len(recording) > AHEAD:
                    await recording.popleft()
            while recording:
                await recording.popleft()
            rest = [delivery.id for delivery, _ in lane]
            lane.clear()
            if rest and key not in self._unrecorded:
                await asyncio.to_thread(self._outgoing.release, rest)
        except StorageError as error:
            lane.clear()
            await asyncio.gather(*recording)
            self._tally.problem(f"{key}: {error}")

    async def _waited(self, key: str, wait: timedelta) -> bool:
        """Keep to the receiver's pace; tell whether it still gets something in this pass."""
        left = wait.total_seconds()
        while left > 0 and key not in self._closed:
            await asyncio.sleep(min(left, LOOK_AGAIN))
            left -= LOOK_AGAIN
        return key not in self._closed

    async def _record(self, delivery: ClaimedDelivery, made: Made) -> None:
        key = delivery.receiver
        try:
            await self._recorder.record(made.outcome)
        except StorageError as error:
            self._closed.add(key)  # else it would get the same again and again
            self._unrecorded.add(key)
            self._tally.problem(f"{key}: the outcome of {made.outcome.delivery_id} is not recorded: {error}")
        else:
            self._tally.recorded(delivery, made.outcome, made.problems)
