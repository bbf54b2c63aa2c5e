"""Titles: what a case is called for people."""

from detector.hosts import parse_host
from detector.items import Item

_LONGEST = 100  # characters


def case_title(campaign: str, item: Item) -> str:
    """Name a case for people: what its items have in common, as it reads, and the kind of the first one."""
    joined_by, _, rest = campaign.partition(":")
    if joined_by == "advertiser":
        advertiser = item.advertiser and item.advertiser.name
        rest = advertiser or rest.replace(":", " ", 1)
    elif joined_by == "handoff":
        rest = rest.replace(":", " ", 1)
    elif joined_by == "item":
        rest = item.url or item.id
    host = parse_host(rest) if "xn--" in rest else None
    if host and host.unicode != host.ascii:
        rest = f"{rest} = {host.unicode}"
    if len(rest) > _LONGEST:
        rest = rest[: _LONGEST - 1] + "…"
    return f"{rest} ({item.kind})"
