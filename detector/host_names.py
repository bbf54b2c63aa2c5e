"""Brands in host names: exact, combined, misspelt, or as a whole official host in the wrong place.

Flow: every name and its likely misspellings become patterns -> one automaton over many hosts at once, dashes left
out (`candidates`) -> only hosts with a hit are taken apart (`host_words`) -> each hit is placed and weighed
(`host_weights`). Wide similarity is only tried beside an imitated suffix (`saisonn.co.jp.evil.test`), where honest
hosts do not live. Paths are searched by `path_names`.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.brands import BrandProfile
from detector.host_near import NearNames
from detector.host_tokens import (
    LEAST_MISSPELT,
    Token,
    excluded_of,
    is_lure,
    officials_of,
    shapes,
    slips,
    tokens_of,
    unicode_names_of,
)
from detector.host_weights import Situation, Slip
from detector.host_words import BECKONING, WHOLE, Company, Fit, HostWords
from detector.hosts import IMITATED, Host, is_carried, plain_host
from detector.normalize import fold, skeleton
from detector.path_names import PathIndex

HostKind = Literal["combosquat", "lookalike", "imitated_suffix", "path"]
# Pattern, start and end in the host without dashes.
Match = tuple[int, int, int]

SHORT: int = 4
LONG: int = 8  # letters from which a misspelling is looked for at a word's edge, too
# Bits below which a misspelling is likely to be an honest word. Measured on the even lines of the popular hosts.
LEAST_BITS: float = 17.0
# Letters from which a name is looked for at a word's edge and inside a word.
LEAST_ALONE: int = 3  # shorter names need company of these kinds
NEEDED: frozenset[Company] = frozenset(("before_suffix", "lure", "lures"))
LEAST_PART: dict[Fit, int] = {"edge": 3, "inside": 4}
_SEPARATOR = "\n"


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
        self._tokens: dict[str, list[Token]] = {}
        for index, brand in enumerate(brands):
            for token in tokens_of(index, brand):
                self._tokens.setdefault(token.text, []).append(token)
        texts: dict[int, set[str]] = {}
        for text, group in self._tokens.items():
            for token in group:
                texts.setdefault(token.brand, set()).add(text)
        self._texts = {brand: frozenset(found) for brand, found in texts.items()}
        # What a pattern stands for: the tokens and how it departs from them; officials and suffixes have none.
        self._names: dict[str, tuple[list[Token], Slip | None]] = {
            text: (group, None) for text, group in self._tokens.items()
        }
        for text, group in self._tokens.items():
            if len(text) >= LEAST_MISSPELT:
                self._add_misspellings(text, group)
        self._officials: dict[str, list[tuple[int, str]]] = {}
        for index, brand in enumerate(brands):
            for form, owner, official in officials_of(index, brand):
                self._officials.setdefault(form, []).append((owner, official))
        suffixes = [form for word in IMITATED for form in (word, f"{word[:2]}.{word[2:]}.", f"{word[:3]}.{word[3:]}.")]
        self.patterns = list(dict.fromkeys((*self._names, *self._officials, *suffixes, *BECKONING)))
        self._automaton = AhoCorasick(self.patterns, matchkind=MatchKind.Standard)
        self._meaning = [(self._names.get(text), self._officials.get(text)) for text in self.patterns]
        self._excluded = [excluded_of(brand) for brand in brands]
        self._near = NearNames(list(self._tokens.values()))
        self._unicode = [entry for index, brand in enumerate(brands) for entry in unicode_names_of(index, brand)]
        self._native = AhoCorasick([key for _, _, key in self._unicode] or ["\0"], matchkind=MatchKind.Standard)
        self.paths = PathIndex(brands, self._tokens)

    def _add_misspellings(self, text: str, group: list[Token]) -> None:
        bits = group[0].bits
        for kind, spellings in (("shape", shapes(text)), ("slip", slips(text))):
            for spelling in spellings:
                if len(spelling) >= LEAST_MISSPELT and spelling not in self._names and not is_lure(spelling):
                    if kind == "slip" and bits < LEAST_BITS:
                        continue
                    self._names[spelling] = (group, "shape" if kind == "shape" else "slip")

    def tokens(self, brand: int) -> frozenset[str]:
        """Return the ASCII tokens of one brand."""
        return self._texts.get(brand, frozenset())

    def candidates(self, hosts: Sequence[str]) -> dict[int, list[Match]]:
        """Return the hosts in which some pattern stands, by their place, with all matches.

        Args:
            hosts: host names as `hosts.is_plain` wants them; several thousand at a time are fastest.
        """
        text = _SEPARATOR.join(hosts).replace("-", "")
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not matches:
            return {}
        starts = [0, *accumulate(len(line) + 1 for line in text.split(_SEPARATOR))]
        found: dict[int, list[Match]] = {}
        for pattern, start, end in matches:
            line = bisect_right(starts, start) - 1
            found.setdefault(line, []).append((pattern, start - starts[line], end - starts[line]))
        return found

    def scan(self, hosts: Sequence[str]) -> dict[int, tuple[Host, list[HostHit]]]:
        """Return the hosts that have hits, with them, by their place; paths are not looked at."""
        found: dict[int, tuple[Host, list[HostHit]]] = {}
        matched = self.candidates(hosts)
        foreign: dict[int, list[Match]] = {place: [] for place, name in enumerate(hosts) if "xn--" in name}
        for place, matches in (foreign | matched).items():
            host = plain_host(hosts[place])
            hits = self.judge(host, matches) if host else []
            if host and hits:
                found[place] = host, hits
        return found

    def match(self, host: Host) -> list[HostHit]:
        """Find brands in a host and its path; per brand and kind the strongest hit, strongest first."""
        return self.judge(host, self.candidates([host.ascii]).get(0, []))

    def judge(self, host: Host, matches: Sequence[Match]) -> list[HostHit]:
        """Place and weigh the matches of one host.

        The same letters are not counted twice: of an exact name and a misspelling only the stronger remains.
        """
        best: dict[tuple[int, str], HostHit] = {}
        for hit in self._hits(host, matches):
            key = (hit.brand, "name" if hit.kind in ("combosquat", "lookalike") else hit.kind)
            known = best.get(key)
            if known is None or known.strength < hit.strength:
                best[key] = hit
        return sorted(best.values(), key=lambda hit: (-hit.strength, hit.brand, hit.kind))

    def _hits(self, host: Host, matches: Sequence[Match]) -> Iterator[HostHit]:
        if len(host.path) > 1 or host.query:
            for found in self.paths.find(host):
                token = found.token
                yield HostHit(token.brand, "path", found.strength(), found.seen, token.expected)
        if not host.suffix or is_carried(host):
            return
        left = f"{host.subdomain}.{host.label}" if host.subdomain else host.label
        if matches and left:
            words = HostWords(left, own=bool(host.label))
            yield from map(_hit, self.suspects(host, words, matches))
            yield from self._imitated(words, matches)
        if "xn--" in host.ascii:
            yield from self._international(host)

    def suspects(self, host: Host, words: HostWords, matches: Sequence[Match]) -> Iterator[Situation]:
        """Yield every place in a host where a name, a misspelling or something similar stands."""
        length = len(words.bare)
        named = False  # what is garbled is only guessed at where no name is written out
        for pattern, start, end in matches:
            name = self._meaning[pattern][0]
            if name is None or end > length:
                continue
            placed = words.fit(start, end)
            if placed is None:
                continue
            fit, first, last = placed
            group, slip = name
            if slip and fit not in WHOLE and (fit == "inside" or len(group[0].text) < LONG):
                continue
            if slip and group[0].text in words.bare[max(0, start - 1) : end + 1]:
                continue  # `hoshinodenk` inside `hoshinodenki`
            if fit not in WHOLE and end - start < LEAST_PART[fit]:
                continue
            named = named or (slip is None and fit in WHOLE)
            company = words.company(first, last, end)
            if end - start < LEAST_ALONE and NEEDED.isdisjoint(company):
                continue
            for token in group:
                if self._excludes(token.brand, words.bare, start, end):
                    continue
                yield Situation(host, words, token, fit, slip, 1.0, first, start, end, company)
        if not named and (words.imitates_suffix() or words.beckons()):
            for token, likeness, start, end in self._near.find(words, self._names):
                first, last = words.word_at(start), words.word_at(end - 1)
                company = words.company(first, last, end)
                yield Situation(host, words, token, "word", "near", likeness, first, start, end, company)

    def _excludes(self, brand: int, text: str, start: int, end: int) -> bool:
        return any(_covers(word, text, start, end) for word in self._excluded[brand])

    def _imitated(self, words: HostWords, matches: Sequence[Match]) -> Iterator[HostHit]:
        length = len(words.bare)
        for pattern, start, end in matches:
            owners = self._meaning[pattern][1]
            if owners is None or end > length:
                continue
            starts, ends = words.starts_and_ends(start, end)
            for brand, official in owners if starts else ():
                if ends or len(official) >= 12:
                    yield HostHit(brand, "imitated_suffix", 1.0 if ends else 0.9, words.left, official)

    def _international(self, host: Host) -> Iterator[HostHit]:
        for label in host.unicode.removesuffix(host.suffix).strip(".").split("."):
            if label.isascii():
                continue
            folded = fold(label).text.replace("-", "")
            for pattern, _, _ in self._automaton.find_matches_as_indexes(folded, overlapping=True):
                name = self._meaning[pattern][0]
                if name and name[1] is None and len(self.patterns[pattern]) > SHORT:
                    for token in name[0]:
                        yield HostHit(token.brand, "lookalike", 1.0, label, token.expected)
            native = skeleton(label).text
            for pattern, _, _ in self._native.find_matches_as_indexes(native, overlapping=True):
                brand, written, _ = self._unicode[pattern]
                yield HostHit(brand, "combosquat", 0.9, label, written)


def _hit(situation: Situation) -> HostHit:
    words, token = situation.words, situation.token
    exact = situation.slip is None and situation.fit != "doubled"
    if situation.fit == "doubled":
        seen = words.words[situation.first]
    else:
        seen = words.bare[situation.start : situation.end]
    kind: HostKind = "combosquat" if exact else "lookalike"
    return HostHit(token.brand, kind, situation.strength(), seen, token.expected)


def _covers(word: str, text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is a part of an occurrence of the word."""
    at = text.find(word, max(0, end - len(word)))
    return 0 <= at <= start
