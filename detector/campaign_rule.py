"""The rule of joining: does what an item has in common with a case make it part of it? Pure.

One strong key joins. Weak ones join where there are two of different kinds. Alone, only a picture, a template, a
tracker, a certificate or an account's name does, and only where the item has little of its own that says otherwise: who
leads elsewhere, by another account, is another group that uses the same picture. What an item merely cites and a shared
server never join alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detector.campaign import CampaignKey, KeyKind

# Live cases that have a key, from which on it joins nobody: a stock photo, a tag of a shop system.
HUB: int = 6
# How many of landing, hand-off and sender may differ where a single weak key is shared; benchmarks/campaigns.
MOST_DIFFERING: Mapping[KeyKind, int] = {
    "picture": 1, "text": 1, "tracker": 1, "certificate": 1, "cname": 1, "handle": 0
}  # fmt: skip
_LANDING: frozenset[KeyKind] = frozenset(("host", "page"))
_SENDER: frozenset[KeyKind] = frozenset(("advertiser", "payer", "handle"))
_OWN: tuple[frozenset[KeyKind], ...] = (_LANDING, frozenset(("handoff",)), _SENDER)
TELLING: frozenset[KeyKind] = frozenset().union(*_OWN)  # kinds that tell one group from another
_SERVERS: frozenset[KeyKind] = frozenset(("tracker", "certificate", "cname"))  # come together, so they count once


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A key that an item has in common with a case."""

    kind: KeyKind
    strong: bool  # one party alone has it, and people have not found otherwise


def enough(matches: Sequence[Match]) -> bool | None:
    """Tell whether what is in common joins; None where that depends on what else the item has (`alone`)."""
    if any(match.strong for match in matches):
        return True
    kinds = {match.kind for match in matches} - {"advertiser"}  # of a network that places for many
    if len({"server" if kind in _SERVERS else kind for kind in kinds}) >= 2:
        return True
    return None if kinds & MOST_DIFFERING.keys() else False


def alone(kind: KeyKind, own: Iterable[CampaignKey], theirs: Iterable[CampaignKey]) -> bool:
    """Tell whether a single weak key joins an item and a case, by what else each of them has."""
    return differing(own, theirs) <= MOST_DIFFERING.get(kind, -1)


def differing(own: Iterable[CampaignKey], theirs: Iterable[CampaignKey]) -> int:
    """Count in how many of landing, hand-off and sender two sides differ: both have one, and none in common."""
    left = {(key.kind, key.value) for key in own}
    right = {(key.kind, key.value) for key in theirs}
    count = 0
    for kinds in _OWN:
        mine = {key for key in left if key[0] in kinds}
        other = {key for key in right if key[0] in kinds}
        count += bool(mine and other and not mine & other)
    return count
