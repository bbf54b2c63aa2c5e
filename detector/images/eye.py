"""Eye: pixels in, everything that could be a mark (logo, icon, wordmark) out, each with a direction to compare it by.

Two small networks of our own (`models/`, with a model card; trained by `training/`): the finder draws boxes, the
embedder turns each cut-out into a unit vector that is near for looks of one mark. Nothing here knows a brand, so what
it returns is kept with the picture and compared with any logo, later ones, too (`detector.images.logos`).

Flow: reduce -> finder at three scales -> overlapping boxes dropped -> cut out with a margin -> embedder. Runs in the
sandbox child, on one thread.
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.images.marks import Mark, packed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Pixels of the copy that the finder reads, and its longest side.
MOST_PIXELS: int = 620_000
LONGEST: int = 1280
STRIDES = (8, 16, 32)
LEAST_CHANCE: float = 0.04  # of a place, below which nobody looks closer
MOST_PLACES: int = 400  # before overlapping boxes are dropped
MOST_MARKS: int = 40
OVERLAP: float = 0.55  # intersection over union from which of two boxes the likelier stays
LEAST_SIDE: float = 6.0  # pixels of a box in the reduced copy
# As `training.compose` cuts marks out.
CROP = (96, 48)  # width, height
MARGIN: float = 0.06  # of the longer side, to every side
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
    boxes = np.concatenate([boxes, np.array([[0, 0, *small.size]], np.float32)])
    chances = np.append(chances, np.float32(0.0))
    scale = image.width / small.width
    vectors = embed(_cuts(image, boxes * scale))
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
        )
        for (left, top, right, bottom), chance, vector in zip(boxes, chances, vectors, strict=True)
    )


def embed(cuts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn cut-outs N x 3 x 48 x 96 (RGB, 0-255) into unit vectors N x 128."""
    vectors: NDArray[np.float32] = _session("embedder").run(None, {"input": cuts})[0]
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
    return np.stack([cut(image, tuple(map(float, box))) for box in boxes])


def _reduced(image: Image.Image) -> Image.Image:
    ratio = min(1.0, LONGEST / max(image.size), (MOST_PIXELS / (image.width * image.height)) ** 0.5)
    if ratio == 1.0:
        return image
    side = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    return image.resize(side, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _found(small: Image.Image) -> tuple[Boxes, NDArray[np.float32]]:
    """Return boxes in the small picture and their chances, likeliest first."""
    pixels = np.asarray(small, dtype=np.float32)
    height, width = -(-small.height // _PAD) * _PAD, -(-small.width // _PAD) * _PAD
    padded = np.pad(pixels, ((0, height - small.height), (0, width - small.width), (0, 0)), mode="edge")
    levels = _session("finder").run(None, {"input": padded.transpose(2, 0, 1)[None]})
    boxes, odds = [], []
    for level, stride in zip(levels, STRIDES, strict=True):
        rows, columns = np.nonzero(level[0, 0] > np.log(LEAST_CHANCE / (1 - LEAST_CHANCE)))
        odds.append(level[0, 0, rows, columns])
        away = np.exp(np.clip(level[0, 1:, rows, columns], -3, 5)) * stride  # N x 4
        x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
        boxes.append(np.stack([x - away[:, 0], y - away[:, 1], x + away[:, 2], y + away[:, 3]], axis=1))
    every, all_odds = np.concatenate(boxes).astype(np.float32), np.concatenate(odds).astype(np.float32)
    every[:, 0::2] = every[:, 0::2].clip(0, small.width)
    every[:, 1::2] = every[:, 1::2].clip(0, small.height)
    whole = (every[:, 2:] - every[:, :2]).min(axis=1) >= LEAST_SIDE
    order = np.argsort(-all_odds[whole], kind="stable")[:MOST_PLACES]
    every, all_odds = every[whole][order], all_odds[whole][order]
    kept = _apart(every)
    return every[kept], 1 / (1 + np.exp(-all_odds[kept]))


def _apart(boxes: Boxes) -> list[int]:
    """Return the rows of boxes that no likelier box overlaps much, at most `MOST_MARKS`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    alive = np.ones(len(boxes), bool)
    for row in range(len(boxes)):
        if not alive[row]:
            continue
        kept.append(row)
        if len(kept) == MOST_MARKS:
            break
        sides = np.minimum(boxes[row, 2:], boxes[:, 2:]) - np.maximum(boxes[row, :2], boxes[:, :2])
        shared = sides.clip(0).prod(axis=1)
        alive &= shared < OVERLAP * (areas[row] + areas - shared)
    return kept


@cache
def _session(name: str) -> "InferenceSession":
    # Loaded where pictures are read, not wherever verdicts are made.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # one picture at a time; an arena would keep the largest for ever
    model = resources.files("detector").joinpath(f"images/models/{name}.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
