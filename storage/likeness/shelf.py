"""Shelf: binary codes of one length, each with an id; which are within some bits of a code.

The tail is an array that is looked through whole, so exact: by faiss where it is installed, else by numpy. Above a size
most codes stand in an inverted file of faiss (`IndexBinaryIVF`): a code stands in the list of the nearest of some codes
drawn from the shelf itself, and only the lists nearest to what is asked are looked through. Origin of the numbers, and
why no other index: benchmarks/near.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector import text_likeness
from detector.images import likeness as picture_likeness

MANY: int = 1_000_000  # codes that are slow to look through without faiss: 30 ms for each that is asked
GROWTH: int = 8  # the lists are made anew when the tail is one so-manieth of them
SEED: int = 2026  # of the codes drawn as centres of lists
_WORDS = 1 << 16  # codes compared at once: the distances stay in the processor's cache

Ids = NDArray[np.int64]
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the codes of a shelf are like."""

    width: int  # bytes of a code; a multiple of 8
    radius: int  # bits that near codes differ in at most
    lists: int  # of the inverted file
    probes: int  # lists that are looked through
    least: int  # codes of a tail from which they go into lists


FORMS: dict[str, Form] = {
    "picture": Form(
        width=picture_likeness.FINE_BYTES, radius=picture_likeness.RADIUS, lists=1024, probes=768, least=2_000_000
    ),
    # Some two hundred are asked at once, all very near.
    "cut": Form(
        width=picture_likeness.CUT_BYTES, radius=picture_likeness.CUT_RADIUS, lists=4096, probes=48, least=200_000
    ),
    "text": Form(width=text_likeness.BYTES, radius=text_likeness.RADIUS, lists=1024, probes=768, least=2_000_000),
}


def has_faiss() -> bool:
    """Tell whether `mekiki[matching]` is installed; without it a shelf is a tail."""
    return find_spec("faiss") is not None


@cache
def _faiss() -> Any:
    return import_module("faiss")


class Shelf:
    """Codes with ids; an id may stand for several codes."""

    def __init__(self, form: Form, base: Any = None) -> None:
        self.form = form
        self.base = base  # faiss.IndexBinaryIVF, or None
        self._ids: list[Ids] = []  # of the tail
        self._codes: list[Codes] = []
        self._flat: Any = None  # faiss.IndexBinaryFlat of the tail, made when it is asked

    def __len__(self) -> int:
        return self.in_lists + sum(map(len, self._ids))

    @property
    def tail(self) -> tuple[Ids, Codes]:
        """Return ids and codes of the tail, in one piece each."""
        if len(self._ids) != 1:
            ids: Ids = np.concatenate([np.empty(0, dtype=np.int64), *self._ids])
            codes: Codes = np.concatenate([np.empty((0, self.form.width), dtype=np.uint8), *self._codes])
            self._ids, self._codes = [ids], [codes]
        return self._ids[0], self._codes[0]

    @property
    def in_lists(self) -> int:
        """Return how many codes stand in lists."""
        return 0 if self.base is None else int(self.base.ntotal)

    @property
    def due(self) -> bool:
        """Tell whether the tail should go into lists."""
        return has_faiss() and len(self) - self.in_lists >= max(self.form.least, self.in_lists // GROWTH)

    def add(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """Put codes at the end of the tail."""
        if entries:
            ids = np.array([number for number, _ in entries], dtype=np.int64)
            codes = np.frombuffer(b"".join(code for _, code in entries), dtype=np.uint8)
            self.extend(ids, codes.reshape(-1, self.form.width))

    def extend(self, ids: Ids, codes: Codes) -> None:
        """Put codes at the end of the tail."""
        self._flat = None
        self._ids.append(ids)
        self._codes.append(codes)

    def near(self, asked: Iterable[bytes]) -> dict[int, int]:
        """Return the ids that have a code within the radius of one that is asked for, with the least distance."""
        different = list(dict.fromkeys(asked))
        if not different:
            return {}
        queries = np.frombuffer(b"".join(different), dtype=np.uint8).reshape(-1, self.form.width)
        found: dict[int, int] = {}
        for number, distance in (*self._in_tail(queries), *self._in_base(queries)):
            if distance < found.get(number, 1 << 20):
                found[number] = distance
        return found

    def into_lists(self) -> None:
        """Make the inverted file anew from all codes; needs faiss."""
        ids, codes = self.everything()
        centres = np.random.default_rng(SEED).choice(len(codes), min(self.form.lists, len(codes)), replace=False)
        quantizer = _faiss().IndexBinaryFlat(self.form.width * 8)
        quantizer.add(codes[np.sort(centres)])
        base = _faiss().IndexBinaryIVF(quantizer, self.form.width * 8, len(centres))
        base.is_trained = True
        base.add_with_ids(codes, ids)
        self.base, self._flat, self._ids, self._codes = base, None, [], []

    def keep(self, alive: Ids) -> int:
        """Forget all codes but those of some ids; return how many went."""
        ids, codes = self.everything()
        kept = np.isin(ids, alive)
        gone = int(len(ids) - kept.sum())
        if gone:
            self.base, self._flat, self._ids, self._codes = None, None, [ids[kept]], [codes[kept]]
        return gone

    def everything(self) -> tuple[Ids, Codes]:
        """Return all ids and codes, those of the lists first."""
        last_ids, last_codes = self.tail
        if self.base is None:
            return last_ids, last_codes
        lists, width = self.base.invlists, self.form.width
        ids, codes = [], []
        for number in range(self.base.nlist):
            if size := lists.list_size(number):
                ids.append(_faiss().rev_swig_ptr(lists.get_ids(number), size).copy())
                codes.append(_faiss().rev_swig_ptr(lists.get_codes(number), size * width).reshape(-1, width).copy())
        return np.concatenate([*ids, last_ids]), np.concatenate([*codes, last_codes])

    def write_lists(self, path: Path) -> None:
        """Write the inverted file."""
        _faiss().write_index_binary(self.base, str(path))

    def read_lists(self, path: Path, rows: int) -> bool:
        """Take the inverted file of a path, from which codes are read as they are needed; False where it is another.

        The bytes must have been checked: faiss believes what it reads.
        """
        try:
            base = _faiss().read_index_binary(str(path), _faiss().IO_FLAG_MMAP)
        except RuntimeError:
            return False
        if not isinstance(base, _faiss().IndexBinaryIVF) or (base.d, base.ntotal) != (self.form.width * 8, rows):
            return False
        # Threads that read ahead cost three times what they save where the file is in memory.
        _faiss().downcast_InvertedLists(base.invlists).prefetch_nthread = 0
        self.base = base
        return True

    def _in_base(self, queries: Codes) -> Iterable[tuple[int, int]]:
        if self.base is None:
            return ()
        self.base.nprobe = min(self.form.probes, self.base.nlist)
        _, distances, ids = self.base.range_search(queries, self.form.radius + 1)
        return zip(ids.tolist(), distances.astype(np.int64).tolist(), strict=True)

    def _in_tail(self, queries: Codes) -> Iterable[tuple[int, int]]:
        ids, codes = self.tail
        if not has_faiss():
            return scan(ids, codes, queries, self.form.radius)
        if self._flat is None:
            self._flat = _faiss().IndexBinaryFlat(self.form.width * 8)
            self._flat.add(codes)
        _, distances, rows = self._flat.range_search(queries, self.form.radius + 1)
        return zip(ids[rows].tolist(), distances.astype(np.int64).tolist(), strict=True)


def scan(ids: Ids, codes: Codes, queries: Codes, radius: int) -> Iterable[tuple[int, int]]:
    """Yield id and distance of each code within so many bits of each that is asked, by looking at all."""
    asked, words = (np.ascontiguousarray(rows).view(np.uint64) for rows in (queries, codes))
    for start in range(0, len(words), _WORDS):
        for query in asked:
            distances = np.bitwise_count(words[start : start + _WORDS] ^ query).sum(axis=1)
            rows = np.nonzero(distances <= radius)[0]
            yield from zip(ids[start + rows].tolist(), distances[rows].tolist(), strict=True)
