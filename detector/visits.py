"""Visit: one journey from a link to where it ends, by one visitor, hop by hop, and what can be said of several. Pure.

No single view is ever called clean: `offer_seen` says that a page was seen, not that others see the same. Only views of
different visitors side by side tell a cloaker, and what could not be seen is said (`could_not_tell`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from itertools import combinations
from typing import Literal

import numpy as np

from detector.hosts import parse_host
from detector.normalize import skeleton

Outcome = Literal["offer_seen", "differs", "blocked", "could_not_tell", "gone"]
How = Literal["start", "redirect", "refresh", "script"]  # what led to a hop

# Bits of 64 from which two pages say something else, are built otherwise, and look otherwise; unrelated ones are at
# 32 +- 4. Origin: tests/spiders/visits, a local world of cloakers and an honest shop.
TEXT_DIFFERS: int = 18
SHAPE_DIFFERS: int = 18
PICTURE_DIFFERS: int = 20
CHANCE_MARGIN: int = 6  # bits beyond what differs between two visits of one visitor
SHINGLE: int = 4  # letters that count as one word of a page's words
LEAST_TEXT: int = 40  # characters under which a page with scripts shows nothing without a browser


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One address on the way, and what it answered."""

    url: str  # as it was asked for, byte for byte
    how: How
    at: datetime
    seconds: float
    status: int | None = None  # None where there was no answer
    address: str | None = None  # IP
    certificate: str | None = None  # SHA-256 of the server's certificate (DER), hex
    certificate_from: datetime | None = None  # since when it is valid
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None  # SHA-256 of the content in the media store
    problem: str | None = None  # error class where there was no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What the last page showed."""

    title: str
    text: str  # SimHash of its words, 16 hex digits
    shape: str  # SimHash of its elements, 16 hex digits
    length: int  # characters of its words
    excerpt: str = ""  # the first of them
    wall: str | None = None  # what stands in front of it
    parked: str | None = None  # that nobody, or nobody any more, has a site there
    scripted: bool = False  # scripts may show more, or lead on; a browser would tell
    degraded: bool = False  # only its plain text could be read
    picture: str | None = None  # perceptual hash of how a browser drew it, 16 hex digits
    window: str | None = None  # width x height of that browser's window


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One journey."""

    url: str  # the link
    visitor: str
    started_at: datetime
    hops: tuple[Hop, ...]
    landing: Landing | None
    outcome: Outcome
    says: str  # why, for people
    browser: bool = False  # scripts ran
    country: str | None = None  # where it left from, if not from here
    screenshot: str | None = None  # SHA-256 of the whole page as it was drawn, the picture to show
    evidence: str | None = None  # SHA-256 of the manifest of what was kept

    @property
    def end(self) -> Hop:
        """The last hop."""
        return self.hops[-1]

    @property
    def host(self) -> str:
        """The registrable domain, or the host, where the journey ended."""
        host = parse_host(self.end.url)
        return (host.registrable or host.ascii) if host else self.end.url


GONE = (404, 410)
BLOCKED = (401, 403, 429, 451)


def outcome_of(hops: Sequence[Hop], landing: Landing | None, *, ended: bool) -> tuple[Outcome, str]:
    """Say what one journey came to.

    Args:
        hops: at least one.
        landing: what the last page showed; None where it was no page.
        ended: it led no further; False where it was ended after too many hops.
    """
    last = hops[-1]
    if not ended:
        return "could_not_tell", f"it led on after {len(hops)} hops"
    if last.problem == "download":
        return "could_not_tell", "a file was offered for download; it was not taken"
    if last.problem == "exit":
        return "could_not_tell", "the visitor's proxy did not let it through"
    if last.status is None:
        if last.problem == "dns":
            return "gone", "the host is unknown"
        if last.problem == "hand_off":
            return "offer_seen", "leads out of the web, into an app, a chat or a call"
        return "could_not_tell", f"no answer ({last.problem})"
    if landing is not None and landing.parked:
        return "gone", landing.parked
    if last.status in GONE:
        return "gone", f"answered {last.status}"
    if last.status in BLOCKED:
        return "blocked", f"answered {last.status}"
    if last.status != 200:
        return "could_not_tell", f"answered {last.status}"
    if landing is None:
        return "could_not_tell", "what came is no page that can be read"
    if landing.wall:
        return "blocked", f"shows {landing.wall}"
    if landing.scripted:
        return "could_not_tell", "scripts may show more or lead on; only a browser would tell"
    if landing.degraded:
        return "offer_seen", "a page was seen, of which not everything could be read; others may see another"
    return "offer_seen", "a page was seen; others may see another"


def compared(visits: Sequence[Visit]) -> tuple[Visit, ...]:
    """Return visits of one link with the outcome `differs` where another visitor saw something else.

    Where scripts make another page of what a plain visitor was sent, that visitor's outcome is `could_not_tell`.
    """
    why: dict[int, list[str]] = {}
    remade: dict[int, str] = {}
    chance = _chance(visits)
    for (one, left), (other, right) in combinations(enumerate(visits), 2):
        difference = _difference(left, right, 0 if left.visitor == right.visitor else chance)
        if difference:
            for place, against in ((one, right), (other, left)):
                why.setdefault(place, []).append(f"{against.visitor}: {difference}")
        elif _remade(left, right):
            plain, drawn = (other, left) if left.browser else (one, right)
            remade[plain] = drawn.visitor
    return tuple(_said(visit, why.get(place), remade.get(place)) for place, visit in enumerate(visits))


def _chance(visits: Sequence[Visit]) -> int:
    """Return how many bits of the words differ between visits of one visitor, where that tells nothing: other goods."""
    pairs = ((one.landing, other.landing) for one, other in combinations(visits, 2) if one.visitor == other.visitor)
    return max(
        (distance(one.text, other.text) for one, other in pairs if one and other and looks(one, other) is None),
        default=0,
    )


def _remade(one: Visit, other: Visit) -> bool:
    """Tell whether scripts made another page of what a plain visitor was sent."""
    if one.browser == other.browser or one.landing is None or other.landing is None:
        return False
    return looks(one.landing, other.landing) is not None


def _said(visit: Visit, why: Sequence[str] | None, by: str | None) -> Visit:
    if visit.outcome not in ("offer_seen", "could_not_tell") or visit.landing is None:
        return visit
    if why:
        return replace(visit, outcome="differs", says="; ".join(why))
    if by is not None and visit.outcome == "offer_seen":
        return replace(visit, outcome="could_not_tell", says=f"scripts make another page of it, see {by}")
    return visit


def _difference(one: Visit, other: Visit, chance: int = 0) -> str | None:
    """Return in what two visits of one link differ, where that tells of more than chance.

    Args:
        one: a visit.
        other: another.
        chance: bits of the words that differ between two visits of one visitor.
    """
    shown, hidden = ({"offer_seen", "could_not_tell"}, {"gone", "blocked"})
    for left, right in ((one, other), (other, one)):
        if left.landing is not None and left.outcome in shown and right.outcome in hidden and right.end.problem is None:
            return f"{left.visitor} saw a page, {right.visitor} did not ({right.says})"
    if one.landing is None or other.landing is None or {one.outcome, other.outcome} & hidden:
        return None
    alike = one.browser == other.browser  # else one saw what the other's scripts made of it
    if one.host != other.host and (alike or not (one.landing.scripted or other.landing.scripted)):
        return f"ended at {one.host} and at {other.host}"
    return looks(one.landing, other.landing, chance) if alike else None


def looks(one: Landing, other: Landing, chance: int = 0) -> str | None:
    """Return how much two pages differ, where they say something else and are built or drawn otherwise, too."""
    text, shape = distance(one.text, other.text), distance(one.shape, other.shape)
    picture = None
    if one.picture is not None and other.picture is not None and one.window == other.window:
        picture = distance(one.picture, other.picture)
    if text < max(TEXT_DIFFERS, chance + CHANCE_MARGIN if chance else 0):
        return None
    if not (shape >= SHAPE_DIFFERS or (picture or 0) >= PICTURE_DIFFERS):
        return None
    drawn = "" if picture is None else f", {picture} of its picture"
    return f"{text} of 64 bits of the words, {shape} of the page's shape{drawn} differ"


def distance(one: str, other: str) -> int:
    """Return how many bits of two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def text_hash(text: str) -> str:
    """Return the SimHash (Charikar 2002) of a page's words: near for pages that say nearly the same."""
    folded = "".join(skeleton(text).text.split())
    return simhash(folded[start : start + SHINGLE] for start in range(max(1, len(folded) - SHINGLE + 1)))


def simhash(features: Iterable[str]) -> str:
    """Return 64 bits, 16 hex digits, of a bag of features."""
    hashes = b"".join(blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest() for feature in features)
    bits = np.unpackbits(np.frombuffer(hashes, np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(2 * bits.sum(axis=0, dtype=np.int64) > len(bits)).tobytes().hex()
