"""Hosts of the links that are due: what a run follows itself, and what it leaves to others, host by host.

Links of one host are followed by one run, for a host is asked at its own pace. What is left to others is kept as
cursors `visit=HOST` and `recheck=HOST` that name the items; whoever reads one asks again what of that is due.
"""

from collections.abc import Collection, Sequence

from detector.hosts import parse_host
from spiders.visits.links import unpaid
from storage.visits import LinkToVisit

VISIT, RECHECK = "visit", "recheck"  # parts: links that nobody has followed yet; those of cases, once more
MINE = 32  # links that a run follows itself: eight at once, some minutes; a browser is started once for all of them


def first_host(url: str, *, click: bool) -> str:
    """Return the host that a journey asks first."""
    host = parse_host(url if click else unpaid(url))
    return host.ascii if host is not None else ""


def shared_out(
    links: Sequence[LinkToVisit], taken: Collection[str], *, click: bool
) -> tuple[list[LinkToVisit], dict[str, tuple[int, ...]]]:
    """Return the links to follow here, and the hosts to leave to others with the items that lead there.

    Args:
        links: that are due, the most urgent first.
        taken: hosts that were left to others before.
        click: whether journeys go through click addresses of ads.
    """
    hosts: dict[str, list[LinkToVisit]] = {}
    for link in links:
        hosts.setdefault(first_host(link.url, click=click), []).append(link)
    mine: list[LinkToVisit] = []
    others = {}
    for host, some in hosts.items():
        if host in taken:
            continue
        if not host or not mine or len(mine) + len(some) <= MINE:
            mine += some
        else:
            others[host] = tuple(dict.fromkeys(item for link in some for item in link.items))
    return mine, others
