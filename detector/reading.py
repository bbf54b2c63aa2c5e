"""The texts of an item, read once for all brands: which names stand where, and which words of the lexicons.

Flow: one automaton holds the skeletons of every name, product and exclusion -> one pass per text -> each hit is taken
back to the original and verified there -> names with one slip are looked up -> excluded phrases mask the names inside
them -> what is unsure stays only beside something else. The lexicons have an automaton of their own, which runs when
somebody asks for words: most texts name no brand, and then nobody does.
"""

import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.brands import BrandProfile
from detector.confusables import LONG_VOWEL, LONG_VOWELS, VOICE_MARKS
from detector.items import Item
from detector.masked import MaskedIndex
from detector.misspelt import MisspeltIndex
from detector.names import (
    LONG_NAME,
    MISSPELT,
    OPEN,
    SHORT_LATIN,
    STRUCK_OUT,
    Likeness,
    bounded,
    compare,
    letters,
    patterns,
)
from detector.normalize import Folded, skeleton
from detector.words import LURES, WORDS, Word

TermRole = Literal["name", "ambiguous", "product", "exclude"]

# Pseudo indices of texts that stand in the advertiser's fields.
ADVERTISER_NAME: int = -1
PAYER: int = -2
# Letters from which a Japanese name with a slip needs no context; Latin ones have LONG_NAME.
LONG_KANA: int = 8
# Places kept of one name or phrase in one text; more adds nothing for a reader.
MOST_PLACES: int = 5
# Places of one skeleton that are looked at in one text. Keeps the work on a text made of one name small.
MOST_LOOKS: int = 300
# Places that are looked at in one text. The longest honest pages have some hundred.
MOST_LOOKED_AT: int = 3_000
# Different writings that are compared with names in one item. An honest text has a dozen.
MOST_COMPARED: int = 500


@dataclass(frozen=True, slots=True)
class Term:
    """Something a brand profile lists, as the automaton looks for it."""

    brand: int  # index into the profiles
    role: TermRole
    name: str

    @property
    def unsure(self) -> bool:
        """Tell whether the name means other things as well."""
        return self.role == "ambiguous" or (
            self.role == "name" and self.name.isascii() and letters(self.name) <= SHORT_LATIN
        )


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name, verified in the original text."""

    role: TermRole
    name: str  # as the profile writes it
    seen: str  # as the text writes it
    text: int  # index into Item.texts, or ADVERTISER_NAME, PAYER
    span: tuple[int, int]
    likeness: Likeness
    unsure: bool = False  # counts only together with context


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


_WORD_AUTOMATON = AhoCorasick([skeleton(word.phrase).text for word in WORDS], matchkind=MatchKind.Standard)


class TextIndex:
    """The automaton over everything that profiles list; built once per set of brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        self.words: Sequence[Word] = WORDS
        self.terms = [term for index, brand in enumerate(brands) for term in _terms(index, brand)]
        owners: dict[str, list[Term]] = {}
        for term in self.terms:
            for pattern in patterns(term.name):
                owners.setdefault(pattern, []).append(term)
        self.owners = list(owners.values())  # terms by pattern
        self._automaton = AhoCorasick(list(owners), matchkind=MatchKind.Standard, store_patterns=False)
        named = [(number, term.name) for number, term in enumerate(self.terms) if term.role in ("name", "product")]
        self._misspelt = MisspeltIndex(named)
        self._masked = MaskedIndex(named)

    def read(self, item: Item) -> "Reading":
        """Search all texts of an item, the advertiser's names included."""
        texts = [(index, text.text) for index, text in enumerate(item.texts)]
        if item.advertiser and item.advertiser.name:
            texts.append((ADVERTISER_NAME, item.advertiser.name))
        if item.advertiser and item.advertiser.payer:
            texts.append((PAYER, item.advertiser.payer))
        return Reading(self, [self._scan(index, text) for index, text in texts])

    def misspelt(self, text: str) -> Iterator[tuple[Term, int, int]]:
        """Yield term, start and end of names with one slip."""
        return ((self.terms[number], start, end) for number, start, end in self._misspelt.find(text))

    def masked(self, text: str) -> Iterator[tuple[Term, int, int]]:
        """Yield term, start and end of names with letters struck out."""
        return ((self.terms[number], start, end) for number, start, end in self._masked.find(text))

    def _scan(self, index: int, text: str) -> _Scanned:
        folded = skeleton(text)
        return _Scanned(index, folded, self._automaton.find_matches_as_indexes(folded.text, overlapping=True))


class Reading:
    """What was found in one item's texts."""

    def __init__(self, index: TextIndex, scanned: list[_Scanned]) -> None:
        self._index = index
        self._scanned = scanned
        self._verdicts: dict[tuple[str, str], Likeness | None] = {}

    def skeletons(self) -> Iterator[tuple[int, Folded]]:
        """Yield index and skeleton of each of the item's own texts."""
        return ((scanned.text, scanned.folded) for scanned in self._scanned if scanned.text >= 0)

    @cached_property
    def names(self) -> dict[int, list[NameHit]]:
        """Verified names and products by brand index; exclusions applied, unsure ones without context left out."""
        found: dict[int, list[NameHit]] = {}
        for scanned in self._scanned:
            told = set()
            for term, hit in self._verified(scanned):
                found.setdefault(term.brand, []).append(hit)
                told.add((term.name, hit.span[0]))
            for term, first, last in self._index.misspelt(scanned.folded.original):
                if (term.name, first) not in told and bounded(term.name, scanned.folded.original, first, last):
                    seen = scanned.folded.original[first:last]
                    slip = _hit(term, seen, scanned, (first, last), Likeness((MISSPELT,)))
                    found.setdefault(term.brand, []).append(slip)
            for term, first, last in self._index.masked(scanned.folded.original):
                if bounded(term.name, scanned.folded.original, first, last):
                    seen = scanned.folded.original[first:last]
                    hidden = _hit(term, seen, scanned, (first, last), Likeness((STRUCK_OUT,)))
                    found.setdefault(term.brand, []).append(hidden)
        if not found:
            return found
        if any(_is_slip(hit) for hits in found.values() for hit in hits):
            found = _without_slips_in_names(found)
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
            for pattern, start, end in _WORD_AUTOMATON.find_matches_as_indexes(scanned.folded.text, overlapping=True):
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

    def _verified(self, scanned: _Scanned) -> Iterator[tuple[Term, NameHit]]:
        """Yield the names that really stand where the automaton found their skeletons."""
        original = scanned.folded.original
        looks: Counter[int] = Counter()
        looked = 0
        for pattern, start, end in scanned.terms:
            looks[pattern] += 1
            if looks[pattern] > MOST_LOOKS:
                continue
            looked += 1
            if looked > MOST_LOOKED_AT:
                return
            first, found_end = scanned.folded.span(start, end)
            for term in self._index.owners[pattern]:
                last = _stretched(term.name, original, found_end)
                if not bounded(term.name, original, first, last):
                    continue
                seen = original[first:last]
                likeness = self._compared(term.name, seen)
                if likeness is not None:
                    yield term, _hit(term, seen, scanned, (first, last), likeness)

    def _compared(self, name: str, seen: str) -> Likeness | None:
        if seen == name:
            return OPEN
        key = (name, seen)
        if key not in self._verdicts:
            if len(self._verdicts) >= MOST_COMPARED:
                return None
            self._verdicts[key] = compare(name, seen)
        return self._verdicts[key]

    def _with_context(self, hits: list[NameHit]) -> list[NameHit]:
        unsure = [hit for hit in hits if hit.unsure]
        if not unsure:
            return hits
        sure = [hit for hit in hits if not hit.unsure]
        if sure or any(category in self.words for category in LURES):
            covered = _Cover(sure)
            return sure + [hit for hit in unsure if hit not in covered]
        return []


def _is_slip(hit: NameHit) -> bool:
    return MISSPELT in hit.likeness.disguises


def _hit(term: Term, seen: str, scanned: _Scanned, span: tuple[int, int], likeness: Likeness) -> NameHit:
    unsure = _unsure(term, seen, scanned, likeness)
    return NameHit(term.role, term.name, seen, scanned.text, span, likeness, unsure)


def _without_slips_in_names(found: dict[int, list[NameHit]]) -> dict[int, list[NameHit]]:
    """Drop slips that are another name, or a part of one, written as it should be."""
    every = [hit for hits in found.values() for hit in hits if hit.role != "exclude"]
    written = _Cover(hit for hit in every if not _is_slip(hit))
    return {brand: [hit for hit in hits if not (_is_slip(hit) and hit in written)] for brand, hits in found.items()}


def _unsure(term: Term, seen: str, scanned: _Scanned, likeness: Likeness) -> bool:
    """Tell whether a hit needs context; a sender that is called nothing else needs none."""
    if MISSPELT in likeness.disguises:
        return letters(term.name) < (LONG_NAME if term.name.isascii() else LONG_KANA)
    return term.unsure and not (term.role == "name" and scanned.text < 0 and seen == scanned.folded.original.strip())


def _stretched(name: str, text: str, end: int) -> int:
    """Return the end of a name with the marks and the long vowel that belong to its last letter.

    Skeletons leave them out, so that a span made from a skeleton ends before them.
    """
    while end < len(text) and not text[end].isascii() and _is_mark(text[end]):
        end += 1
    if end < len(text) and name[-1] == LONG_VOWEL:
        vowel = unicodedata.normalize("NFKC", text[end])
        if vowel == LONG_VOWEL or vowel in LONG_VOWELS:
            end += 1
    return end


def _is_mark(character: str) -> bool:
    return character in VOICE_MARKS or unicodedata.category(character) in ("Mn", "Me")


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


class _Cover:
    """Spans of hits, ready to be asked whether one of them contains another span; logarithmic per question."""

    def __init__(self, hits: Iterable[NameHit]) -> None:
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
