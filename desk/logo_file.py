"""A logo file in hand -> what enrolling it would give: targets of the sandbox, for the file comes from outside."""

import io
from typing import Any

import msgspec
from PIL import Image

from detector.images.decode import decode_with_alpha, inspect
from detector.images.enrol import looks
from detector.images.errors import PictureRefused

FORMATS = ("PNG", "JPEG", "WEBP", "SVG")
COPY_SIDE = 1024  # pixels of the longest side of the copy


def read_logo(data: bytes) -> dict[str, Any]:
    """Read a logo file: its looks, its hash, and a copy made of its pixels alone.

    Returns:
        `format`, `width`, `height`, `hash`, `looks` (as `detector.images.enrol.enrol`), `copy` (PNG bytes with the
        logo's transparency) and `rendition` (as `detector.images.decode.inspect`).

    Raises:
        PictureRefused: another format than FORMATS, or see `detector.images.decode`.
    """
    seen = inspect(data, svg=True, marks=False)
    if seen["format"] not in FORMATS:
        raise PictureRefused(f"expected PNG, JPEG, WebP or SVG, got {seen['format']}")
    logo = decode_with_alpha(data, svg=True)
    copy = logo.copy()
    copy.thumbnail((COPY_SIDE, COPY_SIDE), Image.Resampling.LANCZOS)
    copy.info.clear()
    out = io.BytesIO()
    copy.save(out, "PNG", optimize=True)
    return {
        **{name: seen[name] for name in ("format", "width", "height", "hash", "rendition")},
        "looks": [msgspec.to_builtins(look) for look in looks(logo)],
        "copy": out.getvalue(),
    }
