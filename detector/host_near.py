"""Names garbled so far that only a reader still sees them (`saicsonacard.co.jp.…`): the widest comparison there is.

Only asked for beside an imitated suffix. A piece is compared with every name; the first letter must be the same, and
no other brand's name may be as near.
"""

from collections.abc import Container, Iterator, Sequence
from functools import lru_cache

from rapidfuzz import fuzz, process
from rapidfuzz.distance import LCSseq

from detector.host_tokens import Token, is_lure
from detector.host_words import HostWords

LEAST_LETTERS: int = 4
# rapidfuzz ratio (share of common letters in order, 0-100) from which two spellings are compared more closely.
CUTOFF: float = 55.0


class NearNames:
    """All names of all brands, ready to be compared with a garbled one."""

    def __init__(self, groups: Sequence[list[Token]]) -> None:
        self._groups = {group[0].text: group for group in groups if len(group[0].text) >= LEAST_LETTERS}
        self._by_letter: dict[str, list[str]] = {}
        for text in self._groups:
            self._by_letter.setdefault(text[0], []).append(text)
        self._nearest = lru_cache(maxsize=65536)(self._compare)

    def find(self, words: HostWords, known: Container[str]) -> Iterator[tuple[Token, float, int, int]]:
        """Yield token, likeness 0-1, start and end of the pieces that look like a name but are no known spelling."""
        for piece, start, end in words.pieces():
            if len(piece) < LEAST_LETTERS or piece in known or is_lure(piece):
                continue
            for text, likeness in self._nearest(piece):
                for token in self._groups[text]:
                    yield token, likeness, start, end

    def _compare(self, piece: str) -> tuple[tuple[str, float], ...]:
        """Return the names nearest to a piece that are of one brand, with their likeness."""
        choices = self._by_letter.get(piece[0], ())
        near = process.extract(piece, choices, scorer=fuzz.ratio, score_cutoff=CUTOFF, limit=8)
        ranked = sorted(((likeness(text, piece), text) for text, _, _ in near), reverse=True)
        if not ranked:
            return ()
        best, name = ranked[0]
        brands = {token.brand for token in self._groups[name]}
        for other, text in ranked[1:]:
            if other > best - 0.04 and brands.isdisjoint(token.brand for token in self._groups[text]):
                return ()
        return ((name, best),)


def likeness(name: str, piece: str) -> float:
    """Return how much of a name is in a piece, and little else, 0-1: letters in order, at all, at the beginning."""
    in_order = LCSseq.similarity(name, piece)
    common = sum(min(name.count(letter), piece.count(letter)) for letter in set(name))
    begins = next((at for at, (one, two) in enumerate(zip(name, piece, strict=False)) if one != two), len(name))
    longer = max(len(name), len(piece))
    return 0.45 * in_order / longer + 0.3 * common / longer + 0.15 * in_order / len(name) + 0.1 * min(1.0, begins / 4)
