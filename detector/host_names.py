"""Brands in host names: exact, combined, misspelt, or as a whole official host in the wrong place.

Flow: every name becomes ASCII tokens -> one automaton over the host without dots and dashes -> each hit is placed
(`host_words`: how it stands in its label, what keeps it company) -> a strength (`host_weights`).
Misspellings are looked up through deletions, so the cost does not grow with the number of brands; wide similarity
is only tried beside an imitated suffix (`saisonn.co.jp.evil.test`), where honest hosts do not live.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from detector.brands import BrandProfile
from detector.host_tokens import (
    Token,
    deletions,
    excluded_of,
    officials_of,
    shape,
    tokens_of,
    unicode_names_of,
)
from detector.host_weights import Slip, log_odds, strength
from detector.host_words import TRIVIAL, Fit, HostWords
from detector.hosts import ABUSED_SUFFIXES, LURES, Host, is_carried
from detector.normalize import fold, skeleton

HostKind = Literal["combosquat", "lookalike", "imitated_suffix", "path"]

# Paths: tuned on the JPCERT/CC hosts of 2023 and the even lines of benign_hosts_dev.txt with ten brands
# (benchmarks/hosts.py).
SHORT: int = 4
MEDIUM: int = 6
VERY_LONG: int = 10
PATH_WORD: float = 0.30
OFFICIAL_IN_PATH: float = 0.70  # archives and site statistics write official hosts there; alone and first it is 1
LURE_BONUS: float = 0.20
ABUSED_BONUS: float = 0.25
LONG_BONUS: float = 0.10
VERY_LONG_BONUS: float = 0.20
SHORT_MALUS: float = 0.20
AMBIGUOUS_MALUS: float = 0.25

LEAST_MISSPELT: int = 5  # shorter tokens are one letter away from too many words
LEAST_TWO_SLIPS: int = 9
NEAR_SUFFIX_CUTOFF: float = 72.0  # rapidfuzz ratio beside an imitated suffix
NEAR_SUFFIX_CUTOFF_WIDE: float = 60.0


@dataclass(frozen=True, slots=True)
class HostHit:
    """A brand found in a host or path."""

    brand: int
    kind: HostKind
    strength: float
    seen: str  # the part that shows the brand
    expected: str


class HostIndex:
    """Everything that is searched in hosts; built once per set of brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        tokens = [token for index, brand in enumerate(brands) for token in tokens_of(index, brand)]
        self._tokens: dict[str, list[Token]] = {}
        for token in tokens:
            self._tokens.setdefault(token.text, []).append(token)
        self._texts = list(self._tokens)
        self._exact = AhoCorasick(self._texts or ["\0"], matchkind=MatchKind.Standard)
        self._shapes: dict[str, list[str]] = {}
        self._deletions: dict[str, set[str]] = {}
        self._long: dict[tuple[str, int], list[str]] = {}  # by first letter and length of what may be two slips away
        self._near: set[tuple[str, int]] = set()  # first letter and length of all that may be one slip away
        for text in self._tokens:
            if len(text) >= LEAST_MISSPELT:
                self._shapes.setdefault(shape(text), []).append(text)
                for variant in (text, *deletions(text)):
                    self._deletions.setdefault(variant, set()).add(text)
                self._near.update((text[0], len(text) + more) for more in (-1, 0, 1))
            if len(text) >= LEAST_TWO_SLIPS:
                for more in (-2, -1, 0, 1, 2):
                    self._long.setdefault((text[0], len(text) + more), []).append(text)
        self._officials = [entry for index, brand in enumerate(brands) for entry in officials_of(index, brand)]
        self._official = AhoCorasick([key for key, _, _ in self._officials] or ["\0"], matchkind=MatchKind.Standard)
        self._excluded = [excluded_of(brand) for brand in brands]
        self._fuzzy = [text for text in self._tokens if len(text) > SHORT]
        self._unicode = [entry for index, brand in enumerate(brands) for entry in unicode_names_of(index, brand)]

    def tokens(self, brand: int) -> frozenset[str]:
        """Return the ASCII tokens of one brand."""
        return frozenset(text for text, group in self._tokens.items() if any(one.brand == brand for one in group))

    def match(self, host: Host) -> list[HostHit]:
        """Find brands in a host and its path; per brand and kind the strongest hit, strongest first.

        The same letters are not counted twice: of an exact name and a misspelling only the stronger remains.
        """
        best: dict[tuple[int, bool, HostKind], HostHit] = {}
        for hit in (*self._in_host(host), *self._in_path(host)):
            named = hit.kind in ("combosquat", "lookalike")
            key = (hit.brand, named, "combosquat" if named else hit.kind)
            if key not in best or best[key].strength < hit.strength:
                best[key] = hit
        return sorted(best.values(), key=lambda hit: (-hit.strength, hit.brand, hit.kind))

    def _in_host(self, host: Host) -> Iterator[HostHit]:
        if not host.suffix or is_carried(host):
            return
        words = HostWords(host)
        abused = host.suffix in ABUSED_SUFFIXES
        for pattern, start, end in self._exact.find_matches_as_indexes(words.bare, overlapping=True):
            fit = words.fit(start, end)
            if fit:
                yield from self._weighed(words, fit, self._texts[pattern], start, end, abused=abused)
        yield from self._imitated(words)
        yield from self._misspelt(words, abused=abused)
        yield from self._near_suffix(words, abused=abused)
        if "xn--" in host.ascii:
            yield from self._international(host)

    def _weighed(
        self, words: HostWords, fit: Fit | Slip, text: str, start: int, end: int, *, abused: bool
    ) -> Iterator[HostHit]:
        """Yield a hit for every brand of a token that was found, or suspected, from `start` to `end`."""
        position = words.label_at(start).position
        odds = log_odds(fit, text, position, words.company(start, end), abused=abused)
        exact = fit in ("label", "word", "glued", "edge", "inside")
        seen = words.bare[start:end] if fit != "doubled" else words.word_at(start)
        for token in self._tokens[text]:
            if any(_covers(word, words.bare, start, end) for word in self._excluded[token.brand]):
                continue
            kind: HostKind = "combosquat" if exact else "lookalike"
            yield HostHit(token.brand, kind, strength(odds, ambiguous=token.ambiguous), seen, token.expected)

    def _imitated(self, words: HostWords) -> Iterator[HostHit]:
        for pattern, start, end in self._official.find_matches_as_indexes(words.bare, overlapping=True):
            _, brand, official = self._officials[pattern]
            starts, ends = words.borders(start, end)
            if starts and (ends or len(official) >= 12):
                yield HostHit(brand, "imitated_suffix", 1.0 if ends else 0.9, words.left, official)

    def _misspelt(self, words: HostWords, *, abused: bool) -> Iterator[HostHit]:
        for piece, start in words.pieces():
            if len(piece) < LEAST_MISSPELT - 1 or piece in self._tokens:
                continue
            end = start + len(piece)
            alike = self._shapes.get(shape(piece), [])
            for text in alike:
                yield from self._weighed(words, "shape", text, start, end, abused=abused)
            slips = self._one_edit(piece)
            for text in slips.difference(alike):
                yield from self._weighed(words, "slip", text, start, end, abused=abused)
            for text in self._long.get((piece[0], len(piece)), ()):
                if text not in slips and OSA.distance(text, piece, score_cutoff=2) == 2:
                    yield from self._weighed(words, "slip2", text, start, end, abused=abused)

    def _one_edit(self, piece: str) -> set[str]:
        # The first letter stays: otherwise `cloud` is a misspelt `icloud`.
        if (piece[0], len(piece)) not in self._near:
            return set()
        near = set(self._deletions.get(piece, ()))
        for variant in deletions(piece):
            near.update(self._deletions.get(variant, ()))
        return {text for text in near if text[0] == piece[0] and OSA.distance(text, piece, score_cutoff=1) == 1}

    def _near_suffix(self, words: HostWords, *, abused: bool) -> Iterator[HostHit]:
        """Compare widely what stands before an imitated suffix such as `.co.jp.` inside a name."""
        found = words.before_imitated()
        if found is None or len(found[0]) <= SHORT or found[0] in self._tokens:
            return
        before, start = found
        end = start + len(before)
        if "before_suffix" not in words.company(start, end):
            return
        near = process.extract(before, self._fuzzy, scorer=fuzz.ratio, score_cutoff=NEAR_SUFFIX_CUTOFF_WIDE, limit=5)
        for text, ratio, _ in near:
            if text[0] == before[0]:
                close = ratio >= NEAR_SUFFIX_CUTOFF or min(len(text), len(before)) >= VERY_LONG
                yield from self._weighed(words, "near" if close else "near_wide", text, start, end, abused=abused)
                return

    def _international(self, host: Host) -> Iterator[HostHit]:
        for label in host.unicode.removesuffix(host.suffix).strip(".").split("."):
            if label.isascii():
                continue
            folded = fold(label).text.replace("-", "")
            for text, group in self._tokens.items():
                if len(text) > SHORT and text in folded:
                    for token in group:
                        yield HostHit(token.brand, "lookalike", 1.0, label, token.expected)
            native = skeleton(label).text
            for brand, name, key in self._unicode:
                if key in native:
                    yield HostHit(brand, "combosquat", 0.9, label, name)

    def _in_path(self, host: Host) -> Iterator[HostHit]:
        segments = [segment for segment in host.path.lower().split("/") if segment][:3]
        abused = ABUSED_BONUS if host.shared or host.suffix in ABUSED_SUFFIXES else 0.0
        for segment in segments:
            words = segment.replace("_", "-").replace(".", "-").split("-")
            lure = LURE_BONUS if any(word in LURES - TRIVIAL for word in words) else 0.0
            bare = "".join(words)
            for word in {*words, bare}:
                for token in self._tokens.get(word, ()):
                    if token.ambiguous and not lure:
                        continue
                    telling = _in_path_strength(token, PATH_WORD + abused + lure)
                    yield HostHit(token.brand, "path", telling, segment, token.expected)
            for key, brand, official in self._officials:
                if key in bare:
                    alone = segment == segments[0] and bare.removeprefix("www") == key
                    telling = 1.0 if alone else min(1.0, OFFICIAL_IN_PATH + abused + lure)
                    yield HostHit(brand, "path", telling, segment, official)


def _covers(word: str, text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is a part of an occurrence of the word."""
    at = text.find(word, max(0, end - len(word)))
    return 0 <= at <= start


def _in_path_strength(token: Token, telling: float) -> float:
    length = len(token.text)
    if length >= VERY_LONG:
        telling += VERY_LONG_BONUS
    elif length > MEDIUM:
        telling += LONG_BONUS
    elif length <= SHORT:
        telling -= SHORT_MALUS
    return round(min(1.0, max(0.0, telling - (AMBIGUOUS_MALUS if token.ambiguous else 0.0))), 3)
