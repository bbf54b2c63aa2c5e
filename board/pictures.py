"""Pictures for pages: renditions alone, made of pixels by the sandbox; originals only as files to take away.

A picture is asked for by the SHA-256 of its original, and given only where the database knows it. Its bytes never
change, so browsers keep them; what was purged or damaged is a drawing that says so.
"""

from io import BytesIO

from PIL import Image
from sqlalchemy import select
from starlette.responses import Response

from board.static import files
from board.ways import Asked, Way
from desk.motif import evidence_in
from storage.case_items import item_views
from storage.database import snapshot
from storage.media import ADDRESS
from storage.pictures import known_picture
from storage.schema import CaseItem, VersionPicture

SIDES = {"320": 320, "640": 640, "full": None}  # pixels; None: as the sandbox made it
QUALITY = 78  # of a WebP
KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


def picture(asked: Asked) -> Response:
    """Give a picture of a size."""
    side = asked.query.get("side", "full")
    if side not in SIDES:
        return missing()
    rendition = _rendition(asked, asked.request.path_params["sha256"])
    if rendition is None:
        return missing()
    data, form = sized(rendition, SIDES[side])
    return Response(data, headers=KEPT, media_type=form)


def likeness(asked: Asked) -> Response:
    """Give what the match in a picture of a case resembles: the brand's logo, or an earlier case's picture."""
    found = beside(asked, asked.request.path_params["case"], asked.request.path_params["sha256"])
    if found is None:
        return missing()
    data, form = sized(found[1], SIDES["640"])
    return Response(data, headers={"Cache-Control": "private, max-age=300"}, media_type=form)


def original(asked: Asked) -> Response:
    """Give the bytes of a picture as they came, as a file that no browser opens."""
    sha256 = asked.request.path_params["sha256"]
    data = None
    if ADDRESS.fullmatch(sha256):
        with snapshot(asked.board.engine) as session:
            known = known_picture(session, sha256)
        data = asked.board.media.sound(sha256) if known is not None else None
    if data is None:
        return Response(asked.words("wall.picture_gone"), 404, media_type="text/plain; charset=utf-8")
    headers = {"Content-Disposition": f'attachment; filename="{sha256}.bin"', "Content-Security-Policy": "sandbox"}
    return Response(data, headers=headers, media_type="application/octet-stream")


def beside(asked: Asked, case_id: int, sha256: str) -> tuple[str, bytes] | None:
    """Return name and rendition of what the evidence in a picture of a case resembles."""
    with snapshot(asked.board.engine) as session:
        query = (
            select(CaseItem.item_id)
            .join(VersionPicture, VersionPicture.version_id == CaseItem.version_id)
            .where(CaseItem.case_id == case_id, VersionPicture.sha256 == sha256)
            .order_by(CaseItem.item_id)
            .limit(1)
        )
        item_id = session.scalar(query)
        for _, view in item_views(session, [(case_id, item_id)]) if item_id is not None else ():
            for shown in view.pictures:
                for evidence in evidence_in(view, shown) if shown.sha256 == sha256 else ():
                    found = asked.board.likenesses.of(evidence, view.verdict.brand, shown.phash, session)
                    if found is not None:
                        return found
    return None


def sized(rendition: bytes, side: int | None) -> tuple[bytes, str]:
    """Return a rendition no longer than a side, and its type."""
    with Image.open(BytesIO(rendition), formats=("PNG", "JPEG")) as opened:
        if side is None or max(opened.size) <= side:
            return rendition, opened.get_format_mimetype() or "image/png"
        small = opened.convert("RGB")
    small.thumbnail((side, side))
    out = BytesIO()
    small.save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue(), "image/webp"


def missing() -> Response:
    """Return the drawing that stands for a picture that is not there."""
    return Response(files()["missing.svg"], 404, media_type="image/svg+xml")


def _rendition(asked: Asked, sha256: str) -> bytes | None:
    if not ADDRESS.fullmatch(sha256):
        return None
    with snapshot(asked.board.engine) as session:
        known = known_picture(session, sha256)
    return asked.board.media.sound(known.rendition) if known is not None and known.rendition else None


WAYS = (
    Way(path="/picture/{sha256}", does=picture),
    Way(path="/likeness/{case:int}/{sha256}", does=likeness),
    Way(
        path="/original/{sha256}",
        does=original,
        method="POST",
        least="analyst",
        name="original",
        subject=lambda parameters: f"picture {parameters['sha256'][:64]}",
    ),
)
