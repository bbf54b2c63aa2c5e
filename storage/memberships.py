"""Memberships: items in cases, with the version and the verdict that were flagged last, and what the log says of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from detector.items import Item
from storage.case_locks import MACHINE
from storage.case_log import NewEntry, append_log
from storage.schema import Case, CaseItem, ItemVersion, VerdictRow
from storage.upsert import table_of

Memberships = Mapping[tuple[int, int], tuple[int, int]]  # case and item -> version and verdict


class Member(Protocol):
    """An item that is to be in a case."""

    @property
    def item_id(self) -> int:
        """The item."""

    @property
    def version_id(self) -> int:
        """The version that was flagged."""

    @property
    def verdict_id(self) -> int:
        """The verdict that flagged it."""


def memberships(session: Session, item_ids: Collection[int]) -> Memberships:
    """Return the memberships of some items."""
    columns = table_of(CaseItem).c
    rows = session.execute(
        select(columns.case_id, columns.item_id, columns.version_id, columns.verdict_id).where(
            columns.item_id.in_(item_ids)
        )
    )
    return {(row.case_id, row.item_id): (row.version_id, row.verdict_id) for row in rows}


def cases_of(session: Session, item_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the cases that these items are in, with the items of each."""
    found: dict[int, list[int]] = defaultdict(list)
    for case_id, item_id in session.execute(
        select(CaseItem.case_id, CaseItem.item_id).where(CaseItem.item_id.in_(list(item_ids)))
    ):
        found[case_id].append(item_id)
    return found


def latest_items(session: Session, case_id: int, limit: int) -> list[Item]:
    """Return the items of a case that came last, as they were flagged, the latest first."""
    contents = session.scalars(
        select(ItemVersion.content)
        .join(CaseItem, CaseItem.version_id == ItemVersion.id)
        .where(CaseItem.case_id == case_id)
        .order_by(CaseItem.added_at.desc(), CaseItem.item_id.desc())
        .limit(limit)
    )
    return [msgspec.convert(content, Item) for content in contents]


def put_in(
    session: Session,
    members: Mapping[int, Sequence[Member]],
    cases: Mapping[int, Case],
    opened: Set[int],
    now: datetime,
) -> dict[int, list[int]]:
    """Write memberships and the log; return which items arrived in each case.

    A membership only moves forward, to a newer version or a newer verdict, so that two versions seen in turns
    (picture fetched, picture not fetched) do not fill the log.
    """
    known = memberships(session, {one.item_id for group in members.values() for one in group})
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}  # by: new in its case
    log: list[NewEntry] = []
    arrived: dict[int, list[int]] = {}
    for case_id, group in members.items():
        items: dict[bool, list[int]] = {True: [], False: []}
        latest = {one.item_id: one for one in sorted(group, key=lambda one: (one.version_id, one.verdict_id))}
        for item_id, one in latest.items():
            before = known.get((case_id, item_id))
            if before is None or before < (one.version_id, one.verdict_id):
                new = before is None
                items[new].append(item_id)
                place = {"case_id": case_id, "item_id": item_id}
                rows[new].append({**place, "version_id": one.version_id, "verdict_id": one.verdict_id})
        if items[True]:
            arrived[case_id] = items[True]
            cases[case_id].items += len(items[True])
            action = "opened" if case_id in opened else "items_added"
            log.append(_entry(case_id, now, action, items[True]))
        if items[False]:
            log.append(_entry(case_id, now, "items_changed", items[False]))
    if rows[True]:
        session.execute(insert(table_of(CaseItem)), [{**row, "added_at": now} for row in rows[True]])
    if rows[False]:
        session.execute(update(CaseItem), rows[False])
    append_log(session, cases, log)
    return arrived


def bring_along(session: Session, case: Case, item_ids: Set[int], now: datetime) -> list[int]:
    """Put the items whose links led to a flagged page into its case, with what they were judged as themselves.

    Returns:
        Those that were not in it.
    """
    if not item_ids:
        return []
    present = set(
        session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == case.id, CaseItem.item_id.in_(item_ids)))
    )
    rows = session.execute(
        select(ItemVersion.item_id, VerdictRow.version_id, VerdictRow.id)
        .join(ItemVersion, ItemVersion.id == VerdictRow.version_id)
        .where(ItemVersion.item_id.in_(item_ids - present), VerdictRow.brand == case.brand)
        .order_by(VerdictRow.id)
    )
    latest = {item_id: (version_id, verdict_id) for item_id, version_id, verdict_id in rows}
    if latest:
        session.execute(
            insert(table_of(CaseItem)),
            [
                {"case_id": case.id, "item_id": item, "version_id": version, "verdict_id": verdict, "added_at": now}
                for item, (version, verdict) in sorted(latest.items())
            ],
        )
        case.items += len(latest)
        append_log(session, {case.id: case}, [_entry(case.id, now, "items_added", sorted(latest))])
    return sorted(latest)


def _entry(case_id: int, now: datetime, action: str, items: list[int]) -> NewEntry:
    return NewEntry(case_id=case_id, at=now, who=MACHINE, action=action, data={"items": items})
