"""Alert intents: that somebody must be told about a case, and when.

An intent is written with the case in one transaction and settled once: routed, or suppressed because a person
has judged the case meanwhile. Nothing is deleted. While one about items is pending, further items only raise
its count; the partial unique index sees to it, whoever comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, and_, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from storage.errors import CaseNotFound, ReplayRefused
from storage.schema import PENDING_ITEMS, PENDING_REPEAT, AlertIntent, Case, IntentReason
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
        rows = session.execute(query.where(AlertIntent.case_id.in_(counts)))
        before = dict(rows.all())
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
            }
            for case_id, count in sorted(counts.items())
        ],
    )


def add_repeat(session: Session, case_id: int, now: datetime) -> None:
    """Ask for one more message about a case that waits for a person; does nothing while one is pending.

    Raises:
        CaseNotFound: no case has this id.
        ReplayRefused: the case is dismissed, so nothing about it is sent.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"there is no case {case_id}")
    if case.state == "dismissed":
        raise ReplayRefused(f"case {case_id} is dismissed, nothing about it is sent; undo that first")
    session.execute(
        insert(session, AlertIntent)
        .values(
            case_id=case_id,
            reason="repeat",
            state="pending",
            count=0,
            created_at=now,
            due_at=now,
        )
        .on_conflict_do_nothing(index_elements=["case_id"], index_where=PENDING_REPEAT)
    )


def due_intents(session: Session, now: datetime) -> list[int]:
    """Return the ids of what is due, oldest first; for whoever then takes it in small parts."""
    return list(session.scalars(_due(now).with_only_columns(AlertIntent.id)))


def pending_intents(
    session: Session, now: datetime, *, limit: int = 100, only: Sequence[int] | None = None
) -> list[PendingIntent]:
    """Return what is due (of `only`, if given), oldest first, locked until the transaction ends.

    Build the messages and call `storage.outbox.route_intent` in this transaction: items that arrive later then
    make an intent of their own. Another dispatcher gets other intents. Those of a snoozed case wait.
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
        )
        for intent in session.scalars(query, execution_options={"populate_existing": True})
    ]


def _due(now: datetime) -> Select[AlertIntent]:
    asleep = and_(Case.state == "snoozed", Case.snoozed_until > now)
    return (
        select(AlertIntent)
        .join(Case, Case.id == AlertIntent.case_id)
        .where(AlertIntent.state == "pending", AlertIntent.due_at <= now)
        .where(~or_(Case.state == "dismissed", asleep))
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
    """Undo `suppress`, because the judgement was taken back.

    Args:
        suppressed_by: the log entry that was taken back.
        missed: items that arrived meanwhile and made no intent, because the case was dismissed.
    """
    suppressed = session.scalar(
        select(AlertIntent).where(
            AlertIntent.case_id == case_id,
            AlertIntent.suppressed_by == suppressed_by,
            AlertIntent.reason != "repeat",
        )
    )
    pending = session.scalar(
        select(AlertIntent).where(
            AlertIntent.case_id == case_id, AlertIntent.state == "pending", AlertIntent.reason != "repeat"
        )
    )
    count = missed + (suppressed.count if suppressed else 0)
    if not count:
        return
    if pending is not None:
        pending.count += count
    elif suppressed is not None:
        suppressed.state, suppressed.settled_at = "pending", None
        suppressed.suppressed_by, suppressed.note = None, None
        suppressed.count = count
    else:
        at_once = Grouping(now=now, wait=timedelta(0), interval=timedelta(0))
        tell_of_items(session, "new_items", {case_id: count}, at_once)
    session.flush()
