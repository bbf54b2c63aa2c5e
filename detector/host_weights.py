"""How telling a name in a host or path is: log-odds from how it stands there, how surprising it is, in what company.

The numbers stand in `lexicon/host_weights.toml`, made by `python -m benchmarks.host_training`, which says on what.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

from detector.host_letters import strangeness
from detector.host_tokens import Token
from detector.host_words import WHOLE, Company, Fit, HostWords
from detector.hosts import ABUSED_SUFFIXES, CLOSED_SUFFIXES, SUFFIX_ODDS, TECHNICAL, Host

# A spelling drawn alike, one slip of the hand, something similar beside an imitated suffix.
Slip = Literal["shape", "slip", "near"]
Position = Literal["own", "tenant", "subdomain"]
USUAL: float = 4.3  # bits per letter of an ordinary label
ORDINARY: float = 0.2  # bits per letter above the usual, up to which a label reads like a word
# Strength at the threshold: with the policy's weight a bare host reaches a score of 0.5 there.
# A segment of a path that nobody would choose: capitals amid small letters, as kits make them.
_RANDOM = re.compile(r"/(?=[A-Za-z0-9]{6,}/?$)[A-Za-z0-9]*[a-z][A-Z]+[a-z0-9]*[A-Z][A-Za-z0-9]*")
AT_THRESHOLD: float = 0.7
PER_LOG_ODDS: float = 0.1
# Strength of what honest companies do as well: never enough alone; the lists of popular hosts have too few subdomains,
# and no paths, to learn that from.
ORDINARY_SHARE: float = 0.05


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one kind of place."""

    bias: float
    threshold: float  # log-odds from which a bare host or URL is flagged
    weights: dict[str, float]

    def strength(self, measures: Iterable[tuple[str, float]]) -> float:
        """Return how telling a place is, 0-1."""
        known = self.weights
        return self.at(self.bias + sum([known.get(name, 0.0) * measure for name, measure in measures]))

    def at(self, odds: float) -> float:
        """Return log-odds as a strength, 0-1."""
        return round(min(1.0, max(0.0, AT_THRESHOLD + PER_LOG_ODDS * (odds - self.threshold))), 3)


def _load() -> dict[str, Weights]:
    text = resources.files("detector").joinpath("lexicon/host_weights.toml").read_text(encoding="utf-8")
    return {kind: Weights(**table) for kind, table in tomllib.loads(text).items()}


_LOADED = _load()
HOST: Weights = _LOADED["host"]
PATH: Weights = _LOADED["path"]


@dataclass(frozen=True, slots=True)
class Situation:
    """A name in a host."""

    host: Host
    words: HostWords
    token: Token
    fit: Fit
    slip: Slip | None  # None: the exact name
    likeness: float  # 0-1, of a near name; 1 for others
    first: int  # index of the first word that the name takes
    start: int
    end: int
    company: Sequence[Company]

    @property
    def customer(self) -> bool:
        """Tell whether services name their customers so: by a label, or a part of one, below an ordinary domain."""
        words, host = self.words, self.host
        alone = (
            self.fit in ("label", "edge", "inside")
            and not self.company
            and not words.www
            and not words.is_own(self.first)
        )
        if not alone or SUFFIX_ODDS.get(host.suffix, 0.0) > 0:
            return False
        if self.token.text in host.path.lower() or _RANDOM.search(host.path):
            return False
        label = words.own_label()
        plain = strangeness(label) < USUAL + ORDINARY
        return bool(label) and (plain or not TECHNICAL.isdisjoint(words.words))

    def strength(self) -> float:
        """Return how telling the name is, 0-1: the weighed sum of `measures`."""
        known = HOST.at(self._odds())
        return min(known, ORDINARY_SHARE) if known > ORDINARY_SHARE and self.customer else known

    def _odds(self) -> float:
        """Return what `measures` sums up to, the part without numbers from a cache."""
        host, words, bits = self.host, self.words, self.token.bits
        own = words.is_own(self.first)
        suffix = host.suffix
        part = _part(
            self.fit, self.slip, own, host.shared, tuple(self.company), _suffix_class(suffix),
            not TECHNICAL.isdisjoint(words.words), self.token.ambiguous, words.www,
        )  # fmt: skip
        odds = (
            part.fixed + part.bits * max(-1.5, min(1.0, (bits - 20) / 10)) + part.suffix * SUFFIX_ODDS.get(suffix, 0.0)
        )
        if bits > 27:
            odds += part.rare * min(1.5, (bits - 27) / 10)
        if self.slip == "near":
            odds += (self.likeness - 0.75) * (part.likeness + part.likeness_bits * min(bits, 40.0) / 20)
        if part.rest:
            begin, finish = words.borders[words.label_of[self.first]]
            rest = words.bare[begin : self.start] + words.bare[self.end : finish]
            odds += part.rest * (strangeness(rest) - USUAL)
        if not own:
            label = words.own_label()
            odds += part.strange * max(-1.0, min(2.0, strangeness(label) - USUAL))
            if part.digits and not label.isalpha() and any(map(str.isdigit, label)):
                odds += part.digits
        return odds

    def measures(self) -> Iterator[tuple[str, float]]:
        """Yield what is weighed, with its measure."""
        host, words, bits = self.host, self.words, self.token.bits
        whole = self.fit in WHOLE
        group = self.slip or ("whole" if whole else self.fit)
        own = words.is_own(self.first)
        position: Position = "subdomain" if not own else "tenant" if host.shared else "own"
        place = "own" if own else "sub"
        yield f"fit:{self.slip or ''}{self.fit}", 1.0
        if self.slip == "near":
            yield "likeness", self.likeness - 0.75
            yield "likeness:bits", (self.likeness - 0.75) * min(bits, 40.0) / 20
        yield f"bits:{group}", max(-1.5, min(1.0, (bits - 20) / 10))
        if bits > 27:
            yield f"rare:{group}:{place}", min(1.5, (bits - 27) / 10)
        yield f"at:{position}:{'whole' if whole else 'part'}", 1.0
        for company in self.company:
            yield f"company:{company}:{place}", 1.0
        suffix = host.suffix
        yield f"suffix:{_suffix_class(suffix)}", 1.0
        yield "suffix", SUFFIX_ODDS.get(suffix, 0.0)
        if not TECHNICAL.isdisjoint(words.words):
            yield "technical", 1.0
        if self.token.ambiguous:
            yield "ambiguous", 1.0
        if not whole:
            begin, finish = words.borders[words.label_of[self.first]]
            rest = words.bare[begin : self.start] + words.bare[self.end : finish]
            yield f"rest:{position}", strangeness(rest) - USUAL
        if not own:
            label = words.own_label()
            strange = max(-1.0, min(2.0, strangeness(label) - USUAL))
            yield "strange", strange
            if any(map(str.isdigit, label)):
                yield "digits", 1.0
            if words.www:
                yield "www", 1.0
            if not self.company:
                yield ("alone:whole" if whole else "alone:part"), 1.0
                yield "alone:strange", strange


def _suffix_class(suffix: str) -> str:
    return "abused" if suffix in ABUSED_SUFFIXES else "closed" if suffix in CLOSED_SUFFIXES else "open"


@dataclass(frozen=True, slots=True)
class _Part:
    """The weights that apply to one kind of situation, those without a number already summed up."""

    fixed: float
    bits: float
    rare: float
    suffix: float
    likeness: float
    likeness_bits: float
    rest: float
    strange: float
    digits: float


@lru_cache(maxsize=16384)
def _part(
    fit: Fit, slip: Slip | None, own: bool, shared: bool, company: tuple[Company, ...], suffix: str,
    technical: bool, ambiguous: bool, www: bool,
) -> _Part:  # fmt: skip
    known = HOST.weights.get
    whole = fit in WHOLE
    group = slip or ("whole" if whole else fit)
    position: Position = "subdomain" if not own else "tenant" if shared else "own"
    place = "own" if own else "sub"
    names = [f"fit:{slip or ''}{fit}", f"at:{position}:{'whole' if whole else 'part'}", f"suffix:{suffix}"]
    names += [f"company:{one}:{place}" for one in company]
    names += ["technical"] * technical + ["ambiguous"] * ambiguous + ["www"] * (www and not own)
    alone = not own and not company
    if alone:
        names.append("alone:whole" if whole else "alone:part")
    return _Part(
        fixed=HOST.bias + sum(known(name, 0.0) for name in names),
        bits=known(f"bits:{group}", 0.0),
        rare=known(f"rare:{group}:{place}", 0.0),
        suffix=known("suffix", 0.0),
        likeness=known("likeness", 0.0),
        likeness_bits=known("likeness:bits", 0.0),
        rest=0.0 if whole else known(f"rest:{position}", 0.0),
        strange=0.0 if own else known("strange", 0.0) + (known("alone:strange", 0.0) if alone else 0.0),
        digits=0.0 if own else known("digits", 0.0),
    )
