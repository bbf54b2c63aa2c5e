"""Eye: pixels in, everything that could be a mark (logo, icon, wordmark) out, each with a direction to compare it by.

Two small networks of our own (`models/`, with a model card; trained by `training/`): the finder draws boxes, the
embedder turns each cut-out into a unit vector that is near for looks of one mark. Nothing here knows a brand, so what
it returns is kept with the picture and compared with any logo, later ones, too (`detector.images.logos`).

Flow: reduce -> finder, twice -> overlapping boxes dropped -> drawn in on plain grounds -> cut out -> embedder. Runs
in the sandbox child, on one thread.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.images.marks import Mark, packed
from detector.images.networks import session
from detector.images.strangers import strangers

# Pixels of the copy that the finder reads, and its longest side.
MOST_PIXELS: int = 760_000
LONGEST: int = 1280
# The finder learned on marks up to half of 480 x 320 pixels; larger ones are found in a reduced copy of the copy.
HALF: float = 0.45
LEAST_HALVED: int = 200  # pixels of the shorter side
STRIDES = (8, 16, 32)
LEAST_CHANCE: float = 0.03  # of a place, below which nobody looks closer
MOST_PLACES: int = 600  # before overlapping boxes are dropped
MOST_MARKS: int = 56
OVERLAP: float = 0.62  # intersection over union from which of two boxes the likelier stays
# Boxes, likeliest first, that are drawn in where their ground is plain: room around them as a share of their sides,
# grey levels that count as ground, and how much of the edge must be ground.
MOST_TIGHT: int = 24
ROOM: float = 0.12
TIGHT_SIDE: int = 100  # pixels of a box's shorter side that are looked at
PLAIN: int = 28
PLAIN_SHARE: float = 0.85
LEAST_SIDE: float = 6.0  # pixels of a box in the reduced copy
# As `training.compose` cuts marks out.
CROP = (96, 48)  # width, height
STEPS = (4, 2)  # by which a copy is reduced for boxes at least twice as large as a cut-out in it
MARGIN: float = 0.06  # of the longer side, to every side
GREY: float = 127.5  # what is nothing to the finder
_PAD = 32

Boxes = NDArray[np.float32]  # N x 4: left, top, right, bottom


def find_marks(image: Image.Image, *, size: tuple[int, int] | None = None) -> tuple[Mark, ...]:
    """Return what could be a mark in an RGB picture, likeliest first; the picture as a whole is the last.

    Args:
        image: the pixels.
        size: width and height that boxes refer to, where `image` is a reduced copy; default the image's own.
    """
    small = _reduced(image)
    boxes, chances = _found(small)
    planes = np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1)).astype(np.int16)
    tight = _tight(planes, boxes[:MOST_TIGHT])
    boxes = np.concatenate([boxes, *(box[None] for _, box in tight)])
    chances = np.concatenate([chances, chances[[row for row, _ in tight]]])
    boxes = np.concatenate([boxes, np.array([[0, 0, *small.size]], np.float32)])
    chances = np.append(chances, np.float32(0.0))
    scale = image.width / small.width
    vectors = embed(_cuts(image, boxes * scale))
    means, spreads = strangers(vectors, every=2)
    width, height = size or image.size
    ratio = (width / small.width, height / small.height)
    return tuple(
        Mark(
            box=(
                round(left * ratio[0]),
                round(top * ratio[1]),
                max(1, round((right - left) * ratio[0])),
                max(1, round((bottom - top) * ratio[1])),
            ),
            chance=round(float(chance), 3),
            vector=packed(vector),
            mean=round(float(mean), 4),
            spread=round(float(spread), 4),
        )
        for (left, top, right, bottom), chance, vector, mean, spread in zip(
            boxes, chances, vectors, means, spreads, strict=True
        )
    )


def embed(cuts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn cut-outs N x 3 x 48 x 96 (RGB, 0-255) into unit vectors N x 128."""
    vectors: NDArray[np.float32] = session("embedder").run(None, {"input": cuts})[0]
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return unit


def cut(image: Image.Image, box: Sequence[float]) -> NDArray[np.float32]:
    """Cut a box out with its margin, as the embedder reads it: 3 x 48 x 96."""
    left, top, right, bottom = box
    margin = MARGIN * max(right - left, bottom - top)
    inside = (max(0.0, left - margin), max(0.0, top - margin),
              min(float(image.width), right + margin), min(float(image.height), bottom + margin))  # fmt: skip
    cut_out = image.resize(CROP, Image.Resampling.BILINEAR, box=inside, reducing_gap=2.0)
    return np.asarray(cut_out, dtype=np.float32).transpose(2, 0, 1)


def _cuts(image: Image.Image, boxes: Boxes) -> NDArray[np.float32]:
    """Cut every box out; large ones from a copy that was reduced once for all of them."""
    reduced: dict[int, Image.Image] = {1: image}
    cuts = []
    for box in boxes:
        left, top, right, bottom = map(float, box)
        factor = next(
            (step for step in STEPS if min((right - left) / CROP[0], (bottom - top) / CROP[1]) >= 2 * step), 1
        )
        if factor not in reduced:
            reduced[factor] = image.reduce(factor)
        cuts.append(cut(reduced[factor], (left / factor, top / factor, right / factor, bottom / factor)))
    return np.stack(cuts)


def _reduced(image: Image.Image) -> Image.Image:
    ratio = min(1.0, LONGEST / max(image.size), (MOST_PIXELS / (image.width * image.height)) ** 0.5)
    if ratio == 1.0:
        return image
    side = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(side, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _found(small: Image.Image) -> tuple[Boxes, NDArray[np.float32]]:
    """Return boxes in the small picture and their chances, likeliest first."""
    found = [_places(small, 1.0)]
    if min(small.size) >= LEAST_HALVED:
        side = (max(1, round(small.width * HALF)), max(1, round(small.height * HALF)))
        found.append(_places(small.resize(side, Image.Resampling.BILINEAR, reducing_gap=2.0), 1 / HALF))
    boxes = np.concatenate([one for one, _ in found])
    odds = np.concatenate([one for _, one in found])
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, small.width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, small.height)
    whole = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= LEAST_SIDE
    order = np.argsort(-odds[whole], kind="stable")[:MOST_PLACES]
    boxes, odds = boxes[whole][order], odds[whole][order]
    chances = 1 / (1 + np.exp(-odds))
    kept, voted = _apart(boxes, chances)
    return voted, chances[kept]


def _places(picture: Image.Image, scale: float) -> tuple[Boxes, NDArray[np.float32]]:
    """Return the boxes that the finder draws in a picture, times `scale`, and their log-odds."""
    levels = session("finder").run(None, {"input": _framed(np.asarray(picture))})
    boxes, odds = [], []
    for level, stride in zip(levels, STRIDES, strict=True):
        rows, columns = np.nonzero(level[0, 0] > np.log(LEAST_CHANCE / (1 - LEAST_CHANCE)))
        odds.append(level[0, 0, rows, columns])
        away = np.exp(np.clip(level[0, 1:, rows, columns], -3, 5)) * stride  # N x 4
        x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
        boxes.append(np.stack([x - away[:, 0], y - away[:, 1], x + away[:, 2], y + away[:, 3]], axis=1))
    return np.concatenate(boxes).astype(np.float32) * scale, np.concatenate(odds).astype(np.float32)


def _framed(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return pixels as the finder reads them, 1 x 3 x (H + 1) x (W + 1): the last row and column repeated up to the
    next whole stride, and one grey row and column before the first."""
    height, width = -(-pixels.shape[0] // _PAD) * _PAD, -(-pixels.shape[1] // _PAD) * _PAD
    framed = np.full((1, 3, height + 1, width + 1), GREY, np.float32)
    inside = framed[0, :, 1:, 1:]
    inside[:, : pixels.shape[0], : pixels.shape[1]] = pixels.transpose(2, 0, 1)
    inside[:, : pixels.shape[0], pixels.shape[1] :] = pixels.transpose(2, 0, 1)[:, :, -1:]
    inside[:, pixels.shape[0] :] = inside[:, pixels.shape[0] - 1 : pixels.shape[0]]
    return framed


def _tight(pixels: NDArray[np.int16], boxes: Boxes) -> list[tuple[int, Boxes]]:
    """Return row and drawn-in box of those that hold something on a plain ground: as tight as a logo is enrolled.

    Args:
        pixels: 3 x H x W.
        boxes: in pixels.
    """
    found = []
    height, width = pixels.shape[1:]
    for row, (left, top, right, bottom) in enumerate(boxes):
        room_x, room_y = ROOM * (right - left) + 2, ROOM * (bottom - top) + 2
        x, y = max(0, int(left - room_x)), max(0, int(top - room_y))
        step = max(1, int(min(right - left, bottom - top)) // TIGHT_SIDE)  # a large one is looked at coarsely
        part = pixels[
            :, y : min(height, int(bottom + room_y) + 1) : step, x : min(width, int(right + room_x) + 1) : step
        ]
        edge = np.concatenate([part[:, 0], part[:, -1], part[:, :, 0], part[:, :, -1]], axis=1)
        ground = np.median(edge, axis=1).astype(np.int16)[:, None]
        if (np.abs(edge - ground).max(axis=0) < PLAIN).mean() < PLAIN_SHARE:
            continue
        solid = np.abs(part - ground[:, :, None]).max(axis=0) >= PLAIN
        rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
        if len(rows) < LEAST_SIDE or len(columns) < LEAST_SIDE:
            continue
        ends = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        box = np.array([x, y, x, y], np.float32) + step * np.array(ends, np.float32)
        if np.abs(box - boxes[row]).max() >= 2:
            found.append((row, box))
    return found


def _apart(boxes: Boxes, chances: NDArray[np.float32]) -> tuple[list[int], Boxes]:
    """Return the rows of boxes that no likelier box overlaps much, at most `MOST_MARKS`, and those boxes, voted.

    Each is the mean of itself and of those that it drops, by their chances (box voting, Gidaris and Komodakis 2015):
    the places around a mark err to all sides.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    voted: list[Boxes] = []
    alive = np.ones(len(boxes), bool)
    for row in range(len(boxes)):
        if not alive[row]:
            continue
        kept.append(row)
        sides = np.minimum(boxes[row, 2:], boxes[:, 2:]) - np.maximum(boxes[row, :2], boxes[:, :2])
        shared = sides.clip(0).prod(axis=1)
        alike = alive & (shared >= OVERLAP * (areas[row] + areas - shared))
        alike[row] = True
        weights = chances[alike]
        voted.append((weights @ boxes[alike] / weights.sum()).astype(np.float32))
        alive &= ~alike
        if len(kept) == MOST_MARKS:
            break
    return kept, np.stack(voted) if voted else boxes[:0]
