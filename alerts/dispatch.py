"""Dispatch: one pass over what is due. The only place that retries.

Flow: due intents are routed and their alerts frozen as deliveries -> due deliveries are claimed under a lease -> each
receiver gets a lane of its own, in which its deliveries go out in order, so that a slow receiver delays nobody else ->
every outcome is recorded at once in its own transaction -> while any lane is busy, what became due meanwhile joins in.
A receiver that cannot take more now keeps its lane's rest for later: those come back with their lease, unattempted.

Recording follows sending, so a killed dispatcher's deliveries go out again after the lease, with the same id and body:
at least once, never lost.
"""

import asyncio
import os
import random
import socket
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.attempts import Attempts
from alerts.channels import open_channel
from alerts.delivery import Receipt
from alerts.errors import UnknownReceiver
from alerts.gate import Gate
from alerts.message import Alert
from alerts.notices import test_notice
from alerts.outgoing import Outgoing
from alerts.report import DispatchReport, Tally
from config import Config
from safety.egress import EgressRule
from storage.errors import StorageError
from storage.media import MediaStore
from storage.outbox import ClaimedDelivery

LEASE = timedelta(minutes=2)  # longer than any attempt; a killed dispatcher's deliveries wait this long
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
) -> DispatchReport:
    """Route and send everything that is due but the intents in `skip`, and say what was done.

    Several dispatchers may run at once; a delivery is sent by the one that holds its lease. A pass takes no new work
    once it has lasted as long as a lease.

    Raises:
        StorageError: the outbox cannot be read; what was sent is recorded.
    """
    gate = gate or gate_of(config)
    return await _Pass(config, engine, media, now=now, gate=gate, chance=chance, lease=lease, skip=skip).run()


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
    channel = open_channel(row, gate=gate or gate_of(config), media=media)
    return await channel.send(notice, f"msg_{notice.reason}_{os.urandom(8).hex()}", now=now())


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
        self._tally = Tally()
        self._attempts = Attempts(
            {row.key: open_channel(row, gate=gate, media=media) for row in config.receiver},
            self._outgoing,
            self._tally,
            language=config.alerting.language,
            now=now,
            chance=chance,
        )
        self._now = now
        self._lease = lease
        self._skip = skip
        self._lanes: dict[str, deque[tuple[ClaimedDelivery, datetime]]] = defaultdict(deque)
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> DispatchReport:
        end = self._now() + self._lease
        broken: StorageError | None = None
        async with asyncio.TaskGroup() as group:
            while broken is None and self._now() < end:
                try:
                    found = await self._take(group)
                except StorageError as error:
                    broken = error
                    continue
                self._busy = {key: task for key, task in self._busy.items() if not task.done()}
                if not (found or self._busy):
                    break
                if not found:
                    await asyncio.wait(self._busy.values(), timeout=LOOK_AGAIN)
        if broken is not None:
            raise broken
        return self._tally.report()

    async def _take(self, group: asyncio.TaskGroup) -> bool:
        """Route and claim what is due; tell whether there was any."""
        now = self._now()
        skip = self._skip | self._tally.unrouted
        for routed in await asyncio.to_thread(self._outgoing.route_due, now, skip=skip):
            if routed.problem:
                self._tally.unrouted.add(routed.intent.id)
                self._tally.problem(routed.problem)
            elif routed.deliveries:
                self._tally.routed += 1
        claimed = await asyncio.to_thread(self._outgoing.claim, now)
        for delivery in claimed:
            lane = self._lanes[delivery.receiver]
            lane.append((delivery, now + self._lease))
            task = self._busy.get(delivery.receiver)
            if task is None or task.done():
                self._busy[delivery.receiver] = group.create_task(self._drain(delivery.receiver, lane))
        return bool(claimed)

    async def _drain(self, key: str, lane: deque[tuple[ClaimedDelivery, datetime]]) -> None:
        """Send one receiver's deliveries in order; what is left over comes back when its lease runs out."""
        while lane:
            delivery, until = lane.popleft()
            if self._now() + MARGIN > until:
                continue
            try:
                well = await self._attempts.make(delivery)
            except StorageError as error:
                self._tally.problem(f"{key}: the outcome of {delivery.id} is not recorded: {error}")
                well = False
            if not well:
                lane.clear()
