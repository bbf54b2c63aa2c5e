"""One ad slot -> what it shows and where it leads, as builtin values."""

import re
from typing import Any

from spiders.pages.ad_labels import is_label
from spiders.pages.ad_slots import RECOMMENDATIONS, Slot
from spiders.pages.links import click_url, host, is_disclosure, same_site, web_url
from spiders.pages.markup import Document, Element

_TITLE_CLASSES = frozenset(("ob-rec-text", "video-title", "ad-title", "headline"))
_ADVERTISER_CLASSES = frozenset(("ob-rec-source", "branding", "advertiser", "advertiser-name"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SPONSORED_BY = re.compile(
    r"(?i)^\s*(?:sponsored|promoted|ads?|paid for|presented) by[:\s]+|^(?:提供|広告主|スポンサー)\s*[:：]\s*"
)
# A click handler that swaps the address in, as recommendation widgets do.
_SCRIPT_URL = re.compile(r"""(?:href|location|open|url)\s{0,5}[=(]\s{0,5}["'](https?://[^"'\s]{1,8192})["']""")
_CLICK_ATTRIBUTES = ("data-href", "data-url", "data-click-url", "data-link")
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "src")
_BACKGROUND = re.compile(r"""url\(\s{0,5}["']?([^"')\s]{1,8192})""")
_MOST_LINKS, _MOST_IMAGES, _LONGEST_TEXT = 50, 20, 5000


def read_ad(document: Document, slot: Slot, base_url: str) -> dict[str, Any]:
    """Return {"slot", "links", "texts", "images", "frames", "advertiser"} of one ad block.

    Links are exactly as written; only relative ones are made absolute. `frames` are the addresses of frames, whose
    content is another document. All may be empty: server HTML often holds the place for an ad only.
    """
    first, last = slot.element, document.elements[slot.element].end
    inside = range(first, last)
    links = dict.fromkeys(
        url
        for index in inside
        if (url := _click(document.elements[index], base_url)) and not _explains(document, index, url, slot, base_url)
    )
    images = dict.fromkeys(url for index in inside if (url := image_url(document.elements[index], base_url)))
    frames = dict.fromkeys(
        url
        for index in inside
        if document.elements[index].tag == "iframe"
        and (source := document.elements[index].attributes.get("src"))
        and (url := web_url(source, base_url))
    )
    return {
        "slot": slot.name,
        "links": list(links)[:_MOST_LINKS],
        "texts": _texts(document, first),
        "images": list(images)[:_MOST_IMAGES],
        "frames": list(frames)[:_MOST_LINKS],
        "advertiser": slot.advertiser or _advertiser(document, first),
    }


def _explains(document: Document, index: int, url: str, slot: Slot, base_url: str) -> bool:
    """Tell a link that says why something is an ad, or that leads to a publisher's own story in a recommendation."""
    if is_disclosure(url):
        return True
    own = same_site(host(url), host(base_url))
    return own and (slot.name.partition(":")[0] in RECOMMENDATIONS or is_label(document.text_of(index)))


def image_url(element: Element, base_url: str) -> str | None:
    """Return the picture an element shows, lazily loaded or as background too; None for tracking pixels."""
    attributes = element.attributes
    if not attributes:
        return None
    if element.tag == "img":
        if any(attributes.get(side, "").strip() in ("0", "1", "2") for side in ("width", "height")):
            return None
        for name in _LAZY:
            value = attributes.get(name, "")
            if value and not value.lstrip().lower().startswith("data:") and (url := web_url(value, base_url)):
                return url
        candidates = (attributes.get("srcset") or attributes.get("data-srcset") or "").split(maxsplit=1)
        return web_url(candidates[0].rstrip(","), base_url) if candidates else None
    style = attributes.get("style", "")
    if "url(" in style and (match := _BACKGROUND.search(style)) and not match[1].startswith("data:"):
        return web_url(match[1], base_url)
    return None


def _click(element: Element, base_url: str) -> str | None:
    """Return where a click on this element leads: its address, else what a script would open."""
    attributes = element.attributes
    if element.tag in ("a", "area") and (url := click_url(attributes.get("href", ""), base_url)):
        return url
    for name in _CLICK_ATTRIBUTES:
        if url := click_url(attributes.get(name, ""), base_url):
            return url
    for name in ("onclick", "onmousedown"):
        if match := _SCRIPT_URL.search(attributes.get(name, "")):
            return match[1]
    return None


def _texts(document: Document, block: int) -> list[dict[str, str]]:
    """Return title (marked headline, heading or first linked text), whole text, and what pictures say they show."""
    whole = _text(document, block)[:_LONGEST_TEXT]
    title = _title(document, block)[:_LONGEST_TEXT]
    inside = document.elements[block : document.elements[block].end]
    captions = dict.fromkeys(
        " ".join(element.attributes.get("alt", "").split())[:_LONGEST_TEXT]
        for element in inside
        if element.tag == "img"
    )
    texts = [{"role": "title", "text": title}, {"role": "body", "text": whole}]
    texts += [{"role": "caption", "text": caption} for caption in captions if caption not in whole]
    return [entry for number, entry in enumerate(texts) if entry["text"] and not (number == 1 and whole == title)]


def _text(document: Document, index: int) -> str:
    """Return an element's text without the words that only declare it an ad."""
    element = document.elements[index]
    pieces = document.texts[element.first_text : element.last_text]
    return " ".join("".join(piece for piece in pieces if not piece.strip() or not is_label(piece)).split())


def _title(document: Document, block: int) -> str:
    inside = range(block, document.elements[block].end)
    ranked: list[tuple[int, int]] = []
    for index in inside:
        element = document.elements[index]
        if _TITLE_CLASSES.intersection(element.classes):
            ranked.append((0, index))
        elif element.tag in _HEADINGS:
            ranked.append((1, index))
        elif element.tag == "a":
            ranked.append((2, index))
    for _, index in sorted(ranked):
        text = _text(document, index) or " ".join(document.elements[index].attributes.get("title", "").split())
        if text:
            return text
    return ""


def _advertiser(document: Document, block: int) -> str | None:
    for index in range(block, document.elements[block].end):
        if _ADVERTISER_CLASSES.intersection(document.elements[index].classes):
            name = _SPONSORED_BY.sub("", document.text_of(index)).strip(" ()（）|｜")
            if name:
                return name[:200]
    return None
