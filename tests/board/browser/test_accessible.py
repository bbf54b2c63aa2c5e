"""The board for everybody: rules of WCAG 2.2 AA by axe-core, in both languages and both grounds; by keyboard alone."""

from collections.abc import Callable
from importlib.metadata import files
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.board.browser.addresses import WAYS_TO_PAGES, addresses
from tests.board.browser.looks import settle
from tests.board.browser.site import Site, Somebody

AXE = next(one for one in files("axe-playwright-python") or () if one.name == "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]  # all that another ground changes
SEVERAL = 2  # cases and notices of a way that are looked at
_OUTLINE = """() => {
  const found = [], levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("dialog:not([open])"))
    .map((one) => [Number(one.tagName[1]), one.textContent.trim().slice(0, 40)]);
  const first = levels.filter(([level]) => level === 1);
  if (first.length !== 1) found.push(`${first.length} headings of the first level: ${first}`);
  let before = 0;
  for (const [level, text] of levels) {
    if (level > before + 1) found.push(`h${level} "${text}" follows h${before}`);
    before = level;
  }
  return found;
}"""
# Controls that a keyboard must reach: of a set that arrows walk (cards), the one at hand is enough.
_CONTROLS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== "hidden"
    && one.tabIndex >= 0 && !one.closest("dialog:not([open])"))
  .map((one, number) => { one.dataset.reach = number; return one.outerHTML.slice(0, 120); })"""
_HERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return ["", ""];
  const style = getComputedStyle(one);
  const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  return [one.dataset.reach ?? "", seen ? "" : one.outerHTML.slice(0, 120)];
}"""


@pytest.mark.parametrize("way", WAYS_TO_PAGES)
def test_pages_break_no_rule_of_accessibility(way: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    problems = []
    for language, several in (("ja", SEVERAL), ("en", 1)):
        one = somebody(None if way == "/sign-in" else "admin", language=language)
        for address in addresses(site, way)[:several]:
            page = one.go(address)
            settle(page)
            page.evaluate(AXE)  # by the debugger, which the content security policy does not stop
            page.emulate_media(color_scheme="light")
            found = axe(page, {"type": "tag", "values": TAGS})
            page.emulate_media(color_scheme="dark")
            found += [f"dark: {said}" for said in axe(page, {"type": "rule", "values": COLOURS})]
            found += page.evaluate(_OUTLINE)
            if page.locator("html").get_attribute("lang") != language:
                found.append("another language is named than the page is in")
            problems += [f"{address} ({language}): {said}" for said in found]
    assert not problems, "\n".join(problems[:30])


def axe(page: Page, only: dict[str, Any]) -> list[str]:
    """Return what axe-core finds wrong in a page."""
    broken = page.evaluate("(only) => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only)
    return [
        f"{rule['id']}: {node['target']} {node['html'][:160]} {' '.join(node.get('failureSummary', '').split())[:200]}"
        for rule in broken["violations"]
        for node in rule["nodes"][:4]
    ]


@pytest.mark.parametrize("way", WAYS_TO_PAGES)
def test_everything_is_reached_and_seen_by_keyboard(way: str, site: Site, somebody: Callable[..., Somebody]) -> None:
    page = somebody(None if way == "/sign-in" else "admin").go(addresses(site, way)[0])
    controls = page.evaluate(_CONTROLS)
    reached, unseen = {""}, {}  # a field of several parts, such as a date, is seen at one of them
    for _ in range(len(controls) + 20):
        page.keyboard.press("Tab")
        at, blind = page.evaluate(_HERE)
        if at not in reached or not blind:
            unseen[at] = blind
        reached.add(at)
        if len(reached) > len(controls):
            break
    missed = [html for number, html in enumerate(controls) if str(number) not in reached]
    assert not missed, "\n".join(missed)
    assert not any(unseen.values()), "\n".join(unseen.values())


def test_dialogs_hold_the_focus_and_give_it_back(site: Site, somebody: Callable[..., Somebody]) -> None:
    page = somebody("approver").go("/wall")
    page.keyboard.press("n")
    card = page.evaluate("document.activeElement.id")
    assert card.startswith("card-")
    for key in ("d", "s", "#", "w", "h", "g", "?"):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.closest('dialog[open]') !== null"), f"{key} opens nothing"
        for _ in range(25):
            page.keyboard.press("Tab")
            outside = "document.activeElement !== document.body && !document.activeElement.closest('dialog[open]')"
            assert not page.evaluate(outside), f"the focus leaves the dialog of {key}"
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        assert page.evaluate("document.activeElement.id") == card, f"{key} does not give the focus back"
