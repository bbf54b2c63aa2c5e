"""Outbox: messages that are ready to leave, and what came of each try.

1. `pending_intents` and `route_intent` turn what is due into deliveries, one for each receiver, payload frozen.
2. `claim_deliveries` lends some to a worker; when its lease runs out (kill -9) another worker gets them.
3. `record_success` or `record_failure` notes the try; a failure has a time for the next one, or is the end.

Sending comes between 2 and 3, so a message may leave twice but is never lost; its id and its payload are the
same every time.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from storage.deliveries import list_deliveries
from storage.errors import DeliveryNotFound, ReplayRefused
from storage.intents import PendingIntent, add_repeat, due_intents, pending_intents
from storage.schema import AlertIntent, Attempt, Delivery, IntentReason, ReceiverState
from storage.upsert import insert

__all__ = [
    "ClaimedDelivery",
    "DeliveryNotFound",
    "NewDelivery",
    "PendingIntent",
    "ReplayRefused",
    "add_repeat",
    "claim_deliveries",
    "disable_receiver",
    "due_intents",
    "enable_receiver",
    "list_deliveries",
    "pending_intents",
    "receiver_disabled",
    "record_failure",
    "record_success",
    "replay",
    "route_intent",
]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 of the ULID specification


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One message, ready to be frozen."""

    receiver: str
    payload: str  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A message that this worker may send until its lease runs out."""

    id: str  # "msg_" and a ULID: the idempotency key
    intent_id: int
    case_id: int
    reason: IntentReason
    receiver: str
    payload: str
    attempt: int  # of this try, from 1; a replay starts anew
    created_at: datetime


def route_intent(session: Session, intent_id: int, deliveries: Sequence[NewDelivery], now: datetime) -> tuple[str, ...]:
    """Settle a pending intent by making its deliveries; return their ids, in order.

    Without deliveries it is settled as having reached nobody. An intent that is no longer pending is left
    alone: () is returned.
    """
    note = None if deliveries else "no route leads anywhere"
    settled = session.execute(
        update(AlertIntent)
        .where(AlertIntent.id == intent_id, AlertIntent.state == "pending")
        .values(state="routed", settled_at=now, note=note)
        .returning(AlertIntent.id)
    )
    if settled.scalar() is None:
        return ()
    rows = [
        Delivery(
            id=_message_id(now),
            intent_id=intent_id,
            receiver=delivery.receiver,
            payload=delivery.payload,
            state="pending",
            attempts=0,
            created_at=now,
            next_at=now,
        )
        for delivery in deliveries
    ]
    session.add_all(rows)
    session.flush()
    return tuple(row.id for row in rows)


def claim_deliveries(
    session: Session, *, now: datetime, limit: int, lease: timedelta, worker: str
) -> list[ClaimedDelivery]:
    """Lend due deliveries to a worker, oldest first; nobody else gets them before `now + lease`.

    Deliveries to a disabled receiver wait.
    """
    disabled = select(ReceiverState.key).where(ReceiverState.disabled_at.is_not(None))
    query = (
        select(Delivery, AlertIntent)
        .join(AlertIntent, AlertIntent.id == Delivery.intent_id)
        .where(Delivery.state == "pending", Delivery.next_at <= now)
        .where(or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now))
        .where(Delivery.receiver.not_in(disabled))
        .order_by(Delivery.next_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    claimed = []
    for delivery, intent in session.execute(query, execution_options={"populate_existing": True}):
        delivery.leased_by, delivery.leased_until = worker, now + lease
        claimed.append(
            ClaimedDelivery(
                id=delivery.id,
                intent_id=intent.id,
                case_id=intent.case_id,
                reason=intent.reason,
                receiver=delivery.receiver,
                payload=delivery.payload,
                attempt=delivery.attempts + 1,
                created_at=delivery.created_at,
            )
        )
    session.flush()
    return claimed


def record_success(session: Session, delivery_id: str, *, now: datetime, status: int | None, detail: str) -> None:
    """Note that the receiver has accepted a message.

    Args:
        status: the reply code, where the channel has one.
        detail: what the receiver answered, without secrets.

    Raises:
        DeliveryNotFound: no delivery has this id.
    """
    delivery = _attempted(session, delivery_id, now=now, ok=True, status=status, detail=detail)
    delivery.state, delivery.settled_at = "sent", now
    session.flush()


def record_failure(
    session: Session,
    delivery_id: str,
    *,
    now: datetime,
    detail: str,
    retry_at: datetime | None,
    status: int | None = None,
) -> None:
    """Note that a try has failed; with `retry_at` None the delivery is dead.

    A message that another worker has delivered meanwhile stays sent.

    Raises:
        DeliveryNotFound: no delivery has this id.
    """
    delivery = _attempted(session, delivery_id, now=now, ok=False, status=status, detail=detail)
    if delivery.state != "sent" and retry_at is None:
        delivery.state, delivery.settled_at = "dead", now
    elif delivery.state == "pending" and retry_at is not None:
        delivery.next_at = retry_at
    session.flush()


def replay(session: Session, delivery_id: str, now: datetime) -> None:
    """Make a dead delivery due again, with the same id and payload.

    Raises:
        DeliveryNotFound: no delivery has this id.
        ReplayRefused: it is not dead.
    """
    delivery = _locked(session, delivery_id)
    if delivery.state != "dead":
        raise ReplayRefused(f"{delivery_id} is {delivery.state}; only a dead delivery can be sent again")
    delivery.state, delivery.settled_at = "pending", None
    delivery.attempts, delivery.next_at = 0, now
    session.flush()


def receiver_disabled(session: Session, key: str) -> str | None:
    """Return why a receiver is switched off, or None when it is not."""
    return session.scalar(
        select(ReceiverState.reason).where(ReceiverState.key == key, ReceiverState.disabled_at.is_not(None))
    )


def disable_receiver(session: Session, key: str, reason: str, now: datetime) -> None:
    """Switch a receiver off; its deliveries wait until `enable_receiver`."""
    off = {"disabled_at": now, "reason": reason}
    statement = insert(session, ReceiverState).values(key=key, **off)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=off))


def enable_receiver(session: Session, key: str) -> None:
    """Switch a receiver on again; does nothing when it is on."""
    session.execute(update(ReceiverState).where(ReceiverState.key == key).values(disabled_at=None))


def _attempted(
    session: Session, delivery_id: str, *, now: datetime, ok: bool, status: int | None, detail: str
) -> Delivery:
    """Append an attempt and end the lease."""
    delivery = _locked(session, delivery_id)
    session.add(Attempt(delivery_id=delivery_id, at=now, ok=ok, status=status, detail=detail))
    delivery.attempts += 1
    delivery.leased_by, delivery.leased_until = None, None
    return delivery


def _locked(session: Session, delivery_id: str) -> Delivery:
    delivery = session.get(Delivery, delivery_id, populate_existing=True, with_for_update=True)
    if delivery is None:
        raise DeliveryNotFound(f"there is no delivery {delivery_id}")
    return delivery


def _message_id(now: datetime) -> str:
    """Return "msg_" and a ULID: 48 bits of milliseconds, so that ids sort by age, and 80 random bits."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "msg_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
