"""Words in pictures: hostile picture bytes -> lines of text with their places.

Advertisers draw what a text filter would catch. The reader is rapidocr (PP-OCR networks inside its wheel, nothing is
downloaded), the optional extra `words`. Runs in the sandbox child, on one thread:

1. `decode` bounds and loads the bytes.
2. The detector looks for lines on a copy whose size bounds its time; boxes are mapped back.
3. Every line is cut out of the full picture, upright, and read; the largest first where there are too many.
4. Lines in reading order, as built-in types; `blocks` makes sentences of them.

    ValueError
    └── WordsUnavailable   the extra is not installed, or is incomplete
"""

import importlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.images.decode import decode

__all__ = ["WordsUnavailable", "blocks", "read_words", "words_of"]

# Pixels that the detector sees at most: 1.5 s of CPU and 0.25 GB each million; 3 are a screenshot of 640 x 4700.
MOST_PIXELS: int = 3_000_000
# Lines are cut out of a copy of at most so many pixels.
CUT_PIXELS: int = 9_000_000
# Pixels that the detector's copy keeps on the shorter side. `benchmarks.ocr`, seeds 2 and 3: 384 of 400 lines exact, as
# at 736 (PP-OCR's own side, 10 % more CPU); 383 at 900 (37 % more).
SHORT_SIDE: int = 640
# Large pictures are reduced no further than to this, as far as `MOST_PIXELS` allows: small print.
LEAST_SCALE: float = 0.5
# Smaller pictures, banners, are enlarged towards this, at most twice.
LEAST_SIDE: int = 480
# Tall copies are searched in bands as high as they are wide, this much (pixels) over each other: the network weighs a
# line against the whole picture, and does not see one of 15 pixels in 3000 empty rows.
BAND_OVERLAP: int = 80
LEAST_BAND: int = 640
# Of 100 lines over busy grounds (`benchmarks.ocr`, seed 3) the least was 0.95; in 25 wallpapers without words five
# single characters were read, four of them at 0.36 or less and one at 0.97.
LEAST_CONFIDENCE: float = 0.5
MOST_LINES: int = 200
# Sum of all lines' lengths, in heights of the line, about characters: 6 ms of CPU each.
MOST_LENGTH: float = 2000.0
# A longer line is read in pieces: the network's attention costs memory by the square of the length.
PIECE: float = 40.0
# Lines of a block: sizes within this factor, a gap of at most so many heights; printed lines have gaps of 0.2-0.8.
LIKE_SIZE: float = 1.6
LINE_GAP: float = 0.9
# From this height over width a line is written downwards, and rapidocr turns it to read.
UPRIGHT: float = 1.5
_CJK = 0x2E80  # Unicode: scripts without spaces between words begin here
_MODELS = {"Det": "PP-OCRv6_det_small.onnx", "Rec": "PP-OCRv6_rec_small.onnx"}

Box = Sequence[int]  # left, top, width, height in pixels
Pixels = NDArray[np.uint8]  # height x width x 3, blue first


class WordsUnavailable(ValueError):
    """The reader is not installed; the message says what to install."""


def read_words(data: bytes, *, most_pixels: int = MOST_PIXELS) -> dict[str, Any]:
    """Read the text of a picture; built-in types only, to cross the sandbox pipe.

    Args:
        data: the file's bytes.
        most_pixels: of the copy that lines are looked for on.

    Returns:
        `engine` (name and version) and `lines` in reading order, each with `text`, `box` (left, top, width, height in
        pixels of the upright picture) and `confidence` (0-1).

    Raises:
        PictureRefused: see `detector.images.decode.decode`.
        WordsUnavailable: the extra `words` is missing or incomplete.
    """
    _engine()  # says at once when it is absent
    return words_of(decode(data), most_pixels=most_pixels)


def words_of(image: Image.Image, *, most_pixels: int = MOST_PIXELS) -> dict[str, Any]:
    """Read the text of an upright RGB picture; see `read_words`."""
    engine = _engine()
    pixels = _blue_first(_resized(image, min(1.0, math.sqrt(CUT_PIXELS / (image.width * image.height)))))
    quads = _found(engine, image, most_pixels)
    quads *= np.array([pixels.shape[1] / image.width, pixels.shape[0] / image.height], np.float32)
    lines = []
    scale = (image.width / pixels.shape[1], image.height / pixels.shape[0])
    for quad, (text, confidence) in zip(quads, _read(engine, pixels, quads), strict=True):
        if text.strip() and confidence >= LEAST_CONFIDENCE:
            lines.append({"text": text, "box": _box(quad, scale), "confidence": round(confidence, 3)})
    return {"engine": f"rapidocr {version('rapidocr')}", "lines": [line for block in _blocks(lines) for line in block]}


@cache
def _engine() -> Any:
    """Load the networks once for a process."""
    try:
        package = importlib.import_module("rapidocr")
        reader = package.RapidOCR
    except ImportError as error:
        what = f"{error.name} is missing" if isinstance(error, ModuleNotFoundError) else str(error)
        raise WordsUnavailable(f"no reader of words in pictures ({what}): install mekiki[words]") from None
    folder = Path(str(package.__file__)).parent / "models"
    for name in _MODELS.values():
        if not (folder / name).is_file():  # rapidocr would download it
            raise WordsUnavailable(
                f"rapidocr {version('rapidocr')} lacks its model {name}: install mekiki[words] again"
            )
    return reader(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,  # turns lines upside down by mistake more often than advertisers do
            "Global.use_preprocess_img": False,
            "Global.use_vertical_padding": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",  # the size is chosen here; enlarging thin pictures to 736 costs gigabytes
            "Det.limit_side_len": 1_000_000,
            **{f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()},
        }
    )


def _found(engine: Any, image: Image.Image, most_pixels: int) -> NDArray[np.float32]:
    """Return the corners of lines, N x 4 x 2 in pixels of `image`; at most `MOST_LINES`, the largest."""
    short = min(image.size)
    wanted = max(LEAST_SCALE, SHORT_SIDE / short) if short > SHORT_SIDE else min(2.0, max(1.0, LEAST_SIDE / short))
    scale = min(wanted, math.sqrt(most_pixels / (image.width * image.height)))
    small = _resized(image, scale)
    ratio = np.array([image.width / small.width, image.height / small.height], np.float32)
    found = _lines(engine, small) * ratio
    lengths = [_lengths(quad) for quad in found]
    kept: list[int] = []
    length = 0.0
    for index in sorted(range(len(found)), key=lambda index: -lengths[index][1]):
        length += lengths[index][0] / lengths[index][1]
        if len(kept) == MOST_LINES or length > MOST_LENGTH:
            break
        kept.append(index)
    return found[sorted(kept)]


def _lines(engine: Any, small: Image.Image) -> NDArray[np.float32]:
    """Return the corners of the lines in a copy, band by band; of a line in two bands the one that is less cut off."""
    height = max(LEAST_BAND, small.width)
    found: list[NDArray[np.float32]] = []
    top = 0
    while True:
        bottom = small.height if small.height <= top + 1.25 * height else top + height
        quads = engine(_blue_first(small.crop((0, top, small.width, bottom))), use_det=True, use_rec=False).boxes
        for quad in () if quads is None else np.asarray(quads, np.float32) + np.array([0, top], np.float32):
            twin = next((row for row, other in enumerate(found) if _same(quad, other)), None)
            if twin is None:
                found.append(quad)
            elif np.ptp(quad[:, 1]) > np.ptp(found[twin][:, 1]):
                found[twin] = quad
        if bottom == small.height:
            return np.stack(found) if found else np.zeros((0, 4, 2), np.float32)
        top = bottom - BAND_OVERLAP


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Tell whether two quads lie over each other by half of the smaller one's box."""
    low = np.maximum(one.min(axis=0), other.min(axis=0))
    high = np.minimum(one.max(axis=0), other.max(axis=0))
    least = min(float(np.ptp(quad, axis=0).prod()) for quad in (one, other))
    return bool((high > low).all()) and float((high - low).prod()) > 0.5 * least


def _read(engine: Any, pixels: Pixels, quads: NDArray[np.float32]) -> Iterator[tuple[str, float]]:
    """Read each line: its text and the mean confidence of its characters."""
    cuts = [list(_pieces(cut)) for cut in engine.crop_text_regions(pixels, list(quads))]  # turns upright lines, too
    flat = [piece for pieces in cuts for piece in pieces]
    if not flat:
        return
    answer = engine.recognize_txt(flat)
    read = iter(zip(answer.txts, answer.scores, strict=True))
    for pieces in cuts:
        told = [(text, float(score)) for text, score in (next(read) for _ in pieces)]
        characters = max(1, sum(len(text) for text, _ in told))
        yield _glued(text for text, _ in told), sum(len(text) * score for text, score in told) / characters


def _pieces(cut: Pixels) -> Iterator[Pixels]:
    """Cut a very long line where its pixel columns change least: between words or characters."""
    height, width = cut.shape[:2]
    count = math.ceil(width / (PIECE * height))
    if count < 2:
        yield cut
        return
    unrest = cut.max(axis=2).astype(np.float32).std(axis=0)
    unrest = np.convolve(unrest, np.ones(max(1, height // 4), np.float32), "same")
    start = 0
    for number in range(1, count):
        middle = number * width // count
        left, right = max(start + 1, middle - 2 * height), min(width - 1, middle + 2 * height)
        end = left + int(unrest[left:right].argmin())
        yield cut[:, start:end]
        start = end
    yield cut[:, start:]


def blocks(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[int, int, int, int]]]:
    """Join lines that belong together, so that a sentence broken over two lines can be matched.

    Args:
        lines: as `read_words` returns them.

    Returns:
        Text and box for each block of lines of like size that lie close together; no spaces between Japanese
        characters.
    """
    return [
        (_glued(str(line["text"]) for line in block), _around([line["box"] for line in block]))
        for block in _blocks(lines)
    ]


def _around(boxes: Sequence[Box]) -> tuple[int, int, int, int]:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top


def _blocks(lines: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Group lines that touch, directly or over others; blocks from the top, lines within as one reads them."""
    groups: list[list[Mapping[str, Any]]] = []
    for line in lines:
        far: list[list[Mapping[str, Any]]] = []
        own = [line]
        for group in groups:
            if any(_near(line["box"], other["box"]) for other in group):
                own += group
            else:
                far.append(group)
        groups = [*far, own]
    return sorted(map(_in_order, groups), key=lambda block: min((line["box"][1], line["box"][0]) for line in block))


def _in_order(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Sort lines of one block: rows from the top, within a row from the left; upright lines from the right."""
    upright = [line for line in lines if _upright(line["box"])]
    upright.sort(key=lambda line: (-line["box"][0], line["box"][1]))
    rows: list[list[Mapping[str, Any]]] = []
    for line in sorted((line for line in lines if not _upright(line["box"])), key=lambda line: _middle(line["box"])):
        _, top, _, height = rows[-1][0]["box"] if rows else (0, 0, 0, 0)
        if rows and _middle(line["box"]) < top + height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return upright + [line for row in rows for line in sorted(row, key=lambda line: int(line["box"][0]))]


def _near(one: Box, other: Box) -> bool:
    """Tell whether two lines are of one block: alike in size, one after the other or side by side."""
    if _upright(one) != _upright(other):
        return False
    if _upright(one):  # the same rule, mirrored
        one, other = [one[1], one[0], one[3], one[2]], [other[1], other[0], other[3], other[2]]
    small, large = sorted((one[3], other[3]))
    if large > LIKE_SIZE * small:
        return False
    beside, below = _gap(one[0], one[2], other[0], other[2]), _gap(one[1], one[3], other[1], other[3])
    same_row = below < -small / 2 and beside < small
    return same_row or (below < LINE_GAP * small and beside < 0)


def _gap(start: int, length: int, other_start: int, other_length: int) -> int:
    """Measure the space between two stretches; negative where they overlap."""
    return max(start, other_start) - min(start + length, other_start + other_length)


def _upright(box: Box) -> bool:
    return box[3] >= UPRIGHT * box[2]


def _middle(box: Box) -> float:
    return box[1] + box[3] / 2


def _glued(texts: Iterable[str]) -> str:
    """Put texts behind each other, with a space unless one of the two characters that meet is Japanese."""
    whole = ""
    for text in texts:
        meet = whole[-1:] + text[:1]
        whole += " " + text if len(meet) == 2 and all(ord(character) < _CJK for character in meet) else text
    return whole


def _resized(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if scale > 1.0:
        return image.resize(size, Image.Resampling.BICUBIC)
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _blue_first(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _lengths(quad: NDArray[np.float32]) -> tuple[float, float]:
    """Return the longer and the shorter side of a slanted box."""
    sides = (float(np.linalg.norm(quad[0] - quad[1])), float(np.linalg.norm(quad[0] - quad[3])))
    return max(*sides, 1.0), max(min(sides), 1.0)


def _box(quad: NDArray[np.float32], scale: tuple[float, float]) -> list[int]:
    left, top = (float(value) for value in quad.min(axis=0) * scale)
    right, bottom = (float(value) for value in quad.max(axis=0) * scale)
    return [round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top))]
