"""Outgoing: the outbox as the dispatcher uses it, each step one short transaction.

Synchronous; the dispatcher calls it in a thread. `now` is an argument everywhere.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.compose import build_alert
from alerts.message import encode_alert
from alerts.routing import receivers_for
from config import Config
from storage import outbox
from storage.cases import CaseDetail, case_contents
from storage.database import snapshot, transaction
from storage.errors import StorageError
from storage.outbox import ClaimedDelivery, NewDelivery, Outcome, PendingIntent

ROUTE_BATCH = 10  # intents in one transaction; other writers wait for it
CLAIM_BATCH = 100  # deliveries taken at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What routing did to one intent."""

    intent: PendingIntent
    deliveries: int
    problem: str | None = None  # why it reaches nobody; the intent stays pending and visible


class Outgoing:
    """Routes intents, claims deliveries and records what came of them."""

    def __init__(self, config: Config, engine: Engine, *, worker: str, lease: timedelta) -> None:
        self._config = config
        self._engine = engine
        self._worker = worker
        self._lease = lease
        self._due: deque[int] = deque()  # intents that are to be routed
        self._writing = Lock()
        self._names = {brand.key: brand.name for brand in config.brand}

    def route_due(self, now: datetime, *, skip: frozenset[int]) -> list[Routed]:
        """Route the next due intents but those in `skip`; what cannot be routed stays pending. None is left: []."""
        if not self._due:
            with snapshot(self._engine) as session:
                self._due.extend(intent_id for intent_id in outbox.due_intents(session, now) if intent_id not in skip)
        some = [self._due.popleft() for _ in range(min(ROUTE_BATCH, len(self._due)))]
        if not some:
            return []
        with self._transaction() as session:
            batch = outbox.pending_intents(session, now, only=some)
            found = self._read(session, batch, now)
            return [self._route(session, intent, found.get(intent.case_id), now) for intent in batch]

    def _read(self, session: Session, batch: Sequence[PendingIntent], now: datetime) -> dict[int, CaseDetail]:
        """Read the cases together, in a tenth of the time; none of them where one cannot be read."""
        try:
            return case_contents(session, [intent.case_id for intent in batch], now=now)
        except (StorageError, SQLAlchemyError):
            raise
        except Exception:  # noqa: BLE001 - each is read alone then, and told of alone
            return {}

    def _route(self, session: Session, intent: PendingIntent, read: CaseDetail | None, now: datetime) -> Routed:
        try:
            detail = read or case_contents(session, [intent.case_id], now=now)[intent.case_id]
            wanted = receivers_for(self._config, detail)
            payload = self._payload(detail, intent, now)
        except (StorageError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one case must not keep back all the others
            kind = type(error).__name__  # its text may hold anything
            return self._unrouted(intent, f"the alert cannot be made ({kind})")
        if not wanted:
            return self._unrouted(intent, "no route matches")
        if all(outbox.receiver_disabled(session, key) is not None for key in wanted):
            return self._unrouted(intent, "every receiver of its routes is disabled")
        deliveries = [NewDelivery(receiver=key, payload=payload) for key in wanted]  # the disabled ones' wait
        return Routed(intent=intent, deliveries=len(outbox.route_intent(session, intent.id, deliveries, now)))

    def _unrouted(self, intent: PendingIntent, why: str) -> Routed:
        return Routed(intent=intent, deliveries=0, problem=f"case {intent.case_id}: {why}")

    def _payload(self, detail: CaseDetail, intent: PendingIntent, now: datetime) -> str:
        return encode_alert(
            build_alert(
                detail,
                intent.reason,
                intent.count,
                self._config.alerting.language,
                brand_name=self._names.get(detail.brand, detail.brand),
                at=now,
            )
        )

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
