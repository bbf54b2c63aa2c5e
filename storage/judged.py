"""What people decided, item by item, beside what the machine had said when they did."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.items import Item
from detector.verdict import Verdict
from storage.actions import judgement_of
from storage.batches import batched
from storage.case_items import verdict_from
from storage.case_locks import MACHINE
from storage.items import item_from
from storage.schema import Case, CaseLog, ItemRow, ItemVersion, Sighting, VerdictRow


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

    A judgement holds until a person takes it back, judges again or reopens the case; what comes of a confirmed case,
    its takedown and its end, changes nothing. What was dismissed as a duplicate does not count: that says nothing about
    the item. Items that came into the case later were never looked at and are left out; those of a case that a person
    has merged into a judged one follow that.
    """
    judgements = [
        (entry, items)
        for entry, items in _judgements(session)
        if entry.reason != "duplicate" and (since is None or entry.at >= since)
    ]
    cases: dict[int, Case] = {}
    for ids in batched([entry.case_id for entry, _ in judgements]):
        cases |= {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))}
    item_ids = sorted({item_id for _, items in judgements for item_id in items})
    verdicts = _flagged(session, item_ids)
    sources = _first_sources(session, item_ids)
    found = []
    for entry, items in judgements:
        case = cases[entry.case_id]
        if brand is not None and case.brand != brand:
            continue
        for item_id, looked_at in items.items():
            seen = [row for row in verdicts[item_id, case.brand] if row[1].judged_at <= looked_at]
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


def _judgements(session: Session) -> list[tuple[CaseLog, Mapping[int, datetime]]]:
    """Return the judgement that holds for each case, with the items it is about and when they were looked at."""
    touched = (
        select(CaseLog.case_id)
        .join(Case, Case.id == CaseLog.case_id)
        .where(CaseLog.action.in_(("confirm", "dismiss")), Case.state != "duplicate")
    )
    logs: dict[int, list[CaseLog]] = defaultdict(list)
    for entry in session.scalars(select(CaseLog).where(CaseLog.case_id.in_(touched)).order_by(CaseLog.id)):
        logs[entry.case_id].append(entry)
    found = [(held, _looked_at(log, held)) for log in logs.values() if (held := judgement_of(log)) is not None]
    return sorted(found, key=lambda one: one[0].id)


def _looked_at(log: Sequence[CaseLog], held: CaseLog) -> dict[int, datetime]:
    """Return the items that a judgement is about, and when somebody looked at each."""
    items: dict[int, datetime] = {}
    for entry in log:
        match entry.action:
            case "opened" | "items_added" if entry.id < held.id:
                items |= dict.fromkeys(entry.data["items"], held.at)
            case "merged" if entry.id < held.id or entry.who != MACHINE:
                items |= dict.fromkeys(entry.data["items"], max(held.at, entry.at))
            case "split" | "unmerged":
                for item_id in entry.data["items"]:
                    items.pop(item_id, None)
    return items


def _flagged(
    session: Session, item_ids: Sequence[int]
) -> dict[tuple[int, str], list[tuple[ItemVersion, VerdictRow, str]]]:
    found: dict[tuple[int, str], list[tuple[ItemVersion, VerdictRow, str]]] = defaultdict(list)
    for ids in batched(item_ids):
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
    for ids in batched(item_ids):
        query = select(Sighting.item_id, Sighting.source).where(Sighting.item_id.in_(ids)).order_by(Sighting.id)
        for item_id, source in session.execute(query):
            found.setdefault(item_id, source)
    return found
