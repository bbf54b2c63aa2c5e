"""Addresses: every page of the board, with the values that its path takes, out of the table of ways."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from board.app import WAYS
from tests.board.browser.site import Site

# What is no page: pieces for scripts, files, pictures, what leads on.
NO_PAGES = frozenset(
    {
        "/",
        "/health",
        "/static/{hash}/{name}",
        "/wall/news",
        "/wall/cards",
        "/picture/{sha256}",
        "/sign-in/oidc",
        "/sign-in/oidc/back",
        "/case/{case:int}/crop/{item:int}/{number:int}",
        "/case/{case:int}/beside/{item:int}/{number:int}",
        "/case/{case:int}/screen/{sha256}",
        "/setup/logo/{sha256}",
    }
)
ALL = "/wall?q=" + quote("state:all")
TYPED = "/wall?q=" + quote("tag:<b class=ran>{{1000003*7}}")


def _cases(tail: str = "") -> Callable[[Site], Sequence[str]]:
    return lambda site: [f"/case/{case}{tail}" for case in site.made["cases"].values()]


def _notices(tail: str = "") -> Callable[[Site], Sequence[str]]:
    return lambda site: [f"/notice/{notice}{tail}" for notice in site.notices]


PAGES: dict[str, Callable[[Site], Sequence[str]]] = {
    "/sign-in": lambda _: ["/sign-in?next=/wall"],
    "/wall": lambda _: ["/wall", ALL, TYPED],
    "/case/{case:int}": _cases(),
    "/case/{case:int}/items": _cases("/items"),
    "/case/{case:int}/log": _cases("/log"),
    "/case/{case:int}/journeys": _cases("/journeys"),
    "/case/{case:int}/explanation": _cases("/explanation"),
    "/case/{case:int}/plan": _cases("/plan"),
    "/notice/{notice:int}": _notices(),
    "/notice/{notice:int}/outgoing": _notices("/outgoing"),
    "/overview": lambda _: ["/overview"],
    "/report": lambda _: ["/report"],
    "/setup": lambda _: ["/setup"],
    "/setup/try": lambda _: ["/setup/try"],
    "/setup/ownership/try": lambda _: ["/setup/ownership/try"],
    "/setup/logo": lambda _: ["/setup/logo"],
    "/setup/silences": lambda _: ["/setup/silences"],
    "/setup/ownership": lambda _: ["/setup/ownership"],
    "/setup/check": lambda _: ["/setup/check"],
}
WAYS_TO_PAGES = sorted({way.path for way in WAYS if way.method == "GET"} - NO_PAGES)


def addresses(site: Site, way: str) -> list[str]:
    """Return the addresses of the pages of a way.

    Raises:
        LookupError: nothing says what stands for its parameters.
    """
    if way not in PAGES:
        raise LookupError(f"say in tests/board/browser/addresses.py what stands for {way}, or that it is no page")
    return list(PAGES[way](site))
