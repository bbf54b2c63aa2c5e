"""Cases as people read them: a list, best score first, and one in full."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session

from detector.evidence import Evidence, evidence_from_json
from detector.verdict import Verdict
from storage.case_views import CaseDetail, CaseItemView, CaseSummary, LogEntry, PictureView
from storage.deliveries import deliveries_of
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.items import item_from
from storage.judgements import DISMISS_REASONS, Judgement, judge, state_at, undo
from storage.registrations import Registration, landing_domain, registrations
from storage.schema import (
    Case,
    CaseItem,
    CaseLog,
    CaseState,
    ItemRow,
    ItemVersion,
    Picture,
    Sighting,
    VerdictRow,
    VersionPicture,
)
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


def list_cases(
    session: Session,
    *,
    states: Sequence[CaseState] = ("open",),
    brand: str | None = None,
    source: str | None = None,
    min_score: float = 0.0,
    limit: int = 50,
    offset: int = 0,
    now: datetime,
) -> list[CaseSummary]:
    """Return cases, best score first, those of one score oldest first.

    Args:
        states: as they are at `now`: a case whose snooze has run out is open.
        source: key of a source that saw one of the case's items.
        min_score: 0-1.
    """
    query = _matching(states, brand, source, min_score, now)
    return _summaries(session, query.limit(limit).offset(offset), now)


def open_case_ids(
    session: Session, *, brand: str | None = None, source: str | None = None, min_score: float = 0.0, now: datetime
) -> list[int]:
    """Return the ids of all open cases in the order of `list_cases`, for whoever walks them one by one."""
    return list(session.scalars(_matching(("open",), brand, source, min_score, now).with_only_columns(Case.id)))


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
        log=_log(session, case_id),
        deliveries=deliveries_of(session, case_id),
    )


def case_contents(
    session: Session, case_ids: Sequence[int], *, now: datetime | None = None, max_items: int = 200
) -> dict[int, CaseDetail]:
    """Return cases with their best items, by id, for messages about many; a case that is not there is left out.

    Visits, registration, log and messages are left empty: `case_detail` reads them. Arguments as there.
    """
    summaries = _summaries(session, select(Case).where(Case.id.in_(case_ids)), now)
    items = _items(session, [summary.id for summary in summaries], max_items)
    return {
        summary.id: CaseDetail(
            id=summary.id,
            brand=summary.brand,
            campaign=summary.campaign,
            state=summary.state,
            snoozed_until=summary.snoozed_until,
            score=summary.score,
            decision=summary.decision,
            item_count=summary.items,
            opened_at=summary.opened_at,
            last_seen=summary.last_seen,
            assignee=summary.assignee,
            title=summary.title,
            top_evidence=summary.top_evidence,
            log_id=summary.log_id,
            items=items[summary.id],
            visits=(),
            registration=None,
            log=(),
            deliveries=(),
        )
        for summary in summaries
    }


def _registration(session: Session, campaign: str) -> Registration | None:
    domain = landing_domain(campaign)
    return registrations(session, [domain]).get(domain) if domain else None


def _matching(
    states: Sequence[CaseState], brand: str | None, source: str | None, min_score: float, now: datetime
) -> Select[Case]:
    query = select(Case).where(_state_at(now).in_(states), Case.score >= min_score)
    if brand is not None:
        query = query.where(Case.brand == brand)
    if source is not None:
        query = query.where(
            exists()
            .where(CaseItem.case_id == Case.id, Sighting.item_id == CaseItem.item_id)
            .where(Sighting.source == source)
        )
    return query.order_by(Case.score.desc(), Case.opened_at, Case.id)


def _state_at(now: datetime) -> ColumnElement[str]:
    """Word `storage.judgements.state_at` in SQL."""
    return case((and_(Case.state == "snoozed", Case.snoozed_until <= now), "open"), else_=Case.state)


def _summaries(session: Session, page: Select[Case], now: datetime | None) -> list[CaseSummary]:
    cases = list(session.scalars(page, execution_options={"populate_existing": True}))
    ids = [one.id for one in cases]
    last = select(CaseLog.case_id, func.max(CaseLog.id)).group_by(CaseLog.case_id)
    log_ids = dict(session.execute(last.where(CaseLog.case_id.in_(ids))).all())
    best = select(VerdictRow.id, VerdictRow.evidence)
    rows = session.execute(best.where(VerdictRow.id.in_([one.verdict_id for one in cases])))
    evidence: dict[int, list[dict[str, Any]]] = dict(rows.all())
    return [
        CaseSummary(
            id=one.id,
            brand=one.brand,
            campaign=one.campaign,
            state=one.state if now is None else state_at(one.state, one.snoozed_until, now),
            snoozed_until=one.snoozed_until,
            score=one.score,
            decision=one.decision,
            items=one.items,
            opened_at=one.opened_at,
            last_seen=one.last_seen,
            assignee=one.assignee,
            title=one.title,
            top_evidence=_heaviest(evidence[one.verdict_id]),
            log_id=log_ids[one.id],
        )
        for one in cases
    ]


def _heaviest(evidence: list[dict[str, Any]]) -> Evidence | None:
    found = [evidence_from_json(one) for one in evidence]
    return max(found, key=lambda one: one.weight, default=None)


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
