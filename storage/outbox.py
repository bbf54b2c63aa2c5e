"""Outbox: messages that are ready to leave, and what came of each try.

1. `pending_intents` and `route_intents` turn what is due into deliveries, one for each receiver, payload frozen.
2. `claim_deliveries` lends some to a worker; when its lease runs out (kill -9) another worker gets them.
3. `record_outcomes` notes what came of the tries; a failure has a time for the next one, or is the end. How each
   receiver is doing is kept along with them (`storage.receivers`).

Sending comes between 2 and 3, so a message may leave twice but is never lost; its id and its payload are the
same every time.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, insert, or_, select, true, update
from sqlalchemy.orm import Session

from storage import receivers
from storage.deliveries import list_deliveries
from storage.errors import DeliveryNotFound, ReplayRefused
from storage.intents import PendingIntent, add_repeat, due_intents, may_be_told, pending_intents
from storage.receivers import Outcome, enable_receiver, receiver_disabled
from storage.schema import AlertIntent, Attempt, Case, Delivery, IntentReason
from storage.upsert import table_of

__all__ = [
    "ClaimedDelivery",
    "DeliveryNotFound",
    "NewDelivery",
    "OutboxTotals",
    "Outcome",
    "PendingIntent",
    "ReplayRefused",
    "add_repeat",
    "claim_deliveries",
    "due_intents",
    "due_since",
    "enable_receiver",
    "list_deliveries",
    "outbox_totals",
    "pending_intents",
    "receiver_disabled",
    "record_outcomes",
    "release",
    "replay",
    "replay_dead",
    "route_intents",
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
    case_id: int | None  # None: a digest, of many
    reason: IntentReason
    receiver: str
    payload: str
    attempt: int  # of this try, from 1; a replay starts anew
    created_at: datetime


def route_intents(session: Session, messages: Mapping[int, Sequence[NewDelivery]], now: datetime) -> tuple[str, ...]:
    """Settle intents, by id, by making their deliveries; return the ids of those.

    The intents are pending, and locked by the caller.
    """
    if not messages:
        return ()
    settled = update(table_of(AlertIntent)).where(AlertIntent.id.in_(list(messages)))
    session.execute(settled.values(state="routed", settled_at=now))
    rows = [
        {
            "id": _message_id(now),
            "intent_id": intent_id,
            "receiver": delivery.receiver,
            "payload": delivery.payload,
            "state": "pending",
            "attempts": 0,
            "created_at": now,
            "next_at": now,
        }
        for intent_id, deliveries in messages.items()
        for delivery in deliveries
    ]
    if rows:
        session.execute(insert(table_of(Delivery)), rows)
    return tuple(str(row["id"]) for row in rows)


def claim_deliveries(
    session: Session,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
    worker: str,
    skip: Collection[str] = (),
) -> list[ClaimedDelivery]:
    """Lend due deliveries to a worker, oldest first; nobody else gets them before `now + lease`.

    Deliveries to a receiver that is disabled or paused wait; so do those to the receivers in `skip`.
    """
    query = (
        select(
            Delivery.id,
            Delivery.intent_id,
            AlertIntent.case_id,
            AlertIntent.reason,
            Delivery.receiver,
            Delivery.payload,
            (Delivery.attempts + 1).label("attempt"),
            Delivery.created_at,
        )
        .join(AlertIntent, AlertIntent.id == Delivery.intent_id)
        .where(*_may_leave(now), Delivery.receiver.not_in(skip))
        .order_by(Delivery.next_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    claimed = [ClaimedDelivery(**row) for row in session.execute(query).mappings()]
    if claimed:
        lent = update(table_of(Delivery)).where(Delivery.id.in_([delivery.id for delivery in claimed]))
        session.execute(lent.values(leased_by=worker, leased_until=now + lease))
    return claimed


def release(session: Session, delivery_ids: Sequence[str], worker: str) -> None:
    """Give back deliveries that this worker holds and has not tried; others may have them at once."""
    held = update(table_of(Delivery)).where(Delivery.id.in_(delivery_ids), Delivery.leased_by == worker)
    session.execute(held.values(leased_by=None, leased_until=None))


def record_outcomes(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Note what came of tries, in this order, and end their leases.

    A message that another worker has delivered meanwhile stays sent; a late success counts.

    Raises:
        DeliveryNotFound: there is no such delivery; nothing is to be noted then.
    """
    wanted = sorted({outcome.delivery_id for outcome in outcomes})
    rows = session.execute(_TRIED, {"ids": wanted}).mappings()
    found = {row["id"]: {**row, "tried": 0} for row in rows}
    for delivery_id in wanted:
        if delivery_id not in found:
            raise DeliveryNotFound(f"there is no delivery {delivery_id}")
    for outcome in outcomes:
        _settle(found[outcome.delivery_id], outcome)
    session.execute(_SETTLE, [{f"new_{name}": value for name, value in row.items()} for row in found.values()])
    session.execute(
        insert(table_of(Attempt)),
        [
            {
                "delivery_id": outcome.delivery_id,
                "at": outcome.at,
                "ok": outcome.ok,
                "status": outcome.status,
                "detail": outcome.detail,
            }
            for outcome in outcomes
        ],
    )
    receivers.note(session, [(found[outcome.delivery_id]["receiver"], outcome) for outcome in outcomes])


# Made once: they are run for every message.
_COLUMNS = table_of(Delivery).c
_TRIED = (
    select(_COLUMNS.id, _COLUMNS.receiver, _COLUMNS.state, _COLUMNS.settled_at, _COLUMNS.next_at)
    .where(_COLUMNS.id.in_(bindparam("ids", expanding=True)))
    .order_by(_COLUMNS.id)
    .with_for_update()
)
_SETTLE = (
    update(table_of(Delivery))
    .where(_COLUMNS.id == bindparam("new_id"))
    .values(
        state=bindparam("new_state"),
        settled_at=bindparam("new_settled_at"),
        next_at=bindparam("new_next_at"),
        attempts=_COLUMNS.attempts + bindparam("new_tried", type_=Integer),
        leased_by=None,
        leased_until=None,
    )
)


def _settle(row: dict[str, Any], outcome: Outcome) -> None:
    """Change the delivery's row as the outcome asks."""
    row["tried"] += 1
    if outcome.ok:
        row.update(state="sent", settled_at=outcome.at)
    elif row["state"] != "sent" and outcome.retry_at is None:
        row.update(state="dead", settled_at=outcome.at)
    elif row["state"] == "pending":
        row.update(next_at=outcome.retry_at)


def due_since(session: Session, now: datetime, *, unwanted: datetime | None = None) -> datetime | None:
    """Return since when there is something to route or to send; None where there is nothing.

    Args:
        now: UTC.
        unwanted: what was due by then, and is not routed, no route wants; None: nobody has tried.
    """
    told = or_(AlertIntent.case_id.is_(None), may_be_told(now))
    intents = (
        select(AlertIntent.due_at)
        .outerjoin(Case, Case.id == AlertIntent.case_id)
        .where(AlertIntent.state == "pending", AlertIntent.due_at <= now, told)
        .order_by(AlertIntent.due_at)
    )
    if unwanted is not None:
        intents = intents.where(or_(AlertIntent.route.is_not(None), AlertIntent.due_at > unwanted))
    deliveries = select(Delivery.next_at).where(*_may_leave(now)).order_by(Delivery.next_at)
    firsts = (session.scalar(query.limit(1)) for query in (intents, deliveries))
    return min((at for at in firsts if at is not None), default=None)


def _may_leave(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Word in SQL which deliveries a worker may claim."""
    return (
        Delivery.state == "pending",
        Delivery.next_at <= now,
        or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now),
        Delivery.receiver.not_in(receivers.not_now(now)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTotals:
    """How much is on its way."""

    waiting: int  # intents that are not routed yet
    due: int  # of those, the ones whose time has come
    due_since: datetime | None  # since when the first of them is due
    held: int  # intents that their route keeps: quiet hours, digests, limits
    deliveries: int  # messages that are to be sent
    dead: int  # messages given up
    sent_last_day: int


def outbox_totals(session: Session, now: datetime) -> OutboxTotals:
    """Count what is on its way."""
    due = due_intents(session, now)
    first = session.scalar(select(AlertIntent.due_at).where(AlertIntent.id == due[0])) if due else None
    unrouted = AlertIntent.route.is_(None)
    intents = select(unrouted, func.count()).where(AlertIntent.state == "pending").group_by(unrouted)
    pending = {bool(is_unrouted): count for is_unrouted, count in session.execute(intents)}
    states = select(Delivery.state, func.count()).where(
        or_(Delivery.state.in_(("pending", "dead")), Delivery.settled_at > now - timedelta(days=1))
    )
    counts = dict(session.execute(states.group_by(Delivery.state)).all())
    return OutboxTotals(
        waiting=pending.get(True, 0),
        due=len(due),
        due_since=first,
        held=pending.get(False, 0),
        deliveries=counts.get("pending", 0),
        dead=counts.get("dead", 0),
        sent_last_day=counts.get("sent", 0),
    )


def replay(session: Session, delivery_id: str, now: datetime) -> None:
    """Make a dead delivery due again, with the same id and payload.

    Raises:
        DeliveryNotFound: no delivery has this id.
        ReplayRefused: it is not dead.
    """
    state = session.scalar(select(Delivery.state).where(Delivery.id == delivery_id).with_for_update())
    if state is None:
        raise DeliveryNotFound(f"there is no delivery {delivery_id}")
    if state != "dead":
        raise ReplayRefused(f"{delivery_id} is {state}; only a dead delivery can be sent again")
    _revive(session, Delivery.id == delivery_id, now)


def replay_dead(session: Session, now: datetime, *, receiver: str | None = None) -> int:
    """Make every dead delivery, or those of one receiver, due again, as `replay` does; return how many there were."""
    return _revive(session, true() if receiver is None else Delivery.receiver == receiver, now)


def _revive(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """Make them due in the order in which they were made: an id begins with that time. Their receivers' pauses end."""
    back = update(Delivery).where(Delivery.state == "dead", which)
    again = back.values(state="pending", settled_at=None, attempts=0, next_at=now).returning(Delivery.receiver)
    found = session.scalars(again, execution_options={"synchronize_session": False}).all()
    receivers.resume(session, set(found))
    return len(found)


def _message_id(now: datetime) -> str:
    """Return "msg_" and a ULID: 48 bits of milliseconds, so that ids sort by age, and 80 random bits."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "msg_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
