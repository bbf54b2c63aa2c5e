"""The setting of an item that names a brand: where it is shown, who placed it, and of what its foreign hosts are made.

Each trait is a short mark (`platform:sms`, `links:none`, `host:outlet`, `piece:outl`) with learned log-odds in
`lexicon/setting.tsv`, made by `benchmarks/wording_training.py` together with the phrases of `detector.wording`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from heapq import nlargest
from importlib import resources

from detector.brands import BrandProfile
from detector.items import Item
from detector.places import Place

PIECE: int = 4  # letters of a piece of a host
MOST_HOSTS: int = 3
MOST_TOLD: int = 2  # marks that are shown
_BREAK = re.compile(r"[.-]")
_WORD = re.compile(r"[a-z0-9]+")

Mark = tuple[str, Place | None]


@dataclass(frozen=True, slots=True)
class Trait:
    """A mark that the item has."""

    mark: str
    weight: float  # log-odds; positive in impersonations
    place: Place | None  # the foreign host it was read from


@dataclass(frozen=True, slots=True)
class Setting:
    """What the marks of an item add up to."""

    odds: float
    traits: tuple[Trait, ...]  # the heaviest that have the sign of the sum


def marks(item: Item, brand: BrandProfile, foreign: Iterable[Place]) -> Iterator[Mark]:
    """Yield the marks of an item; `foreign` are the places it leads to that nobody registered for the brand.

    The brand's own words are cut out of the hosts (the host signals weigh them), so that what is left says the same for
    every brand.
    """
    yield f"kind:{item.kind}", None
    if item.platform:
        yield f"platform:{item.platform}", None
    if item.advertiser is not None and item.advertiser.name:
        yield "advertiser:named", None
        if item.advertiser.payer:
            yield "advertiser:payer", None
    if not item.links and not item.url:
        yield "links:none", None
    names: dict[str, Place] = {}
    for place in foreign:
        if place.host is not None and place.host.suffix:
            names.setdefault(place.host.ascii.removesuffix(place.host.suffix).strip("."), place)
    own, initials = _own(brand)
    for name, place in list(names.items())[:MOST_HOSTS]:
        for word in _BREAK.split(name):
            named = "initials" if word in initials else "name" if own and own.fullmatch(word) else word
            yield f"host:{named}", place
        for rest in own.split(name) if own else (name,):
            for start in range(len(rest) - PIECE + 1):
                yield f"piece:{rest[start : start + PIECE]}", place


@lru_cache(maxsize=1024)
def _own(brand: BrandProfile) -> tuple[re.Pattern[str] | None, frozenset[str]]:
    """Return what finds the brand's Latin words in a host, and the initials of its Latin names."""
    names = [_WORD.findall(name.lower()) for name in (brand.name, *brand.aliases) if name.isascii()]
    words = sorted({word for name in names for word in name if len(word) >= PIECE}, key=len, reverse=True)
    initials = frozenset("".join(word[0] for word in name) for name in names if len(name) > 1)
    return re.compile("|".join(words)) if words else None, initials


def read(item: Item, brand: BrandProfile, foreign: Iterable[Place]) -> Setting:
    """Add up the learned marks of an item, each once."""
    weights = learned()
    seen: dict[str, Place | None] = {}
    for mark, place in marks(item, brand, foreign):
        if mark in weights:
            seen.setdefault(mark, place)
    odds = sum(weights[mark] for mark in seen)
    sign = 1 if odds > 0 else -1
    told = nlargest(MOST_TOLD, seen, key=lambda mark: sign * weights[mark])
    traits = [Trait(mark, weights[mark], seen[mark]) for mark in told if sign * weights[mark] > 0]
    return Setting(odds, tuple(traits))


@cache
def learned() -> Mapping[str, float]:
    """Return the marks of `lexicon/setting.tsv` with their log-odds."""
    text = resources.files("detector").joinpath("lexicon/setting.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("# "))
    return {mark: float(weight) for mark, weight in rows}
