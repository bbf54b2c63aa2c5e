"""A web page -> its own text, links and pictures, and the ads on it, told apart.

Called through the sandbox with bytes, returns builtin values. Ads are left out of the page's own text, links and
pictures: a publisher does not say what an advertiser says, and a crawler must not follow paid links.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from spiders.pages.ad_rules import load
from spiders.pages.ad_slots import Slot, find_slots
from spiders.pages.ads import image_url, read_ad
from spiders.pages.encoding import decode
from spiders.pages.facts import read_facts
from spiders.pages.links import base_of, web_url
from spiders.pages.markup import Document, Element
from spiders.pages.outline import Outline
from spiders.pages.reader import read_document
from spiders.pages.walls import wall

MAX_HTML = 3_000_000  # bytes of a page that are read
MAX_TEXT = 200_000  # bytes of its text that are kept, in UTF-8
_MOST_LINKS, _MOST_IMAGES, _MOST_ADS = 5000, 500, 300
_LONGEST_LINE = 2000  # characters of titles and descriptions
_REFRESH = re.compile(r"(?i)[\d.]++ ?[;,]? ?(?:url ?= ?)?[\"']?([^\"']+)")


def parse_page(
    body: bytes,
    *,
    url: str,
    asked: str | None = None,
    encoding: str | None = None,
    ads: bool = True,
    rules: Sequence[str] = (),
) -> dict[str, Any]:
    """Read a page; any bytes give a result.

    Args:
        body: the response, up to `MAX_HTML` bytes of it are read.
        url: where it came from; relative links are resolved against it or the page's `base`.
        asked: the address that was asked for, where redirects led away from it.
        encoding: what the HTTP header says.
        ads: tell ads apart. Without it the page's text and pictures include them; links never do.
        rules: files with lists of ad elements (`ad_rules`).

    Returns:
        {"url", "title", "lang", "encoding", "canonical", "refresh", "degraded", "wall",
         "texts": [{"role": "html_title" | "title" | "description" | "body", "text", "lang"}],
         "links": [absolute http(s) URLs, each once],
         "images": [absolute, the page's own first choice, its icon, the others],
         "ads": [see `spiders.pages.ads.read_ad`],
         "facts": {see `detector.page_facts.PageFacts`; of the page without its ads, if they are told apart}}.
        `wall` names what stands in front of the page (a captcha, a login), or is None. `degraded` says that the page
        was cut or is built so that not every part could be told apart; its text is there.
    """
    text, used = decode(body[:MAX_HTML], encoding)
    page = page_of(read_document(text), text, url=url, asked=asked, ads=ads, rules=rules)
    return {**page, "encoding": used, "degraded": page["degraded"] or len(body) > MAX_HTML}


def page_of(
    document: Document, html: str, *, url: str, asked: str | None = None, ads: bool = True, rules: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what `parse_page` does of a document that was read already, without `encoding`."""
    base = base_of(document, url)
    outline = Outline(document, base)
    slots = find_slots(outline, base, load(tuple(rules)) if rules else None)
    own = _outside(document, [slot.element for slot in slots])
    shown = own if ads else range(len(document.elements))
    blocks = [slot.element for slot in slots] if ads else []
    whole = _own_text(document, blocks)
    head = _Head(document)
    lang = head.lang()
    title = head.title()
    texts = [
        ("html_title", title),
        ("title", head.first_heading()),
        ("description", head.description()),
        ("body", whole),
    ]
    return {
        "url": url,
        "title": title,
        "lang": lang,
        "canonical": web_url(head.link("canonical"), base) if head.link("canonical") else None,
        "refresh": _refresh(head.meta("refresh"), base),
        "wall": wall(document, title, url=url, asked=asked or url),
        "degraded": document.degraded or len(whole.encode()) > MAX_TEXT,
        "texts": [{"role": role, "text": _cut(text), "lang": lang} for role, text in texts if text],
        "links": _links(outline, own, base, slots),
        "images": _images(document, shown, head, base),
        "ads": [read_ad(document, slot, base) for slot in slots[:_MOST_ADS]] if ads else [],
        "facts": read_facts(document, url, html, blocks),
    }


def _outside(document: Document, blocks: list[int]) -> list[int]:
    """Return the indexes of the elements outside some disjoint, sorted blocks."""
    outside: list[int] = []
    start = 0
    for block in blocks:
        outside.extend(range(start, block))
        start = document.elements[block].end
    outside.extend(range(start, len(document.elements)))
    return outside


def _own_text(document: Document, blocks: list[int]) -> str:
    """Return the text outside some disjoint blocks, without the title of the window."""
    titles = [index for index, element in enumerate(document.elements) if element.tag == "title"]
    parts: list[str] = []
    start = 0
    for block in sorted({*blocks, *titles}):
        parts += document.texts[start : document.elements[block].first_text]
        parts.append("\n")
        start = max(start, document.elements[block].last_text)
    parts += document.texts[start:]
    return " ".join("".join(parts).split())


def _cut(text: str) -> str:
    return text if len(text) * 4 <= MAX_TEXT else text.encode()[:MAX_TEXT].decode(errors="ignore")


class _Head:
    """What a page says about itself."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._meta: dict[str, str] = {}
        self._links: dict[str, str] = {}
        for element in document.elements:
            if element.tag == "meta":
                for name in _meta_names(element):
                    self._meta.setdefault(name, element.attributes.get("content", ""))
            elif element.tag == "link":
                for relation in element.attributes.get("rel", "").lower().split():
                    self._links.setdefault(relation, element.attributes.get("href", ""))

    def meta(self, name: str) -> str:
        return self._meta.get(name, "")

    def link(self, relation: str) -> str:
        return self._links.get(relation, "")

    def title(self) -> str:
        return self._first("title") or _line(self.meta("og:title"))

    def first_heading(self) -> str:
        return self._first("h1")

    def description(self) -> str:
        return _line(self.meta("description") or self.meta("og:description") or self.meta("twitter:description"))

    def lang(self) -> str | None:
        for element in self._document.elements:
            if element.tag == "html":
                named = element.attributes.get("lang") or element.attributes.get("xml:lang")
                if named:
                    return named.strip()[:35] or None
        named = self.meta("content-language") or self.meta("og:locale").replace("_", "-")
        return named.strip()[:35] or None

    def _first(self, tag: str) -> str:
        for index, element in enumerate(self._document.elements):
            if element.tag == tag and (text := self._document.text_of(index)):
                return text[:_LONGEST_LINE]
        return ""


def _meta_names(element: Element) -> Iterator[str]:
    for attribute in ("name", "property", "http-equiv"):
        if name := element.attributes.get(attribute, "").strip().lower():
            yield name


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_LINE]


def _refresh(content: str, base: str) -> str | None:
    match = _REFRESH.match(_line(content))
    return web_url(match[1], base) if match else None


def _links(outline: Outline, own: list[int], base: str, slots: list[Slot]) -> list[str]:
    """Return where the page's own links lead, without foreign addresses that an ad on it leads to as well."""
    anchors = (anchor for slot in slots for anchor in outline.anchors(slot.element))
    paid = {outline.targets[anchor] for anchor in anchors if outline.foreign(anchor)}
    urls: dict[str, None] = {}
    for index in own:
        target = outline.targets.get(index)
        if target is not None and target not in paid and (url := web_url(target, base)):
            urls[url] = None
            if len(urls) == _MOST_LINKS:
                break
    return list(urls)


def _images(document: Document, shown: range | list[int], head: _Head, base: str) -> list[str]:
    # An impostor's page wears the brand's icon; ICO and SVG files are not decoded, so only others are fetched.
    icons = (head.link("apple-touch-icon"), head.link("icon"))
    icon = next((icon for icon in icons if icon and not icon.partition("?")[0].lower().endswith((".ico", ".svg"))), "")
    named = (head.meta("og:image"), head.meta("og:image:url"), head.meta("twitter:image"), icon)
    urls = dict.fromkeys(url for name in named if name and (url := web_url(name, base)))
    for index in shown:
        if len(urls) >= _MOST_IMAGES:
            break
        if url := image_url(document.elements[index], base):
            urls[url] = None
    return list(urls)
