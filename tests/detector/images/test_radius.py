"""The tables return what one pass over all hashes returns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.images.radius import RadiusIndex

HASHES = st.integers(0, 2**64 - 1)


@given(st.lists(HASHES, max_size=40), HASHES, st.lists(st.integers(0, 63), max_size=12), st.integers(0, 14))
def test_every_hash_within_the_radius(known: list[int], asked: int, flips: list[int], most: int) -> None:
    near = asked
    for bit in flips:
        near ^= 1 << bit
    values = [*known, near, near]
    expected = [
        (row, (value ^ asked).bit_count()) for row, value in enumerate(values) if (value ^ asked).bit_count() <= most
    ]
    for least in (0, 1000):
        index = RadiusIndex(np.array(values, dtype=np.uint64), least=least)
        assert index.near(np.uint64(asked), most) == expected


def test_no_hashes() -> None:
    assert RadiusIndex(np.empty(0, np.uint64), least=0).near(np.uint64(5), 8) == []
