"""Lists of cases: filtered, ordered, a page at a time.

Each state of the filter is a range of its own in an index that ends with the order, so that a page is read in the time
of its rows however many cases there are. The next page begins behind the last row of the one before (`Place`): nothing
is skipped or shown twice because somebody judged meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from detector.evidence import Evidence, accusing, evidence_from_json
from storage.actions import state_at
from storage.batches import batched
from storage.case_views import CaseDetail, CaseSummary
from storage.schema import Case, CaseLog, CaseSource, CaseState, VerdictRow
from storage.views import NOBODY, CaseFilters

CaseOrder = Literal["priority", "score", "age"]  # the highest first, of one value the oldest; by age the oldest first
_COLUMNS: dict[CaseOrder, InstrumentedAttribute[Any]] = {
    "priority": Case.priority,
    "score": Case.score,
    "age": Case.opened_at,
}
_ALL = CaseFilters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row of an ordered list, for the page that begins behind it."""

    value: float | datetime
    id: int


def place_of(case: CaseSummary | CaseDetail, order: CaseOrder = "priority") -> Place:
    """Return the place of a case in a list of this order."""
    values: dict[CaseOrder, float | datetime] = {
        "priority": case.priority,
        "score": case.score,
        "age": case.opened_at,
    }
    return Place(value=values[order], id=case.id)


def list_cases(
    session: Session,
    filters: CaseFilters = _ALL,
    *,
    order: CaseOrder = "priority",
    after: Place | None = None,
    limit: int = 50,
    now: datetime,
    backwards: bool = False,
) -> list[CaseSummary]:
    """Return one page of cases.

    Args:
        filters: ME is nobody here; `CaseFilters.of` first.
        after: the last case of the page before.
        backwards: walk the list from its end, or from `after`, to its beginning.
        now: for states and ages; a case whose snooze has run out is open.
    """
    column = _COLUMNS[order]
    ascending = (order == "age") is not backwards
    pages = []
    for state in _ranges(filters, now):
        page = select(Case.id, column.label("value")).where(state, *_conditions(filters, now))
        if after is not None:
            behind = column > after.value if ascending else column < after.value
            next_id = Case.id < after.id if backwards else Case.id > after.id
            page = page.where(column >= after.value if ascending else column <= after.value, or_(behind, next_id))
        page = page.order_by(column if ascending else column.desc(), Case.id.desc() if backwards else Case.id).limit(
            limit
        )
        pages.append(select(page.subquery()))
    if not pages:
        return []
    merged = union_all(*pages).subquery()
    value = merged.c.value if ascending else merged.c.value.desc()
    place = merged.c.id.desc() if backwards else merged.c.id
    ids = session.scalars(select(merged.c.id).order_by(value, place).limit(limit)).all()
    return summaries(session, ids, now)


def count_cases(session: Session, filters: CaseFilters = _ALL, *, now: datetime, most: int | None = None) -> int:
    """Return how many cases a list has in all; at `most` nobody counts on."""
    in_state = or_(false(), *_ranges(filters, now))
    conditions = (in_state, *_conditions(filters, now))
    if most is None:
        return session.scalar(select(func.count()).select_from(Case).where(*conditions)) or 0
    some = select(Case.id).where(*conditions).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def fitting(session: Session, filters: CaseFilters, ids: Sequence[int], *, now: datetime) -> set[int]:
    """Return which of some cases a list has."""
    in_state = or_(false(), *_ranges(filters, now))
    found: set[int] = set()
    for some in batched(ids):
        found |= set(session.scalars(select(Case.id).where(Case.id.in_(some), in_state, *_conditions(filters, now))))
    return found


def summaries(session: Session, ids: Sequence[int], now: datetime | None) -> list[CaseSummary]:
    """Return cases as lines of a list, in the order of their ids.

    Args:
        now: for the state; without it a snoozed case reads "snoozed" even when its time has run out.
    """
    found: list[CaseSummary] = []
    for some in batched(ids):
        found += _read(session, some, now)
    return found


def _read(session: Session, ids: Sequence[int], now: datetime | None) -> list[CaseSummary]:
    query = select(Case).where(Case.id.in_(ids))
    cases = {case.id: case for case in session.scalars(query, execution_options={"populate_existing": True})}
    last = select(CaseLog.case_id, func.max(CaseLog.id)).group_by(CaseLog.case_id)
    log_ids = dict(session.execute(last.where(CaseLog.case_id.in_(ids))).all())
    best = select(VerdictRow.id, VerdictRow.evidence)
    rows = session.execute(best.where(VerdictRow.id.in_([one.verdict_id for one in cases.values()])))
    evidence: dict[int, list[dict[str, Any]]] = dict(rows.all())
    return [
        _summary(cases[case_id], log_ids[case_id], _most_telling(evidence[cases[case_id].verdict_id]), now)
        for case_id in ids
        if case_id in cases
    ]


def _summary(case: Case, log_id: int, top: Evidence | None, now: datetime | None) -> CaseSummary:
    return CaseSummary(
        id=case.id,
        brand=case.brand,
        campaign=case.campaign,
        state=case.state if now is None else state_at(case.state, case.snoozed_until, now),
        snoozed_until=case.snoozed_until,
        score=case.score,
        decision=case.decision,
        items=case.items,
        opened_at=case.opened_at,
        last_seen=case.last_seen,
        assignee=case.assignee,
        title=case.title,
        top_evidence=top,
        log_id=log_id,
        priority=case.priority,
        harm=case.harm,
        due_at=case.due_at,
        judged_at=case.judged_at,
        merged_into=case.merged_into,
        tags=tuple(case.tags),
        held=case.held,
        suppressed_until=case.suppressed_until,
        takedown_asked=case.takedown_asked,
        sightings=case.sightings,
        publishers=case.publishers,
    )


def _most_telling(evidence: Sequence[dict[str, Any]]) -> Evidence | None:
    return min(map(evidence_from_json, evidence), key=accusing, default=None)


def _ranges(filters: CaseFilters, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each state as it is stored; together they word `storage.actions.state_at`."""
    states: dict[CaseState, None] = dict.fromkeys(filters.states)
    for state in states:
        if state == "snoozed":
            yield and_(Case.state == state, Case.snoozed_until > now)
        else:
            yield Case.state == state
    if "open" in states:
        yield and_(Case.state == "snoozed", Case.snoozed_until <= now)


def _conditions(filters: CaseFilters, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what the filter asks for besides the state."""
    if filters.brand is not None:
        yield Case.brand == filters.brand
    if filters.min_score > 0:
        yield Case.score >= filters.min_score
    if filters.min_priority > 0:
        yield Case.priority >= filters.min_priority
    if filters.assignee is not None:
        yield Case.assignee.is_(None) if filters.assignee == NOBODY else Case.assignee == filters.assignee
    if filters.tag is not None:
        yield literal_column("cases.tags <> '[]'", Boolean)  # the words of the index on tagged cases
        yield type_coerce(Case.tags, Text).contains(f'"{filters.tag}"', autoescape=True)  # a tag has no quotes
    if filters.older is not None:
        yield Case.opened_at <= now - filters.older
    if filters.younger is not None:
        yield Case.opened_at >= now - filters.younger
    if filters.text is not None:
        yield type_coerce(Case.title, Text).icontains(filters.text, autoescape=True)
    if filters.source is not None:
        yield exists().where(CaseSource.case_id == Case.id, CaseSource.source == filters.source)
    if filters.kind is not None:
        yield exists().where(CaseSource.case_id == Case.id, CaseSource.kind == filters.kind)
