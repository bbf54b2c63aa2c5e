"""Due notices: what somebody has to do about notices now, and what of it is worth telling, once for each due date.

A notice waits for somebody as long as `due_at` is set. That is a moment after which it is told; drafts, questions,
refusals and what is back are due at once.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from storage.actions import SILENT
from storage.batches import batched
from storage.intents import tell_of_notices
from storage.merging import family, root_of
from storage.notice_steps import OPEN
from storage.notice_views import NoticeView
from storage.notices import views
from storage.schema import Case, CaseState, NoticeReply, NoticeRow
from storage.upsert import table_of

Attention = Literal[  # the most pressing first
    "sending",  # a try did not end: nobody knows whether it arrived
    "lost",  # its mail came back: nobody there has read it
    "back",  # what was down is there again
    "information_requested",
    "refused",
    "overdue",  # no answer in time
    "dismissed",  # the case is no fraud after all: the channel should know
    "approval",  # a draft that another person must approve
    "draft",
]
ATTENTION: tuple[Attention, ...] = get_args(Attention)
WORKED_ON: frozenset[CaseState] = frozenset(("open", "confirmed", "snoozed", "takedown", "relapsed"))
_NOTICES = table_of(NoticeRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotice:
    """A notice that somebody has to do something about."""

    notice: NoticeView
    case: int  # the whole that its case is a part of
    why: Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class DueNotices:
    """All of them."""

    notices: tuple[
        DueNotice, ...
    ]  # the most pressing first, of each kind what waits longest; as many as were asked for
    counts: Mapping[Attention, int]  # of all; without zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """What a message about the notices of a case tells."""

    due: tuple[DueNotice, ...]
    answered: tuple[NoticeView, ...]  # that a message came back about, since


def due_notices(
    session: Session, now: datetime, *, approvals: bool, case_id: int | None = None, limit: int = 50
) -> DueNotices:
    """Return what waits for somebody.

    Args:
        approvals: a draft needs another person's approval before it is filed.
        case_id: of this case only, with all that it is a part of, or that is a part of it.
    """
    only = None if case_id is None else family(session, root_of(session, case_id))
    parts = [_attended(now, approvals=approvals, roots=None, only=only)]
    merged = (
        select(_NOTICES.c.case_id)
        .join(Case, Case.id == _NOTICES.c.case_id)
        .where(_NOTICES.c.due_at.is_not(None), Case.state == "duplicate")
        .distinct()
    )
    if only is not None:
        merged = merged.where(_NOTICES.c.case_id.in_(only))
    for some in batched(list(session.scalars(merged))):
        roots = {one: root_of(session, one) for one in some}
        parts.append(_attended(now, approvals=approvals, roots=roots, only=None))
    found = union_all(*(select(part) for part in parts)).cte("found")
    wanted = found.c.rank.is_not(None)
    first = select(found).where(wanted).order_by(found.c.rank, found.c.due_at, found.c.id).limit(limit).subquery()
    counted = select(found.c.rank, func.count(), cast(null(), BigInteger)).where(wanted).group_by(found.c.rank)
    both = union_all(counted, select(first.c.rank, first.c.id, first.c.root))  # what waits is read once
    counts: Counter[int] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for rank, number, root in session.execute(both):
        if root is None:
            counts[rank] = number
        else:
            ranked.append((rank, number, root))
    known = {one.id: one for one in views(session, _rows(session, [number for _, number, _ in ranked]))}
    due = [DueNotice(notice=known[number], case=root, why=ATTENTION[rank]) for rank, number, root in ranked]
    return DueNotices(
        notices=tuple(sorted(due, key=_pressing)),
        counts={ATTENTION[rank]: counts[rank] for rank in sorted(counts)},
    )


def _pressing(one: DueNotice) -> tuple[int, datetime | None, int]:
    return ATTENTION.index(one.why), one.notice.due_at, one.notice.id


def remind_of_notices(session: Session, now: datetime, *, limit: int) -> int:
    """Tell of notices that are due, each once for each due date; return at how many was looked."""
    query = _unreminded(now).order_by(_NOTICES.c.due_at).limit(limit).with_for_update(skip_locked=True)
    rows = session.execute(query.with_only_columns(_NOTICES.c.id, _NOTICES.c.case_id)).all()
    if rows:
        session.execute(update(_NOTICES).where(_NOTICES.c.id.in_([row.id for row in rows])).values(reminded_at=now))
    wholes = {root_of(session, row.case_id) for row in rows}
    told = select(Case.id).where(Case.id.in_(wholes), Case.state.not_in(sorted(SILENT))).order_by(Case.id)
    for case_id in session.scalars(told).all():
        tell_of_notices(session, case_id, now)
    return len(rows)


def any_unreminded(session: Session, now: datetime) -> bool:
    """Tell whether there is something for `remind_of_notices` to do."""
    return session.scalar(_unreminded(now).limit(1)) is not None


def to_tell(session: Session, case_id: int, since: datetime, now: datetime, *, approvals: bool) -> ToTell:
    """Return what is worth telling of the notices of a case: what is past its due date, and answers since a time."""
    due = due_notices(session, now, approvals=approvals, case_id=case_id).notices
    answered = (
        select(NoticeReply.notice_id)
        .join(NoticeRow, NoticeRow.id == NoticeReply.notice_id)
        .where(NoticeRow.case_id.in_(family(session, case_id)), NoticeReply.recorded_at >= since)
    )
    numbers = list(session.scalars(answered.distinct()))
    returned = {one.notice.id for one in due if one.why == "lost"}
    return ToTell(
        due=tuple(one for one in due if one.notice.due_at is not None and one.notice.due_at <= now),
        answered=tuple(one for one in views(session, _rows(session, numbers)) if one.id not in returned),
    )


def _rows(session: Session, numbers: Collection[int]) -> list[NoticeRow]:
    return list(session.scalars(select(NoticeRow).where(NoticeRow.id.in_(numbers)).order_by(NoticeRow.id)))


def _unreminded(now: datetime) -> Select[int]:
    untold = or_(_NOTICES.c.reminded_at.is_(None), _NOTICES.c.reminded_at < _NOTICES.c.due_at)
    return select(_NOTICES.c.id).where(untold, _NOTICES.c.due_at <= now)


def _attended(
    now: datetime, *, approvals: bool, roots: Mapping[int, int] | None, only: Collection[int] | None
) -> Subquery:
    """Word in SQL which notices wait: of cases that stand alone, or with `roots` (part -> whole) of parts of others."""
    root = aliased(Case)
    number: ColumnElement[int] = _NOTICES.c.case_id if roots is None else case(roots, value=_NOTICES.c.case_id)
    query = (
        select(_NOTICES.c.id, _NOTICES.c.due_at, root.id.label("root"), _rank(now, root.state, approvals).label("rank"))
        .join(root, root.id == number)
        .where(_NOTICES.c.due_at.is_not(None), root.state != "closed")
        .where(root.state != "duplicate" if roots is None else _NOTICES.c.case_id.in_(roots))
    )
    if only is not None:
        query = query.where(_NOTICES.c.case_id.in_(only))
    return query.subquery()


def _rank(now: datetime, of_case: Any, approvals: bool) -> ColumnElement[int | None]:
    """Word in SQL how pressing a notice is: a place in `ATTENTION`, or null where nobody has to do anything."""
    state, over = _NOTICES.c.state, _NOTICES.c.due_at <= now
    worked_on = of_case.in_(sorted(WORKED_ON))
    draft = and_(state == "draft", _NOTICES.c.sending_at.is_(None), worked_on)
    unapproved = and_(draft, _NOTICES.c.approved_at.is_(None)) if approvals else None
    lost, arrived = _NOTICES.c.lost_at.is_not(None), _NOTICES.c.lost_at.is_(None)
    waits = and_(state.in_(("filed", "acknowledged")), arrived)
    asked = and_(state == "information_requested", arrived)
    conditions: list[tuple[Attention, ColumnElement[bool] | None]] = [
        ("sending", and_(state == "draft", _NOTICES.c.sending_at.is_not(None), over)),
        ("lost", and_(state.in_(sorted(OPEN)), lost, worked_on)),
        ("back", and_(state == "back", worked_on)),
        ("information_requested", and_(asked, worked_on)),
        ("refused", and_(state == "refused", worked_on)),
        # Who only warns of a page, or notes it, need not be asked what became of one that is gone.
        ("overdue", and_(waits, over, or_(worked_on, and_(of_case == "down", _NOTICES.c.actor != "everyone")))),
        ("dismissed", and_(or_(waits, asked), of_case == "dismissed")),
        ("approval", unapproved),
        ("draft", draft),
    ]
    return case(*((when, ATTENTION.index(why)) for why, when in conditions if when is not None), else_=None)
