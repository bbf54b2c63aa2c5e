"""What strangers name, as it may stand on a page: never a link; what is copied holds nothing that cannot be seen."""

from dataclasses import dataclass

from desk.inert import URL_LIMIT, inert_url
from safety.screen import screen

MOST_SHOWN = 300  # characters of an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address of a stranger's."""

    shown: str
    copied: str | None  # exactly; None where it is too long, or holds what cannot be seen


def link_of(url: str | None, *, most: int = MOST_SHOWN) -> Link | None:
    """Return an address to be shown and copied; None where there is none."""
    if not url:
        return None
    whole = len(url) <= URL_LIMIT and screen(url) == url
    return Link(shown=inert_url(url, limit=most), copied=url if whole else None)
