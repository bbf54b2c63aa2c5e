"""Forms that stay on their page: a second click does nothing, a later one asks anew; so does a page shown again."""

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import func, select

from storage.database import snapshot
from storage.schema import CustodyRow
from tests.board.browser.site import Site, Somebody

KEY = "shape => shape.elements.once.value"
STOPPED = "shape => !shape.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }))"


def test_a_form_whose_answer_is_a_file_is_sent_once_at_a_time_each_time_under_a_key_of_its_own(
    site: Site, somebody: Callable[..., Somebody]
) -> None:
    def made() -> int:
        with snapshot(site.engine) as session:
            return session.scalar(select(func.count()).where(CustodyRow.action == "bundle")) or 0

    case, before = site.case("campaign"), made()
    page = somebody("analyst").go(f"/case/{case}")
    shape = page.locator(f"form[action='/case/{case}/bundle']")
    first = shape.evaluate(KEY)
    assert shape.evaluate(f"shape => [({STOPPED})(shape), ({STOPPED})(shape)]") == [False, True]
    expect(shape).not_to_have_attribute("data-sent", "yes")
    assert shape.evaluate(KEY) not in ("", first)
    page.locator("details", has=shape).last.locator("summary").first.click()
    for count in (1, 2):
        with page.expect_download() as loading:
            shape.locator("button").click()
        assert loading.value.path().stat().st_size > 0
        assert made() == before + count
        expect(shape).not_to_have_attribute("data-sent", "yes")


def test_a_page_that_the_browser_kept_sends_under_new_keys(site: Site, somebody: Callable[..., Somebody]) -> None:
    page = somebody("analyst").go("/wall")
    shape = page.locator("form[action='/views']")
    first = shape.evaluate(KEY)
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))")
    assert shape.evaluate(KEY) == first
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert shape.evaluate(KEY) not in ("", first)
