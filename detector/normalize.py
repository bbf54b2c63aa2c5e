"""Texts made comparable: `fold` for reading along, `skeleton` for finding names, both with a way back to the
original.

Every character is mapped by itself, through a table that remembers what it has seen, so that the cost is linear
and one
`str.translate` per text. The positions for the way back are only worked out when somebody asks for a span, because
most texts match nothing.

`fold`: compatibility forms, case, accents and invisible characters removed, foreign look-alikes to Latin letters,
hiragana and small kana to katakana, kanji drawn like kana to kana.
`skeleton`: the fold without spaces, separators and long vowels, digits as the letters they imitate. Two texts
that a hurried reader takes for the same have the same skeleton; the reverse is not true, so `names` verifies
every hit in the original.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from detector.confusables import (
    BLANKS,
    DIGITS,
    KANA,
    KANJI,
    LONG_VOWEL,
    LONG_VOWELS,
    SMALL_KANA,
    VOICE_MARKS,
    latin,
    to_katakana,
)

# Longest text that is judged, characters: SAFETY.md caps text at 200 kB. The rest is cut off.
MAX_TEXT: int = 200_000


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back to the text it came from."""

    original: str
    text: str
    _mapping: "_Table" = field(repr=False, compare=False)
    # For each original character how many folded ones there are up to its end; filled on first use.
    _ends: list[int] = field(default_factory=list, repr=False, compare=False)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where `text[start:end]` stands in the original, as start and exclusive end.

        Characters that were dropped inside belong to the span, those around it do not. An empty span stays empty.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"span {start}-{end} of {len(self.text)} characters")
        ends = self._ends
        if not ends:
            ends.extend(accumulate(map(self._mapping.lengths.__getitem__, self.original)))
        place = bisect_right(ends, start)
        if start == end:
            return place, place
        return place, bisect_right(ends, end - 1) + 1


class _Table(dict[int, str]):
    """Character -> what it becomes, worked out when first seen. Bounded by the size of Unicode."""

    def __init__(self, mapping: Callable[[str], str]) -> None:
        super().__init__()
        self._map = mapping
        self.lengths = _Lengths(self)

    def __missing__(self, code: int) -> str:
        result = self._map(chr(code))
        self[code] = result
        return result


class _Lengths(dict[str, int]):
    """Character -> how many characters it becomes."""

    def __init__(self, table: _Table) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, character: str) -> int:
        self[character] = length = len(self._table[ord(character)])
        return length


def _folded(character: str) -> str:
    if character.isspace():
        return " "
    if character in VOICE_MARKS or character in BLANKS:
        return ""
    drawn = latin(character)
    if drawn:
        return drawn
    out = []
    for whole in unicodedata.normalize("NFKD", character):
        for part in unicodedata.normalize("NFKD", latin(whole) or whole.casefold()):
            if unicodedata.category(part) in ("Mn", "Me", "Cf", "Cc", "Cs") or part in BLANKS:
                continue
            part = to_katakana(latin(part) or part).casefold()
            part = SMALL_KANA.get(part, part)
            out.append(KANA.get(part) or KANJI.get(part, part))
    return "".join(out)


# What stands between letters without meaning anything: spaces, dots, dashes, strokes, decoration.
_SEPARATOR_CATEGORIES = frozenset(("Zs", "Zl", "Zp", "Pd", "Pc", "Po", "Sk", "So", "Sm"))
# Punctuation that ends a thought stays, so that names are not joined across it.
_KEPT = frozenset("。、，,!?！？;；:：「」『』【】%％&＆@$")


def _skeletal(character: str) -> str:
    out = []
    for part in _folded(character):
        if part == LONG_VOWEL or part in LONG_VOWELS:
            continue
        if part in DIGITS:
            out.append(DIGITS[part])
        elif part in _KEPT or unicodedata.category(part) not in _SEPARATOR_CATEGORIES:
            out.append("l" if part == "i" else part)
    return "".join(out)


_FOLD = _Table(_folded)
_SKELETON = _Table(_skeletal)


def fold(text: str) -> Folded:
    """Fold a text for comparison; at most `MAX_TEXT` characters of it."""
    text = text[:MAX_TEXT]
    return Folded(text, text.translate(_FOLD), _FOLD)


def skeleton(text: str) -> Folded:
    """Reduce a text to what names are searched in; at most `MAX_TEXT` characters of it."""
    text = text[:MAX_TEXT]
    return Folded(text, text.translate(_SKELETON), _SKELETON)
