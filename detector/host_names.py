"""Brands in host names: exact, combined, misspelt, or as a whole official host in the wrong place.

Flow: every name becomes ASCII tokens -> one automaton over the host without dots and dashes -> each hit is placed
(registrable label, subdomain, path; at word borders, beside lure words, under what suffix) -> a strength.
Misspellings are looked up through deletions, so the cost does not grow with the number of brands; wide similarity
is only tried beside an imitated suffix (`saisonn.co.jp.evil.test`), where honest hosts do not live.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from detector.brands import BrandProfile
from detector.host_tokens import (
    Token,
    deletions,
    officials_of,
    shape,
    tokens_of,
    unicode_names_of,
)
from detector.hosts import ABUSED_SUFFIXES, IMITATED, LURES, Host, is_carried
from detector.normalize import fold, skeleton

HostKind = Literal["combosquat", "lookalike", "imitated_suffix", "path"]

# Tuned on the JPCERT/CC hosts of 2023 and the even lines of benign_hosts_dev.txt with ten brands
# (benchmarks/hosts.py).
SHORT: int = 4  # tokens up to this length count as whole words only
MEDIUM: int = 6  # up to this length, glued to lure words only
VERY_LONG: int = 10
WHOLE_LABEL: float = 0.60
LABEL_WORD: float = 0.65
LABEL_GLUED: float = 0.55
SUBDOMAIN_WHOLE: float = 0.70
SUBDOMAIN_WORD: float = 0.55
SUBDOMAIN_GLUED: float = 0.40
PATH_WORD: float = 0.30
OFFICIAL_IN_PATH: float = 0.70  # archives and site statistics write official hosts there; alone and first it is 1
MISSPELT: float = 0.50
LURE_BONUS: float = 0.20
ABUSED_BONUS: float = 0.25
IMITATED_BONUS: float = 0.50  # directly before `.co.jp.` and the like
LONG_BONUS: float = 0.10
VERY_LONG_BONUS: float = 0.20
SHORT_MALUS: float = 0.20
AMBIGUOUS_MALUS: float = 0.25
LEAST_MISSPELT: int = 6  # shorter tokens are one letter away from too many words
NEAR_SUFFIX_CUTOFF: float = 72.0  # rapidfuzz ratio beside an imitated suffix
NEAR_SUFFIX_CUTOFF_LONG: float = 60.0  # the same for tokens of `VERY_LONG` letters or more
TRIVIAL: frozenset[str] = frozenset(("www", "www1", "www2", "com", "co", "net", "in", "web", "home", "mail"))


@dataclass(frozen=True, slots=True)
class HostHit:
    """A brand found in a host or path."""

    brand: int
    kind: HostKind
    strength: float
    seen: str  # the part that shows the brand
    expected: str


@dataclass(frozen=True, slots=True)
class _Label:
    """One label of a host, with dashes removed."""

    text: str
    start: int  # in the host without dots and dashes
    borders: frozenset[int]  # where its words begin and end, relative to `start`
    registrable: bool


class HostIndex:
    """Everything that is searched in hosts; built once per set of brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        tokens = [token for index, brand in enumerate(brands) for token in tokens_of(index, brand)]
        self._tokens: dict[str, list[Token]] = {}
        for token in tokens:
            self._tokens.setdefault(token.text, []).append(token)
        self._texts = list(self._tokens)
        self._exact = AhoCorasick(self._texts or ["\0"], matchkind=MatchKind.Standard)
        self._shapes: dict[str, list[Token]] = {}
        self._deletions: dict[str, set[str]] = {}
        for text, group in self._tokens.items():
            if len(text) > SHORT:
                self._shapes.setdefault(shape(text), []).extend(group)
            if len(text) >= LEAST_MISSPELT and not all(token.ambiguous for token in group):
                for variant in (text, *deletions(text)):
                    self._deletions.setdefault(variant, set()).add(text)
        self._officials = [entry for index, brand in enumerate(brands) for entry in officials_of(index, brand)]
        self._official = AhoCorasick([key for key, _, _ in self._officials] or ["\0"], matchkind=MatchKind.Standard)
        self._fuzzy = [text for text, group in self._tokens.items() if len(text) > SHORT]
        self._unicode = [entry for index, brand in enumerate(brands) for entry in unicode_names_of(index, brand)]

    def tokens(self, brand: int) -> frozenset[str]:
        """Return the ASCII tokens of one brand."""
        return frozenset(text for text, group in self._tokens.items() if any(one.brand == brand for one in group))

    def match(self, host: Host) -> list[HostHit]:
        """Find brands in a host and its path; per brand and kind the strongest hit, strongest first."""
        best: dict[tuple[int, HostKind], HostHit] = {}
        for hit in (*self._in_host(host), *self._in_path(host)):
            key = (hit.brand, hit.kind)
            if key not in best or best[key].strength < hit.strength:
                best[key] = hit
        return sorted(best.values(), key=lambda hit: (-hit.strength, hit.brand, hit.kind))

    def _in_host(self, host: Host) -> Iterator[HostHit]:
        if not host.suffix or is_carried(host):
            return
        left = f"{host.subdomain}.{host.label}".lstrip(".")
        bare = left.replace("-", "").replace(".", "")
        matches = self._exact.find_matches_as_indexes(bare, overlapping=True)
        labels = _labels(left) if host.label else _labels(left, registrable=False)
        bonus = _bonus(host, labels)
        before = _before_imitated(left) if matches or "." in left or "-" in left else None
        for pattern, start, end in matches:
            text = self._texts[pattern]
            strength = _placed(text, labels, start, end)
            if strength:
                strength += bonus + (IMITATED_BONUS if before and before.endswith(text) else 0.0)
                for token in self._tokens[text]:
                    yield HostHit(token.brand, "combosquat", _sum(token, strength), text, token.expected)
        yield from self._imitated(left, bare, labels)
        yield from self._misspelt(labels, bonus)
        yield from self._near_suffix(before)
        if "xn--" in host.ascii:
            yield from self._international(host)

    def _imitated(self, left: str, bare: str, labels: list[_Label]) -> Iterator[HostHit]:
        for pattern, start, end in self._official.find_matches_as_indexes(bare, overlapping=True):
            _, brand, official = self._officials[pattern]
            starts = any(start - label.start in label.borders for label in labels)
            ends = any(end - label.start in label.borders for label in labels)
            if starts and (ends or len(official) >= 12):
                yield HostHit(brand, "imitated_suffix", 1.0 if ends else 0.9, left, official)

    def _misspelt(self, labels: list[_Label], bonus: float) -> Iterator[HostHit]:
        for label in labels:
            for piece in _pieces(label):
                if piece in self._tokens:
                    continue
                place = MISSPELT if label.registrable else MISSPELT - 0.15
                for token in self._shapes.get(shape(piece), ()):
                    strength = _sum(token, place + LURE_BONUS + bonus)
                    yield HostHit(token.brand, "lookalike", strength, piece, token.expected)
                if len(piece) < LEAST_MISSPELT - 1:
                    continue
                for text in self._one_edit(piece):
                    for token in self._tokens[text]:
                        yield HostHit(token.brand, "lookalike", _sum(token, place + bonus), piece, token.expected)

    def _one_edit(self, piece: str) -> set[str]:
        near = set(self._deletions.get(piece, ()))
        for variant in deletions(piece):
            near |= self._deletions.get(variant, set())
        # The first letter stays: otherwise `cloud` is a misspelt `icloud`.
        return {text for text in near if text[0] == piece[0] and OSA.distance(text, piece, score_cutoff=1) == 1}

    def _near_suffix(self, before: str | None) -> Iterator[HostHit]:
        """Compare widely what stands before an imitated suffix such as `.co.jp.` inside a name."""
        if before is None or len(before) <= SHORT or before in self._tokens:
            return
        near = process.extract(before, self._fuzzy, scorer=fuzz.ratio, score_cutoff=NEAR_SUFFIX_CUTOFF_LONG, limit=5)
        for text, ratio, _ in near:
            if ratio >= NEAR_SUFFIX_CUTOFF or min(len(text), len(before)) >= VERY_LONG:
                for token in self._tokens[text]:
                    yield HostHit(token.brand, "lookalike", min(1.0, ratio / 200 + 0.45), before, token.expected)
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
                    strength = _sum(token, PATH_WORD + abused + lure)
                    yield HostHit(token.brand, "path", strength, segment, token.expected)
            for key, brand, official in self._officials:
                if key in bare:
                    alone = segment == segments[0] and bare.removeprefix("www") == key
                    strength = 1.0 if alone else min(1.0, OFFICIAL_IN_PATH + abused + lure)
                    yield HostHit(brand, "path", strength, segment, official)


def _sum(token: Token, strength: float) -> float:
    length = len(token.text)
    if length >= VERY_LONG:
        strength += VERY_LONG_BONUS
    elif length > MEDIUM:
        strength += LONG_BONUS
    elif length <= SHORT:
        strength -= SHORT_MALUS
    return round(min(1.0, max(0.0, strength - (AMBIGUOUS_MALUS if token.ambiguous else 0.0))), 3)


def _labels(left: str, *, registrable: bool = True) -> list[_Label]:
    names = left.split(".")
    labels, start = [], 0
    for position, name in enumerate(names):
        borders, at = {0}, 0
        for word in name.split("-"):
            at += len(word)
            borders.add(at)
        text = name.replace("-", "")
        last = position == len(names) - 1
        labels.append(_Label(text, start, frozenset(borders), registrable and last))
        start += len(text)
    return labels


def _pieces(label: _Label) -> list[str]:
    edges = sorted(label.borders)
    words = [label.text[a:b] for a, b in pairwise(edges)]
    return list(dict.fromkeys([label.text, *words]))


def _placed(text: str, labels: list[_Label], start: int, end: int) -> float:
    """Return how telling the place of a token is, 0 if it is part of another word or runs across a dot."""
    label = next(label for label in labels if label.start <= start < label.start + len(label.text))
    first, last = start - label.start, end - label.start
    if last > len(label.text):
        return 0.0
    whole = len(label.text) == len(text)
    if whole:
        return WHOLE_LABEL if label.registrable else SUBDOMAIN_WHOLE
    opens, closes = first in label.borders, last in label.borders
    if opens and closes:
        return LABEL_WORD if label.registrable else SUBDOMAIN_WORD
    before, after = label.text[:first], label.text[last:]
    lured = (opens or _lure(before)) and (closes or _lure(after))
    glued = LABEL_GLUED if label.registrable else SUBDOMAIN_GLUED
    if lured:
        return glued + LURE_BONUS
    if len(text) > MEDIUM and (opens or closes):
        return glued
    return glued - 0.1 if len(text) > MEDIUM + 2 else 0.0


@lru_cache(maxsize=65536)
def _lure(text: str) -> bool:
    """Tell whether glued text is one or two lure words, digits aside."""
    text = text.strip("0123456789")
    return not text or text in LURES or any(text[:at] in LURES and text[at:] in LURES for at in range(2, len(text) - 1))


def _bonus(host: Host, labels: list[_Label]) -> float:
    words = {piece for label in labels for piece in _pieces(label)}
    lure = any(word in LURES and word not in TRIVIAL for word in words)
    abused = host.shared or host.suffix in ABUSED_SUFFIXES
    return (LURE_BONUS if lure else 0.0) + (ABUSED_BONUS if abused else 0.0)


def _before_imitated(left: str) -> str | None:
    """Return the word before an official-looking suffix that stands inside a host name, else None."""
    padded = f".{left.replace('_', '-')}."
    for suffix in IMITATED:
        for form in (f".{suffix}.", f"-{suffix}.", f"-{suffix.replace('.', '-')}.", f"-{suffix.replace('.', '-')}-"):
            at = padded.find(form)
            if at > 0:
                return padded[:at].rpartition(".")[2].replace("-", "")
    for label in left.split("."):
        for glued in ("comjp", "cojp"):
            if label.endswith(glued) and len(label) > len(glued) + 2:
                return label.removesuffix(glued).replace("-", "")
    return None
