"""The evidence picture: re-encoded pixels from the media store, with the match framed.

The stored rendition is pixels only already (`detector.images.decode`); it is decoded within bounds and encoded anew, so
that what leaves is again nothing but pixels. Equal inputs give equal bytes.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, UnidentifiedImageError

from alerts.message import AlertPicture
from storage.errors import MediaMissing

LARGEST = 4_000_000  # pixels; a rendition has at most 640 x 640
SIDES = (640, 480, 360, 280, 200)  # longest sides tried, one after the other, when bytes are few
QUALITIES = (85, 60, 40)
_FRAME = ((5, "#ffffff"), (3, "#d92d20"))  # width in pixels and colour: seen on light and dark pictures

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePicture:
    """A picture ready to send."""

    data: bytes
    kind: str  # "jpeg" or "png"
    width: int  # pixels
    height: int
    framed: bool  # whether a match is framed in it


def evidence_picture(
    picture: AlertPicture | None, read: Read, *, most_bytes: int | None = None
) -> EvidencePicture | None:
    """Return the picture with its match framed, or None: a message without it is better than no message.

    Args:
        picture: which one; `box` is in pixels of the original.
        read: returns the stored bytes by address, or raises MediaMissing.
        most_bytes: makes it smaller until it fits; None where even the smallest does not.
    """
    if picture is None:
        return None
    try:
        stored = read(picture.sha256)
    except MediaMissing:
        return None
    image = _decode(stored)
    if image is None:
        return None
    few_colours = image.getcolors(256) is not None
    framed = _frame(image, picture)
    if most_bytes is None:
        return _encode(image, framed, png=few_colours)
    for side in SIDES:
        if side > max(image.size) and side != SIDES[-1]:
            continue
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            encoded = _encode(small, framed, quality=quality)
            if len(encoded.data) <= most_bytes:
                return encoded
    return None


def _decode(stored: bytes) -> Image.Image | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(stored), formats=("JPEG", "PNG"))
            if image.width * image.height > LARGEST:
                return None
            pixels = image.convert("RGB")
            return Image.frombytes("RGB", pixels.size, pixels.tobytes())  # what else the file held stays behind
    except (UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        return None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError):
        return None


def _frame(image: Image.Image, picture: AlertPicture) -> bool:
    """Draw around the match; a box that is not in the picture is not drawn."""
    if picture.box is None or picture.width <= 0 or picture.height <= 0:
        return False
    across, down = image.width / picture.width, image.height / picture.height
    x, y, width, height = picture.box
    left, top = max(0, round(x * across)), max(0, round(y * down))
    right = min(image.width - 1, round((x + width) * across))
    bottom = min(image.height - 1, round((y + height) * down))
    if right - left < 1 or bottom - top < 1:
        return False
    if right - left >= image.width - 2 and bottom - top >= image.height - 2:
        return False  # the whole picture is the match: a frame would tell nothing
    draw = ImageDraw.Draw(image)
    for thickness, colour in _FRAME:
        grow = thickness // 2
        draw.rectangle(
            (
                max(0, left - grow),
                max(0, top - grow),
                min(image.width - 1, right + grow),
                min(image.height - 1, bottom + grow),
            ),
            outline=colour,
            width=thickness,
        )
    return True


def _encode(image: Image.Image, framed: bool, *, quality: int = 85, png: bool = False) -> EvidencePicture:
    out = io.BytesIO()
    if png:
        image.save(out, "PNG", optimize=True)
    else:
        image.save(out, "JPEG", quality=quality, optimize=True)
    kind = "png" if png else "jpeg"
    return EvidencePicture(data=out.getvalue(), kind=kind, width=image.width, height=image.height, framed=framed)
