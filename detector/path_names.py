"""Brands in the path and query behind a foreign host: `/amazon.co.jp/login`, `/?id=smbc`.

Honest pages about a brand carry its name in their paths, too, so what counts is how it poses: as a whole official
host, as a whole segment or value, beside words of a login, behind a thrown-away name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.brands import BrandProfile
from detector.host_letters import strangeness
from detector.host_tokens import Token, officials_of
from detector.host_weights import ORDINARY_SHARE, PATH, USUAL
from detector.host_words import TELLING
from detector.hosts import SUFFIX_ODDS, Host, is_shared

# A whole official host, a whole segment, a file's name, a whole value of the query, a word of a segment.
Part = Literal["official", "segment", "file", "value", "word"]
STRANGE: float = 0.6  # bits per letter above the usual, from which a label is no word
MOST_LETTERS: int = 512  # of a path and query that are read
_WORDS = re.compile(r"[a-z0-9]+")
# What honest pages about a brand hardly have behind its name.
_LURING = re.compile(r"login|sign-?in|verif|auth|account|webmail|userinfo|\.php|/card/|meisai")
_FILES = (".php", ".html", ".htm", ".asp", ".aspx", ".jsp", ".do")


@dataclass(frozen=True, slots=True)
class PathHit:
    """A brand in a path, in the terms that are weighed."""

    token: Token
    seen: str
    measures: tuple[tuple[str, float], ...]
    ordinary: bool  # how shops and news name makers: no word of a login, no thrown-away name

    def strength(self) -> float:
        """Return how telling the name is, 0-1."""
        known = PATH.strength(self.measures)
        return min(known, ORDINARY_SHARE) if self.ordinary else known


class PathIndex:
    """Names and official hosts of all brands, as paths carry them."""

    def __init__(self, brands: Sequence[BrandProfile], tokens: dict[str, list[Token]]) -> None:
        self._tokens = tokens
        self._officials: dict[str, list[Token]] = {}
        for index, brand in enumerate(brands):
            for form, owner, official in officials_of(index, brand):
                if "." in form:
                    token = Token(owner, form, False, official, 40.0)
                    self._officials.setdefault(form, []).append(token)
        self._patterns = list(dict.fromkeys((*tokens, *self._officials)))
        self._automaton = AhoCorasick(self._patterns or ["\0"], matchkind=MatchKind.Standard)

    def find(self, host: Host) -> Iterator[PathHit]:
        """Yield the names in a URL's path and query."""
        text = f"{host.path}?{host.query}"[:MOST_LETTERS].lower()
        if len(text) < 4:
            return
        bare = text.replace("-", "").replace("_", "")
        matches = self._automaton.find_matches_as_indexes(bare, overlapping=True)
        if not matches:
            return
        around = _around(host, text)
        ordinary = (
            SUFFIX_ODDS.get(host.suffix, 0.0) <= 0
            and strangeness(host.label) < USUAL + STRANGE
            and bool(host.suffix)
            and not _LURING.search(text)
        )
        for pattern, start, end in matches:
            name = self._patterns[pattern]
            before, after = bare[start - 1], bare[end : end + 1]
            if name in self._officials and before in "/.=?" and after in ("", "/", "?", "&", ".", ":"):
                part: Part = "official"
            else:
                part_or_none = _part(bare, text, name, start, end)
                if part_or_none is None:
                    continue
                part = part_or_none
            for token in (*self._officials.get(name, ()), *self._tokens.get(name, ())):
                if part == "official" and name not in self._officials:
                    continue
                measures = (*_measures(part, token, bare, start, end), *around)
                yield PathHit(token, name, measures, ordinary and part != "official")


def _part(bare: str, text: str, name: str, start: int, end: int) -> Part | None:
    before, after = bare[start - 1], bare[end : end + 1]
    if before in "/.?" and after in ("", "/", "?"):
        return "segment"
    if before == "/" and after == "." and bare.startswith(_FILES, end):
        return "file"
    if before == "=" and after in ("", "&"):
        return "value"
    return "word" if name in _WORDS.findall(text) else None


def _measures(part: Part, token: Token, bare: str, start: int, end: int) -> Iterator[tuple[str, float]]:
    yield f"part:{part}", 1.0
    if part != "official":
        yield f"bits:{part}", max(-1.5, min(1.5, (token.bits - 20) / 10))
    if bare.startswith((".co.jp", "cojp", ".com", ".jp", ".ne.jp"), end):
        yield "suffix follows", 1.0
    if bare[:start].count("/") <= 1 and "?" not in bare[:start]:
        yield "first", 1.0
    if token.ambiguous:
        yield "ambiguous", 1.0


def _around(host: Host, text: str) -> list[tuple[str, float]]:
    found = [("strange", max(-1.0, min(2.0, strangeness(host.label) - 4.3)))]
    found.append(("suffix", SUFFIX_ODDS.get(host.suffix, 0.0)))
    if host.shared or not host.suffix:
        found.append(("tenant", 1.0))
    if host.suffix and is_shared(host):
        found.append(("platform", 1.0))
    lures = sum(word in TELLING for word in _WORDS.findall(text))
    if lures:
        found.append(("lures", min(3, lures) / 3))
    found.append(("depth", min(6, text.count("/")) / 3))
    if len(text) > 60:
        found.append(("long", 1.0))
    return found
