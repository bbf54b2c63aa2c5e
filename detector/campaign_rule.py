"""The rule of joining: does what an item has in common with a case make it part of it? Pure.

One strong key joins. Weak ones join where there are two of different kinds, or where there is one and the item has
nothing of its own that says otherwise: a landing domain, a hand-off and an advertiser that all differ are another
group's, which uses the same picture.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.campaign import CampaignKey, KeyKind

# Live cases that have a key, from which on it joins nobody: a stock photo, a tag of a shop system.
HUB: int = 6
# How many of landing, hand-off and advertiser may differ where a single weak key is shared; benchmarks/campaigns.
MOST_DIFFERING: int = 1
_LANDING: frozenset[KeyKind] = frozenset(("host", "page"))
_SENDER: frozenset[KeyKind] = frozenset(("advertiser", "payer"))
_OWN: tuple[frozenset[KeyKind], ...] = (_LANDING, frozenset(("handoff",)), _SENDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A key that an item has in common with a case."""

    kind: KeyKind
    strong: bool
    parted: bool = False  # people have put apart what had it


def enough(matches: Sequence[Match]) -> bool | None:
    """Tell whether what is in common joins; None where that depends on what else the item has (`differing`)."""
    if any(match.strong and not match.parted for match in matches):
        return True
    kinds = {match.kind for match in matches}
    if len(kinds) >= 2:
        return True
    return None if kinds else False


def differing(own: Iterable[CampaignKey], theirs: Iterable[CampaignKey]) -> int:
    """Count in how many of landing, hand-off and advertiser two items differ: both have one, and none in common."""
    left = {(key.kind, key.value) for key in own}
    right = {(key.kind, key.value) for key in theirs}
    count = 0
    for kinds in _OWN:
        mine = {key for key in left if key[0] in kinds}
        other = {key for key in right if key[0] in kinds}
        count += bool(mine and other and not mine & other)
    return count
