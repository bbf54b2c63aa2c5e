"""Receivers: how each one is doing, from its attempts, and which are switched off or left alone for a while."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from storage.schema import Delivery, ReceiverState
from storage.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one try to deliver."""

    delivery_id: str
    at: datetime
    ok: bool  # the receiver has accepted the message
    status: int | None  # the reply code, where the channel has one
    detail: str  # what the receiver answered, without secrets
    retry_at: datetime | None = None  # of a failure; without it the delivery is dead
    pause_until: datetime | None = None  # of a failure: the receiver gets nothing before
    gone: bool = False  # of a failure: the receiver is switched off; its deliveries wait until it is on again


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverView:
    """How one receiver is doing."""

    key: str
    last_ok_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = None  # what it answered then
    failing_since: datetime | None = None  # None once a message has arrived again
    paused_until: datetime | None = None  # nothing is sent to it before
    disabled_at: datetime | None = None
    disabled_because: str | None = None
    waiting: int = 0  # deliveries that are to be sent, now or later
    dead: int = 0  # given up; can be replayed
    oldest_waiting: datetime | None = None  # when the oldest of them was made
    due_since: datetime | None = None  # since when one could have been sent; None where none is due


def receiver_views(session: Session, now: datetime) -> dict[str, ReceiverView]:
    """Return, by key, every receiver that something was ever tried with, or for which something waits."""
    counted = (
        select(
            Delivery.receiver, Delivery.state, func.count(), func.min(Delivery.created_at), func.min(Delivery.next_at)
        )
        .where(Delivery.state.in_(("pending", "dead")))
        .group_by(Delivery.receiver, Delivery.state)
    )
    numbers: dict[str, dict[str, Any]] = {}
    for key, state, count, oldest, due in session.execute(counted):
        of = numbers.setdefault(key, {})
        if state == "dead":
            of["dead"] = count
        else:
            of.update(waiting=count, oldest_waiting=oldest, due_since=due if due <= now else None)
    states = {row.key: row for row in session.scalars(select(ReceiverState))}
    return {
        key: ReceiverView(key=key, **_told(states.get(key)), **numbers.get(key, {}))
        for key in sorted({*states, *numbers})
    }


def _told(row: ReceiverState | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "last_ok_at": row.last_ok_at,
        "last_failed_at": row.last_failed_at,
        "last_error": row.last_error,
        "failing_since": row.failing_since,
        "paused_until": row.paused_until,
        "disabled_at": row.disabled_at,
        "disabled_because": row.reason if row.disabled_at else None,
    }


def not_now(now: datetime) -> Select[str]:
    """Return a query for the receivers to which nothing is sent at this time."""
    return select(ReceiverState.key).where(
        or_(ReceiverState.disabled_at.is_not(None), ReceiverState.paused_until > now)
    )


def note(session: Session, tries: Sequence[tuple[str, Outcome]]) -> None:
    """Keep what tries, in this order, say about their receivers (key, outcome)."""
    states: dict[str, dict[str, Any]] = {key: {} for key, _ in tries}
    failing = dict(session.execute(_FAILING, {"keys": list(states)}).all())
    for key, outcome in tries:
        states[key].update(_said(outcome, failing.get(key)))
        failing[key] = states[key]["failing_since"]
    for key, state in sorted(states.items()):
        statement = insert(session, ReceiverState).values(**{"key": key, "reason": "", **state})
        session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=state))


# Made once: it is run for every message.
_FAILING = (
    select(ReceiverState.key, ReceiverState.failing_since)
    .where(ReceiverState.key.in_(bindparam("keys", expanding=True)))
    .with_for_update()
)


def _said(outcome: Outcome, failing_since: datetime | None) -> dict[str, Any]:
    """Return the columns that one outcome changes."""
    if outcome.ok:
        return {"last_ok_at": outcome.at, "failing_since": None, "paused_until": None}
    failed = {
        "last_failed_at": outcome.at,
        "last_error": outcome.detail,
        "failing_since": failing_since or outcome.at,
        "paused_until": outcome.pause_until,
    }
    return {**failed, "disabled_at": outcome.at, "reason": outcome.detail} if outcome.gone else failed


def last_attempts(session: Session) -> dict[str, datetime]:
    """Return when each receiver was last tried."""
    rows = session.execute(select(ReceiverState.key, ReceiverState.last_ok_at, ReceiverState.last_failed_at))
    tried = ((key, [at for at in times if at is not None]) for key, *times in rows)
    return {key: max(times) for key, times in tried if times}


def receiver_disabled(session: Session, key: str) -> str | None:
    """Return why a receiver is switched off, or None when it is not."""
    return session.scalar(
        select(ReceiverState.reason).where(ReceiverState.key == key, ReceiverState.disabled_at.is_not(None))
    )


def disabled_receivers(session: Session) -> frozenset[str]:
    """Return the keys of the receivers that are switched off."""
    return frozenset(session.scalars(select(ReceiverState.key).where(ReceiverState.disabled_at.is_not(None))))


def resume(session: Session, keys: Collection[str]) -> None:
    """Leave receivers alone no longer: somebody wants something sent to them now."""
    session.execute(update(ReceiverState).where(ReceiverState.key.in_(keys)).values(paused_until=None))


def enable_receiver(session: Session, key: str) -> None:
    """Switch a receiver on again, and leave it alone no longer; does nothing when it is on."""
    on = update(ReceiverState).where(ReceiverState.key == key)
    session.execute(on.values(disabled_at=None, paused_until=None))
