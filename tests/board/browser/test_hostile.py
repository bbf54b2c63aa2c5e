"""What attackers wrote, on every page of the board in a real browser: nothing runs, leads out or breaks the page."""

from collections.abc import Callable

import pytest

from tests.board.browser.addresses import NO_PAGES, PAGES, WAYS_TO_PAGES, addresses
from tests.board.browser.hostile import COMPUTED, PAYLOADS
from tests.board.browser.looks import broken, settle, traces
from tests.board.browser.site import Site, Somebody

LARGEST = 1_500_000  # characters of a page
WHOLE = ("/wall", "/case/{case:int}", "/notice/{notice:int}")  # every payload; what opens in them are the other pages
SEVERAL = 3


@pytest.fixture
def site(served: Callable[[str], Site]) -> Site:
    return served("hostile")


@pytest.mark.parametrize("way", WAYS_TO_PAGES)
def test_hostile_texts_stay_texts(way: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody(None if way == "/sign-in" else "admin", language="en")
    problems = []
    for address in addresses(site, way)[: None if way in WHOLE else SEVERAL]:
        page = one.go(address)
        settle(page)
        content = page.content()
        found = traces(page) + broken(page)
        if COMPUTED in content:
            found.append("a template was computed")
        if len(content) > LARGEST:
            found.append(f"the page is {len(content)} characters long")
        if any(sign in page.evaluate("document.body.innerText") for sign in "\u202e\u2066\u200b\x1b"):
            found.append("signs that hide or turn text are shown raw")
        problems += [f"{address}: {problem}" for problem in found]
    assert not problems, "\n".join(problems[:30])


def test_payloads_are_there_to_be_seen(site: Site, somebody: Callable[..., Somebody]) -> None:
    page = somebody("admin", language="en").go(f"/case/{site.case('script')}")
    assert "<script>ran=1" in page.evaluate("document.body.innerText")
    assert len(site.made["cases"]) == len(set(site.made["cases"].values())) == len(PAYLOADS)


def test_every_way_is_looked_at_or_is_no_page() -> None:
    assert set(PAGES) <= set(WAYS_TO_PAGES), "a page that is no way of the board"
    assert not NO_PAGES & set(PAGES)
