"""Case facts: what routes, silences and inhibitions ask of a case, of many cases at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from detector.items import Kind
from detector.verdict import Decision
from storage.actions import state_at
from storage.batches import batched
from storage.schema import (
    CampaignKeyRow,
    Case,
    CaseItem,
    CaseKey,
    CaseState,
    ItemRow,
    ItemVersion,
    Sighting,
    VerdictRow,
)

MOST_ITEMS = 200  # of a case, the best scored; as many as a message is made from


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What may be asked of one item of a case."""

    kind: Kind
    platform: str | None
    sources: frozenset[str]
    countries: frozenset[str]
    signals: frozenset[str]  # that it was flagged for
    advertiser: str | None  # PLATFORM:ID


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What may be asked of a case."""

    id: int
    brand: str
    state: CaseState  # a snooze that has run out reads "open"
    score: float
    priority: float
    decision: Decision
    tags: frozenset[str]
    items: tuple[ItemFacts, ...]  # best scored first


def facts_of(session: Session, case_ids: Collection[int], now: datetime) -> dict[int, CaseFacts]:
    """Return the facts of cases, by id."""
    found: dict[int, CaseFacts] = {}
    for ids in batched(sorted(set(case_ids))):
        found |= _facts(session, ids, now)
    return found


def _facts(session: Session, ids: Collection[int], now: datetime) -> dict[int, CaseFacts]:
    items = _items(session, ids)
    query = select(Case.id, Case.brand, Case.state, Case.snoozed_until, Case.score, Case.priority, Case.decision)
    return {
        row.id: CaseFacts(
            id=row.id,
            brand=row.brand,
            state=state_at(row.state, row.snoozed_until, now),
            score=row.score,
            priority=row.priority,
            decision=row.decision,
            tags=frozenset(row.tags),
            items=tuple(items[row.id]),
        )
        for row in session.execute(query.add_columns(Case.tags).where(Case.id.in_(ids)))
    }


def neighbours(
    session: Session, facts: CaseFacts, *, states: Sequence[CaseState], brand: bool, advertiser: bool, limit: int
) -> list[int]:
    """Return other cases in these states that are of the same brand or advertiser, most urgent first.

    Args:
        brand: they are of the case's brand; without it and without `advertiser` any case is meant.
        advertiser: an item of theirs has an advertiser that an item of the case has, of the same brand.
    """
    query = select(Case.id).where(Case.id != facts.id, Case.state.in_(states))
    if brand or advertiser:
        query = query.where(Case.brand == facts.brand)
    if advertiser:
        mine, theirs = aliased(CaseKey), aliased(CaseKey)
        query = query.where(
            exists()
            .where(mine.case_id == facts.id, theirs.key_id == mine.key_id, theirs.case_id == Case.id)
            .where(CampaignKeyRow.id == mine.key_id, CampaignKeyRow.kind == "advertiser")
        )
    return list(session.scalars(query.order_by(Case.priority.desc(), Case.id).limit(limit)))


def _items(session: Session, case_ids: Collection[int]) -> dict[int, list[ItemFacts]]:
    place = func.row_number().over(
        partition_by=CaseItem.case_id, order_by=(VerdictRow.score.desc(), CaseItem.added_at, CaseItem.item_id)
    )
    best = (
        select(CaseItem.case_id, CaseItem.item_id, CaseItem.version_id, CaseItem.verdict_id, place.label("place"))
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id.in_(case_ids))
        .subquery()
    )
    query = (
        select(best.c.case_id, ItemRow.id, ItemRow.kind, ItemRow.platform, ItemVersion.content, VerdictRow.evidence)
        .join(ItemRow, ItemRow.id == best.c.item_id)
        .join(ItemVersion, ItemVersion.id == best.c.version_id)
        .join(VerdictRow, VerdictRow.id == best.c.verdict_id)
        .where(best.c.place <= MOST_ITEMS)
        .order_by(best.c.case_id, best.c.place)
    )
    rows = session.execute(query).all()
    sources = _sources(session, sorted({row.id for row in rows}))
    found: dict[int, list[ItemFacts]] = defaultdict(list)
    for row in rows:
        content: Mapping[str, Any] = row.content if isinstance(row.content, dict) else {}
        found[row.case_id].append(
            ItemFacts(
                kind=row.kind,
                platform=row.platform,
                sources=frozenset(sources[row.id]),
                countries=frozenset(content.get("countries") or ()),
                signals=frozenset(one["signal"] for one in row.evidence if one["weight"] > 0),
                advertiser=_advertiser(row.platform, content),
            )
        )
    return found


def _advertiser(platform: str | None, content: Mapping[str, Any]) -> str | None:
    advertiser = content.get("advertiser") or {}
    return f"{platform or ''}:{advertiser['id']}" if advertiser.get("id") else None


def _sources(session: Session, item_ids: Collection[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for ids in batched(list(item_ids)):
        query = select(Sighting.item_id, Sighting.source).where(Sighting.item_id.in_(ids))
        for item_id, source in session.execute(query.distinct()):
            found[item_id].add(source)
    return found
