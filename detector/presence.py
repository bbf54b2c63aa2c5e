"""Presence: whether what a link led to is still there, from the visits of one round and the rounds before. Pure.

Down is said only where every visitor found it gone: a page that shows itself to some is there. What was not seen, and
not found gone, is `unclear`, never down. How it went tells who has likely taken it away; never for sure: whoever put it
up could, too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from detector.hosts import parse_host
from detector.visits import GONE, Visit, looks

State = Literal["up", "down", "moved", "changed", "relapsed", "unclear"]
SHOWN = ("offer_seen", "differs")
By = Literal["redirect", "registrar", "registry", "host"]  # kinds of actors; of a host or its content network, "host"
# EPP status codes as RDAP spells them (RFC 8056, section 2); who sets them: RFC 5731, section 2.3, and RFC 3915.
_HELD: Mapping[str, By] = {
    "server hold": "registry",
    "client hold": "registrar",
    "redemption period": "registrar",
    "pending delete": "registrar",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Where one link stands."""

    state: State
    says: str  # how it went, or where to; for people
    by: By | None = None  # who has likely taken it away, of what is down; None: not known


def presence(
    visits: Sequence[Visit],
    before: Sequence[Visit],
    was: State | None,
    statuses: Mapping[str, Collection[str]] | None = None,
) -> Presence:
    """Say where a link stands after a round of visits.

    Args:
        visits: this round's, of every visitor; at least one.
        before: earlier ones of the same link.
        was: what was said after the round before; None for the first, or where nothing was ever said.
        statuses: what registries last told of domains, by registrable domain.
    """
    if all(visit.outcome == "gone" for visit in visits):
        says = "; ".join(dict.fromkeys(map(_how, visits)))
        return Presence(state="down", says=says, by=likely_by(visits, before, statuses or {}))
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


def likely_by(visits: Sequence[Visit], before: Sequence[Visit], statuses: Mapping[str, Collection[str]]) -> By | None:
    """Say who has likely taken away what visits of one link found gone; None where they do not agree, or do not tell.

    A stop on the way that used to lead on: who redirects. A domain that nobody knows: its registrar, or the registry
    where that says so. A page that is not found, removed or suspended: its host, or the content network in front of it.
    """
    found = {_by(visit, before, statuses) for visit in visits}
    return found.pop() if len(found) == 1 else None


def _by(visit: Visit, before: Sequence[Visit], statuses: Mapping[str, Collection[str]]) -> By | None:
    shown = [one for one in before if one.outcome in SHOWN]
    if shown and all(one.host != visit.host for one in shown):
        stops = {
            host.registrable or host.ascii for one in shown for hop in one.hops[:-1] if (host := parse_host(hop.url))
        }
        return "redirect" if visit.host in stops else None
    host = parse_host(visit.end.url)
    if host is None:
        return None
    parked = visit.landing.parked if visit.landing is not None else None
    if visit.end.problem == "dns" or (parked and "domain" in parked):
        if host.shared:
            return "host"  # of many: the domain is its own, and a tenant's name in it is gone
        told = {status.lower() for status in statuses.get(host.registrable or "", ())}
        held = [by for status, by in _HELD.items() if status in told]
        whole = host.ascii.removeprefix("www.") == host.registrable  # else whoever runs the domain can drop the name
        return held[0] if held else "registrar" if visit.end.problem == "dns" and whole else None
    return "host" if parked or visit.end.status in GONE else None
