"""Known frauds: the pictures of confirmed cases, so that a creative judged once is recognised wherever it returns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.brands import BrandProfile, ReferencePicture
from detector.images.hash import picture_hash_from_dict
from storage.actions import CONFIRMED
from storage.schema import Case, CaseItem, ItemRow, ItemVersion, Picture, VersionPicture

MOST: int = 2000  # pictures, the newest confirmed cases first
LEAST_SIDE: int = 160  # pixels of the shorter side; smaller ones are icons and buttons of any page


def with_known_frauds(brands: Sequence[BrandProfile], session: Session) -> tuple[BrandProfile, ...]:
    """Add to each brand the pictures of its confirmed cases, role `fraud`.

    A picture that was seen in an item of no confirmed case, too, says nothing: a shop's payment marks, a stock photo.
    """
    confirmed = select(CaseItem.item_id).join(Case, Case.id == CaseItem.case_id).where(Case.state.in_(CONFIRMED))
    elsewhere = (
        select(VersionPicture.sha256)
        .join(ItemVersion, ItemVersion.id == VersionPicture.version_id)
        .where(ItemVersion.item_id.not_in(confirmed))
    )
    query = (
        select(Case.brand, Case.id, ItemRow.external_id, Picture)
        .join(CaseItem, CaseItem.case_id == Case.id)
        .join(ItemRow, ItemRow.id == CaseItem.item_id)
        .join(VersionPicture, VersionPicture.version_id == CaseItem.version_id)
        .join(Picture, Picture.sha256 == VersionPicture.sha256)
        .where(
            Case.state.in_(CONFIRMED),
            Picture.refused.is_(None),
            Picture.width >= LEAST_SIDE,
            Picture.height >= LEAST_SIDE,
            Picture.sha256.not_in(elsewhere),
        )
        .order_by(Case.id.desc(), Picture.sha256)
    )
    found: dict[tuple[str, str], ReferencePicture] = {}
    for brand, case, item, picture in session.execute(query):
        key = (brand, picture.sha256)
        if key in found:
            found[key] = replace(found[key], seen_in=(*found[key].seen_in, item))
        elif len(found) < MOST and picture.hash is not None:
            seen = replace(picture_hash_from_dict(picture.hash), marks=(), eye="", texts=None)
            found[key] = ReferencePicture(name=f"case {case}", role="fraud", hash=seen, seen_in=(item,))
    pictures: defaultdict[str, list[ReferencePicture]] = defaultdict(list)
    for (brand, _), reference in found.items():
        pictures[brand].append(reference)
    return tuple(replace(brand, pictures=(*brand.pictures, *pictures[brand.key])) for brand in brands)
