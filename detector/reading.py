"""The texts of an item, read once for all brands: which names stand where, and which words of the lexicons.

Flow: one automaton holds the skeletons of every name, product, exclusion and lexicon phrase -> one pass per text ->
each hit is taken back to the original and verified there -> excluded phrases mask the names inside them -> ambiguous
names stay only beside something else.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.brands import BrandProfile
from detector.items import Item
from detector.names import Likeness, bounded, compare
from detector.normalize import Folded, skeleton
from detector.words import LURES, WORDS, Word

TermRole = Literal["name", "ambiguous", "product", "exclude"]

# Pseudo indices of texts that stand in the advertiser's fields.
ADVERTISER_NAME: int = -1
PAYER: int = -2
# Places kept of one name or phrase in one text; more adds nothing for a reader.
MOST_PLACES: int = 5


@dataclass(frozen=True, slots=True)
class Term:
    """Something a brand profile lists, as the automaton looks for it."""

    brand: int  # index into the profiles
    role: TermRole
    name: str


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name, verified in the original text."""

    role: TermRole
    name: str  # as the profile writes it
    seen: str  # as the text writes it
    text: int  # index into Item.texts, or ADVERTISER_NAME, PAYER
    span: tuple[int, int]
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class WordHit:
    """A lexicon phrase, verified in the original text."""

    phrase: str
    seen: str
    text: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Scanned:
    text: int
    folded: Folded
    terms: list[tuple[int, int, int]]  # pattern, start, end in the skeleton
    words: list[tuple[int, int, int]]


class TextIndex:
    """The automaton over everything that is searched in texts; built once per set of brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        terms = [term for index, brand in enumerate(brands) for term in _terms(index, brand)]
        self.terms = [term for term in terms if len(skeleton(term.name).text) >= 2]
        self.words: Sequence[Word] = WORDS
        patterns = [skeleton(term.name).text for term in self.terms]
        patterns += [skeleton(word.phrase).text for word in WORDS]
        self._automaton = AhoCorasick(patterns, matchkind=MatchKind.Standard)

    def read(self, item: Item) -> "Reading":
        """Search all texts of an item, the advertiser's names included."""
        texts = [(index, text.text) for index, text in enumerate(item.texts)]
        if item.advertiser and item.advertiser.name:
            texts.append((ADVERTISER_NAME, item.advertiser.name))
        if item.advertiser and item.advertiser.payer:
            texts.append((PAYER, item.advertiser.payer))
        return Reading(self, [self._scan(index, text) for index, text in texts])

    def _scan(self, index: int, text: str) -> _Scanned:
        folded = skeleton(text)
        matches = self._automaton.find_matches_as_indexes(folded.text, overlapping=True)
        border = len(self.terms)
        return _Scanned(
            index,
            folded,
            [match for match in matches if match[0] < border],
            [(match[0] - border, match[1], match[2]) for match in matches if match[0] >= border],
        )


class Reading:
    """What was found in one item's texts."""

    def __init__(self, index: TextIndex, scanned: list[_Scanned]) -> None:
        self._index = index
        self._scanned = scanned

    def skeletons(self) -> Iterator[tuple[int, Folded]]:
        """Yield index and skeleton of each of the item's own texts."""
        return ((scanned.text, scanned.folded) for scanned in self._scanned if scanned.text >= 0)

    @cached_property
    def names(self) -> dict[int, list[NameHit]]:
        """Verified names and products by brand index; exclusions applied, ambiguous ones without context left out."""
        found: dict[int, list[NameHit]] = {}
        verdicts: dict[tuple[str, str], Likeness | None] = {}
        for scanned in self._scanned:
            for pattern, start, end in scanned.terms:
                term = self._index.terms[pattern]
                hit = _verified(term, scanned, start, end, verdicts)
                if hit:
                    found.setdefault(term.brand, []).append(hit)
        kept = {brand: self._with_context(_unmasked(hits)) for brand, hits in found.items()}
        return {brand: hits for brand, hits in kept.items() if hits}

    @cached_property
    def words(self) -> dict[str, list[WordHit]]:
        """Verified lexicon phrases by category, in the order of the text; the advertiser's names are not searched."""
        found: dict[str, list[WordHit]] = {}
        for scanned in self._scanned:
            if scanned.text < 0:
                continue
            places: dict[int, int] = {}
            for pattern, start, end in scanned.words:
                if places.get(pattern, 0) >= MOST_PLACES:
                    continue
                word = self._index.words[pattern]
                first, last = scanned.folded.span(start, end)
                if _word_bounded(word.phrase, scanned.folded.original, first, last):
                    places[pattern] = places.get(pattern, 0) + 1
                    seen = scanned.folded.original[first:last]
                    hit = WordHit(word.phrase, seen, scanned.text, (first, last))
                    found.setdefault(word.category, []).append(hit)
        return found

    def _with_context(self, hits: list[NameHit]) -> list[NameHit]:
        ambiguous = [hit for hit in hits if hit.role == "ambiguous"]
        if not ambiguous:
            return hits
        sure = [hit for hit in hits if hit.role != "ambiguous"]
        if sure or any(category in self.words for category in LURES):
            covered = _Cover(sure)
            return sure + [hit for hit in ambiguous if hit not in covered]
        return []


def _terms(index: int, brand: BrandProfile) -> Iterator[Term]:
    roles: tuple[tuple[TermRole, Sequence[str]], ...] = (
        ("name", (brand.name, *brand.aliases)),
        ("ambiguous", brand.ambiguous),
        ("product", brand.products),
        ("exclude", brand.exclude),
    )
    for role, names in roles:
        for name in dict.fromkeys(unicodedata.normalize("NFKC", name).strip() for name in names):
            if name:
                yield Term(index, role, name)


def _verified(
    term: Term, scanned: _Scanned, start: int, end: int, verdicts: dict[tuple[str, str], Likeness | None]
) -> NameHit | None:
    original = scanned.folded.original
    first, last = scanned.folded.span(start, end)
    if not bounded(term.name, original, first, last):
        return None
    seen = original[first:last]
    key = (term.name, seen)
    if key not in verdicts:
        verdicts[key] = compare(term.name, seen)
    likeness = verdicts[key]
    return None if likeness is None else NameHit(term.role, term.name, seen, scanned.text, (first, last), likeness)


class _Cover:
    """Spans of hits, ready to be asked whether one of them contains another span; logarithmic per question."""

    def __init__(self, hits: Sequence[NameHit]) -> None:
        self._spans: dict[int, tuple[list[int], list[int]]] = {}
        for hit in sorted(hits, key=lambda hit: hit.span):
            starts, ends = self._spans.setdefault(hit.text, ([], []))
            starts.append(hit.span[0])
            ends.append(max(hit.span[1], ends[-1] if ends else 0))

    def __contains__(self, hit: NameHit) -> bool:
        starts, ends = self._spans.get(hit.text, ([], []))
        before = bisect_right(starts, hit.span[0])
        return before > 0 and ends[before - 1] >= hit.span[1]


def _unmasked(hits: list[NameHit]) -> list[NameHit]:
    """Drop names inside excluded phrases; keep a few places of each name."""
    masks = _Cover([hit for hit in hits if hit.role == "exclude"])
    places: dict[tuple[str, int], int] = {}
    kept = []
    for hit in hits:
        if hit.role == "exclude" or hit in masks:
            continue
        key = (hit.name, hit.text)
        places[key] = places.get(key, 0) + 1
        if places[key] <= MOST_PLACES:
            kept.append(hit)
    return kept


def _word_bounded(phrase: str, text: str, start: int, end: int) -> bool:
    """Latin words must not continue to either side; Japanese ones may."""
    opens = not phrase[0].isascii() or start == 0 or not _ascii_word(text[start - 1])
    closes = not phrase[-1].isascii() or end >= len(text) or not _ascii_word(text[end])
    return opens and closes


def _ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()
