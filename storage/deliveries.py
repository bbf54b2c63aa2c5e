"""Deliveries as people see them: where each message stands, and what its receiver said last."""

from collections.abc import Sequence

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from storage.case_views import DeliveryView
from storage.schema import AlertIntent, Attempt, Delivery, DeliveryState


def list_deliveries(
    session: Session, states: Sequence[DeliveryState] = ("pending", "sent", "dead"), *, limit: int = 100
) -> list[DeliveryView]:
    """Return deliveries in these states, newest first."""
    query = _views().where(Delivery.state.in_(states)).order_by(Delivery.created_at.desc(), Delivery.id.desc())
    return [_view(*row) for row in session.execute(query.limit(limit))]


def deliveries_of(session: Session, case_id: int) -> tuple[DeliveryView, ...]:
    """Return all deliveries of a case, oldest first."""
    query = _views().where(AlertIntent.case_id == case_id).order_by(Delivery.created_at, Delivery.id)
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
