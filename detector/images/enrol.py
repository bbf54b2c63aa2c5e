"""Enrol a logo: one file in, its looks out, without any training.

A logo is shown as it is, in black and in white, on light and on dark, small and large, its icon without its words. For
each look the vectors of a few cuts are averaged, and measured against strangers.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.brands import Look
from detector.images.decode import decode_with_alpha
from detector.images.eye import cut, embed
from detector.images.marks import packed
from detector.images.strangers import highest, strangers

SIDE: int = 160  # shorter side of the drawn logo, pixels
LONGEST: int = 800
# Shorter sides at which a look is drawn: as small logos are in pictures, and large.
SIZES = (22, 48, 120)
WOBBLE = (0.0, 0.05, -0.05)  # of the sides, by which cuts are too wide or too narrow
HIGHEST: int = 3  # strangers by which a look is called plain
GAP: float = 0.10  # of the shorter side, that parts a logo's icon from its words
LEAST_PART: float = 0.35  # of the shorter side, that a part must be wide
INNER: float = 40.0  # grey levels of spread from which a logo is drawn in light and dark
CONTRAST: float = 45.0  # grey levels between logo and ground
_WHITE, _BLACK = (255, 255, 255), (16, 16, 16)


def enrol(data: bytes, *, svg: bool = False) -> list[dict[str, Any]]:
    """Return the looks of a logo file, as built-in types: a target of the sandbox.

    Raises:
        PictureRefused: see `decode`; or nothing is drawn in it.
    """
    return [msgspec.to_builtins(look) for look in looks(decode_with_alpha(data, svg=svg))]


def looks(logo: Image.Image) -> Iterator[Look]:
    """Yield the looks of a logo, RGBA."""
    for part, image in _parts(_fitted(logo)):
        for colour, ground, drawn in _dressed(image):
            vectors = embed(np.stack(list(_cuts(drawn, ground))))
            vector = vectors.mean(axis=0)
            vector /= np.linalg.norm(vector)
            mean, spread = strangers(vector[None])
            yield Look(
                name=f"{part}, {colour}",
                aspect=round(image.width / image.height, 3),
                vector=packed(vector),
                mean=round(float(mean[0]), 4),
                spread=round(float(spread[0]), 4),
                nearest=round(highest(vector, HIGHEST), 3),
            )


def _fitted(logo: Image.Image) -> Image.Image:
    """Cut a logo out of its empty border; one without transparency is taken off its plain ground."""
    alpha = np.asarray(logo.getchannel("A"))
    if alpha.min() > 250:
        pixels = np.asarray(logo.convert("RGB"), dtype=np.int16)
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        ground = np.median(edge, axis=0)
        if (np.abs(edge - ground).max(axis=1) < 24).mean() > 0.9:
            away = np.clip(np.abs(pixels - ground).max(axis=2).astype(np.float32) * 4, 0, 255)
            logo.putalpha(Image.fromarray(away.astype(np.uint8)))
    box = logo.getchannel("A").point(lambda value: 255 if value > 32 else 0).getbbox()
    if box is None:
        raise ValueError("nothing is drawn in it")
    logo = logo.crop(box)
    scale = min(SIDE / min(logo.size), LONGEST / max(logo.size))
    return logo.resize(
        (max(8, round(logo.width * scale)), max(8, round(logo.height * scale))), Image.Resampling.LANCZOS
    )


def _parts(logo: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield the logo, and what its widest gap parts: an icon beside or above its words."""
    yield "whole", logo
    solid = np.asarray(logo.getchannel("A")) > 48
    least = min(logo.size)
    for axis in (0, 1):
        filled = np.asarray(solid.any(axis=axis))
        start, end, width = _widest_gap(filled)
        if width >= GAP * least and min(start, len(filled) - end) >= LEAST_PART * least:
            for name, first, last in (("first part", 0, start), ("second part", end, len(filled))):
                box = (first, 0, last, logo.height) if axis == 0 else (0, first, logo.width, last)
                part = logo.crop(box)
                inner = part.getchannel("A").point(lambda value: 255 if value > 48 else 0).getbbox()
                if inner and min(inner[2] - inner[0], inner[3] - inner[1]) >= 12:
                    yield name, part.crop(inner)
            return


def _widest_gap(filled: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Return start, end and length of the longest run of empty lines."""
    best, start = (0, 0, 0), None
    for place, full in enumerate([*filled.tolist(), True]):
        if full and start is not None:
            if place - start > best[2]:
                best = (start, place, place - start)
            start = None
        elif not full and start is None:
            start = place
    return best


def _dressed(logo: Image.Image) -> Iterator[tuple[str, tuple[int, int, int], Image.Image]]:
    """Yield the name of each dress, its ground, and the logo in it, where it can be seen."""
    for name, ground in (("own colours on white", _WHITE), ("own colours on black", _BLACK)):
        if _contrast(logo, ground) >= CONTRAST:
            yield name, ground, logo
    for name, ground, colour in (("black on white", _WHITE, _BLACK), ("white on black", _BLACK, _WHITE)):
        yield name, ground, _tinted(logo, colour)
        if _has_inner(logo):
            yield f"{name}, filled", ground, _tinted(logo, colour, filled=True)


def _cuts(logo: Image.Image, ground: tuple[int, int, int]) -> Iterator[NDArray[np.float32]]:
    pad = int(0.3 * max(logo.size))
    canvas = Image.new("RGB", (logo.width + 2 * pad, logo.height + 2 * pad), ground)
    canvas.paste(logo, (pad, pad), logo)
    for size in SIZES:
        scale = min(1.0, size / min(logo.size))
        small = canvas.resize(
            (max(4, round(canvas.width * scale)), max(4, round(canvas.height * scale))), Image.Resampling.BILINEAR
        )
        for wobble in WOBBLE:
            x, y = wobble * logo.width, wobble * logo.height
            box = (pad - x, pad - y, pad + logo.width + x, pad + logo.height + y)
            yield cut(small, [edge * scale for edge in box])


def _contrast(logo: Image.Image, ground: tuple[int, int, int]) -> float:
    alpha = np.asarray(logo.getchannel("A"), dtype=np.float32) / 255
    apart = np.abs(np.asarray(logo.convert("RGB"), dtype=np.float32) - np.array(ground)).max(axis=2)
    return float((apart * alpha).sum() / max(1.0, alpha.sum()))


def _tinted(logo: Image.Image, colour: tuple[int, int, int], *, filled: bool = False) -> Image.Image:
    """Return a logo in one colour; where it has light and dark parts, the light ones become holes, unless `filled`."""
    alpha = np.asarray(logo.getchannel("A"), dtype=np.float32)
    if not filled and _has_inner(logo):
        grey = np.asarray(logo.convert("L"), dtype=np.float32)
        low, high = np.percentile(grey[alpha > 128], (10, 90))
        alpha = alpha * np.clip((high - grey) / max(1.0, high - low), 0, 1)
    out = Image.new("RGBA", logo.size, (*colour, 255))
    out.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return out


def _has_inner(logo: Image.Image) -> bool:
    """Tell whether a logo is drawn in light and dark, so that its outline alone is another picture."""
    solid = np.asarray(logo.getchannel("A")) > 128
    return bool(solid.any()) and float(np.asarray(logo.convert("L"))[solid].std()) > INNER
