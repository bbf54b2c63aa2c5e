"""Mark: something in a picture that could be a logo, as it is kept: where it is, and a direction to compare it by."""

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH: int = 128  # numbers in a vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A part of a picture that could be a mark."""

    box: tuple[int, int, int, int]  # x, y, width, height in pixels
    chance: float  # 0-1, the finder's; 0 for the picture as a whole
    vector: str  # base 64 of 128 signed bytes: the embedder's unit vector times 127
    mean: float  # its cosines with the nearest strangers, see `detector.images.strangers`
    spread: float


def packed(vector: NDArray[np.float32]) -> str:
    """Write a unit vector as text."""
    return base64.b64encode(np.round(vector * 127).astype(np.int8).tobytes()).decode()


def unpacked(vectors: list[str]) -> NDArray[np.float32]:
    """Read vectors back as unit vectors, N x 128.

    Raises:
        ValueError: a vector has another length.
    """
    rows = [np.frombuffer(base64.b64decode(vector, validate=True), np.int8) for vector in vectors]
    if any(len(row) != WIDTH for row in rows):
        raise ValueError("a mark's vector has another length")
    found = np.array(rows, np.float32).reshape(-1, WIDTH)
    unit: NDArray[np.float32] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    return unit
