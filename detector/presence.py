"""Presence: whether what a link led to is still there, from the visits of one round and the rounds before. Pure.

Down is said only where every visitor found it gone: a page that shows itself to some is there. What was not seen, and
not found gone, is `unclear`, never down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from detector.visits import Visit, looks

State = Literal["up", "down", "moved", "changed", "relapsed", "unclear"]
SHOWN = ("offer_seen", "differs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Where one link stands."""

    state: State
    says: str  # how it went, or where to; for people


def presence(visits: Sequence[Visit], before: Sequence[Visit], was: State | None) -> Presence:
    """Say where a link stands after a round of visits.

    Args:
        visits: this round's, of every visitor; at least one.
        before: earlier ones of the same link.
        was: what was said after the round before; None for the first, or where nothing was ever said.
    """
    if all(visit.outcome == "gone" for visit in visits):
        return Presence(state="down", says="; ".join(dict.fromkeys(map(_how, visits))))
    shown = [visit for visit in visits if visit.outcome in SHOWN]
    if not shown:
        return Presence(state="unclear", says="; ".join(dict.fromkeys(visit.says for visit in visits)))
    if was == "down":
        return Presence(state="relapsed", says=f"a page is shown again at {shown[0].host}")
    known = {visit.host for visit in before if visit.outcome in SHOWN}
    now = list(dict.fromkeys(visit.host for visit in shown))
    if known and known.isdisjoint(now):
        return Presence(state="moved", says=f"leads to {', '.join(now)} now, no longer to {', '.join(sorted(known))}")
    if before and all(_other(visit, before) for visit in shown):
        return Presence(state="changed", says=f"another page than before is shown at {now[0]}")
    return Presence(state="up", says=f"a page is shown at {now[0]}")


def _other(visit: Visit, before: Sequence[Visit]) -> bool:
    """Tell whether a visitor sees another page than it ever saw."""
    known = [one.landing for one in before if one.visitor == visit.visitor and one.outcome in SHOWN and one.landing]
    seen = visit.landing
    return bool(known) and seen is not None and all(looks(seen, one) is not None for one in known)


def _how(visit: Visit) -> str:
    """Return in which way a page went: the name, the page, the site or the shop."""
    if visit.end.problem == "dns":
        return "the domain does not resolve any more (NXDOMAIN)"
    return visit.says
