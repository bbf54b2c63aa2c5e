"""Was this text seen before? A binary signature that an index can search, and how alike two texts are. Pure.

1. A text is folded (`detector.normalize`), and its letters are kept: no spaces, Japanese has none, no addresses and
   numbers, which differ from copy to copy.
2. It is cut into runs of `SHINGLE` letters. How much two texts share is the share of their runs that both have
   (Jaccard).
3. The signature is one bit of each of `BITS` values of a MinHash: b-bit minwise hashing with b = 1 (Li and König 2010).
   Of texts that share J of their runs, bits differ with probability (1 - J) / 2: a Hamming index finds them.
4. The index proposes, `shared` compares in full.
"""

import numpy as np
from numpy.typing import NDArray

from detector.campaign_text import ADDRESS, HOST
from detector.items import Item
from detector.normalize import fold

BITS: int = 256
BYTES: int = BITS // 8
SHINGLE: int = 3  # letters; Japanese words have two or three
LEAST_RUNS: int = 10  # different ones, of a text that is looked up; with fewer it is a word or two that anybody writes
LONGEST: int = 4000  # characters that are read
# Share of the runs from which one text is like the other. Bits that then differ: 51 of 256, standard deviation 6.4.
ALIKE: float = 0.6
# Of all texts that share `ALIKE`, 99.9 % differ in at most so many bits; of those that share nothing one in 10 ** 12.
RADIUS: int = 72
_STEP = np.uint64(0x100000001B3)  # the prime of FNV-1a
_AT_ONCE = 512  # runs that are mixed together: 1 MB


def words_of(item: Item) -> str:
    """Return the text of an item as it was written, without the account's name and without what is in its pictures."""
    return "\n".join(text.text for text in item.texts if text.role not in ("ocr", "name"))


def runs(text: str) -> NDArray[np.uint64]:
    """Return the different runs of letters of a text, as numbers, in order; none of one that says too little."""
    folded = HOST.sub(" ", ADDRESS.sub(" ", fold(text[:LONGEST]).text))
    letters = "".join(letter for letter in folded if letter.isalpha())
    codes = np.array([ord(letter) for letter in letters], dtype=np.uint64)
    if len(codes) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    found = np.zeros(len(codes) - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        found = found * _STEP + codes[place : place + len(found)]
    different: NDArray[np.uint64] = np.unique(found)
    return different if len(different) >= LEAST_RUNS else np.empty(0, dtype=np.uint64)


def signature(found: NDArray[np.uint64]) -> bytes | None:
    """Return the signature of the runs of a text, `BYTES` long; None where there are none."""
    if not len(found):
        return None
    least = np.full(BITS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(found), _AT_ONCE):
        mixed = _mixed(found[None, start : start + _AT_ONCE] ^ _SEEDS[:, None])
        np.minimum(least, mixed.min(axis=1), out=least)
    return np.packbits((least & np.uint64(1)).astype(np.bool_)).tobytes()


def shared(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Return which share of their runs two texts have in common, 0-1."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / max(1, len(one) + len(other) - both)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit values evenly (the finaliser of SplitMix64, Steele 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_SEEDS = _mixed(np.arange(1, BITS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
