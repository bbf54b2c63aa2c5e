"""Alert intents: that somebody must be told about a case, and when.

An intent is written with the case in one transaction and settled once: routed (`storage.routed`), or suppressed, e.g.
because a person has judged the case meanwhile. Nothing is deleted. While one about items is pending, further items only
raise its count; the partial unique index sees to it, whoever comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from storage.actions import SILENT
from storage.errors import CaseNotFound, ReplayRefused
from storage.schema import PENDING_ITEMS, PENDING_OTHER, AlertIntent, Case, IntentReason
from storage.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """When messages about a case may leave."""

    now: datetime
    wait: timedelta  # before the first one
    interval: timedelta  # between later ones


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingIntent:
    """Something to tell that is due."""

    id: int
    case_id: int
    reason: IntentReason
    count: int  # items that it tells of
    due_at: datetime
    created_at: datetime
    pressing: bool = False  # a person wants it told now


def tell_of_items(
    session: Session, reason: Literal["first", "new_items"], counts: Mapping[int, int], grouping: Grouping
) -> None:
    """Add an intent for each case (id -> number of items), or raise the count of the one that is pending.

    A first message waits for the rest of its group; later ones keep their distance from the one before.
    """
    if not counts:
        return
    before: dict[int, datetime] = {}
    if reason == "new_items":
        query = select(AlertIntent.case_id, func.max(AlertIntent.due_at)).group_by(AlertIntent.case_id)
        rows = session.execute(query.where(AlertIntent.case_id.in_(counts), AlertIntent.route.is_(None)))
        before = {case_id: due_at for case_id, due_at in rows if case_id is not None}
    delay = grouping.wait if reason == "first" else grouping.interval
    session.execute(
        insert(session, AlertIntent).on_conflict_do_update(
            index_elements=["case_id"],
            index_where=PENDING_ITEMS,
            set_={"count": AlertIntent.count + literal_column("excluded.count")},
        ),
        [
            {
                "case_id": case_id,
                "reason": reason,
                "state": "pending",
                "count": count,
                "created_at": grouping.now,
                "due_at": max(grouping.now, before.get(case_id, grouping.now)) + delay,
                "pressing": False,
            }
            for case_id, count in sorted(counts.items())
        ],
    )


def tell_of_relapse(session: Session, case_id: int, now: datetime) -> None:
    """Say that what was taken down is back; does nothing while that is pending."""
    _tell(session, case_id, "relapsed", now)


def tell_of_escalation(session: Session, case_id: int, now: datetime) -> None:
    """Say that nobody has judged a case in the agreed time; does nothing while that is pending."""
    _tell(session, case_id, "escalated", now)


def tell_of_notices(session: Session, case_id: int, now: datetime) -> None:
    """Say that somebody has to look at notices of a case; does nothing while that is pending."""
    _tell(session, case_id, "notice", now)


def add_repeat(session: Session, case_id: int, now: datetime) -> None:
    """Ask for one more message about a case, past all that holds messages back but a silence.

    Does nothing while one is pending.

    Raises:
        CaseNotFound: no case has this id.
        ReplayRefused: nothing about a case in this state is sent.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"there is no case {case_id}")
    if case.state in SILENT:
        what = f"part of case {case.merged_into}" if case.merged_into else case.state
        raise ReplayRefused(f"case {case_id} is {what}, nothing about it is sent; undo that first")
    _tell(session, case_id, "repeat", now, pressing=True)


def _tell(
    session: Session,
    case_id: int,
    reason: Literal["escalated", "relapsed", "repeat", "notice"],
    now: datetime,
    *,
    pressing: bool = False,
) -> None:
    session.execute(
        insert(session, AlertIntent)
        .values(case_id=case_id, reason=reason, state="pending", count=0, created_at=now, due_at=now, pressing=pressing)
        .on_conflict_do_nothing(index_elements=["case_id", "reason"], index_where=PENDING_OTHER)
    )


def due_intents(session: Session, now: datetime) -> list[int]:
    """Return the ids of what is due to be routed, oldest first; for whoever then takes it in small parts."""
    return list(session.scalars(_due(now).with_only_columns(AlertIntent.id)))


def pending_intents(
    session: Session, now: datetime, *, limit: int = 100, only: Sequence[int] | None = None
) -> list[PendingIntent]:
    """Return what is due to be routed (of `only`, if given), oldest first, locked until the transaction ends.

    Route it (`storage.routed.split`) in this transaction: items that arrive later then make an intent of their own.
    Another dispatcher gets other intents. Those of a snoozed case wait.
    """
    query = _due(now).limit(limit).with_for_update(skip_locked=True, of=AlertIntent)
    if only is not None:
        query = query.where(AlertIntent.id.in_(only))
    return [
        PendingIntent(
            id=intent.id,
            case_id=intent.case_id,
            reason=intent.reason,
            count=intent.count,
            due_at=intent.due_at,
            created_at=intent.created_at,
            pressing=intent.pressing,
        )
        for intent in session.scalars(query, execution_options={"populate_existing": True})
        if intent.case_id is not None
    ]


def may_be_told(now: datetime) -> ColumnElement[bool]:
    """Word in SQL which cases messages may be about: not those that are settled or asleep."""
    asleep = and_(Case.state == "snoozed", Case.snoozed_until > now)
    return ~or_(Case.state.in_(SILENT), asleep)


def _due(now: datetime) -> Select[AlertIntent]:
    return (
        select(AlertIntent)
        .join(Case, Case.id == AlertIntent.case_id)
        .where(AlertIntent.state == "pending", AlertIntent.route.is_(None), AlertIntent.due_at <= now)
        .where(may_be_told(now))
        .order_by(AlertIntent.due_at, AlertIntent.id)
    )


def suppress(session: Session, case_id: int, *, because_of: int, note: str, now: datetime) -> None:
    """Settle what is pending of a case whose items a person has judged; `because_of` is the log entry."""
    session.execute(
        update(AlertIntent)
        .where(AlertIntent.case_id == case_id, AlertIntent.state == "pending")
        .values(state="suppressed", settled_at=now, suppressed_by=because_of, note=note)
    )


def revive(session: Session, case_id: int, *, suppressed_by: int, missed: int, now: datetime) -> None:
    """Undo `suppress`, because the judgement was taken back. What was asked for by hand or to be repeated stays gone.

    Args:
        suppressed_by: the log entry that was taken back.
        missed: items that arrived meanwhile and made no intent, because the case was dismissed.
    """
    rows = session.scalars(
        select(AlertIntent).where(
            AlertIntent.case_id == case_id,
            or_(
                and_(AlertIntent.suppressed_by == suppressed_by, AlertIntent.reason != "repeat"),
                AlertIntent.state == "pending",
            ),
        ),
        execution_options={"populate_existing": True},
    ).all()
    pending = {_place(row): row for row in rows if row.state == "pending"}
    for row in rows:
        if row.state != "suppressed":
            continue
        if (there := pending.get(_place(row))) is not None:
            there.count += row.count
            continue
        row.state, row.settled_at, row.suppressed_by, row.note = "pending", None, None, None
        pending[_place(row)] = row
    session.flush()
    if missed:
        at_once = Grouping(now=now, wait=timedelta(0), interval=timedelta(0))
        tell_of_items(session, "new_items", {case_id: missed}, at_once)


def _place(intent: AlertIntent) -> tuple[str | None, str]:
    """Return what only one pending intent of a case may have."""
    alike = ("first", "new_items") if intent.route is None else ("first", "new_items", "relapsed", "repeat")
    return intent.route, "items" if intent.reason in alike else intent.reason


def move_pending(session: Session, from_case: int, to_case: int, *, now: datetime) -> None:
    """Let what is pending of a case be told of the case that it was merged into.

    What would be told of both is told once, with the items of both. Both cases are locked by the caller.
    """
    rows = session.scalars(
        select(AlertIntent).where(AlertIntent.case_id.in_([from_case, to_case]), AlertIntent.state == "pending"),
        execution_options={"populate_existing": True},
    ).all()
    kept = {_place(row): row for row in rows if row.case_id == to_case}
    for row in rows:
        if row.case_id != from_case:
            continue
        if (there := kept.get(_place(row))) is None:
            row.case_id = to_case
            kept[_place(row)] = row
            continue
        there.count += row.count
        row.state, row.settled_at, row.note = "suppressed", now, f"told with case {to_case}"
    session.flush()
