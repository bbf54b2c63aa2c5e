"""PictureHash: perceptual hashes of a whole picture and of its tiles, made so that copies can be compared cheaply.

Hash: 64-bit DCT perceptual hash, bit for bit that of `imagehash.phash`, computed for all tiles in one array operation.
Flow: greyscale at most `WORK_SIDE` pixels long -> whole, the whole without plain margins, overlapping windows at three
scales, panels with straight borders -> 32x32 -> DCT -> bits; and the whole with a little cut off its sides, in `CUTS`
** 4 ways, by two matrix products. A finer hash of 256 bits, of the whole and of what is inside plain margins, says more
of a picture than any of them and bears what changes a part of it. A window with little structure gives a hash made of
noise, which equals anything; it is left out, and a whole picture like that is marked `flat` and never compared. A
picture whose hash says little though it is not noise, thin strokes on a plain ground, is marked `plain`: its windows
must confirm it.
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
# Of the 64 fields of 4x4 of a 32x32 sample so many must differ inside by so many grey levels: one edge in a corner
# moves all coefficients alike, whatever it is the edge of. Of 150 windows of wallpapers a quarter has fewer: sky, blur,
# glow.
STRUCTURE_FIELDS: int = 22
STRUCTURE_LEVELS: int = 12
# How much is cut off a side, as a share of it: crops up to a tenth are then at most 1.7 % off, which the hash bears.
CUTS: tuple[float, ...] = (0.0, 1 / 30, 2 / 30, 0.1)
CUT_SIDE: int = 128  # pixels; cuts are hashed from a square copy of that side
# A margin: lines of which so many pixels are within so many grey levels of the outermost line's median. JPEG 60 moves
# the pixels of a black bar by up to 15.
MARGIN_SHARE: float = 0.95
MARGIN_LEVELS: int = 20
# Plain: at least so much of it is ground, which is the commonest grey and its neighbours.
GROUND: float = 0.5
GROUND_LEVELS: int = 24  # grey levels around the commonest that are ground
STROKE: float = 0.05  # longest run that is a stroke, as a share of the longer side
THICK: float = 0.15  # most of the ink that may be thicker
# Windows with structure that a picture must have to be protected: with fewer, an edit away from being flat itself.
PROTECTED_TILES: int = 12
FINE_SIDE: int = 64  # pixels of the sample of the finer hash
FINE: int = 16  # its lowest frequencies each way, as those of PDQ (Facebook 2019): 256 bits
# The first eight rows of the unnormalised 32-point DCT-II: all of the transform that the hash looks at.
_FINE_DCT = 2 * np.cos(np.pi * np.outer(np.arange(FINE), 2 * np.arange(FINE_SIDE) + 1) / (2 * FINE_SIDE))
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
    inner: Tile | None = None  # what is inside plain margins; None where there are none, and in old records
    cuts: str = ""  # hashes with a little cut off, 16 digits each, all different; empty in old records
    centre: str = ""  # of them, those with the same cut off all sides, the least first; empty in old records
    fine: str = ""  # the finer hash, 64 hex digits; empty in old records
    inner_fine: str = ""  # the same of `inner`
    plain: bool = False  # words or lines on a plain ground: the hash alone does not identify it
    marks: tuple[Mark, ...] = ()  # what could be a logo; empty where nobody looked
    eye: str = ""  # which networks found the marks, see `detector.images.networks.version`
    texts: tuple[PictureText, ...] | None = None  # what is written in it; None where nobody read

    @property
    def protectable(self) -> bool:
        """Tell whether copies of this picture can be told from other pictures."""
        return not self.flat and len(self.tiles) >= PROTECTED_TILES


def hash_picture(image: Image.Image, *, size: tuple[int, int] | None = None) -> PictureHash:
    """Hash a decoded picture (any mode; transparency is ignored, so flatten it first).

    Args:
        image: the pixels.
        size: width and height that boxes refer to, where `image` is a reduced copy; default the image's own.
    """
    width, height = size or image.size
    grey = _working_copy(image)
    pixels = np.asarray(grey)
    inner = _inner(pixels)
    windows = list(dict.fromkeys([*find_panels(pixels), *_windows(*grey.size)]))
    samples = np.stack([_sample(grey, window) for window in [(0, 0, *grey.size), inner, *windows]])
    bits, structured = _phashes(_low(samples))
    structured = [one and two for one, two in zip(structured, _busy(samples), strict=True)]
    if structured[1] and not structured[0]:  # little between broad bars: what is between is the picture
        samples[0], bits[0], structured[0] = samples[1], bits[1], True
    (mirrored,), _ = _phashes(_low(samples[:1, :, ::-1]))
    hashes = [f"{value:016x}" for value in bits]
    scale_x, scale_y = width / grey.width, height / grey.height
    cuts, centre = _cuts(grey) if structured[0] else ("", "")

    def scaled(window: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, top, right, bottom = window
        sides = (max(1, round((right - left) * scale_x)), max(1, round((bottom - top) * scale_y)))
        return (round(left * scale_x), round(top * scale_y), *sides)

    tiles = tuple(
        Tile(box=scaled(window), phash=digits)
        for window, digits, solid in zip(windows, hashes[2:], structured[2:], strict=True)
        if solid
    )
    return PictureHash(
        width=width,
        height=height,
        phash=hashes[0],
        flat=not structured[0],
        mirrored=f"{mirrored:016x}",
        inner=Tile(box=scaled(inner), phash=hashes[1]) if structured[1] and inner != (0, 0, *grey.size) else None,
        cuts=cuts,
        centre=centre,
        fine=_fine(grey, (0, 0, *grey.size)),
        inner_fine=_fine(grey, inner) if structured[1] and inner != (0, 0, *grey.size) else "",
        plain=bool(structured[0]) and _is_plain(pixels),
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


def _low(samples: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the 8x8 lowest DCT coefficients of each 32x32 sample."""
    return np.asarray(_DCT @ samples.astype(np.float64) @ _DCT.T)


def _fine(grey: Image.Image, window: tuple[int, int, int, int]) -> str:
    """Return the finer hash of a window."""
    sample = grey.resize((FINE_SIDE, FINE_SIDE), Image.Resampling.LANCZOS, box=window)
    low = (_FINE_DCT @ np.asarray(sample, dtype=np.float64) @ _FINE_DCT.T).ravel()
    return np.packbits(low > np.median(low)).tobytes().hex()


def _busy(samples: NDArray[np.uint8]) -> list[bool]:
    """Tell of each 32x32 sample whether there is something to see in many places of it."""
    fields = samples.reshape(-1, 8, 4, 8, 4)
    levels = fields.max(axis=(2, 4)).astype(np.int16) - fields.min(axis=(2, 4))
    return [bool(count >= STRUCTURE_FIELDS) for count in (levels >= STRUCTURE_LEVELS).sum(axis=(1, 2))]


def _phashes(low: NDArray[np.float64]) -> tuple[list[int], list[bool]]:
    """Return the 64-bit hash of each 8x8 block of coefficients, and whether it has enough structure to be compared."""
    structured = (np.abs(low[:, 1:, 1:]) > STRUCTURE_AMPLITUDE).sum(axis=(1, 2)) >= STRUCTURE_COUNT
    flat = low.reshape(len(low), 64)
    packed = np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1).view(">u8").ravel()
    return [int(value) for value in packed], [bool(value) for value in structured]


def _inner(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of what is inside plain margins (letterbox bars, borders)."""
    top, bottom = _margins(pixels)
    if bottom - top >= 32:
        left, right = _margins(pixels[top:bottom].T)
        if right - left >= 32:
            return (left, top, right, bottom)
    return (0, 0, *pixels.shape[::-1])


def _margins(lines: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the first line that is not margin, and the first that is margin again."""
    levels = lines.astype(np.int16)

    def plain(edge: NDArray[np.int16]) -> NDArray[np.bool_]:
        near = np.abs(levels - np.median(edge)) <= MARGIN_LEVELS
        return np.asarray(near.mean(axis=1) >= MARGIN_SHARE)

    first, last = np.nonzero(~plain(levels[0]))[0], np.nonzero(~plain(levels[-1]))[0]
    return (int(first[0]), int(last[-1]) + 1) if len(first) and len(last) else (0, len(lines))


def _cutting() -> NDArray[np.float64]:
    """Return, for every pair of cuts, the eight rows that turn a line of `CUT_SIDE` pixels into DCT coefficients."""
    rows = []
    for start in CUTS:
        for end in CUTS:
            step = (1 - start - end) * CUT_SIDE / 32
            centres = start * CUT_SIDE + (np.arange(32) + 0.5) * step
            apart = (np.arange(CUT_SIDE) + 0.5 - centres[:, None]) / step
            lanczos = np.where(np.abs(apart) < 3, np.sinc(apart) * np.sinc(apart / 3), 0)
            rows.append(_DCT @ (lanczos / lanczos.sum(axis=1, keepdims=True)))
    return np.concatenate(rows)


_CUTTING = _cutting()


def _cuts(grey: Image.Image) -> tuple[str, str]:
    """Hash the picture with a little cut off its sides; the ways that give the same hash are one.

    Returns:
        All of them, and those with the same cut off all sides.
    """
    square = np.asarray(grey.resize((CUT_SIDE, CUT_SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    ways = len(_CUTTING) // 8
    low = (_CUTTING @ square @ _CUTTING.T).reshape(ways, 8, ways, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    bits, structured = _phashes(low)
    alike = [row * ways + row for row in range(len(CUTS) + 1, ways, len(CUTS) + 1)]
    return (
        "".join(
            f"{value:016x}" for value in sorted({value for value, solid in zip(bits, structured, strict=True) if solid})
        ),
        "".join(f"{bits[way]:016x}" for way in alike if structured[way]),
    )


def _is_plain(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether a picture is only words, lines or few shapes on a plain ground: its hash is that of its layout.

    What differs from the commonest grey is ink. Ink in short runs, along its row or its column, is a stroke; ink in
    long runs both ways is the area of a picture.
    """
    pixels = pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2]
    if min(pixels.shape) < 16:
        return False
    half = pixels.reshape(len(pixels) // 2, 2, -1, 2).mean(axis=(1, 3))
    counts = np.bincount(half.astype(np.intp).ravel(), minlength=256)
    ground = int(np.convolve(counts, np.ones(9), "same").argmax())
    ink = np.abs(half - ground) > GROUND_LEVELS
    if not 0 < ink.mean() <= 1 - GROUND:
        return False
    longest = STROKE * max(ink.shape)
    thick = (_runs(ink) > longest) & (longest < _runs(ink.T).T)
    return bool(thick.sum() <= THICK * ink.sum())


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return, for each set pixel, the length of the run of set pixels in its row."""
    apart = np.pad(mask, ((0, 0), (1, 0)))  # a gap before each row keeps rows apart
    flat = apart.ravel()
    starts = np.cumsum(flat & ~np.concatenate([[False], flat[:-1]]))
    lengths = np.bincount(starts[flat], minlength=int(starts[-1]) + 1)
    return np.asarray(np.where(flat, lengths[starts], 0).reshape(apart.shape)[:, 1:])
