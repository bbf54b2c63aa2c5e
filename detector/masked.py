"""Names with letters struck out: a star, circle or box for a letter (`☆野電機`, `H*shino`), which readers fill in.

Only texts that have such a sign are looked at; each sign asks for the names that have the letters beside it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, product

from detector.confusables import DIGITS
from detector.names import letters, plain

MASKS: frozenset[str] = frozenset("☆★⭐🌟✴✩✪✱◆◇○〇◯⚪⚫⭕●■□*＊♡♥❤※")
_INVISIBLE = frozenset("\ufe0e\ufe0f\u200b\u200d\u2060")
# A name must have so many letters, and so many of them must be left to read.
LEAST_LETTERS: int = 4
LEAST_LEFT: int = 3
MOST_MASKS: int = 40  # signs of a text that are looked at
REACH: int = 80  # characters to either side of a sign that are read
_ANY = "*"  # stands for a neighbour that is struck out, too


class MaskedIndex:
    """The names that can be read with a letter struck out; each with a number of the caller's."""

    def __init__(self, names: Sequence[tuple[int, str]]) -> None:
        self._beside: defaultdict[tuple[str, str], list[tuple[int, str, int]]] = defaultdict(list)
        for number, name in names:
            key = plain(name)
            if letters(name) < LEAST_LETTERS:
                continue
            for at, letter in enumerate(key):
                if letter.isalnum():
                    before, after = key[at - 1 : at] if at else "", key[at + 1 : at + 2]
                    for pair in ((before, after), (before, _ANY), (_ANY, after)):
                        self._beside[pair].append((number, key, at))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield number, start and exclusive end of each name with struck out letters."""
        if MASKS.isdisjoint(text):
            return
        told: set[tuple[int, int]] = set()
        signs = (at for at, character in enumerate(text) if character in MASKS)
        for sign in islice(signs, MOST_MASKS):
            for found in self._around(text, sign):
                if found[:2] not in told:
                    told.add(found[:2])
                    yield found

    def _around(self, text: str, sign: int) -> Iterator[tuple[int, int, int]]:
        """Yield the names that have a struck out letter at a sign; only what is near it is read."""
        first = max(0, sign - REACH)
        near = text[first : sign + REACH]
        places = [first + at for at, character in enumerate(near) if character not in _INVISIBLE]
        read = "".join(
            character if character in MASKS else (plain(character) or " ")[0]
            for character in map(text.__getitem__, places)
        )
        here = places.index(sign)
        left, right = read[here - 1 : here] if here else "", read[here + 1 : here + 2]
        befores = {_ANY if left in MASKS else left, ""}
        afters = {_ANY if right in MASKS else right, ""}
        for pair in product(befores, afters):
            for number, key, at in self._beside.get(pair, ()):
                start = here - at
                if start >= 0 and _reads(key, read[start : start + len(key)]):
                    yield number, places[start], places[start + len(key) - 1] + 1


def _reads(key: str, seen: str) -> bool:
    """Tell whether a stretch is the name, but for its struck out letters."""
    if len(seen) < len(key):
        return False
    masks = 0
    for wanted, one in zip(key, seen, strict=True):
        if one in MASKS and wanted.isalnum():
            masks += 1
        elif one != wanted and DIGITS.get(one) != wanted:
            return False
    left = sum(map(str.isalnum, key)) - masks
    return masks > 0 and left >= LEAST_LEFT and masks <= left
