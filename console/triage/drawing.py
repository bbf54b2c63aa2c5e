"""The picture of a case for triage: the match in it, the same cut out, and what it resembles beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from console.inert import inert_url
from console.picture import Box, Drawing, Protocol, drawn, sound
from console.triage.dossier import Dossier
from console.triage.likeness import Likenesses
from console.triage.page import Draw
from detector.evidence import Evidence, ImageBox
from safety.screen import screen
from storage.cases import CaseItemView, PictureView
from storage.media import MediaStore


@dataclass(frozen=True, slots=True, kw_only=True)
class _Motif:
    """What is drawn."""

    rendition: bytes
    size: tuple[int, int]  # of the original, pixels
    boxes: tuple[Box, ...]  # of the original; the heaviest evidence first
    beside: tuple[str, bytes] | None  # what it resembles: name and rendition
    caption: str


class Easel:
    """Draws for one terminal."""

    def __init__(
        self, media: MediaStore, likenesses: Likenesses, protocol: Protocol, cell: tuple[int, int] = (10, 20)
    ) -> None:
        """Take where renditions are and what they may resemble; `protocol` and `cell` may be changed later."""
        self._media, self._likenesses = media, likenesses
        self.protocol, self.cell = protocol, cell

    def ready(self, dossier: Dossier, session: Session) -> Draw:
        """Return what draws the picture of a case in a given space; it gives nothing where there is none."""
        motif = self._motif(dossier, session) if self.protocol != "none" else None

        def draw(columns: int, rows: int) -> tuple[Drawing, str] | None:
            if motif is None:
                return None
            found = drawn(
                motif.rendition,
                original=motif.size,
                boxes=motif.boxes,
                beside=motif.beside[1] if motif.beside else None,
                columns=columns,
                rows=rows,
                protocol=self.protocol,
                cell=self.cell,
            )
            return found, motif.caption

        return draw

    def _motif(self, dossier: Dossier, session: Session) -> _Motif | None:
        views = [(view, picture) for view in dossier.detail.items[:1] for picture in view.pictures if picture.rendition]
        ranked = sorted(views, key=lambda one: -max((abs(e.weight) for e in _about(*one)), default=0.0))
        for view, picture in ranked:
            assert picture.rendition is not None
            rendition = sound(self._media, picture.rendition)
            if rendition is None:
                continue
            evidence = _about(view, picture)
            beside = None
            for one in evidence:
                beside = beside or self._likenesses.of(one, dossier.detail.brand, picture.phash, session)
            return _Motif(
                rendition=rendition,
                size=(picture.width or 1, picture.height or 1),
                boxes=tuple(one.where.box for one in evidence if isinstance(one.where, ImageBox)),
                beside=beside,
                caption=_caption(picture, len(view.pictures), bool(evidence), beside[0] if beside else None),
            )
        return None


def _about(view: CaseItemView, picture: PictureView) -> Sequence[Evidence]:
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


def _caption(picture: PictureView, pictures: int, matched: bool, beside: str | None) -> str:
    parts = [f"picture {picture.width}x{picture.height}"]
    if matched:
        parts.append("the match")
    if beside is not None:
        parts.append(screen(beside, limit=40))  # a case, or a file of our own: no host
    if pictures > 1:
        parts.append(f"{pictures} pictures in all")
    return " | ".join(parts) + f"   {inert_url(picture.reference, limit=60)}"
