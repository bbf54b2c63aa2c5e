"""Items of cases as people read them: as they were judged, where and how often they were seen, with their pictures."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from detector.evidence import evidence_from_json
from detector.images.texts import PictureText
from detector.verdict import Verdict
from storage.case_views import CaseItemView, PictureView
from storage.errors import ItemNotFound
from storage.items import item_from
from storage.schema import CaseItem, ItemRow, ItemVersion, Picture, Sighting, VerdictRow, VersionPicture

Member = tuple[int, int]  # case, item


def best_items(session: Session, case_ids: Sequence[int], limit: int) -> dict[int, tuple[CaseItemView, ...]]:
    """Return the items of each case with the best scores, the best first."""
    if limit == 0:
        return dict.fromkeys(case_ids, ())
    best_first = (VerdictRow.score.desc(), CaseItem.added_at, CaseItem.item_id)
    place = func.row_number().over(partition_by=CaseItem.case_id, order_by=best_first).label("place")
    places = (
        select(CaseItem.case_id, CaseItem.item_id, place)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id.in_(case_ids))
        .subquery()
    )
    query = select(places.c.case_id, places.c.item_id).where(places.c.place <= limit)
    members = [
        (case_id, item_id) for case_id, item_id in session.execute(query.order_by(places.c.case_id, places.c.place))
    ]
    found: dict[int, list[CaseItemView]] = defaultdict(list)
    for case_id, view in item_views(session, members):
        found[case_id].append(view)
    return {case_id: tuple(found[case_id]) for case_id in case_ids}


def items_of(session: Session, case_id: int, *, after: int | None = None, limit: int) -> tuple[CaseItemView, ...]:
    """Return a page of one case's items, those with the best scores first.

    Args:
        after: the last item of the page before.
        limit: items of a page.

    Raises:
        ItemNotFound: the item `after` is not in the case, or no longer.
    """
    query = (
        select(CaseItem.case_id, CaseItem.item_id, VerdictRow.score, CaseItem.added_at)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id == case_id)
    )
    if after is not None:
        last = session.execute(query.where(CaseItem.item_id == after)).one_or_none()
        if last is None:
            raise ItemNotFound(f"item {after} is not in case {case_id}")
        behind = and_(CaseItem.added_at == last.added_at, CaseItem.item_id > after)
        same = and_(VerdictRow.score == last.score, or_(CaseItem.added_at > last.added_at, behind))
        query = query.where(or_(VerdictRow.score < last.score, same))
    rows = session.execute(query.order_by(VerdictRow.score.desc(), CaseItem.added_at, CaseItem.item_id).limit(limit))
    return tuple(view for _, view in item_views(session, [(row.case_id, row.item_id) for row in rows]))


def item_views(session: Session, members: Sequence[Member]) -> Iterator[tuple[int, CaseItemView]]:
    """Yield cases and items, in the order in which they are named; those that are not there are left out."""
    item_ids = list({item_id for _, item_id in members})
    query = select(CaseItem.case_id, CaseItem.item_id, CaseItem.version_id, CaseItem.verdict_id).where(
        CaseItem.item_id.in_(item_ids), CaseItem.case_id.in_({case_id for case_id, _ in members})
    )
    places = {(row.case_id, row.item_id): row for row in session.execute(query)}
    # One table after another: joined while the statistics of a filling database are wrong, they took hours.
    externals = dict(session.execute(select(ItemRow.id, ItemRow.external_id).where(ItemRow.id.in_(item_ids))).all())
    version_ids = list({row.version_id for row in places.values()})
    versions = select(ItemVersion.id, ItemVersion.content).where(ItemVersion.id.in_(version_ids))
    contents: dict[int, Any] = dict(session.execute(versions).all())
    judged = select(VerdictRow).where(VerdictRow.id.in_({row.verdict_id for row in places.values()}))
    verdicts = {row.id: row for row in session.scalars(judged, execution_options={"populate_existing": True})}
    seen = _sightings(session, item_ids)
    sources = _sources(session, item_ids)
    pictures = pictures_of(session, version_ids)
    for member in members:
        if member not in places:
            continue
        case_id, item_id = member
        version_id, verdict_id = places[member].version_id, places[member].verdict_id
        first_seen, last_seen, sightings = seen[item_id]
        yield (
            case_id,
            CaseItemView(
                item_id=item_id,
                item=item_from(contents[version_id]),
                version_id=version_id,
                first_seen=first_seen,
                last_seen=last_seen,
                sightings=sightings,
                sources=tuple(sources[item_id]),
                verdict=verdict_from(verdicts[verdict_id], externals[item_id]),
                pictures=tuple(pictures[version_id]),
            ),
        )


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


def pictures_of(session: Session, version_ids: Sequence[int]) -> dict[int, list[PictureView]]:
    """Return the pictures of versions of items, by version, in the order in which the items show them."""
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
                phash=(picture.hash or {}).get("phash"),
                texts=msgspec.convert((picture.hash or {}).get("texts") or (), tuple[PictureText, ...]),
            )
        )
    return pictures
