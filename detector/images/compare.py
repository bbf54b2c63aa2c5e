"""Which protected pictures does a picture copy? Hamming distances over all references at once.

Four questions, one array operation each: is the whole the reference, or the reference in a mirror; does a window of the
picture hold the whole reference (pasted into a creative); is the picture a window of the reference (cut out of it); do
many windows agree in place (the reference with something laid over a part of it).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.brands import BrandProfile, ReferencePicture
from detector.images.hash import PictureHash

# Largest Hamming distances (of 64 bits) that count. Measured on shared data: the five edits of the bridge photo
# and JPEG quality 10 are at 0, brightness 1.5 at 6, 4 % cropped off each side at 12; 561 pairs of unrelated
# logos, screenshots and photos are at 16 or more, their windows against wholes (1,122 pairs) at 14 or more.
WHOLE_DISTANCE: int = 10
WINDOW_DISTANCE: int = 8
# Windows at the same place (within so much of the side) at most ALIGNED_DISTANCE bits apart, and how many make a copy.
# Measured on shared data and the demo's photo with a sticker: copies 50-224, 700 pairs of unrelated pictures 0-2.
ALIGNED_DISTANCE: int = 6
ALIGNED_WINDOWS: int = 12
ALIGNED_SHIFT: float = 0.02


@dataclass(frozen=True, slots=True)
class Copy:
    """A protected picture, recognised."""

    reference: ReferencePicture
    distance: int  # of 64 bits
    box: tuple[int, int, int, int]  # x, y, width, height in pixels of the observed picture
    part: bool  # the observed picture is a part of the reference, or holds it as a part
    mirrored: bool = False
    windows: int = 0  # that agree in place, where those made the match; `distance` is their mean

    @property
    def strength(self) -> float:
        """How surely it is a copy, 0-1."""
        return 1.0 - self.distance / 40


class PictureIndex:
    """The hashes of all brands' protected pictures."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        self._references = [
            (index, picture)
            for index, brand in enumerate(brands)
            for picture in brand.pictures
            if not picture.hash.flat
        ]
        tiles = [
            (row, tile.phash)
            for row, (_, picture) in enumerate(self._references)
            for tile in picture.hash.tiles
            if picture.role != "logo"
        ]
        self._wholes = _bits([picture.hash.phash for _, picture in self._references])
        self._tiles = _bits([digits for _, digits in tiles])
        self._tile_rows = [row for row, _ in tiles]
        self._tile_places = np.array(
            [place for _, picture in self._references if picture.role != "logo" for place in _places(picture.hash)]
        ).reshape(-1, 4)

    def find(self, picture: PictureHash) -> list[tuple[int, Copy]]:
        """Return brand index and best copy for each reference that is recognised."""
        if picture.flat or not self._references:
            return []
        best: dict[int, Copy] = {}
        whole_box = (0, 0, picture.width, picture.height)
        own = _bits([picture.phash])
        for row, distance in _near(own, self._wholes, WHOLE_DISTANCE):
            self._keep(best, row[1], Copy(self._references[row[1]][1], distance, whole_box, False))
        mirror = _bits([picture.mirrored] if picture.mirrored else [])
        for row, distance in _near(mirror, self._wholes, WHOLE_DISTANCE):
            self._keep(best, row[1], Copy(self._references[row[1]][1], distance, whole_box, False, mirrored=True))
        windows = _bits([tile.phash for tile in picture.tiles])
        for row, distance in _near(windows, self._wholes, WINDOW_DISTANCE):
            box = picture.tiles[row[0]].box
            self._keep(best, row[1], Copy(self._references[row[1]][1], distance, box, True))
        for row, distance in _near(own, self._tiles, WINDOW_DISTANCE):
            reference = self._tile_rows[row[1]]
            if self._references[reference][1].role == "fraud":
                continue  # a part of a fraud may be the maker's own photo
            self._keep(best, reference, Copy(self._references[reference][1], distance, whole_box, True))
        for reference, copy in self._aligned(picture, windows):
            self._keep(best, reference, copy)
        return [(self._references[row][0], copy) for row, copy in sorted(best.items())]

    def _aligned(self, picture: PictureHash, windows: NDArray[np.uint64]) -> Iterator[tuple[int, Copy]]:
        """Yield each reference with which many windows agree in place and content; the box is around those."""
        places = np.array(_places(picture)).reshape(-1, 4)
        agreeing: defaultdict[int, dict[int, int]] = defaultdict(dict)  # reference -> window -> distance
        for (window, tile), distance in _near(windows, self._tiles, ALIGNED_DISTANCE):
            if np.abs(places[window] - self._tile_places[tile]).max() <= ALIGNED_SHIFT:
                agreeing[self._tile_rows[tile]][window] = distance
        for reference, found in agreeing.items():
            if len(found) >= ALIGNED_WINDOWS:
                box = _around([picture.tiles[window].box for window in found])
                distance = round(sum(found.values()) / len(found))
                yield reference, Copy(self._references[reference][1], distance, box, False, windows=len(found))

    @staticmethod
    def _keep(best: dict[int, Copy], reference: int, copy: Copy) -> None:
        if reference not in best or copy.distance < best[reference].distance:
            best[reference] = copy


def _places(picture: PictureHash) -> list[tuple[float, float, float, float]]:
    """Return each tile's left, top, width, height as shares of the picture's sides."""
    return [
        (x / picture.width, y / picture.height, width / picture.width, height / picture.height)
        for x, y, width, height in (tile.box for tile in picture.tiles)
    ]


def _around(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return (left, top, right - left, bottom - top)


def _bits(digits: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(value, 16) for value in digits], dtype=np.uint64)


def _near(left: NDArray[np.uint64], right: NDArray[np.uint64], most: int) -> list[tuple[tuple[int, int], int]]:
    """Return ((row in left, row in right), distance) of all pairs at most that far apart."""
    if not len(left) or not len(right):
        return []
    distances = np.bitwise_count(left[:, None] ^ right[None, :])
    rows, columns = np.nonzero(distances <= most)
    return [((int(row), int(column)), int(distances[row, column])) for row, column in zip(rows, columns, strict=True)]
