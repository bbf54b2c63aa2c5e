"""Hostile picture bytes -> bounded pixels.

Runs inside the sandbox child: `inspect` is the target that `safety.sandbox` calls. Order of defence: size in
bytes, format by content (JPEG, PNG, GIF, WebP only), size in pixels before any pixel is decoded, first frame
only, then orientation and transparency are applied so that everyone downstream sees what a reader saw.
"""

import io
import warnings
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from detector.images.errors import PictureRefused
from detector.images.eye import find_marks
from detector.images.hash import hash_picture
from detector.images.networks import version
from detector.images.svg import looks_like_svg, render_svg

__all__ = ["PictureRefused", "decode", "inspect"]

# The bounds of SAFETY.md "Pictures": a PNG under 500 kB may decode to more than 1 GB.
MAX_BYTES: int = 15 * 2**20
MAX_PIXELS: int = 40_000_000
MAX_SIDE: int = 20_000
FORMATS: tuple[str, ...] = ("JPEG", "PNG", "GIF", "WEBP")
# Pixels above which `inspect` works on a reduced copy: hash (512 px) and rendition (640 px) need no more.
REDUCE_ABOVE: int = 4_000_000


def decode(data: bytes, *, svg: bool = False) -> Image.Image:
    """Decode the first frame as upright RGB pixels, transparency shown over white.

    Args:
        data: the file's bytes.
        svg: also accept SVG, drawn at most 1024 pixels long.

    Raises:
        PictureRefused: too large, truncated, of another format, or not a picture; the message says which.
    """
    image = _open(data, svg=svg)
    _load(image)
    return _as_seen(image)


def decode_with_alpha(data: bytes, *, svg: bool = False) -> Image.Image:
    """Decode a picture that we were given, a logo, as upright RGBA pixels.

    Raises:
        PictureRefused: see `decode`.
    """
    if looks_like_svg(data) and svg and len(data) <= MAX_BYTES:
        return render_svg(data, background=None)
    image = _open(data, svg=svg)
    _load(image)
    return ImageOps.exif_transpose(_reduced(image)).convert("RGBA")


def inspect(data: bytes, *, svg: bool = False, marks: bool = True, rendition_side: int = 640) -> dict[str, Any]:
    """Decode, hash and re-encode a picture, and find its marks; built-in types only, to cross the sandbox pipe.

    Returns:
        `format`, `mime`, `width`, `height` (upright, pixels), `hash` (PictureHash as a dict), `rendition` (JPEG
        or PNG bytes, made from pixels alone, at most `rendition_side` long) and `rendition_mime`.

    Raises:
        PictureRefused: see `decode`.
    """
    image = _open(data, svg=svg)
    size, kind = _upright_size(image), image.format or "SVG"
    image.draft("RGB", (2048, 2048))
    _load(image)
    image = _as_seen(_reduced(image))
    seen = hash_picture(image, size=size)
    if marks:
        seen = replace(seen, marks=find_marks(image, size=size), eye=version())
    rendition, mime = _rendition(image, rendition_side)
    return {
        "format": kind,
        "mime": Image.MIME.get(kind, "image/svg+xml"),
        "width": size[0],
        "height": size[1],
        "hash": msgspec.to_builtins(seen),
        "rendition": rendition,
        "rendition_mime": mime,
    }


def _open(data: bytes, *, svg: bool) -> Image.Image:
    """Read the header only, and refuse by what it says."""
    if len(data) > MAX_BYTES:
        raise PictureRefused(f"too large: {len(data)} bytes, at most {MAX_BYTES}")
    if not data:
        raise PictureRefused("empty")
    if looks_like_svg(data):
        if not svg:
            raise PictureRefused("SVG is not accepted here")
        return render_svg(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged EXIF block is no reason to refuse the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise PictureRefused("not a JPEG, PNG, GIF or WebP picture") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureRefused(f"too many pixels: at most {MAX_PIXELS}") from error
    except (OSError, SyntaxError, ValueError, OverflowError, EOFError) as error:
        raise PictureRefused(f"damaged header: {error}") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureRefused(f"too many pixels: {width}x{height}, at most {MAX_PIXELS}")
    if max(width, height) > MAX_SIDE:
        raise PictureRefused(f"side too long: {width}x{height}, at most {MAX_SIDE}")
    return image


def _load(image: Image.Image) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        message = str(error)
        cut = "truncated" in message or "unexpected end" in message.lower()
        raise PictureRefused(f"truncated: {message}" if cut else f"damaged: {message}") from error
    except MemoryError as error:
        raise PictureRefused("damaged: the decoder ran out of memory") from error


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except (ValueError, TypeError, OSError, SyntaxError, KeyError):
        return 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


def _reduced(image: Image.Image) -> Image.Image:
    """Shrink by a whole factor before anything makes copies; keeps the peak under two pictures of `REDUCE_ABOVE`."""
    factor = int((image.width * image.height / REDUCE_ABOVE) ** 0.5)
    if factor < 2:
        return image
    orientation = image.getexif()
    if image.mode in ("1", "P", "PA"):
        side = (max(1, image.width // factor), max(1, image.height // factor))
        small = image.resize(side, Image.Resampling.NEAREST)
    else:
        small = image.reduce((min(factor, image.width), min(factor, image.height)))
    small.info.update(image.info)
    small.getexif().update(orientation)
    return small


def _as_seen(image: Image.Image) -> Image.Image:
    """Turn upright, flatten over white, convert to RGB."""
    try:
        image = ImageOps.exif_transpose(image)
    except (ValueError, TypeError, OSError, SyntaxError, KeyError):
        pass  # an unreadable orientation means: as stored
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _eight_bit(image).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        flat = Image.new("RGB", image.size, "white")
        layer = image.convert("RGBA")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit and floating greys to 0-255 instead of clipping them."""
    values = np.asarray(image, dtype=np.float32)
    top = float(np.nanmax(values, initial=0.0))
    divisor = 257.0 if image.mode.startswith("I") and top > 255 else 1.0
    return Image.fromarray(np.clip(np.nan_to_num(values / divisor), 0, 255).astype(np.uint8))


def _rendition(image: Image.Image, side: int) -> tuple[bytes, str]:
    """Re-encode pixels alone: few colours as PNG, everything else as JPEG."""
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    small.info.clear()
    out = io.BytesIO()
    if image.getcolors(256) is not None:
        small.save(out, "PNG", optimize=True)
        return out.getvalue(), "image/png"
    small.save(out, "JPEG", quality=85)
    return out.getvalue(), "image/jpeg"
