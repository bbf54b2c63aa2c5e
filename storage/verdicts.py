"""Stored verdicts with the item version they judged, for whoever replays them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.items import Item
from detector.verdict import Verdict
from storage.case_items import verdict_from
from storage.errors import CaseNotFound
from storage.items import item_from
from storage.schema import Case, CaseItem, ItemRow, ItemVersion, Picture, VerdictRow, VersionPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """One verdict, and what it judged."""

    item: Item
    verdict: Verdict
    judged_at: datetime
    pictures: Mapping[str, PictureHash]  # by the string in Item.images; what was fetched and could be read


def case_verdict(session: Session, case_id: int) -> StoredVerdict:
    """Return the verdict that gave a case its score.

    Raises:
        CaseNotFound: no case has this id.
    """
    found = _stored(session, _verdicts().join(Case, Case.verdict_id == VerdictRow.id).where(Case.id == case_id))
    if not found:
        raise CaseNotFound(f"there is no case {case_id}")
    return found[0]


def case_verdicts(session: Session, case_id: int, limit: int) -> list[StoredVerdict]:
    """Return the verdicts for which the items of a case are in it, those that came last first."""
    query = _verdicts().join(CaseItem, CaseItem.verdict_id == VerdictRow.id).where(CaseItem.case_id == case_id)
    return _stored(session, query.order_by(CaseItem.added_at.desc(), CaseItem.item_id.desc()).limit(limit))


def item_verdicts(session: Session, external_id: str, *, brand: str | None = None) -> list[StoredVerdict]:
    """Return the newest verdict for each brand on each item that a platform calls so, best score first."""
    query = _verdicts().where(ItemRow.external_id == external_id)
    if brand is not None:
        query = query.where(VerdictRow.brand == brand)
    newest = {
        (one.item.kind, one.item.platform, one.verdict.brand): one
        for one in _stored(session, query.order_by(VerdictRow.judged_at, VerdictRow.id))
    }
    return sorted(newest.values(), key=lambda one: (-one.verdict.score, one.verdict.brand))


def policy_versions(session: Session) -> set[str]:
    """Return the version of every policy that has judged something here."""
    return set(session.scalars(select(VerdictRow.policy).distinct()))


def _verdicts() -> Select[VerdictRow, ItemVersion, str]:
    return (
        select(VerdictRow, ItemVersion, ItemRow.external_id)
        .join(ItemVersion, ItemVersion.id == VerdictRow.version_id)
        .join(ItemRow, ItemRow.id == ItemVersion.item_id)
    )


def _stored(session: Session, query: Select[VerdictRow, ItemVersion, str]) -> list[StoredVerdict]:
    return [
        StoredVerdict(
            item=item_from(version.content),
            verdict=verdict_from(verdict, external_id),
            judged_at=verdict.judged_at,
            pictures=_hashes(session, version.id),
        )
        for verdict, version, external_id in session.execute(query).all()
    ]


def _hashes(session: Session, version_id: int) -> dict[str, PictureHash]:
    query = (
        select(VersionPicture.reference, Picture.hash)
        .join(Picture, Picture.sha256 == VersionPicture.sha256)
        .where(VersionPicture.version_id == version_id)
    )
    return {reference: picture_hash_from_dict(found) for reference, found in session.execute(query) if found}
