"""The picture of an item that says most: the match in it, and what it resembles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from desk.likeness import Likenesses
from detector.evidence import Evidence, ImageBox
from detector.items import Item
from detector.verdict import Verdict
from storage.cases import CaseItemView, PictureView
from storage.media import MediaStore

Box = tuple[int, int, int, int]  # left, top, width, height


class Shown(Protocol):
    """An item as it was judged, with its pictures."""

    @property
    def item(self) -> Item: ...

    @property
    def verdict(self) -> Verdict: ...

    @property
    def pictures(self) -> tuple[PictureView, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Motif:
    """A picture to look at."""

    picture: PictureView
    rendition: bytes
    size: tuple[int, int]  # of the original, pixels
    evidence: tuple[Evidence, ...]  # in it, the heaviest first
    beside: tuple[str, bytes] | None  # what it resembles: name and rendition

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where the evidence is, in pixels of the original."""
        return tuple(one.where.box for one in self.evidence if isinstance(one.where, ImageBox))


def motif_of(view: CaseItemView, media: MediaStore, likenesses: Likenesses, session: Session) -> Motif | None:
    """Return the picture with the heaviest evidence of those that are still there."""
    for picture in pictures_by_weight(view):
        assert picture.rendition is not None
        rendition = media.sound(picture.rendition)
        if rendition is None:
            continue
        evidence = evidence_in(view, picture)
        beside = None
        for one in evidence:
            beside = beside or likenesses.of(one, view.verdict.brand, picture.phash, session)
        return Motif(
            picture=picture,
            rendition=rendition,
            size=(picture.width or 1, picture.height or 1),
            evidence=tuple(evidence),
            beside=beside,
        )
    return None


def pictures_by_weight(view: Shown) -> list[PictureView]:
    """Return the pictures that can be shown, the one with the heaviest evidence first."""
    pictures = [picture for picture in view.pictures if picture.rendition]
    return sorted(pictures, key=lambda one: -max((abs(e.weight) for e in evidence_in(view, one)), default=0.0))


def evidence_in(view: Shown, picture: PictureView) -> Sequence[Evidence]:
    """Return the evidence in a picture, the heaviest first."""
    images = view.item.images
    found = [
        evidence
        for evidence in view.verdict.evidence
        if isinstance(evidence.where, ImageBox)
        and evidence.where.image < len(images)
        and images[evidence.where.image] == picture.reference
    ]
    return sorted(found, key=lambda evidence: -abs(evidence.weight))
