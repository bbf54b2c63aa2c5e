"""Outgoing: the outbox as the dispatcher uses it, each step one short transaction.

Synchronous; the dispatcher calls it in a thread. `now` is an argument everywhere.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from alerts.routing import Routed, Routing
from alerts.writing import Writing
from config import Config
from storage import outbox
from storage.database import snapshot, transaction
from storage.outbox import ClaimedDelivery, Outcome
from storage.routed import Leaving, leaving

ROUTE_BATCH = 40  # messages written in one transaction; other writers wait for it
CLAIM_BATCH = 100  # deliveries taken at once


class Outgoing:
    """Routes intents, claims deliveries and records what came of them."""

    def __init__(self, config: Config, engine: Engine, *, worker: str, lease: timedelta) -> None:
        self._engine = engine
        self._worker = worker
        self._lease = lease
        self._due: deque[Leaving] = deque()  # what its route has let go
        self._routing = Routing(config, engine, self._transaction)
        self._messages = Writing(config, self._routing.routes)
        self._writing = Lock()

    def route_due(self, now: datetime, *, skip: frozenset[int]) -> list[Routed]:
        """Route some of what is due but the intents in `skip`; what cannot be stays pending. [] when all is done."""
        done: list[Routed] = []
        while not self._due:
            more, unwanted = self._routing.split(now, skip=skip)
            done += [*unwanted, *self._routing.release(now, skip=skip)]
            skip |= {one.intent.id for one in done}
            with snapshot(self._engine) as session:
                self._due.extend(one for one in leaving(session, now) if one.id not in skip)
            if not more:
                break
        some = [self._due.popleft() for _ in range(min(ROUTE_BATCH, len(self._due)))]
        if not some:
            return done
        with self._transaction() as session:
            return [*done, *self._messages.write(session, some, now)]

    def claim(self, now: datetime, *, skip: Collection[str]) -> list[ClaimedDelivery]:
        """Take deliveries that are due, oldest first, but those to the receivers in `skip`.

        They are this worker's until the lease runs out.
        """
        with self._transaction() as session:
            claimed = outbox.claim_deliveries(
                session, now=now, limit=CLAIM_BATCH, lease=self._lease, worker=self._worker, skip=skip
            )
        return sorted(claimed, key=lambda delivery: (delivery.created_at, delivery.intent_id))

    def release(self, delivery_ids: Sequence[str]) -> None:
        """Give back what was claimed and not tried."""
        with self._transaction() as session:
            outbox.release(session, delivery_ids, self._worker)

    def disabled(self, key: str) -> str | None:
        """Return why a receiver is disabled, or None."""
        with snapshot(self._engine) as session:
            return outbox.receiver_disabled(session, key)

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Record what came of tries, all of it or nothing."""
        with self._transaction() as session:
            outbox.record_outcomes(session, outcomes)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """Let our threads wait for each other here: where a database has one writer, it makes them poll."""
        with self._writing, transaction(self._engine) as session:
            yield session
