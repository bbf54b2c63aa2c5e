"""Reach: where and how often the items of each case were seen, what they ask for, and the priority that follows.

Kept in the transaction that records the sightings, for the cases of their items. A membership notes how many sightings
its case has counted (`CaseItem.counted`), so that nothing is counted twice, an item that joins late brings what was
seen of it before, and what moves to another case takes its count along.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from detector.harm import harm_of, worst
from detector.items import Item
from detector.verdict import Decision
from storage.priority import JudgeWithin, weigh
from storage.schema import CampaignKeyRow, Case, CaseItem, CaseSource, ItemKey, ItemRow, Sighting
from storage.upsert import insert, table_of

LONGEST_HOST = 253  # characters of a name, as DNS has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One sighting, as a case counts it."""

    item_id: int
    kind: str
    source: str
    publisher_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A flagged item, for what it asks of people."""

    item_id: int
    item: Item
    decision: Decision
    changed: bool  # nobody has seen this content of it before


def publisher_of(url: str | None) -> str:
    """Return the host of the page that carried an item; nothing where none is told."""
    try:
        return (urlsplit(url).hostname or "")[:LONGEST_HOST] if url else ""
    except ValueError:
        return ""


def keep_up(
    session: Session,
    looks: Sequence[Look],
    asked: Mapping[int, Sequence[Asked]],
    *,
    brought: Iterable[int] = (),
    opened: Set[int] = frozenset(),
    judge_within: JudgeWithin | None = None,
) -> None:
    """Bring the cases of what was just recorded up to date: counts, sources, harm, priority, due date.

    Args:
        session: that has recorded the sightings and locked the cases.
        looks: the sightings.
        asked: by case, the flagged ones among what was seen.
        brought: other items that may have joined a case just now.
        opened: cases that were opened just now.
        judge_within: what is agreed; None: nothing.
    """
    by_item: dict[int, list[Look]] = defaultdict(list)
    for look in looks:
        by_item[look.item_id].append(look)
    members = [
        (case_id, item_id, counted)
        for case_id, item_id, counted in _members(session, {*by_item, *brought})
        if item_id in by_item or case_id in asked  # the other cases of what was brought along are not locked
    ]
    case_ids = {case_id for case_id, _, _ in members} | asked.keys()
    cases = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(case_ids)).order_by(Case.id))}
    fresh = {(case_id, item_id) for case_id, item_id, counted in members if not counted}
    late = _sighted(session, {item_id for _, item_id in fresh})
    places: dict[int, set[tuple[str, str, str]]] = defaultdict(set)
    counts: dict[tuple[int, int], int] = {}
    for case_id, item_id, counted in members:
        new = by_item[item_id] if counted else late[item_id]
        if new:
            counts[case_id, item_id] = len(new)
            places[case_id] |= {(look.source, look.kind, publisher_of(look.publisher_url)) for look in new}
    _count(session, cases, counts)
    _keep_places(session, cases, places)
    for case_id, case in cases.items():
        if case_id in opened:
            case.waiting_since = case.opened_at
        if case.harm_seen != "high":
            new_here = [one for one in asked.get(case_id, ()) if one.changed or (case_id, one.item_id) in fresh]
            ways = _ways(session, {one.item_id for one in new_here})
            harms = (harm_of(one.item, ways[one.item_id], one.decision) for one in new_here)
            case.harm_seen = worst((case.harm_seen, *harms))
        weigh(case)
        if judge_within is not None:
            _agree(case, judge_within.of(case.priority))
    session.flush()


def absorb(session: Session, into: Case, gone: Case) -> None:
    """Move what a case has counted into another one, with its items; both locked."""
    rows = session.execute(
        select(CaseSource.source, CaseSource.kind, CaseSource.publisher).where(CaseSource.case_id == gone.id)
    )
    _keep_places(session, {into.id: into}, {into.id: {(row.source, row.kind, row.publisher) for row in rows}})
    into.harm_seen = worst((into.harm_seen, gone.harm_seen))
    recount(session, into)
    recount(session, gone)


def recount(session: Session, case: Case) -> None:
    """Count anew what a locked case consists of, for whoever moved items into or out of it."""
    session.flush()
    counted = select(func.count(), func.coalesce(func.sum(CaseItem.counted), 0)).where(CaseItem.case_id == case.id)
    case.items, case.sightings = session.execute(counted).one()
    weigh(case)
    session.flush()


def _members(session: Session, item_ids: Set[int]) -> list[tuple[int, int, int]]:
    """Return case, item, and how many sightings of it the case has counted."""
    columns = table_of(CaseItem).c
    query = select(columns.case_id, columns.item_id, columns.counted).where(columns.item_id.in_(item_ids))
    return [(row.case_id, row.item_id, row.counted) for row in session.execute(query.order_by(columns.case_id))]


def _sighted(session: Session, item_ids: Set[int]) -> dict[int, list[Look]]:
    """Return every sighting of items, those of this transaction, too."""
    found: dict[int, list[Look]] = defaultdict(list)
    if not item_ids:
        return found
    query = (
        select(Sighting.item_id, ItemRow.kind, Sighting.source, Sighting.publisher_url)
        .join(ItemRow, ItemRow.id == Sighting.item_id)
        .where(Sighting.item_id.in_(item_ids))
    )
    for item_id, kind, source, publisher_url in session.execute(query):
        found[item_id].append(Look(item_id=item_id, kind=kind, source=source, publisher_url=publisher_url))
    return found


def _ways(session: Session, item_ids: Set[int]) -> dict[int, set[str]]:
    """Return in which ways each item hands people over, as its keys in campaigns say."""
    found: dict[int, set[str]] = defaultdict(set)
    if item_ids:
        query = (
            select(ItemKey.item_id, CampaignKeyRow.value)
            .join(CampaignKeyRow, CampaignKeyRow.id == ItemKey.key_id)
            .where(ItemKey.item_id.in_(item_ids), CampaignKeyRow.kind == "handoff")
        )
        for item_id, value in session.execute(query):
            found[item_id].add(value.partition(":")[0])
    return found


def _count(session: Session, cases: Mapping[int, Case], counts: Mapping[tuple[int, int], int]) -> None:
    """Add sightings of items (case, item) to what their cases have counted."""
    for (case_id, _), more in counts.items():
        cases[case_id].sightings += more
    if counts:
        rows = [{"case": case_id, "item": item_id, "more": more} for (case_id, item_id), more in counts.items()]
        session.connection().execute(_COUNT, rows)


_COUNT = (
    update(table_of(CaseItem))
    .where(table_of(CaseItem).c.case_id == bindparam("case"), table_of(CaseItem).c.item_id == bindparam("item"))
    .values(counted=table_of(CaseItem).c.counted + bindparam("more"))
)


def _keep_places(session: Session, cases: Mapping[int, Case], places: Mapping[int, Set[tuple[str, str, str]]]) -> None:
    """Add where items of cases were seen, and count the publishers of the cases that have new ones."""
    rows: list[dict[str, Any]] = [
        {"case_id": case_id, "source": source, "kind": kind, "publisher": publisher}
        for case_id, found in sorted(places.items())
        for source, kind, publisher in sorted(found)
    ]
    if not rows:
        return
    columns = table_of(CaseSource).c
    statement = insert(session, CaseSource).on_conflict_do_nothing().returning(columns.case_id, columns.publisher)
    grown = {case_id for case_id, publisher in session.execute(statement, rows) if publisher}
    if grown:
        counts = (
            select(columns.case_id, func.count(columns.publisher.distinct()))
            .where(columns.case_id.in_(grown), columns.publisher != "")
            .group_by(columns.case_id)
        )
        for case_id, publishers in session.execute(counts):
            cases[case_id].publishers = publishers


def _agree(case: Case, within: timedelta) -> None:
    """Keep the shortest time that was ever agreed for a case: a campaign that grows is due sooner, never later."""
    seconds = int(within.total_seconds())
    if case.judge_within is None or seconds < case.judge_within:
        case.judge_within = seconds
        weigh(case)
