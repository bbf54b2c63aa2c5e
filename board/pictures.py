"""Pictures for pages: renditions alone, made of pixels by the sandbox; originals only as files to take away.

A picture is asked for by the SHA-256 of its original, and given only where the database knows it. Its bytes never
change, so browsers keep them; what was purged or damaged is a drawing that says so.
"""

from io import BytesIO

from PIL import Image
from starlette.responses import Response

from board.static import files
from board.ways import Asked, Way
from storage.database import snapshot
from storage.media import ADDRESS
from storage.pictures import known_picture

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
    Way(
        path="/original/{sha256}",
        does=original,
        method="POST",
        least="analyst",
        name="original",
        subject=lambda parameters: f"picture {parameters['sha256'][:64]}",
    ),
)
