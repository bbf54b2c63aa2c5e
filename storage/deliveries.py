"""Messages as people see them: what waits to become one, where each stands, and what its receiver said last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session, aliased

from storage.case_views import DeliveryView
from storage.schema import AlertIntent, Attempt, Delivery, DeliveryState, Held, IntentReason


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """Something to tell that is no message yet."""

    id: int
    case_id: int | None  # None: a digest
    reason: IntentReason
    count: int  # items, or the cases of a digest
    due_at: datetime  # looked at then
    route: str | None  # that keeps it; None: it is not routed yet
    held: Held | None  # why the route keeps it
    note: str | None


def list_waiting(session: Session, *, limit: int = 1000) -> list[WaitingView]:
    """Return what is to be told and is no message yet, what is looked at first coming first."""
    query = select(AlertIntent).where(AlertIntent.state == "pending").order_by(AlertIntent.due_at, AlertIntent.id)
    return [
        WaitingView(
            id=intent.id,
            case_id=intent.case_id,
            reason=intent.reason,
            count=intent.count,
            due_at=intent.due_at,
            route=intent.route,
            held=intent.held,
            note=intent.note,
        )
        for intent in session.scalars(query.limit(limit))
    ]


def list_deliveries(
    session: Session, states: Sequence[DeliveryState] = ("pending", "sent", "dead"), *, limit: int = 100
) -> list[DeliveryView]:
    """Return deliveries in these states, newest first."""
    query = _views().where(Delivery.state.in_(states)).order_by(Delivery.created_at.desc(), Delivery.id.desc())
    return [_view(*row) for row in session.execute(query.limit(limit))]


def deliveries_of(session: Session, case_id: int) -> tuple[DeliveryView, ...]:
    """Return all deliveries about a case, those of digests that tell of it too, oldest first."""
    part = aliased(AlertIntent)
    digests = select(part.told_in).where(part.case_id == case_id, part.told_in.is_not(None))
    own = select(AlertIntent.id).where(AlertIntent.case_id == case_id)
    query = _views().where(Delivery.intent_id.in_(union_all(own, digests))).order_by(Delivery.created_at, Delivery.id)
    return tuple(_view(*row) for row in session.execute(query))


def _views() -> Select[Delivery, AlertIntent, Attempt | None]:
    tries = aliased(Attempt)
    last = select(func.max(tries.id)).where(tries.delivery_id == Delivery.id).scalar_subquery()
    return (
        select(Delivery, AlertIntent, Attempt)
        .join(AlertIntent, AlertIntent.id == Delivery.intent_id)
        .outerjoin(Attempt, Attempt.id == last)
    )


def _view(delivery: Delivery, intent: AlertIntent, last: Attempt | None) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        intent_id=intent.id,
        case_id=intent.case_id,
        reason=intent.reason,
        receiver=delivery.receiver,
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=delivery.created_at,
        next_at=delivery.next_at,
        settled_at=delivery.settled_at,
        status=last.status if last else None,
        detail=last.detail if last else None,
    )
