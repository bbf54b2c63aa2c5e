"""RadiusIndex: every 64-bit hash within a Hamming distance of one, exactly.

Multi-index hashing (Norouzi, Punjani and Fleet 2012): two hashes at most `most` bits apart agree, in at least one of
four parts of 16 bits, but for `most // 4` bits. Each part has a table of rows by its value; the values near a part of
the hash that is asked for are looked up, and only those rows are compared in full. Below `LEAST` hashes one pass over
all of them costs no more (benchmarks/radius.py).
"""

from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

LEAST: int = 150_000  # hashes from which the tables pay
PARTS, WIDTH = 4, 16
MOST: int = 11  # bits; beyond, values near a part are so many that one pass over all is cheaper


class RadiusIndex:
    """Some hashes, in the order given."""

    def __init__(self, values: NDArray[np.uint64], *, least: int = LEAST) -> None:
        self.values = values
        self._tables = [_Table(_part(values, number)) for number in range(PARTS)] if len(values) >= least else []

    def near(self, value: np.uint64, most: int) -> list[tuple[int, int]]:
        """Return (row, distance) of all at most that many bits from the value, by row."""
        if not self._tables or most > MOST:
            distances = np.bitwise_count(self.values ^ value)
            kept = np.nonzero(distances <= most)[0]
            return list(zip(kept.tolist(), distances[kept].tolist(), strict=True))
        masks = _masks(most // PARTS)
        asked = [table.rows(_part(value, number) ^ masks) for number, table in enumerate(self._tables)]
        rows = np.concatenate(asked)
        distances = np.bitwise_count(self.values[rows] ^ value)
        kept = np.nonzero(distances <= most)[0]
        return sorted(set(zip(rows[kept].tolist(), distances[kept].tolist(), strict=True)))


class _Table:
    """The rows that have each value of one part."""

    def __init__(self, parts: NDArray[np.uint64]) -> None:
        self._order = np.argsort(parts, kind="stable").astype(np.uint32)
        counts = np.bincount(parts.astype(np.int64), minlength=1 << WIDTH)
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts

    def rows(self, asked: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the rows that have one of some values."""
        places = asked.astype(np.int64)
        starts, counts = self._starts[places], self._ends[places] - self._starts[places]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.asarray(self._order[np.repeat(starts, counts) + within], dtype=np.int64)


def _part(values: "NDArray[np.uint64] | np.uint64", number: int) -> NDArray[np.uint64]:
    return np.asarray((values >> np.uint64(WIDTH * number)) & np.uint64((1 << WIDTH) - 1), dtype=np.uint64)


@cache
def _masks(most: int) -> NDArray[np.uint64]:
    """Return every pattern of at most so many of `WIDTH` bits."""
    patterns = [
        sum(1 << bit for bit in bits) for count in range(most + 1) for bits in combinations(range(WIDTH), count)
    ]
    return np.array(patterns, dtype=np.uint64)
