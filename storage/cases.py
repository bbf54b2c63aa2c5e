"""Cases as people read them: one in full. The list is `storage.case_list`, judging `storage.judgements`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from detector.evidence import evidence_from_json
from detector.verdict import Verdict
from storage.case_list import list_cases, open_case_ids, summaries
from storage.case_views import CaseDetail, CaseItemView, CaseSummary, LogEntry, PictureView
from storage.deliveries import deliveries_of
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.items import item_from
from storage.judgements import DISMISS_REASONS, Judgement, judge, undo
from storage.registrations import Registration, landing_domain, registrations
from storage.schema import (
    CaseItem,
    CaseLog,
    ItemRow,
    ItemVersion,
    Picture,
    Sighting,
    VerdictRow,
    VersionPicture,
)
from storage.similar import similar_judged
from storage.visits import visits_of

__all__ = [
    "DISMISS_REASONS",
    "CaseConflict",
    "CaseDetail",
    "CaseItemView",
    "CaseNotFound",
    "CaseSummary",
    "Judgement",
    "JudgementRefused",
    "PictureView",
    "case_contents",
    "case_detail",
    "judge",
    "list_cases",
    "open_case_ids",
    "undo",
]

_SHARED = tuple(one.name for one in fields(CaseSummary) if one.name != "items")


def case_detail(session: Session, case_id: int, *, now: datetime | None = None, max_items: int = 200) -> CaseDetail:
    """Return one case with its best items, its whole log and its messages.

    Args:
        now: for the state; without it a snoozed case reads "snoozed" even when its time has run out.
        max_items: a campaign may have thousands; `item_count` tells how many there are.

    Raises:
        CaseNotFound: no case has this id.
    """
    found = case_contents(session, [case_id], now=now, max_items=max_items)
    if not found:
        raise CaseNotFound(f"there is no case {case_id}")
    contents = found[case_id]
    return replace(
        contents,
        visits=visits_of(session, case_id),
        registration=_registration(session, contents.campaign),
        similar=similar_judged(session, case_id),
        log=_log(session, case_id),
        deliveries=deliveries_of(session, case_id),
    )


def case_contents(
    session: Session, case_ids: Sequence[int], *, now: datetime | None = None, max_items: int = 200
) -> dict[int, CaseDetail]:
    """Return cases with their best items, by id, for messages about many; a case that is not there is left out.

    Visits, registration, similar cases, log and messages are left empty: `case_detail` reads them. Arguments as there.
    """
    lines = summaries(session, case_ids, now)
    items = _items(session, [line.id for line in lines], max_items)
    return {
        line.id: CaseDetail(
            **{name: getattr(line, name) for name in _SHARED},
            item_count=line.items,
            items=items[line.id],
            visits=(),
            registration=None,
            similar=(),
            log=(),
            deliveries=(),
        )
        for line in lines
    }


def _registration(session: Session, campaign: str) -> Registration | None:
    domain = landing_domain(campaign)
    return registrations(session, [domain]).get(domain) if domain else None


def _items(session: Session, case_ids: Sequence[int], limit: int) -> dict[int, tuple[CaseItemView, ...]]:
    """Return the best items of each case."""
    best_first = (VerdictRow.score.desc(), CaseItem.added_at, CaseItem.item_id)
    place = func.row_number().over(partition_by=CaseItem.case_id, order_by=best_first).label("place")
    places = (
        select(CaseItem.case_id, CaseItem.item_id, place)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id.in_(case_ids))
        .subquery()
    )
    query = (
        select(CaseItem.case_id, CaseItem.item_id, ItemRow.external_id, ItemVersion.id, ItemVersion.content, VerdictRow)
        .join(places, and_(places.c.case_id == CaseItem.case_id, places.c.item_id == CaseItem.item_id))
        .join(ItemRow, ItemRow.id == CaseItem.item_id)
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(places.c.place <= limit)
        .order_by(CaseItem.case_id, places.c.place)
    )
    rows = session.execute(query, execution_options={"populate_existing": True}).all()
    item_ids = list({item_id for _, item_id, *_ in rows})
    seen = _sightings(session, item_ids)
    sources = _sources(session, item_ids)
    pictures = _pictures(session, [version_id for _, _, _, version_id, _, _ in rows])
    found: dict[int, list[CaseItemView]] = defaultdict(list)
    for case_id, item_id, external_id, version_id, content, verdict in rows:
        first_seen, last_seen, sightings = seen[item_id]
        found[case_id].append(
            CaseItemView(
                item_id=item_id,
                item=item_from(content),
                version_id=version_id,
                first_seen=first_seen,
                last_seen=last_seen,
                sightings=sightings,
                sources=tuple(sources[item_id]),
                verdict=verdict_from(verdict, external_id),
                pictures=tuple(pictures[version_id]),
            )
        )
    return {case_id: tuple(found[case_id]) for case_id in case_ids}


def verdict_from(row: VerdictRow, external_id: str) -> Verdict:
    """Return the Verdict that a row holds, equal to the one that was stored."""
    return Verdict(
        id=external_id,
        brand=row.brand,
        score=row.score,
        decision=row.decision,
        evidence=tuple(evidence_from_json(one) for one in row.evidence),
        policy=row.policy,
    )


def _sightings(session: Session, item_ids: list[int]) -> dict[int, tuple[datetime, datetime, int]]:
    query = (
        select(Sighting.item_id, func.min(Sighting.seen_at), func.max(Sighting.seen_at), func.count(Sighting.id))
        .where(Sighting.item_id.in_(item_ids))
        .group_by(Sighting.item_id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(query)}


def _sources(session: Session, item_ids: list[int]) -> dict[int, list[str]]:
    query = select(Sighting.item_id, Sighting.source).where(Sighting.item_id.in_(item_ids)).distinct()
    sources: dict[int, list[str]] = defaultdict(list)
    for item_id, source in session.execute(query.order_by(Sighting.item_id, Sighting.source)):
        sources[item_id].append(source)
    return sources


def _pictures(session: Session, version_ids: list[int]) -> dict[int, list[PictureView]]:
    query = (
        select(VersionPicture, Picture)
        .join(Picture, Picture.sha256 == VersionPicture.sha256)
        .where(VersionPicture.version_id.in_(version_ids))
        .order_by(VersionPicture.version_id, VersionPicture.number)
    )
    pictures: dict[int, list[PictureView]] = defaultdict(list)
    for shown, picture in session.execute(query):
        pictures[shown.version_id].append(
            PictureView(
                reference=shown.reference,
                sha256=picture.sha256,
                rendition=picture.rendition,
                width=picture.width,
                height=picture.height,
            )
        )
    return pictures


def _log(session: Session, case_id: int) -> tuple[LogEntry, ...]:
    rows = session.scalars(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id))
    return tuple(
        LogEntry(
            id=row.id,
            at=row.at,
            who=row.who,
            action=row.action,
            reason=row.reason,
            note=row.note,
            data=row.data,
        )
        for row in rows
    )
