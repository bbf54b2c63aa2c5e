"""What attackers wrote, on every page of the board in a real browser: nothing runs, leads out or breaks the page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from detector.items import Advertiser, Text
from tests.board.browser.addresses import ALL, NO_PAGES, PAGES, WAYS_TO_PAGES, addresses
from tests.board.browser.drawn import LOGO
from tests.board.browser.hostile import COMPUTED, PAYLOADS, SCRIPT, login_of
from tests.board.browser.looks import broken, settle, text_of, traces
from tests.board.browser.site import DESK, Site, Somebody

LARGEST = 1_500_000  # characters of a page
WHOLE = ("/wall", "/case/{case:int}", "/notice/{notice:int}")  # every payload; what opens in them are the other pages
SEVERAL = 3
TALL = ({"width": 1440, "height": 8000},)
NAME = "'><img class=ran src=x onerror=ran=1>.svg"
WITH_SCRIPT = LOGO.replace("><g", f' onload="ran=1">{SCRIPT}<g')


@pytest.fixture
def site(served: Callable[[str], Site]) -> Site:
    return served("hostile")


@pytest.mark.parametrize("way", WAYS_TO_PAGES)
def test_hostile_texts_stay_texts(way: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody(None if way == "/sign-in" else "admin", language="en")
    one.pictures_gone = True
    problems = []
    for address in addresses(site, way)[: None if way in WHOLE else SEVERAL]:
        page = one.go(address)
        settle(page)
        problems += [f"{address}: {problem}" for problem in wrong(page)]
    assert not problems, "\n".join(problems[:30])


def wrong(page: Page, **sizes: tuple[dict[str, int], ...]) -> list[str]:
    """Return what a payload has done to a page."""
    content = page.content()
    found = traces(page) + broken(page, **sizes)
    if COMPUTED in content:
        found.append("a template was computed")
    if len(content) > LARGEST:
        found.append(f"the page is {len(content)} characters long")
    text = text_of(page)
    if any(sign in text for sign in "\u202e\u2066\u200b\x1b"):
        found.append("signs that hide or turn text are shown raw")
    return found


def test_hostile_pieces_that_are_swapped_in_stay_texts(site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin", language="en", viewport={"width": 1440, "height": 8000})  # all cards are looked after
    page = one.go(ALL)
    known = set(page.locator(".card").evaluate_all("all => all.map((one) => Number(one.dataset.case))"))
    came = set()
    for name, text in PAYLOADS.items():
        advertiser = Advertiser(id=f"again-{name}", name=text, payer=None)
        texts = (Text(role="body", text=text), Text(role="title", text=text))
        came.add(site.flag(name, id=f"again-{name}", platform=text[:200], advertiser=advertiser, texts=texts))
    came -= known  # some say whose they are
    assert len(came) > 20
    for name, text in PAYLOADS.items():
        site.decide(site.case(name), login_of(text), "note", note=text)
    page.evaluate("window.mekiki.look()")
    expect(page.locator("#news a")).to_have_text(f"{len(came)} new cases")
    expect(page.locator(".card .change")).to_have_count(len(PAYLOADS))
    assert not wrong(page, widths=TALL)
    page.locator("#news a").click()
    expect(page.locator(".card")).to_have_count(len(known | came))
    assert not wrong(page, widths=TALL)
    page.locator(f"#card-{site.case('script')}").focus()
    page.keyboard.press("#")
    page.keyboard.type("seen")
    page.keyboard.press("Enter")
    expect(page.locator("#said [data-kept]")).to_have_count(1)
    assert not wrong(page, widths=TALL)
    page.keyboard.press("u")
    expect(page.locator("#said [data-kept]")).to_have_count(0)
    one.expected.add(409)
    site.decide(site.case("svg"), login_of(PAYLOADS["svg"]), "note", note="x")
    page.locator(f"#card-{site.case('svg')}").focus()
    page.keyboard.press("i")
    expect(page.locator("#said .problem")).to_contain_text("<svg class=ran")  # who was first, by their login
    assert not wrong(page, widths=TALL)


def test_what_is_tried_stays_text(site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin", language="en")
    one.expected.add(422)  # some are no scope, or no address
    problems = []
    texts = list(PAYLOADS.values())
    page = one.go("/setup/try")
    for first in range(0, len(texts), 5):
        page.locator("#text").fill("\n".join(f"星野電機 公式 {text[:200]}" for text in texts[first : first + 5]))
        with page.expect_navigation():
            page.locator(".form .strong").click()
        problems += [f"try {first}: {problem}" for problem in wrong(page, widths=(DESK,))]
    page = one.go("/setup/ownership/try")
    for first in range(0, len(texts), 5):
        shown = [text[:80] for text in texts[first : first + 5]]
        page.locator("[name=scope]").first.fill(f"advertiser:meta:{shown[0]}")
        page.locator("[name=note]").first.fill(" ".join(shown))
        with page.expect_navigation():
            page.locator("form[action='/setup/ownership/try'] .strong").click()
        problems += [f"ownership {first}: {problem}" for problem in wrong(page, widths=(DESK,))]
    page = one.go("/setup/logo")
    for logo, answer in ((LOGO, ".enrolled img"), (WITH_SCRIPT, "[role=alert]")):
        data: FilePayload = {"name": NAME, "mimeType": "image/svg+xml", "buffer": logo.encode()}
        page.locator("[name=logo]").set_input_files(data)
        with page.expect_navigation():
            page.locator(".form .strong").click()
        expect(page.locator(answer)).to_be_visible()
        problems += [f"logo: {problem}" for problem in wrong(page, widths=(DESK,))]
    assert not problems, "\n".join(problems[:30])


def test_pictures_that_hold_a_script_are_pixels_alone(site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin")
    page = one.page
    assert site.made["polyglots"]
    for form, picture in site.made["polyglots"].items():
        for side in ("full", "320"):
            answer = page.goto(f"/picture/{picture}?side={side}")
            assert answer is not None
            assert answer.status == 200, form
            assert b"script" not in answer.body(), form
            assert page.evaluate("[document.images.length, window.ran]") == [1, None], form
    one.problems[:] = [said for said in one.problems if "Applying inline style" not in said]  # the browser's own page


def test_payloads_are_there_to_be_seen(site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody("admin", language="en")
    one.pictures_gone = True
    page = one.go(f"/case/{site.case('script')}")
    assert "<script>ran=1" in page.evaluate("document.body.innerText")
    assert len(site.made["cases"]) == len(set(site.made["cases"].values())) == len(PAYLOADS)


def test_every_way_is_looked_at_or_is_no_page() -> None:
    assert set(PAGES) <= set(WAYS_TO_PAGES), "a page that is no way of the board"
    assert not NO_PAGES & set(PAGES)
