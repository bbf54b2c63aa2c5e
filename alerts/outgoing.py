"""Outgoing: the outbox as the dispatcher uses it, each step one short transaction.

Synchronous; the dispatcher calls it in a thread. `now` is an argument everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
from storage.outbox import ClaimedDelivery, NewDelivery, PendingIntent

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
        self._names = {brand.key: brand.name for brand in config.brand}

    def route_due(self, now: datetime, *, skip: frozenset[int]) -> list[Routed]:
        """Route every due intent but those in `skip`; what cannot be routed stays pending."""
        with snapshot(self._engine) as session:
            due = [intent_id for intent_id in outbox.due_intents(session, now) if intent_id not in skip]
        done: list[Routed] = []
        for start in range(0, len(due), ROUTE_BATCH):
            with transaction(self._engine) as session:
                batch = outbox.pending_intents(session, now, only=due[start : start + ROUTE_BATCH])
                found = self._read(session, batch, now)
                done += [self._route(session, intent, found.get(intent.case_id), now) for intent in batch]
        return done

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

    def claim(self, now: datetime) -> list[ClaimedDelivery]:
        """Take deliveries that are due, oldest first; they are this worker's until the lease runs out."""
        with transaction(self._engine) as session:
            claimed = outbox.claim_deliveries(
                session, now=now, limit=CLAIM_BATCH, lease=self._lease, worker=self._worker
            )
        return sorted(claimed, key=lambda delivery: (delivery.created_at, delivery.intent_id))

    def disabled(self, key: str) -> str | None:
        """Return why a receiver is disabled, or None."""
        with snapshot(self._engine) as session:
            return outbox.receiver_disabled(session, key)

    def succeeded(self, delivery_id: str, now: datetime, *, status: int, detail: str) -> None:
        """Record that a delivery arrived."""
        with transaction(self._engine) as session:
            outbox.record_success(session, delivery_id, now=now, status=status, detail=detail)

    def failed(
        self, delivery_id: str, now: datetime, *, detail: str, retry_at: datetime | None, status: int | None
    ) -> None:
        """Record a failed attempt; without `retry_at` the delivery is dead."""
        with transaction(self._engine) as session:
            outbox.record_failure(session, delivery_id, now=now, detail=detail, retry_at=retry_at, status=status)

    def gone(self, delivery_id: str, key: str, now: datetime, *, detail: str) -> None:
        """Record a 410: its receiver is disabled, and the delivery waits with the others until it is enabled again."""
        with transaction(self._engine) as session:
            outbox.record_failure(session, delivery_id, now=now, detail=detail, retry_at=now, status=410)
            outbox.disable_receiver(session, key, detail, now)
