"""Panels: rectangles inside a picture that look pasted in, found by their straight sides.

A perceptual hash survives blur, recompression and recolouring, but not a window that is some percent off. A
creative that carries a protected picture has, as a rule, sharp straight borders around it, so windows are cut
exactly there.
Flow: steps in brightness -> columns and rows with long steps -> all boxes between them -> those with four
supported sides.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom exclusive

STEP: int = 20  # grey levels between neighbours that count as a border
LINES: int = 8  # strongest columns, and rows, that are tried
MOST: int = 32  # panels returned
# Least share of each side that must be a step. Measured: of 120 random pastes of the photo of shared data (40-90
# % of the width, over plain colours and screenshots, JPEG 60) 63 are cut so exactly that the hash is within 8
# bits; without panels 0.
SUPPORT: float = 0.35
OUTER_SUPPORT: float = 0.6  # what the picture's own border counts as
SMALLEST: float = 0.2  # side of a panel as a share of the picture's


def find_panels(grey: NDArray[np.uint8]) -> list[Box]:
    """Return boxes with straight, high-contrast sides in a greyscale picture, best supported first."""
    height, width = grey.shape
    if min(height, width) < 64:
        return []
    levels = grey.astype(np.int16)
    columns = _support(np.abs(np.diff(levels, axis=1)) >= STEP)
    rows = _support((np.abs(np.diff(levels, axis=0)) >= STEP).T)
    found: list[tuple[float, Box]] = []
    across = list(combinations(_lines(columns, width), 2))
    for top, bottom in combinations(_lines(rows, height), 2):
        if bottom - top < SMALLEST * height:
            continue
        for left, right in across:
            if right - left < SMALLEST * width or (right - left, bottom - top) == (width, height):
                continue
            least = min(
                _side(columns, left, top, bottom, width),
                _side(columns, right, top, bottom, width),
                _side(rows, top, left, right, height),
                _side(rows, bottom, left, right, height),
            )
            if least >= SUPPORT:
                found.append((least, (left, top, right, bottom)))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return [box for _, box in found[:MOST]]


def _support(steps: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return cumulated step counts along every line: `[k, line]` is the number of steps in the first k pixels."""
    counts = np.zeros((steps.shape[0] + 1, steps.shape[1]), dtype=np.int32)
    np.cumsum(steps, axis=0, out=counts[1:])
    return counts


def _lines(counts: NDArray[np.int32], length: int) -> list[int]:
    """Return the positions with the longest steps, neighbours suppressed, and both ends."""
    total = counts[-1].copy()
    chosen = {0, length}
    for _ in range(LINES):
        line = int(total.argmax())
        if total[line] < SMALLEST * SUPPORT * (counts.shape[0] - 1):
            break
        chosen.add(line + 1)
        total[max(0, line - 2) : line + 3] = 0
    return sorted(chosen)


def _side(counts: NDArray[np.int32], line: int, start: int, end: int, length: int) -> float:
    if line in (0, length):
        return OUTER_SUPPORT
    near = counts[:, max(0, line - 2) : line + 1]
    return float((near[end] - near[start]).sum()) / (end - start)
