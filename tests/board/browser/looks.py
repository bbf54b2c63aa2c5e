"""Looks: what can be said of a page by measuring it in the browser."""

from typing import Any

from playwright.sync_api import Page

from tests.board.browser.site import DESK, TELEPHONE

# What a payload would have left: a variable, an element, an attribute that acts, a link that leads elsewhere.
_TRACES = """() => {
  const found = [];
  if (window.ran !== undefined) found.push("a script ran");
  for (const one of document.querySelectorAll(".ran, base, object, embed, iframe, frame, applet, portal"))
    found.push(`an element: ${one.outerHTML.slice(0, 120)}`);
  if (document.querySelectorAll("meta[http-equiv]").length) found.push("a meta that acts");
  for (const one of document.querySelectorAll("*")) {
    for (const { name, value } of one.attributes) {
      const says = `${one.tagName} ${name}=${value.slice(0, 120)}`;
      if (/^(on|hx-on)/i.test(name) || name === "style" || name === "srcdoc") found.push(`acts: ${says}`);
      if (!/^(href|xlink:href|src|action|formaction|ping|hx-get|hx-post|poster|background)$/.test(name)) continue;
      let to = null;
      try { to = new URL(value, location.href); } catch { found.push(`no address: ${says}`); }
      if (to && (to.origin !== location.origin || to.pathname.includes("/ran"))) {
        found.push(`leads out: ${says}`);
      }
    }
  }
  return found;
}"""
# Where something stands that should not: the page scrolls sideways, header or main is elsewhere, a text leaves its box.
_LAYOUT = """() => {
  const found = [];
  const wide = document.documentElement.scrollWidth, room = document.documentElement.clientWidth;
  if (wide > room) found.push(`the page is ${wide} wide, the window ${room}`);
  const header = document.querySelector("body > header"), main = document.querySelector("main");
  if (!main) return ["there is no main"];
  const top = header?.getBoundingClientRect(), body = main.getBoundingClientRect();
  if (header && (top.top + scrollY !== 0 || Math.round(top.left) !== 0 || Math.round(top.width) !== room || top.height > 240)) found.push(`header is at ${JSON.stringify(top)}`);
  if (header && body.top < top.bottom - 1) found.push("main lies under the header");
  if (body.left < 0 || body.right > room + 1 || body.width < Math.min(room, 1600) * .6 && !main.querySelector(".sign-in, .message")) found.push(`main is at ${JSON.stringify(body)}`);
  const clips = (one) => { for (let at = one; at && at !== document.body; at = at.parentElement) { if (getComputedStyle(at).overflowX !== "visible") return at; } return null; };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode()); ) {
    if (!text.data.trim()) continue;
    const parent = text.parentElement;
    if (!parent.checkVisibility?.({ visibilityProperty: true }) || parent.closest(".skip, option, script, style, noscript, dialog:not([open]), svg")) continue;
    let box = parent;
    while (getComputedStyle(box).display === "inline" && box.parentElement) box = box.parentElement;
    if (clips(box)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const inside = box.getBoundingClientRect();
    for (const rect of range.getClientRects()) {
      if (rect.width && (rect.right > inside.right + 4 || rect.left < inside.left - 4)) {
        found.push(`"${text.data.trim().slice(0, 40)}" leaves its ${box.tagName}.${box.className}: ${Math.round(rect.left)}-${Math.round(rect.right)} of ${Math.round(inside.left)}-${Math.round(inside.right)}`);
        break;
      }
    }
    if (found.length > 8) break;
  }
  return found;
}"""  # noqa: E501
# Everything a reader can open stands open, so that it is looked at, too.
_OPEN = """() => {
  for (const one of document.querySelectorAll("details:not([open])")) one.open = true;
  const pictures = [...document.images].filter((one) => one.getClientRects().length);
  for (const one of pictures) one.loading = "eager";
  return Promise.all(pictures.map((one) => one.decode().catch(() => null)));
}"""
_SMALL = """(least) => {
  const found = [];
  const controls = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
  const shown = controls.filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.closest("dialog:not([open])") && !one.matches(".skip, .card, main"));
  const box = (one) => (one.matches("input[type=checkbox], input[type=radio]") && one.closest("label") || one).getBoundingClientRect();
  for (const one of shown) {
    const { width, height, left, top } = box(one);
    if (!width || !height || (width >= least && height >= least)) continue;
    if (getComputedStyle(one).display === "inline" && one.matches("a, mark")) {
      const around = one.closest("p, li, dd, td, h1, h2, h3, h4, label, figcaption, blockquote, div");
      if (around && around.textContent.trim().length > one.textContent.trim().length) continue; // in a sentence
    }
    const middle = [left + width / 2, top + height / 2]; // small ones that stand alone are exempt (WCAG 2.2, 2.5.8)
    const near = shown.some((other) => {
      if (other === one || other.contains(one) || one.contains(other)) return false;
      const at = box(other);
      const away = Math.hypot(Math.max(at.left - middle[0], 0, middle[0] - at.right), Math.max(at.top - middle[1], 0, middle[1] - at.bottom));
      return away < least / 2;
    });
    if (near) found.push(`${one.outerHTML.slice(0, 110)}: ${Math.round(width)} x ${Math.round(height)}`);
  }
  return found;
}"""  # noqa: E501
# What stands in the page as text, shown now or not; without what a person types.
_TEXT = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) if (!texts.currentNode.parentElement.closest("textarea")) found.push(texts.currentNode.data);
  return found.join("");
}"""
# Brings what comes when it is scrolled to; false where all has come.
_PIECES = """() => {
  const next = [...document.querySelectorAll("[hx-trigger^=intersect], [hx-trigger^=load]")]
    .find((one) => one.checkVisibility());
  next?.scrollIntoView({ block: "center" });
  return !next && !document.querySelector(".htmx-request");
}"""


def settle(page: Page) -> None:
    """Open all that can be opened, and wait for the pieces that come by themselves."""
    page.evaluate(_OPEN)  # and loads pictures that would wait until they are scrolled to
    page.wait_for_function(_PIECES, polling=50)
    page.evaluate(_OPEN)
    page.evaluate("scrollTo(0, 0)")


def text_of(page: Page) -> str:
    """Return all that stands in a page as text."""
    return str(page.evaluate(_TEXT))


def traces(page: Page) -> list[str]:
    """Return what a payload has left in a page."""
    return _found(page, _TRACES)


def broken(page: Page, *, widths: tuple[dict[str, int], ...] = (DESK, TELEPHONE)) -> list[str]:
    """Return what stands where it should not, in windows of several sizes."""
    found: list[str] = []
    for size in widths:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        found += [f"{size['width']} px: {one}" for one in _found(page, _LAYOUT)]
    return found


def too_small(page: Page, least: int = 24) -> list[str]:
    """Return the controls that a finger does not hit: smaller than so many pixels, with another one near."""
    found: list[Any] = page.evaluate(_SMALL, least)
    return [str(one) for one in found]


def _found(page: Page, script: str) -> list[str]:
    found: list[Any] = page.evaluate(script)
    return [str(one) for one in found]
