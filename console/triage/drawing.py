"""The picture of a case for triage: the match in it, the same cut out, and what it resembles beside it."""

from sqlalchemy.orm import Session

from console.picture import Drawing, Protocol, drawn
from console.triage.page import Draw
from desk.dossier import Dossier
from desk.inert import inert_url
from desk.likeness import Likenesses
from desk.motif import Motif, motif_of
from safety.screen import screen
from storage.media import MediaStore


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
        view = dossier.detail.items[0] if dossier.detail.items and self.protocol != "none" else None
        motif = motif_of(view, self._media, self._likenesses, session) if view is not None else None
        pictures = len(view.pictures) if view is not None else 0

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
            return found, _caption(motif, pictures)

        return draw


def _caption(motif: Motif, pictures: int) -> str:
    picture = motif.picture
    parts = [f"picture {picture.width}x{picture.height}"]
    if motif.evidence:
        parts.append("the match")
    if motif.beside is not None:
        parts.append(screen(motif.beside[0], limit=40))  # a case, or a file of our own: no host
    if pictures > 1:
        parts.append(f"{pictures} pictures in all")
    return " | ".join(parts) + f"   {inert_url(picture.reference, limit=60)}"
