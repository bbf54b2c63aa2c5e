"""What a person does at the board in a day, in a real browser: by keyboard, without script, two at once."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from board.wall import PAGE
from storage.case_list import list_cases
from storage.database import snapshot
from storage.schema import NoticeRow
from storage.views import CaseFilters
from tests.board.browser.builder import utc_now
from tests.board.browser.looks import settle
from tests.board.browser.showcase import LINK
from tests.board.browser.site import Site, Somebody

LANGUAGES = ("ja", "en")
PLACE = """() => {
  const { id } = document.activeElement, { x, y } = document.activeElement.getBoundingClientRect();
  return [id, x, y];
}"""

SIZES = """all => all.map((crop) => [...crop.querySelectorAll("img")].map((one) => one.naturalWidth))"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in_and_out(language: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    one = somebody(None, language=language)
    one.go("/case/1")
    assert "/sign-in" in one.page.url
    one.page.locator("[name=login]").fill("midori")
    one.page.locator("[name=password]").fill("correct horse battery staple")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url("**/case/1")
    one.page.locator("form[action='/sign-out'] button").click()
    one.page.wait_for_url("**/sign-in")
    one.go("/wall")
    assert "/sign-in" in one.page.url


@pytest.mark.parametrize("language", LANGUAGES)
def test_cases_are_judged_by_keyboard(language: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    word = f"keys{language}"
    first, second = site.flag(f"{word}1"), site.flag(f"{word}2")
    page = somebody("analyst", language=language).go(f"/wall?q={word}")
    assert page.locator(".card").count() == 2
    at = int(page.locator(".card.current").get_attribute("data-case") or 0)
    other = first if at == second else second
    page.keyboard.press("c")
    expect(page.locator(f"#card-{at}")).to_have_count(0)
    assert site.state(at) == "confirmed"
    page.keyboard.press("u")
    expect(page.locator(f"#card-{at}")).to_have_count(1)
    assert site.state(at) == "open"
    page.locator(f"#card-{other}").focus()
    page.keyboard.press("d")
    page.keyboard.press("3")
    expect(page.locator(f"#card-{other}")).to_have_count(0)
    assert site.state(other) == "dismissed"
    assert site.entries(other) == [("aoki", "dismiss")]
    page.locator(f"#card-{at}").focus()
    page.keyboard.press("o")
    page.wait_for_url(f"**/case/{at}*")


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_are_marked_and_judged_at_once(language: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    word = f"many{language}"
    cases = [site.flag(f"{word}{number}") for number in (1, 2, 3)]
    page = somebody("analyst", language=language).go(f"/wall?q={word}")
    for _ in range(2):
        page.keyboard.press("m")
    marked = [
        int(one) for one in page.locator(".card:has(:checked)").evaluate_all("all => all.map(c => c.dataset.case)")
    ]
    assert len(marked) == 2
    page.keyboard.press("c")
    expect(page.locator("#ask-many h2")).to_have_text(
        {"ja": "選択した2件をまとめて「確定」にしますか？", "en": "All 2 marked cases: Confirm?"}[language]
    )
    page.keyboard.press("y")
    expect(page.locator(".card")).to_have_count(1)
    assert {case: site.state(case) for case in cases} == {
        case: "confirmed" if case in marked else "open" for case in cases
    }


def test_a_choice_is_filtered_and_saved(site: Site, somebody: Callable[..., Somebody]) -> None:
    site.flag("viewed")
    page = somebody("analyst").go("/wall")
    page.keyboard.press("f")
    page.keyboard.type("viewed")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=viewed**")
    expect(page.locator(".card")).to_have_count(1)
    page.locator("#views summary").click()
    page.locator("#views .keep [name=name]").fill("mine")
    page.locator("#views .keep button").click()
    page.wait_for_url(re.compile(r"/wall\?q="))
    page.goto("/wall")
    page.locator("#views summary").click()
    page.locator("#views a", has_text="mine").click()
    expect(page.locator(".card")).to_have_count(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_cases_become_one(language: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    one, other = site.flag(f"joined{language}1"), site.flag(f"joined{language}2")
    page = somebody("analyst", language=language).go(f"/case/{other}")
    shape = page.locator(f"form[action='/case/{other}/merge']", has=page.locator("[name=other][required]"))
    page.locator("details", has=shape).last.locator("summary").click()
    shape.locator("[name=other]").fill(str(one))
    shape.locator("button").click()
    page.wait_for_url(lambda url: not url.endswith(f"/case/{other}"))
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert {"duplicate", "merged"} <= {action for _, action in site.entries(one) + site.entries(other)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_is_drafted_and_filed_by_another(language: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    case = site.flag(f"drafted{language}")
    page = somebody("analyst", language=language).go(f"/case/{case}")
    for key, state in (("c", "confirmed"), ("t", "takedown")):
        page.keyboard.press(key)
        assert site.becomes(page, case, state)
        page.goto(f"/case/{case}")
    settle(page)  # opens the plan and its steps
    ways = page.locator(".way-to", has=page.locator(".dot.ready"))
    expect(ways.first).to_be_visible()
    ways.first.locator("form button").click()
    page.wait_for_url("**/notice/*")
    number = int(page.url.rpartition("/")[2])
    expect(page.locator("pre.sent").first).to_contain_text(re.compile("星野電機|Hoshino Denki"))
    other = somebody("approver", language=language).go(f"/notice/{number}")
    told = f"form[action='/notice/{number}/state']"
    other.locator("details", has=other.locator(told)).locator("summary").click()
    other.locator(f"{told} [name=state]").select_option("filed")
    other.locator(f"{told} [name=theirs]").fill("ABC-7")
    other.locator(f"{told} button").click()
    expect(other.locator("dl.figures")).to_contain_text("ABC-7")
    with snapshot(site.engine) as session:
        view = session.get_one(NoticeRow, number)
        assert (view.case_id, view.state, view.drafted_by, view.filed_by) == (case, "filed", "aoki", "suzuki")


@pytest.mark.parametrize(("script", "language"), [(True, "ja"), (False, "ja"), (True, "en")])
def test_an_evidence_bundle_is_taken_away(
    script: bool, language: str, site: Site, somebody: Callable[..., Somebody], tmp_path: Path
) -> None:
    case = site.case("campaign")
    page = somebody("analyst", java_script_enabled=script, language=language).go(f"/case/{case}")
    shape = page.locator(f"form[action='/case/{case}/bundle']")
    page.locator("details", has=shape).last.locator("summary").first.click()
    with page.expect_download() as loading:
        shape.locator("button").click()
    file = tmp_path / "bundle.zip"
    loading.value.save_as(file)
    with ZipFile(file) as packed:
        packed.extractall(tmp_path / "bundle")
    [verify] = (tmp_path / "bundle").rglob("verify.py")
    checked = subprocess.run([sys.executable, "-I", verify], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_main_things_work_without_script(site: Site, somebody: Callable[..., Somebody]) -> None:
    case, other = site.flag("plain1"), site.flag("plain2")
    page = somebody("analyst", java_script_enabled=False).go("/wall?q=plain")
    page.locator(f"#card-{case} [type=checkbox]").check()
    page.locator("#bar [data-act=confirm]").click()
    page.wait_for_url("**did=confirm**")
    assert (site.state(case), site.state(other)) == ("confirmed", "open")
    page.locator("form.undo button").click()
    page.wait_for_load_state()
    assert site.state(case) == "open"
    page.goto(f"/case/{other}")
    page.locator("details.act", has=page.locator("[value=dismiss]")).locator("summary").click()
    page.locator("details.act [name=reason][value=review]").click()
    page.wait_for_load_state()
    assert site.state(other) == "dismissed"


@pytest.mark.parametrize("where", ["wall", "case"])
def test_of_two_at_once_the_second_is_told(where: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    case = site.flag(f"both{where}")
    one, two = somebody("analyst"), somebody("approver")
    two.expected.add(409)
    address = f"/wall?q=both{where}" if where == "wall" else f"/case/{case}"
    for person in (one, two):
        person.go(address)
        expect(person.page.locator("[data-key=c]").first).to_be_enabled()
    one.page.keyboard.press("c")
    assert site.becomes(one.page, case, "confirmed")
    two.page.keyboard.press("d")
    two.page.keyboard.press("3")
    expect(two.page.get_by_text("aoki").first).to_be_visible()
    assert site.state(case) == "confirmed"
    assert site.entries(case) == [("aoki", "confirm")]


def test_news_come_to_an_open_wall_and_move_nothing(site: Site, somebody: Callable[..., Somebody]) -> None:
    cases = [site.flag(f"fresh{number}") for number in (1, 2, 3)]
    one = somebody("analyst", language="en")
    one.page.clock.install()
    page = one.go("/wall?q=fresh")
    page.keyboard.press("n")
    at = page.locator(".card.current").get_attribute("id") or ""
    shown = [case for case in cases if at != f"card-{case}"]
    place = page.evaluate(PLACE)
    came = site.flag("fresh4")
    site.decide(shown[0], "suzuki", "dismiss", reason="review")
    page.evaluate("window.mekiki.look()")
    expect(page.locator("#news")).to_have_text("1 new case")
    expect(page.locator(f"#card-{shown[0]} .change")).to_contain_text("suzuki: dismissed")
    expect(page.locator(".change")).to_have_count(1)
    assert page.evaluate(PLACE) == place
    assert place[0] == at
    expect(page.locator(f"#card-{came}")).to_have_count(0)  # until somebody asks for it
    page.locator("#news a").click()
    expect(page.locator(f".card:first-child#card-{came}")).to_be_visible()
    expect(page.locator("#news")).to_have_text("")
    expect(page.locator(".card.current")).to_have_id(at)
    for number in (5, 6):
        site.flag(f"fresh{number}")
    page.clock.fast_forward(16_000)  # and it looks by itself
    expect(page.locator("#news")).to_have_text("2 new cases")


def test_a_list_of_several_pages_is_walked_to_its_end(site: Site, somebody: Callable[..., Somebody]) -> None:
    for number in range(2 * PAGE + 4):
        site.flag(f"row{number}", score=0.90 + number * 7 % 10 / 100)
    with snapshot(site.engine) as session:
        filters = CaseFilters(text="row")
        order = [case.id for case in list_cases(session, filters, order="priority", limit=999, now=utc_now())]
    assert len(order) == 2 * PAGE + 4
    page = somebody("analyst").go("/wall?q=row")
    assert page.locator(".card").count() == PAGE
    page.locator(f"#card-{order[0]}").focus()
    site.decide(order[3], "suzuki", "confirm")  # what is judged meanwhile moves the beginning of later pages
    for number, case in enumerate(order):
        expect(page.locator(f"#card-{case}")).to_be_focused()
        if case != order[-1]:
            expect(page.locator(f"#card-{order[number + 1]}")).to_have_count(1)  # came before it was needed
            page.keyboard.press("n")
    shown = page.locator(".card").evaluate_all("all => all.map((one) => Number(one.dataset.case))")
    assert shown == order
    expect(page.locator(".more")).to_have_count(0)


def test_a_match_is_seen_close_up_and_addresses_are_copied_exactly(
    site: Site, somebody: Callable[..., Somebody]
) -> None:
    one = somebody("analyst")
    one.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = one.go(f"/case/{site.case('campaign')}")
    settle(page)
    pairs = page.locator("#item .crops .crop").evaluate_all(SIZES)
    assert pairs
    assert all(len(pair) == 2 and min(pair) > 0 for pair in pairs), pairs
    page.locator("#item .address .copy").first.click()
    expect(page.locator("#said")).to_contain_text("コピー")
    assert page.evaluate("navigator.clipboard.readText()") == LINK
    mark = page.locator("#item mark", has=page.locator(".reads")).first
    expect(mark.locator(".reads")).to_be_hidden()
    mark.hover()
    expect(mark.locator(".reads")).to_be_visible()
    expect(mark.locator(".reads code")).to_have_text("星野電機")
