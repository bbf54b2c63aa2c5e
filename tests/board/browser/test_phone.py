"""The board on a telephone, 390 pixels wide, by tapping."""

from collections.abc import Callable

import pytest

from tests.board.browser.addresses import WAYS_TO_PAGES, addresses
from tests.board.browser.looks import broken, settle, too_small
from tests.board.browser.site import TELEPHONE, Site, Somebody

PHONE = {"viewport": TELEPHONE, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.mark.parametrize("way", WAYS_TO_PAGES)
def test_pages_fit_and_fingers_hit(way: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody(None if way == "/sign-in" else "admin", **PHONE)
    problems = []
    for address in addresses(site, way)[:2]:
        page = one.go(address)
        settle(page)
        problems += [f"{address}: {said}" for said in broken(page, widths=(TELEPHONE,)) + too_small(page)]
    assert not problems, "\n".join(problems[:30])


def test_a_case_is_judged_by_tapping(site: Site, somebody: Callable[..., Somebody]) -> None:
    word = "tapped"
    case = site.flag(word)
    page = somebody("analyst", language="ja", **PHONE).go(f"/wall?q={word}")
    page.locator(f"#card-{case} h2 a").tap()
    page.wait_for_url(f"**/case/{case}*")
    page.locator(".acts button[data-key=c]").tap()
    page.wait_for_url("**did=confirm**")
    assert site.state(case) == "confirmed"
    page.locator("[data-undo] button").tap()
    assert site.becomes(page, case, "open")
