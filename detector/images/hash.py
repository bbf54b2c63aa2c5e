"""PictureHash: perceptual hashes of a whole picture and of its tiles, made so that copies can be compared cheaply.

Hash: 64-bit DCT perceptual hash, bit for bit that of `imagehash.phash`, computed for all tiles in one array
operation.
Flow: greyscale at most `WORK_SIDE` pixels long -> whole, overlapping windows at three scales, panels with
straight borders -> 32x32 -> DCT -> bits. A window with little structure gives a hash made of noise, which equals
anything; it is left out, and a whole picture like that is marked `flat` and never compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.images.marks import Mark
from detector.images.panels import find_panels
from detector.images.texts import PictureText

# Side of the greyscale copy that is hashed, pixels: 16 times the 32 pixels the DCT sees.
WORK_SIDE: int = 512
# Window side as a share of the picture's, with the number of steps along each side: 9 + 16 + 25 windows of the
# picture's own aspect, and the same again as squares, so that neighbours overlap by about three quarters.
SCALES: tuple[tuple[float, int], ...] = ((0.8, 3), (0.6, 4), (0.4, 5))
# Coefficients that vary in both directions (49 of the 64) and must be this large, and how many of them, for a hash to
# mean something. Measured: blank, one colour, gradient 0; a nearly empty login page 2; the logos of shared data 8 (four
# squares), then 11 or more; its photo 43. Of 96 drawn pages of text lines 46 are flat, and of the pairs of the others
# 0.2 % are alike by `compare.WHOLE_DISTANCE`.
STRUCTURE_AMPLITUDE: float = 1200.0
STRUCTURE_COUNT: int = 11
# The first eight rows of the unnormalised 32-point DCT-II: all of the transform that the hash looks at.
_DCT = 2 * np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(32) + 1) / 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One window of a picture."""

    box: tuple[int, int, int, int]  # x, y, width, height in pixels
    phash: str  # 16 hex digits


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHash:
    """What the detector keeps of a picture."""

    width: int
    height: int
    phash: str  # 16 hex digits
    flat: bool  # too little structure to compare (blank, one colour): never matches
    tiles: tuple[Tile, ...] = ()
    mirrored: str = ""  # the hash of the picture seen in a mirror; empty in old records
    marks: tuple[Mark, ...] = ()  # what could be a logo; empty where nobody looked
    eye: str = ""  # which networks found the marks, see `detector.images.networks.version`
    texts: tuple[PictureText, ...] | None = None  # what is written in it; None where nobody read


def hash_picture(image: Image.Image, *, size: tuple[int, int] | None = None) -> PictureHash:
    """Hash a decoded picture (any mode; transparency is ignored, so flatten it first).

    Args:
        image: the pixels.
        size: width and height that boxes refer to, where `image` is a reduced copy; default the image's own.
    """
    width, height = size or image.size
    grey = _working_copy(image)
    windows = list(dict.fromkeys([*find_panels(np.asarray(grey)), *_windows(*grey.size)]))
    samples = np.stack([_sample(grey, window) for window in [(0, 0, *grey.size), *windows]])
    bits, structured = _phashes(samples)
    (mirrored,), _ = _phashes(samples[:1, :, ::-1])
    hashes = [f"{value:016x}" for value in bits]
    scale_x, scale_y = width / grey.width, height / grey.height
    tiles = tuple(
        Tile(
            box=(
                round(left * scale_x),
                round(top * scale_y),
                max(1, round((right - left) * scale_x)),
                max(1, round((bottom - top) * scale_y)),
            ),
            phash=digits,
        )
        for (left, top, right, bottom), digits, solid in zip(windows, hashes[1:], structured[1:], strict=True)
        if solid
    )
    return PictureHash(
        width=width,
        height=height,
        phash=hashes[0],
        flat=not structured[0],
        mirrored=f"{mirrored:016x}",
        tiles=() if not structured[0] else tiles,
    )


def picture_hash_from_dict(value: dict[str, Any]) -> PictureHash:
    """Read a PictureHash back from its plain form (`msgspec.to_builtins`), as the sandbox and the store carry it.

    Raises:
        msgspec.ValidationError: a field is missing or has the wrong type.
    """
    return msgspec.convert(value, PictureHash)


def _working_copy(image: Image.Image) -> Image.Image:
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    grey = image.convert("L")
    if max(grey.size) > WORK_SIDE:
        ratio = WORK_SIDE / max(grey.size)
        side = (max(1, round(grey.width * ratio)), max(1, round(grey.height * ratio)))
        grey = grey.resize(side, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return grey


def _windows(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield left, top, right, bottom of every window: the picture's aspect first, then squares where they differ."""
    shapes = [(width, height)]
    if max(width, height) > 1.25 * min(width, height):
        shapes.append((min(width, height),) * 2)
    for shape_width, shape_height in shapes:
        square = shape_width == shape_height
        for share, steps in ((1.0, 5), *SCALES) if square and len(shapes) > 1 else SCALES:
            window = (round(shape_width * share), round(shape_height * share))
            if min(window) < 32:
                continue
            for top in _steps(height - window[1], steps):
                for left in _steps(width - window[0], steps):
                    yield (left, top, left + window[0], top + window[1])


def _steps(room: int, steps: int) -> list[int]:
    return sorted({round(room * step / (steps - 1)) for step in range(steps)})


def _sample(grey: Image.Image, window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    return np.asarray(grey.resize((32, 32), Image.Resampling.LANCZOS, box=window))


def _phashes(samples: NDArray[np.uint8]) -> tuple[list[int], list[bool]]:
    """Return the 64-bit hash of each 32x32 sample, and whether it has enough structure to be compared."""
    low = _DCT @ samples.astype(np.float64) @ _DCT.T
    structured = (np.abs(low[:, 1:, 1:]) > STRUCTURE_AMPLITUDE).sum(axis=(1, 2)) >= STRUCTURE_COUNT
    flat = low.reshape(len(samples), 64)
    packed = np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1).view(">u8").ravel()
    return [int(value) for value in packed], [bool(value) for value in structured]
