"""Reminders: what time alone makes worth telling. Found through indexes, taken once, by whoever comes first.

- a case was told and nobody has judged it: `repeat_at` and `escalate_at` of the intent that told it
- a case is past the time in which a person was to judge it: `cases.due_at`
- somebody has to look at a notice: `notices.due_at` (`storage.notice_due`)

Noting that it was found and telling it are one transaction, so that a kill in between finds it again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from storage.actions import UNJUDGED
from storage.intents import tell_of_escalation
from storage.notice_due import any_unreminded
from storage.routed import Share, entrust, lock_route
from storage.schema import AlertIntent, Case, SilenceRow
from storage.upsert import table_of

_CASES = table_of(Case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """What one look found."""

    cases: tuple[int, ...]  # that are told again, or told to others
    looked: int  # at so many reminders that were due; as many as the limit: there may be more


def lock_routes_due(session: Session, now: datetime) -> None:
    """Keep who decides for the routes with something due out, in the order of their names; before `remind`."""
    due = select(AlertIntent.route).where(or_(AlertIntent.repeat_at <= now, AlertIntent.escalate_at <= now)).distinct()
    for route in sorted(route for route in session.scalars(due) if route is not None):
        lock_route(session, route)


def remind(session: Session, what: Literal["repeat", "escalate"], now: datetime, *, limit: int) -> Reminded:
    """Tell again, or escalate, cases that were told and that nobody has judged in the time of their route."""
    at = AlertIntent.repeat_at if what == "repeat" else AlertIntent.escalate_at
    query = (
        select(AlertIntent, Case.state, Case.snoozed_until)
        .join(Case, Case.id == AlertIntent.case_id)
        .where(at <= now)
        .order_by(at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=AlertIntent)
    )
    rows = session.execute(query, execution_options={"populate_existing": True}).all()
    told: dict[tuple[int, str], AlertIntent] = {}
    for intent, state, snoozed_until in rows:
        asleep = snoozed_until if snoozed_until is not None and snoozed_until > now else None
        if what == "repeat":
            intent.repeat_at = asleep
        else:
            intent.escalate_at = asleep
        if asleep is None and state in UNJUDGED and intent.case_id is not None and intent.route is not None:
            told[intent.case_id, intent.route] = intent
    session.flush()
    entrust(
        session,
        [
            (Share(route=route, fold=str(intent.fold)), case_id, _REASONS[what], 0, now)
            for (case_id, route), intent in told.items()
        ],
        now=now,
    )
    return Reminded(cases=tuple(dict.fromkeys(case_id for case_id, _ in told)), looked=len(rows))


_REASONS: dict[Literal["repeat", "escalate"], Literal["repeat", "escalated"]] = {
    "repeat": "repeat",
    "escalate": "escalated",
}


def escalate_due(session: Session, now: datetime, *, limit: int) -> Reminded:
    """Escalate cases that are past their `due_at` and that nobody has judged; each once for each due date."""
    query = _late(now).order_by(_CASES.c.due_at).limit(limit).with_for_update(skip_locked=True, key_share=True)
    found = list(session.scalars(query))
    if found:
        session.execute(update(_CASES).where(_CASES.c.id.in_(found)).values(escalated_at=now))
    for case_id in sorted(found):
        tell_of_escalation(session, case_id, now)
    return Reminded(cases=tuple(found), looked=len(found))


def anything_due(session: Session, now: datetime) -> bool:
    """Tell whether there is something for `remind`, `escalate_due`, `remind_of_notices` or `wake` to do."""
    over = or_(SilenceRow.ends_at <= now, SilenceRow.expired_at.is_not(None))
    looks = (
        select(AlertIntent.id).where(AlertIntent.repeat_at <= now),
        select(AlertIntent.id).where(AlertIntent.escalate_at <= now),
        _late(now),
        select(SilenceRow.id).where(SilenceRow.woken_at.is_(None), over),
    )
    return any(session.scalar(look.limit(1)) is not None for look in looks) or any_unreminded(session, now)


def _late(now: datetime) -> Select[int]:
    return (
        select(_CASES.c.id)
        .where(or_(_CASES.c.escalated_at.is_(None), _CASES.c.escalated_at < _CASES.c.due_at))
        .where(_CASES.c.due_at <= now, _CASES.c.state.in_(UNJUDGED))
        .where(or_(_CASES.c.snoozed_until.is_(None), _CASES.c.snoozed_until <= now))
    )
