"""Passages: every address on the ways of a case, by all of its visitors; a link that nobody followed is a way of one
step. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detector.hosts import Host, destination, parse_host
from detector.items import Item
from detector.places import places_of
from detector.presence import SHOWN
from detector.visits import Hop, Visit
from storage.visits import links_of
from takedown.operators import is_chat
from takedown.story import Story

LONGEST = 300  # characters of a header that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One address on a way."""

    url: str  # as it was asked for, or stood
    host: Host
    link: str  # of the case, at which the way began
    landing: bool  # the way ended there
    shown: bool  # and a page was seen there
    address: str | None = None  # IP that answered
    headers: Mapping[str, str] | None = None  # of the answer, names in lower case; None where nobody asked
    at: datetime | None = None


def passages(story: Story) -> tuple[Passage, ...]:
    """Return all passages, those that ended at a page that was seen first, the latest visits before earlier ones.

    Of each visitor of a link the latest journey that saw a page counts, whatever came after it: who showed it then is
    who is asked, also once it is gone. A link that was not followed leads to what its own address names.
    """
    found = [passage for visit in _telling(story.case.visits) for passage in _of_visit(visit)]
    visited = {visit.url for visit in story.case.visits}
    for view in story.case.items:
        for url in (place.url for place in places_of(view.item) if place.role in ("own", "link")):
            if url not in visited and _address(url) not in visited:
                found += _unvisited(url)
    unlike: dict[tuple[str, str, str | None, bool], Passage] = {}
    for one in found:
        unlike.setdefault((one.url, one.link, one.address, one.landing), one)
    return tuple(sorted(unlike.values(), key=lambda one: (not (one.landing and one.shown), not one.landing)))


def links_through(item: Item, ways: Sequence[Passage]) -> tuple[str, ...]:
    """Return the links of an item at which one of these ways began."""
    begun = {passage.link for passage in ways}
    return tuple(link for link in links_of(item) if link in begun)


def _telling(visits: Sequence[Visit]) -> list[Visit]:
    """Return of each visitor of each link the latest journey that saw a page, or the latest; newest first."""
    latest: dict[tuple[str, str], Visit] = {}
    for visit in sorted(visits, key=lambda one: one.started_at, reverse=True):
        key = visit.url, visit.visitor
        kept = latest.get(key)
        if kept is None or (kept.outcome not in SHOWN and visit.outcome in SHOWN):
            latest[key] = visit
    return sorted(latest.values(), key=lambda one: (one.started_at, one.visitor, one.url), reverse=True)


def _of_visit(visit: Visit) -> Iterator[Passage]:
    steps = [(hop, host) for hop in visit.hops if _is_web(hop) and (host := parse_host(hop.url)) is not None]
    ends = [number for number, (_, host) in enumerate(steps) if not is_chat(host)]
    for number, (hop, host) in enumerate(steps):
        yield Passage(
            url=hop.url,
            host=host,
            link=visit.url,
            landing=bool(ends) and number == ends[-1],
            shown=visit.outcome in SHOWN,
            address=hop.address,
            headers={name.lower(): value[:LONGEST] for name, value in reversed(hop.headers)},
            at=hop.at,
        )


def _unvisited(url: str) -> Iterator[Passage]:
    """Yield what an address names by itself: where a redirector's parameter leads, or its own host."""
    host = destination(url)
    if host is not None:
        yield Passage(url=host.raw, host=host, link=_address(url), landing=True, shown=False)
    elif (own := parse_host(url)) is not None:
        yield Passage(url=url, host=own, link=_address(url), landing=False, shown=False)


def _is_web(hop: Hop) -> bool:
    return hop.url.lower().startswith(("http://", "https://"))


def _address(url: str) -> str:
    """Return an address as journeys begin at it."""
    return url if "://" in url else f"http://{url}"
