"""Where an item leads: the hosts it stands on, links to, shows, or writes into its text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from detector.evidence import LinkAt, TextSpan, Where
from detector.hosts import Host, destination, parse_host
from detector.items import Item

# Links and written addresses that are judged; an item with more is judged by the first.
MOST_LINKS: int = 30
MOST_WRITTEN: int = 20
# One run of address characters; no alternation, no nesting, so the search is linear.
_RUN = re.compile(r"[A-Za-z0-9._~:/?#@!$&*+,;=%-]{4,2000}")
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address that an item shows or leads to."""

    role: Literal["own", "link", "written", "shown"]
    url: str  # as it stood in the item
    host: Host | None  # what the reader arrives at, None if it cannot be told
    where: Where | None


def places_of(item: Item) -> tuple[Place, ...]:
    """Return the addresses that an item is judged by.

    A page or domain is judged by its own address; what a page links to says nothing about who made it. Everything
    else is judged by its links, the address it shows, and addresses written in its texts.
    """
    if item.kind in ("page", "domain"):
        return (Place(role="own", url=item.url, host=parse_host(item.url), where=None),) if item.url else ()
    places = [
        Place(role="link", url=link, host=destination(link), where=LinkAt(link=index))
        for index, link in enumerate(item.links[:MOST_LINKS])
    ]
    if item.display_url:
        places.append(Place(role="shown", url=item.display_url, host=parse_host(item.display_url), where=None))
    written = (place for index, text in enumerate(item.texts) for place in _written(index, text.text))
    places += [place for place, _ in zip(written, range(MOST_WRITTEN), strict=False)]
    return tuple(places)


def _written(index: int, text: str) -> Iterator[Place]:
    if "." not in text:
        return
    for match in _RUN.finditer(text):
        url = match[0].rstrip(".,;:!?)")
        if "." not in url or "@" in url:
            continue
        if not url.lower().startswith(_SCHEMES):
            bare = parse_host(url)
            if bare is None or not _looks_written(bare):
                continue
        host = destination(url)
        if host or parse_host(url):
            where = TextSpan(text=index, span=(match.start(), match.start() + len(url)))
            yield Place(role="written", url=url, host=host, where=where)


def _looks_written(host: Host) -> bool:
    """Tell an address from a number or an abbreviation: the suffix is letters and the name is long enough."""
    last = host.ascii.rpartition(".")[2]
    return bool(host.suffix and last.isalpha() and len(last) >= 2 and host.registrable and len(host.label) >= 2)
