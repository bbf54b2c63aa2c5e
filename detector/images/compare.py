"""Which protected pictures does a picture copy? Hamming distances over all references at once.

Six questions, asked of the picture and of its mirror image, one array operation each: is the whole, with or without
plain margins, the reference, by the finer hash or by the plain one; is it the reference with a little cut off; does a
window of the picture hold the whole reference (pasted into a creative); is the picture a window of the reference (cut
out of it); do many windows agree in place (the reference with something laid over a part of it).

Words on a plain ground, forms, line drawings (`PictureHash.plain`) share their layout with others of their kind, and
the hash of the whole sees little else. Such a picture is a copy only as a whole, and only if its windows, which see the
words, agree too: the copy of a poster full of text is found, a poster with other words is not, and neither is a part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.brands import BrandProfile, ReferencePicture
from detector.images.hash import PictureHash
from detector.images.radius import RadiusIndex

# Largest Hamming distances (of 64 bits) that count. Measured on shared data: the five edits of the bridge photo
# and JPEG quality 10 are at 0, brightness 1.5 at 6, 4 % cropped off each side at 12; 561 pairs of unrelated
# logos, screenshots and photos are at 16 or more, their windows against wholes (1,122 pairs) at 14 or more.
WHOLE_DISTANCE: int = 10
WINDOW_DISTANCE: int = 6
# Of 311,000 pairs of unrelated pictures (seed 2025 of benchmarks/copies) 10 were alike by parts at 8, 6 and 6 bits, 4
# at 6, 4 and 4; no copy of the edits there was lost, of copies pasted into creatives 4 in 100.
PIECE_DISTANCE: int = 4  # where the picture may be a piece cut out of the reference
MIRRORED_WINDOW_DISTANCE: int = 4  # mirrored parts are rare, and looking for them doubles the chances of an accident
# Of the 256 bits of the finer hash. Origin: seed 2025 of benchmarks/copies: the nearest of 94,500 pairs of unrelated
# pictures differ in 84; nine in ten copies with words over a sixth in at most 72, copies edited otherwise, but for
# crops and for borders that look like the ground, in at most 40. Banners of one template with other words (40 drawn
# ones) differ in 38 or more, so beyond the first limit some windows must agree in place, too.
FINE_DISTANCE: int = 36
FINE_AGREEING_DISTANCE: int = 72
FINE_WINDOWS: int = 2
# With up to a tenth cut off each side, the nearest of the cuts of 49 photos is at 4 or less; benchmarks/copies.
CUT_DISTANCE: int = 4
# Windows at the same place (within so much of the side) at most ALIGNED_DISTANCE bits apart, and how many make a copy.
# Measured on shared data and the demo's photo with a sticker: copies 50-224, 700 pairs of unrelated pictures 0-2; of
# 94,500 pairs on seed 2025 of benchmarks/copies none has more than 2.
ALIGNED_DISTANCE: int = 6
ALIGNED_WINDOWS: int = 6
ALIGNED_SHIFT: float = 0.02
# Share of the windows that must agree, and how many there must be, where one of the pictures is plain.
PLAIN_SHARE: float = 0.6
PLAIN_WINDOWS: int = 4
INNER_SHARE: float = 0.5  # of the picture, below which what is inside plain margins is a part of it
# Windows are compared where their places are in the same cell of so many a side; no two windows of `hash.SCALES` share
# a cell, and none is near a cell's border.
CELLS: int = 20
# A mirror changes the sign of every coefficient of an odd horizontal frequency, so (but for those next to the median,
# of which there are few) the bit.
MIRROR = np.uint64(0x5555555555555555)
FINE_WORDS: int = 4  # of 64 bits, in the finer hash


@dataclass(frozen=True, slots=True)
class Copy:
    """A protected picture, recognised."""

    reference: ReferencePicture
    distance: int  # of 64 bits
    box: tuple[int, int, int, int]  # x, y, width, height in pixels of the observed picture
    part: bool  # the observed picture is a part of the reference (not nearly all), or holds it as a part
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
            if not picture.hash.flat and (picture.role == "logo" or picture.hash.protectable)
        ]
        hashes = [picture.hash for _, picture in self._references]
        roles = [picture.role for _, picture in self._references]
        plain = [known.plain for known in hashes]
        self._fine = _Fine(hashes)
        self._plain = np.array(plain, dtype=np.bool_)
        self._wholes = RadiusIndex(_bits([known.phash for known in hashes]))
        self._inner = _Rows.of([[] if known.plain or not known.inner else [known.inner.phash] for known in hashes])
        pictures = [role != "logo" and not simple for role, simple in zip(roles, plain, strict=True)]
        self._cuts = _Rows.of(
            [_split(known.cuts) if kept else [] for known, kept in zip(hashes, pictures, strict=True)]
        )
        self._tiles = _Tiles(hashes)
        # A part of a logo is a letter; a part of a fraud may be the maker's own photo.
        whole_only = [not kept or role == "fraud" for kept, role in zip(pictures, roles, strict=True)]
        self._whole_only = np.array(whole_only, dtype=np.bool_)
        self._logos = np.array([role == "logo" for role in roles], dtype=np.bool_)

    def find(self, picture: PictureHash) -> list[tuple[int, Copy]]:
        """Return brand index and best copy for each reference that is recognised."""
        if not self._references:
            return []
        best: dict[int, Copy] = {}
        for mirrored in (False, True):
            for row, copy in self._copies(picture, mirrored):
                if row not in best or copy.distance < best[row].distance:
                    best[row] = copy
        return [(self._references[row][0], copy) for row, copy in sorted(best.items())]

    def _fine_copies(self, picture: PictureHash, agreement: "_Agreement", mirrored: bool) -> Iterator[tuple[int, Copy]]:
        """Yield row and copy for each reference that the finer hash knows; a flat picture may still be one."""
        frames = [(picture.fine, (0, 0, picture.width, picture.height))]
        if picture.inner is not None:
            frames.append((picture.inner_fine, picture.inner.box))
        for digits, box in frames:
            for row, distance in self._fine.near(digits, FINE_AGREEING_DISTANCE, mirrored=mirrored) if digits else ():
                plain = picture.plain or self._plain[row]
                agreeing = not plain and agreement.counts[row] >= FINE_WINDOWS
                if (distance <= FINE_DISTANCE or agreeing) and not self._logos[row]:
                    yield row, Copy(self._references[row][1], round(distance / 4), box, False, mirrored=mirrored)

    def _copies(self, picture: PictureHash, mirrored: bool) -> Iterator[tuple[int, Copy]]:
        """Yield row and copy for each answer to each question."""
        turn = MIRROR if mirrored else np.uint64(0)
        own, windows = _bits([picture.phash])[0] ^ turn, _bits([tile.phash for tile in picture.tiles]) ^ turn
        if mirrored and picture.mirrored:
            own = _bits([picture.mirrored])[0]
        box = (0, 0, picture.width, picture.height)
        agreement = self._tiles.agreement(windows, _places(picture, mirrored), len(self._references))
        yield from self._fine_copies(picture, agreement, mirrored)
        if picture.flat:
            return

        def copy(row: int, distance: int, where: tuple[int, int, int, int], part: bool, windows: int = 0) -> Copy:
            return Copy(self._references[row][1], distance, where, part, mirrored=mirrored, windows=windows)

        for row, distance in self._wholes.near(own, WHOLE_DISTANCE):
            if not (picture.plain or self._plain[row]) or agreement.confirms(row):
                yield row, copy(row, distance, box, False)
        most = MIRRORED_WINDOW_DISTANCE if mirrored else WINDOW_DISTANCE
        for window, row, distance in _pairs(windows, self._wholes.values, most):
            if not self._plain[row] and not (mirrored and self._logos[row]):  # letters have letters for mirror images
                yield row, copy(row, distance, picture.tiles[window].box, True)
        if picture.plain:
            return
        wholes = [(own, box, False)]
        if picture.inner:
            inside = _bits([picture.inner.phash])[0] ^ turn
            small = _area(picture.inner.box) < INNER_SHARE * _area(box)
            wholes.append((inside, picture.inner.box, small))
            for row, distance in self._wholes.near(inside, WHOLE_DISTANCE):
                if not self._plain[row]:
                    yield row, copy(row, distance, picture.inner.box, small)
        for seen, where, pasted in wholes:
            for kept, most, part in (
                (self._inner, WHOLE_DISTANCE, False),
                (self._cuts, CUT_DISTANCE, False),
                (self._tiles, PIECE_DISTANCE, True),
            ):
                for place, distance in kept.near(seen, most):
                    row = int(kept.rows[place])
                    if not (part and self._whole_only[row]):
                        yield row, copy(row, distance, where, part or pasted)
        for row in np.nonzero(agreement.counts >= ALIGNED_WINDOWS)[0].tolist():
            if not self._plain[row] and not self._logos[row]:
                found, distance = agreement.of(row)
                around = _around([picture.tiles[window].box for window in found])
                yield row, copy(row, distance, around, False, windows=len(found))


class _Fine:
    """The finer hashes of all references, each of the whole and, where there are plain margins, of what is inside."""

    def __init__(self, hashes: Sequence[PictureHash]) -> None:
        found = [
            (row, digits) for row, known in enumerate(hashes) for digits in (known.fine, known.inner_fine) if digits
        ]
        self._rows = [row for row, _ in found]
        self._values = np.array([_words(digits) for _, digits in found], dtype=np.uint64).reshape(-1, FINE_WORDS)

    def near(self, digits: str, most: int, *, mirrored: bool) -> list[tuple[int, int]]:
        """Return (row of the reference, distance of 256 bits) of all at most that far."""
        asked = np.array(_words(digits), dtype=np.uint64) ^ (MIRROR if mirrored else np.uint64(0))
        distances = np.bitwise_count(self._values ^ asked).sum(axis=1)
        return [(self._rows[place], int(distances[place])) for place in np.nonzero(distances <= most)[0].tolist()]


class _Rows(RadiusIndex):
    """Hashes of many references in one array, each with the row of its reference."""

    def __init__(self, values: NDArray[np.uint64], rows: NDArray[np.intp]) -> None:
        super().__init__(values)
        self.rows = rows

    @classmethod
    def of(cls, digits: Sequence[Sequence[str]]) -> "_Rows":
        """Take the hashes of each reference."""
        return cls(*_joined(digits))


class _Tiles(_Rows):
    """The windows of all references, in the order of their places."""

    def __init__(self, hashes: Sequence[PictureHash]) -> None:
        values, rows = _joined([[tile.phash for tile in known.tiles] for known in hashes])
        places = np.concatenate([np.empty((0, 4)), *(_places(known) for known in hashes)])
        cells = _cells(places)
        order = np.argsort(cells, kind="stable")
        super().__init__(values[order], rows[order])
        self._places, self._cells = places[order], cells[order]
        self._totals = np.bincount(self.rows, minlength=len(hashes))

    def agreement(self, windows: NDArray[np.uint64], places: NDArray[np.float64], references: int) -> "_Agreement":
        """Compare windows with those of all references at the same places."""
        cells = _cells(places)
        start, end = np.searchsorted(self._cells, cells), np.searchsorted(self._cells, cells, side="right")
        counts = end - start
        window = np.repeat(np.arange(len(windows)), counts)
        tile = np.arange(counts.sum()) + np.repeat(start - (np.cumsum(counts) - counts), counts)
        distances = np.bitwise_count(windows[window] ^ self.values[tile])
        kept = np.nonzero(distances <= ALIGNED_DISTANCE)[0]
        window, tile, distances = window[kept], tile[kept], distances[kept]
        kept = np.nonzero(np.abs(places[window] - self._places[tile]).max(axis=1) <= ALIGNED_SHIFT)[0]
        window, row, distances = window[kept], self.rows[tile[kept]], distances[kept]
        # One window may agree with several panels; it counts once.
        _, first = np.unique(row * max(1, len(windows)) + window, return_index=True)
        return _Agreement(row[first], window[first], distances[first], np.maximum(self._totals, len(windows)))


class _Agreement:
    """Which windows agree in place and content with which references."""

    def __init__(
        self,
        rows: NDArray[np.intp],
        windows: NDArray[np.intp],
        distances: NDArray[np.uint8],
        totals: NDArray[np.intp],
    ) -> None:
        self._rows, self._windows, self._distances, self._totals = rows, windows, distances, totals
        self.counts = np.bincount(rows, minlength=len(totals))

    def of(self, row: int) -> tuple[list[int], int]:
        """Return the windows that agree with a reference, and their mean distance."""
        kept = self._rows == row
        return self._windows[kept].tolist(), round(float(self._distances[kept].mean()))

    def confirms(self, row: int) -> bool:
        """Tell whether so many windows agree that a plain picture is a copy."""
        return bool(self.counts[row] >= max(PLAIN_WINDOWS, PLAIN_SHARE * self._totals[row]))


def _places(picture: PictureHash, mirrored: bool = False) -> NDArray[np.float64]:
    """Return each tile's left, top, width, height as shares of the picture's sides."""
    sides = np.array([picture.width, picture.height, picture.width, picture.height])
    boxes = np.array([tile.box for tile in picture.tiles], dtype=np.float64).reshape(-1, 4)
    places: NDArray[np.float64] = boxes / sides
    if mirrored:
        places[:, 0] = 1 - places[:, 0] - places[:, 2]
    return places


def _cells(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number the cells that places are in."""
    whole = np.rint(places * CELLS).astype(np.int64) @ np.array([1, 100, 10_000, 1_000_000])
    return np.asarray(whole, dtype=np.int64)


def _area(box: tuple[int, int, int, int]) -> int:
    return box[2] * box[3]


def _words(digits: str) -> list[int]:
    return [int(digits[start : start + 16], 16) for start in range(0, len(digits), 16)]


def _joined(digits: Sequence[Sequence[str]]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """Return all hashes, and the row of the reference of each."""
    rows = np.repeat(np.arange(len(digits)), [len(known) for known in digits])
    return _bits([one for known in digits for one in known]), rows


def _split(digits: str) -> list[str]:
    return [digits[start : start + 16] for start in range(0, len(digits), 16)]


def _around(boxes: Sequence[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return (left, top, right - left, bottom - top)


def _bits(digits: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(value, 16) for value in digits], dtype=np.uint64)


def _pairs(left: NDArray[np.uint64], right: NDArray[np.uint64], most: int) -> list[tuple[int, int, int]]:
    """Return (row in left, row in right, distance) of all pairs at most that far apart."""
    distances = np.bitwise_count(left[:, None] ^ right[None, :])
    rows, columns = np.nonzero(distances <= most)
    return list(zip(rows.tolist(), columns.tolist(), distances[rows, columns].tolist(), strict=True))
