"""What people decided, item by item, beside what the machine had said when they did."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.items import Item
from detector.verdict import Verdict
from storage.cases import verdict_from
from storage.items import item_from
from storage.schema import Case, CaseLog, ItemRow, ItemVersion, Sighting, VerdictRow

_MANY = 500  # ids in one query; SQLite takes some thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One item of a case that a person confirmed or dismissed, as it stood then."""

    case_id: int
    campaign: str
    item: Item
    verdict: Verdict  # the flagged one that the person saw
    confirmed: bool
    reason: str  # "confirmed", or why it was dismissed
    at: datetime  # of the judgement
    source: str  # that saw the item first


def judged_items(session: Session, *, brand: str | None = None, since: datetime | None = None) -> list[Judged]:
    """Return every item that was in a case when a person confirmed or dismissed it, in the order of the judgements.

    What was taken back does not count, nor what was dismissed as a duplicate: that says nothing about the item. Items
    that came into the case later were never looked at and are left out.
    """
    judgements = [
        (entry, items)
        for entry, items in _judgements(session)
        if entry.reason != "duplicate" and (since is None or entry.at >= since)
    ]
    cases: dict[int, Case] = {}
    for ids in _chunks([entry.case_id for entry, _ in judgements]):
        cases |= {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))}
    item_ids = sorted({item_id for _, items in judgements for item_id in items})
    verdicts = _flagged(session, item_ids)
    sources = _first_sources(session, item_ids)
    found = []
    for entry, items in judgements:
        case = cases[entry.case_id]
        if brand is not None and case.brand != brand:
            continue
        for item_id in items:
            seen = [row for row in verdicts[item_id, case.brand] if row[1].judged_at <= entry.at]
            if not seen:
                continue
            version, verdict, external_id = max(seen, key=lambda row: (row[0].id, row[1].id))
            found.append(
                Judged(
                    case_id=case.id,
                    campaign=case.campaign,
                    item=item_from(version.content),
                    verdict=verdict_from(verdict, external_id),
                    confirmed=entry.action == "confirm",
                    reason="confirmed" if entry.action == "confirm" else entry.reason or "other",
                    at=entry.at,
                    source=sources[item_id],
                )
            )
    return found


def _judgements(session: Session) -> list[tuple[CaseLog, Sequence[int]]]:
    """Return the judgement that holds for each case, with the items that were in the case before it."""
    touched = select(CaseLog.case_id).where(CaseLog.action.in_(("confirm", "dismiss")))
    logs: dict[int, list[CaseLog]] = defaultdict(list)
    for entry in session.scalars(select(CaseLog).where(CaseLog.case_id.in_(touched)).order_by(CaseLog.id)):
        logs[entry.case_id].append(entry)
    found: list[tuple[CaseLog, Sequence[int]]] = []
    for log in logs.values():
        undone = {entry.data["undoes"] for entry in log if entry.action == "undo"}
        held = [entry for entry in log if entry.action in ("confirm", "dismiss") and entry.id not in undone]
        if held:
            arrived = (entry for entry in log if entry.action in ("opened", "items_added") and entry.id < held[-1].id)
            found.append((held[-1], [item_id for entry in arrived for item_id in entry.data["items"]]))
    return sorted(found, key=lambda one: one[0].id)


def _flagged(
    session: Session, item_ids: Sequence[int]
) -> dict[tuple[int, str], list[tuple[ItemVersion, VerdictRow, str]]]:
    found: dict[tuple[int, str], list[tuple[ItemVersion, VerdictRow, str]]] = defaultdict(list)
    for ids in _chunks(item_ids):
        query = (
            select(ItemVersion, VerdictRow, ItemRow.external_id)
            .join(VerdictRow, VerdictRow.version_id == ItemVersion.id)
            .join(ItemRow, ItemRow.id == ItemVersion.item_id)
            .where(ItemVersion.item_id.in_(ids), VerdictRow.decision.in_(("impersonation", "suspicious")))
        )
        for version, verdict, external_id in session.execute(query):
            found[version.item_id, verdict.brand].append((version, verdict, external_id))
    return found


def _first_sources(session: Session, item_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for ids in _chunks(item_ids):
        query = select(Sighting.item_id, Sighting.source).where(Sighting.item_id.in_(ids)).order_by(Sighting.id)
        for item_id, source in session.execute(query):
            found.setdefault(item_id, source)
    return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
