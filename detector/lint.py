"""Names that will misfire, told before they do: a brand profile read by itself and by ordinary sentences.

Flow: rules about single entries -> entries of two brands that meet -> the real eye over sentences and hosts that name
nobody (`lexicon/ordinary.toml`): what it finds there is the example.
"""

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from detector.brands import BrandProfile
from detector.claims import LEAST_CLAIM
from detector.copied_text import LEAST_RUN, own_words
from detector.host_names import HostIndex
from detector.host_tokens import ascii_token
from detector.hosts import is_shared, parse_host
from detector.items import Item, Text
from detector.names import letters
from detector.normalize import skeleton
from detector.reading import TextIndex

# Letters up to which a name is met by chance; three capitals are looked for exactly, and need context anyway.
SHORT_LATIN: int = 3
SHORT_KANA: int = 2
# Likeness that pictures without a logo reach, from which it cannot be watched alone. Origin: of 100 logos that training
# never saw one is above; a disc reaches 0.73 to 0.76, a square 0.64 to 0.90.
PLAIN: float = 0.66
# Strength of a host signal from which an ordinary host is an example worth telling.
TELLING_HOST: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something in a profile that will misfire, or that does nothing."""

    brand: str
    where: str  # key and place, e.g. "aliases[2]"
    says: str  # what is wrong, with an example, and what to do


@cache
def _ordinary() -> dict[str, list[str]]:
    text = resources.files("detector").joinpath("lexicon/ordinary.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = tomllib.loads(text)
    return found


def lint(brands: Sequence[BrandProfile]) -> list[Caution]:
    """Return what will misfire in these profiles, brand by brand."""
    return [warning for brand in brands for warning in (*_entries(brand), *_meetings(brand, brands), *_misfires(brand))]


def _named(brand: BrandProfile) -> Iterator[tuple[str, str]]:
    yield "name", brand.name
    yield from ((f"aliases[{at}]", alias) for at, alias in enumerate(brand.aliases))


def _entries(brand: BrandProfile) -> Iterator[Caution]:
    def warn(where: str, says: str) -> Caution:
        return Caution(brand=brand.key, where=where, says=says)

    seen: dict[str, str] = {}
    for where, name in _named(brand):
        count = letters(name)
        if name.isascii() and (count < SHORT_LATIN or (count == SHORT_LATIN and name.islower())):
            yield warn(where, f"{name!r} has {count} letters and is met by chance; move it to `ambiguous`")
        elif not name.isascii() and count <= SHORT_KANA and all("ぁ" <= one <= "ヿ" for one in name):
            yield warn(where, f"{name!r} has {count} kana and is met by chance; move it to `ambiguous`")
        key = unicodedata.normalize("NFKC", name).casefold()
        if key in seen:
            yield warn(where, f"{name!r} is listed as {seen[key]!r} already; leave it out")
        seen.setdefault(key, name)
    names = [skeleton(name).text for name in (brand.name, *brand.aliases, *brand.ambiguous, *brand.products)]
    for at, word in enumerate(brand.exclude):
        key = skeleton(word).text
        if not any(name[place : place + 2] in key for name in names for place in range(max(1, len(name) - 1))):
            yield warn(f"exclude[{at}]", f"{word!r} has nothing in common with a name of the brand and does nothing")
    stems = [token for name in (brand.name, *brand.aliases, *brand.ambiguous) if len(token := ascii_token(name)) >= 3]
    for at, domain in enumerate(brand.domains):
        host = parse_host(domain)
        if host is None or host.registrable is None:
            yield warn(f"domains[{at}]", f"{domain!r} is a public suffix or no host: nobody is trusted by it")
        elif is_shared(host) and host.label.replace("-", "") not in stems:
            yield warn(
                f"domains[{at}]",
                f"anybody can have a page at {domain!r}, so it is not trusted; use [[ownership]], path: or account:",
            )
    for picture in brand.pictures:
        if picture.role == "picture" and not picture.hash.protectable:
            yield warn(
                "pictures",
                f"{picture.name!r} has too little in it to tell its copies from other pictures, so it is not watched; "
                "use one with more to see",
            )
        plain = [look for look in picture.looks if look.name.startswith("whole") and look.nearest >= PLAIN]
        if plain and len(plain) * 2 >= sum(look.name.startswith("whole") for look in picture.looks):
            yield warn(
                "logos",
                f"{picture.name!r} is too plain to tell from other marks: pictures without it are up to "
                f"{max(look.nearest for look in plain):.0%} alike; add the logo with its words, or leave it out",
            )
    for page in brand.pages:
        if max(map(len, own_words(page.text).split("\n"))) < LEAST_RUN:
            yield warn(
                "pages",
                f"{page.name!r} has no passage of {LEAST_RUN} characters of its own, so copies of it are not found; "
                "save one that says more, as a browser shows it",
            )
    for at, claim in enumerate(brand.false_claims):
        if len(skeleton(claim).text) < LEAST_CLAIM:
            yield warn(f"false_claims[{at}]", f"{claim!r} is too short to be looked for; write out the whole claim")


def _meetings(brand: BrandProfile, brands: Sequence[BrandProfile]) -> Iterator[Caution]:
    for other in brands:
        if other.key == brand.key:
            continue
        theirs = Counter({skeleton(name).text: 1 for _, name in _named(other)})
        for where, name in _named(brand):
            if skeleton(name).text in theirs:
                says = f"{name!r} names brand {other.key!r}, too: every item will be told for both"
                yield Caution(brand=brand.key, where=where, says=says)


def _misfires(brand: BrandProfile) -> Iterator[Caution]:
    """Read ordinary sentences and hosts with the profile's eyes."""
    places = {name: where for where, name in _named(brand)}
    places |= {name: f"products[{at}]" for at, name in enumerate(brand.products)}
    texts = TextIndex([brand])
    told = set()
    for sentence in (*_ordinary()["ja"], *_ordinary()["en"]):
        item = Item(id="-", kind="post", texts=(Text(role="body", text=sentence),))
        for hit in texts.read(item).names.get(0, ()):
            where = next((places[name] for name in places if _same(name, hit.name)), "")
            if where and where not in told:
                told.add(where)
                says = (
                    f"{hit.name!r} is found in ordinary text: “{sentence}”; move it to `ambiguous`, "
                    "or add the longer word to `exclude`"
                )
                yield Caution(brand=brand.key, where=where, says=says)
    index = HostIndex([replace(brand, domains=())])
    for name in _ordinary()["hosts"]:
        host = parse_host(name)
        for found in index.match(host) if host else ():
            if found.strength >= TELLING_HOST and found.seen not in told:
                told.add(found.seen)
                says = f"the host {name} would be told for {found.seen!r}; add the longer word to `exclude`"
                yield Caution(brand=brand.key, where="aliases", says=says)


def _same(one: str, two: str) -> bool:
    return unicodedata.normalize("NFKC", one).strip() == two
