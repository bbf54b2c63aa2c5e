"""How a text words its story, compared with labelled impersonations and honest texts: phrases with learned weights.

The lexicons name what frauds do; this catches how they are told. Short stretches of Japanese letters and of English
words are looked up in `lexicon/wording.tsv` (phrase and log-odds, made by `benchmarks/wording_training.py` from the
labelled texts of tests/cases); every phrase counts once. The protected name is a letter of its own, so that
`<name>より` is the same for every brand; so is every address, and every digit is a zero.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from importlib import resources
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, MatchKind

NAME, INSIDE, ADDRESS = "\ue000", "\ue001", "\ue002"
# Longest stretches: letters of Japanese, words of English.
MOST_LETTERS: int = 5
MOST_WORDS: int = 3
# A text up to this many characters is read whole, a longer one around its first names.
ONE_MESSAGE: int = 600
REACH: int = 250  # characters to either side of a name
MOST_NAMES: int = 4
MOST_TOLD: int = 3  # phrases that are shown
LEAST_TOLD: int = 2  # letters of a phrase that is worth showing
_ADDRESS = re.compile(r"(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9._~:/?#@!$&*+,;=%-]*)?")
_LATIN = re.compile(r"[a-z]")
_WORD = re.compile(rf"[a-z]+|0+|{NAME}|{ADDRESS}")
_MEANT = frozenset("%$¥")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A learned phrase, seen in a text."""

    weight: float  # log-odds; positive in impersonations
    text: int  # index into the texts
    span: Span


@dataclass(frozen=True, slots=True)
class Wording:
    """What the phrases of an item add up to."""

    odds: float  # sum of the weights of all phrases, each counted once
    phrases: tuple[Phrase, ...]  # the heaviest that have the sign of the sum


class _Readable(dict[int, str]):
    """Character -> how it is read, worked out when first seen."""

    def __missing__(self, code: int) -> str:
        self[code] = result = _readable(chr(code))
        return result


def _readable(character: str) -> str:
    if character == INSIDE:
        return ""
    if character in (NAME, ADDRESS):
        return character
    out = []
    for part in unicodedata.normalize("NFKC", character).lower():
        if part.isdigit():
            out.append("0")
        elif part.isspace() or (part.isascii() and not part.isalnum() and part not in _MEANT):
            out.append(" ")
        elif unicodedata.category(part)[0] not in "CM":
            out.append(part)
    return "".join(out)


_TABLE = _Readable()


def readable(text: str, names: Iterable[Span]) -> str:
    """Return a text as phrases are looked for in it, a space before and after it; see the module."""
    return f" {_masked(text, names).translate(_TABLE)} "


def _masked(text: str, names: Iterable[Span]) -> str:
    """Put names and addresses away; the length stays."""
    spans = [(match.span(), ADDRESS) for match in _ADDRESS.finditer(text)] if "." in text else []
    spans += [(span, NAME) for span in names]
    if not spans:
        return text
    letters = list(text)
    for (start, end), letter in spans:
        letters[start:end] = [letter, *[INSIDE] * (end - start - 1)]
    return "".join(letters)


def stretches(text: str) -> Iterator[str]:
    """Yield every phrase of a readable text that can be learned."""
    for run in re.split(r"[a-z]+", text):
        for start in range(len(run)):
            for end in range(start + 1, min(len(run), start + MOST_LETTERS) + 1):
                if not run[start:end].isspace():
                    yield run[start:end]
    words = text.split(" ")
    for first in range(len(words)):
        for last in range(first, min(len(words), first + MOST_WORDS)):
            if not _WORD.fullmatch(words[last]):
                break
            phrase = " ".join(words[first : last + 1])
            if _LATIN.search(phrase):
                yield f" {phrase} "


class WordingIndex:
    """The learned phrases."""

    def __init__(self, weights: Sequence[tuple[str, float]], bias: float = 0.0) -> None:
        """Take phrases, as `stretches` yields them, with their log-odds; `bias` is that of a text without any."""
        self._bias = bias
        self._weights = [weight for _, weight in weights]
        # A single letter says nothing to a reader; it is shown only where there is nothing else.
        self._tells = [len(phrase.strip(f" {NAME}{ADDRESS}")) >= LEAST_TOLD for phrase, _ in weights]
        self._automaton = AhoCorasick([phrase for phrase, _ in weights] or ["\0"], matchkind=MatchKind.Standard)

    def read(self, texts: Sequence[str], names: Sequence[Sequence[Span]]) -> Wording:
        """Add up the phrases of an item.

        Args:
            texts: the item's texts.
            names: for each text, where the brand's name stands in it.
        """
        weights = self._weights
        parts: list[_Part] = []
        seen: dict[int, tuple[int, int, int]] = {}  # pattern -> part, start, end
        for index, text in enumerate(texts):
            for offset, piece, spans in _parts(text, names[index]):
                masked = _masked(piece, spans)
                found = self._automaton.find_matches_as_indexes(f" {masked.translate(_TABLE)} ", overlapping=True)
                for pattern, start, end in found:
                    seen.setdefault(pattern, (len(parts), start, end))
                parts.append(_Part(index, offset, piece, masked))
        odds = self._bias + sum([weights[pattern] for pattern in seen])
        sign = 1 if odds > 0 else -1
        told = nlargest(MOST_TOLD, seen, key=lambda pattern: self._told(pattern, sign))
        phrases = [
            Phrase(weights[pattern], parts[part].text, parts[part].span(start, end))
            for pattern in told
            for part, start, end in (seen[pattern],)
            if sign * weights[pattern] > 0
        ]
        return Wording(odds, tuple(phrases))

    def _told(self, pattern: int, sign: int) -> tuple[bool, float]:
        """Rank a phrase for being shown."""
        weight = sign * self._weights[pattern]
        return weight > 0 and self._tells[pattern], weight


class _Part:
    """A stretch of a text that was read, and the way back to it."""

    __slots__ = ("_ends", "_masked", "offset", "piece", "text")

    def __init__(self, text: int, offset: int, piece: str, masked: str) -> None:
        self.text, self.offset, self.piece = text, offset, piece
        self._masked = masked
        self._ends: list[int] = []

    def span(self, start: int, end: int) -> Span:
        """Return where a phrase stands in the whole text, without the spaces around it."""
        if not self._ends:  # how many read letters there are up to each written one
            self._ends = list(accumulate(map(len, map(_TABLE.__getitem__, map(ord, self._masked))))) or [0]
        first = bisect_right(self._ends, max(0, start - 1))
        last = bisect_right(self._ends, max(0, end - 2)) + 1
        while last < len(self._masked) and self._masked[last] == INSIDE:
            last += 1
        first, last = min(first, len(self.piece)), min(last, len(self.piece))
        while first < last and self.piece[first].isspace():
            first += 1
        while last > first and self.piece[last - 1].isspace():
            last -= 1
        return self.offset + first, self.offset + last


def _parts(text: str, names: Sequence[Span]) -> Iterator[tuple[int, str, list[Span]]]:
    """Yield offset, text and the names in it: the whole of a message, of a longer text what is near a name."""
    if len(text) <= ONE_MESSAGE:
        yield 0, text, list(names)
        return
    done = 0
    for start, end in sorted(names)[:MOST_NAMES]:
        first, last = max(done, start - REACH), min(len(text), end + REACH)
        if first < last:
            inside = [(a - first, b - first) for a, b in names if first <= a and b <= last]
            yield first, text[first:last], inside
            done = last


@cache
def learned() -> WordingIndex:
    """Return the phrases of `lexicon/wording.tsv`."""
    text = resources.files("detector").joinpath("lexicon/wording.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("# "))
    weights = {phrase: float(weight) for phrase, weight in rows}
    return WordingIndex([pair for pair in weights.items() if pair[0]], weights.get("", 0.0))
