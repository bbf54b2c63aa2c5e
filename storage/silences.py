"""Silences: nothing is told of the cases that they match until they end.

A silence is never changed: that it ended early is noted beside it. What it kept from being told stays in the outbox
with its number, and is told once when it is over, if the case still wants a person (`wake`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from storage.actions import UNJUDGED
from storage.errors import SilenceNotFound, SilenceRefused
from storage.routed import Share, entrust
from storage.schema import AlertIntent, Case, SilenceRow

LONGEST = timedelta(days=90)
WAKING = 200  # silences looked at in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceView:
    """A silence, and what it kept from being told."""

    id: int
    created_at: datetime
    created_by: str
    reason: str
    matches: Mapping[str, Any]  # as `config.routes.Matcher`
    ends_at: datetime  # early or not
    expired_by: str | None  # who ended it before its time
    state: Literal["active", "over"]
    messages: int  # kept from being told
    cases: int  # that those are about


def add_silence(
    session: Session, matches: Mapping[str, Any], *, who: str, reason: str, until: datetime, now: datetime
) -> int:
    """Add a silence from now on; return its number.

    Args:
        matches: builtins for JSON, as `config.routes.Matcher` writes them.

    Raises:
        SilenceRefused: no reason, no person, an end that is past or further away than `LONGEST`.
    """
    if not who.strip() or not reason.strip():
        raise SilenceRefused("a silence needs a person and a reason")
    if until <= now:
        raise SilenceRefused("a silence needs an end in the future")
    if until - now > LONGEST:
        raise SilenceRefused(f"a silence ends after at most {LONGEST.days} days; set it again then, if it is still due")
    row = SilenceRow(created_at=now, created_by=who, reason=reason, matches=dict(matches), ends_at=until)
    session.add(row)
    session.flush()
    return row.id


def expire_silence(session: Session, silence_id: int, *, who: str, now: datetime) -> None:
    """End a silence now.

    Raises:
        SilenceNotFound: no silence has this number.
        SilenceRefused: it is over already.
    """
    row = session.get(SilenceRow, silence_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise SilenceNotFound(f"there is no silence {silence_id}")
    if _end(row) <= now:
        raise SilenceRefused(f"silence {silence_id} is over already")
    row.expired_at, row.expired_by = now, who
    session.flush()


def list_silences(session: Session, now: datetime, *, over: bool = False, limit: int = 200) -> list[SilenceView]:
    """Return the silences that hold, newest first; with `over` also those that have ended."""
    query = select(SilenceRow).order_by(SilenceRow.id.desc()).limit(limit)
    if not over:
        query = query.where(SilenceRow.ends_at > now, SilenceRow.expired_at.is_(None))
    rows = session.scalars(query).all()
    kept = select(AlertIntent.silence_id, func.count(AlertIntent.id), func.count(AlertIntent.case_id.distinct()))
    counts = {
        silence_id: (messages, cases)
        for silence_id, messages, cases in session.execute(
            kept.where(AlertIntent.silence_id.in_([row.id for row in rows])).group_by(AlertIntent.silence_id)
        )
    }
    return [
        SilenceView(
            id=row.id,
            created_at=row.created_at,
            created_by=row.created_by,
            reason=row.reason,
            matches=row.matches,
            ends_at=_end(row),
            expired_by=row.expired_by,
            state="active" if _end(row) > now else "over",
            messages=counts.get(row.id, (0, 0))[0],
            cases=counts.get(row.id, (0, 0))[1],
        )
        for row in rows
    ]


def active_silences(session: Session, now: datetime) -> list[tuple[int, Mapping[str, Any]]]:
    """Return number and matches of the silences that hold, oldest first."""
    query = select(SilenceRow.id, SilenceRow.matches).where(SilenceRow.woken_at.is_(None))
    query = query.where(SilenceRow.ends_at > now, SilenceRow.expired_at.is_(None))
    return [(row.id, row.matches) for row in session.execute(query.order_by(SilenceRow.id))]


def wake(session: Session, now: datetime) -> int:
    """Have told, once, what silences kept back that are over; return how many messages that makes.

    Only about cases that still want a person: what was judged meanwhile is no news.
    """
    over = (
        select(SilenceRow)
        .where(SilenceRow.woken_at.is_(None), or_(SilenceRow.ends_at <= now, SilenceRow.expired_at.is_not(None)))
        .order_by(SilenceRow.id)
        .limit(WAKING)
        .with_for_update(skip_locked=True)
    )
    woken = 0
    for silence in session.scalars(over, execution_options={"populate_existing": True}).all():
        silence.woken_at = now
        woken += _wake(session, silence.id, now)
    session.flush()
    return woken


def _wake(session: Session, silence_id: int, now: datetime) -> int:
    rows = session.execute(
        select(AlertIntent.case_id, AlertIntent.route, AlertIntent.fold, AlertIntent.reason)
        .add_columns(AlertIntent.count.label("items"), AlertIntent.created_at)
        .join(Case, Case.id == AlertIntent.case_id)
        .where(AlertIntent.silence_id == silence_id, Case.state.in_(UNJUDGED))
        .order_by(AlertIntent.id)
    ).mappings()
    # The same case again for the same route adds to one message: `entrust` sees to it.
    shares = [
        (Share(route=row["route"], fold=row["fold"]), row["case_id"], row["reason"], row["items"], row["created_at"])
        for row in rows
    ]
    entrust(session, shares, now=now)
    return len({(share.route, case_id) for share, case_id, _, _, _ in shares})


def _end(row: SilenceRow) -> datetime:
    return row.ends_at if row.expired_at is None else min(row.ends_at, row.expired_at)
