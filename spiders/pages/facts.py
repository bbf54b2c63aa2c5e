"""What a page shows besides its words: forms, foreign assets, prices, pressure, who sells. For `detector.page_facts`.

Runs in the sandbox on hostile bytes: one pass over the elements, one over the words, short windows around what was
found, every list capped. Works on whatever document there is, that of the linear reader, too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spiders.pages.forms import read_forms
from spiders.pages.links import base_of, host, same_site, web_url
from spiders.pages.markup import Document, Element
from spiders.pages.offers import STRUCK, may_count, read_offers
from spiders.pages.page_text import PageText, words
from spiders.pages.sellers import read_seller, read_transfer_only
from spiders.pages.trackers import read_trackers

MOST_ASSETS, MOST_OF_A_HOST, MOST_ICONS = 200, 10, 10
MOST_ANCHORS = 5000
_FIELDS = frozenset(("input", "select", "textarea"))
_KEPT = frozenset(("a", "form", "label", "button", "link", "script", "img", "source", "video", "noscript", *_FIELDS))
_LONGEST_BUTTON, _LONGEST_STYLE = 40, 1000
_LEAD = 4  # letters before the words of a button: 商品をカートに入れる
_BACKGROUND = re.compile(r"url\(\s{0,3}[\"']?([^\"')\s]{1,500})")
# Scripts against people who look closely, by what they cannot do without.
_HIDES = {
    'oncontextmenu="return false': "no menu on a right click",
    "oncontextmenu='return false": "no menu on a right click",
    "document.oncontextmenu": "no menu on a right click",
    "eval(function(p,a,c,k": "packed scripts",
    "eval(atob(": "scripts in Base64",
    "document.write(atob(": "a page in Base64",
    "disable-devtool": "shuts out developer tools",
    "devtools-detect": "shuts out developer tools",
    'constructor("debugger")': "stops whoever debugs it",
    "setInterval(function(){debugger": "stops whoever debugs it",
}


def read_facts(document: Document, url: str, html: str, ads: Sequence[int] = ()) -> dict[str, Any]:
    """Read what a page shows.

    Args:
        document: as `read_document` or `read_linear` made it.
        url: where it came from.
        html: what it was made of.
        ads: elements with ads, disjoint and sorted: what stands in them is not the page's.

    Returns:
        As in `detector.page_facts.PageFacts`, without what who made the visit sets; builtins only.
    """
    base = base_of(document, url)
    seen, marked = _sorted_out(document, ads)
    text = PageText(document, ads)
    offers = read_offers(document, text, marked)
    buys = _buys(document, text, [*seen["button"], *seen["input"], *seen["a"]]) if offers["priced"] else None
    anchors = seen["a"][:MOST_ANCHORS]
    fields = sorted((*seen["input"], *seen["select"], *seen["textarea"]))
    return {
        "forms": read_forms(document, seen["form"], fields, seen["label"], base, url) if fields else [],
        "assets": list(_assets(document, seen, base, url)),
        "icons": _icons(document, seen["link"], base),
        **offers,
        "buys": buys,
        "seller": read_seller(document, text, anchors, base, sells=buys is not None),
        "transfer_only": read_transfer_only(text),
        "hides": list(dict.fromkeys(says for mark, says in _HIDES.items() if mark in html)),
        "trackers": read_trackers(html),
    }


def _sorted_out(document: Document, ads: Sequence[int]) -> tuple[dict[str, list[int]], list[int]]:
    """Return the elements outside of ads that matter, by tag, and those that may be struck out or count down."""
    seen: dict[str, list[int]] = {tag: [] for tag in (*_KEPT, "styled")}
    marked: list[int] = []
    elements = document.elements
    start = 0
    for ad in (*ads, len(elements)):
        for index in range(start, ad):
            element = elements[index]
            if element.tag in _KEPT:
                seen[element.tag].append(index)
            if element.tag in STRUCK:
                marked.append(index)
            elif element.attributes:
                if may_count(element.attributes):
                    marked.append(index)
                if "style" in element.attributes and "url(" in element.attributes["style"]:
                    seen["styled"].append(index)
        start = elements[ad].end if ad < len(elements) else start
    return seen, marked


def _buys(document: Document, text: PageText, buttons: Iterable[int]) -> str | None:
    """Return the words of the first button or line to buy."""
    for start, end in text.places("buy"):
        line = text.text.rfind("\n", max(0, start - _LONGEST_BUTTON), start) + 1
        after = text.text[end : end + _LONGEST_BUTTON].partition("\n")
        lead = text.text[line:start].strip()
        if (
            len(lead) <= _LEAD
            and not lead.endswith("で")  # モールで購入する leads to another shop
            and (after[1] or not after[2])
            and len(after[0]) < _LONGEST_BUTTON
        ):
            return text.said(line, end)
    wanted = words("buy")
    for index in buttons:
        attributes = document.elements[index].attributes
        for key in ("value", "aria-label", "title"):
            said = " ".join(attributes.get(key, "")[:_LONGEST_BUTTON].split())
            if said and any(word in said.lower() for word in wanted):
                return said
    return None


def _icons(document: Document, links: Sequence[int], base: str) -> list[str]:
    found: dict[str, None] = {}
    for index in links:
        attributes = document.elements[index].attributes
        if "icon" in attributes.get("rel", "").lower() and (target := _address(attributes.get("href", ""), base)):
            found[target] = None
            if len(found) == MOST_ICONS:
                break
    return list(found)


def _assets(document: Document, seen: dict[str, list[int]], base: str, url: str) -> Iterator[dict[str, str]]:
    """Yield what is loaded from other sites, a few of each host: styles and icons, then pictures, then scripts."""
    own = host(url)
    foreign_base = not same_site(host(base), own)
    told: set[tuple[str, str]] = set()
    hosts: dict[str, int] = {}
    for kind, address in _loaded(document, seen):
        if not foreign_base and "//" not in address[:10]:
            continue
        target = _address(address, base)
        name = host(target) if target else ""
        if not target or same_site(name, own) or (kind, target) in told or hosts.get(name, 0) >= MOST_OF_A_HOST:
            continue
        told.add((kind, target))
        hosts[name] = hosts.get(name, 0) + 1
        yield {"kind": kind, "url": target}
        if len(told) == MOST_ASSETS:
            return


def _loaded(document: Document, seen: dict[str, list[int]]) -> Iterator[tuple[str, str]]:
    for index in seen["link"]:
        attributes = document.elements[index].attributes
        relation = attributes.get("rel", "").lower()
        if "href" in attributes and ("stylesheet" in relation or "icon" in relation):
            yield "style" if "stylesheet" in relation else "icon", attributes["href"]
    unseen = _within(document, seen["noscript"])
    for index in sorted((*seen["img"], *seen["source"], *seen["video"], *seen["input"])):
        # Pictures for browsers without scripts count visits, or repeat what scripts load.
        if index not in unseen:
            yield from (("picture", address) for address in _pictured(document.elements[index]))
    for index in seen["styled"]:
        if found := _BACKGROUND.search(document.elements[index].attributes["style"][:_LONGEST_STYLE]):
            yield "picture", found[1]
    for index in seen["script"]:
        if source := document.elements[index].attributes.get("src"):
            yield "script", source


def _within(document: Document, blocks: Sequence[int]) -> set[int]:
    """Return the elements inside of some blocks, which may be nested."""
    inside: set[int] = set()
    last = 0
    for index in blocks:
        end = document.elements[index].end
        inside.update(range(max(index, last), end))
        last = max(last, end)
    return inside


def _pictured(element: Element) -> Iterator[str]:
    """Yield where an element loads pictures from; one of a pixel or two only counts visits."""
    attributes = element.attributes
    if {attributes.get("width", ""), attributes.get("height", "")} & {"0", "1", "2"}:
        return
    for name in ("src", "data-src", "data-original") if element.tag in ("img", "input") else ("poster",):
        if name in attributes:
            yield attributes[name]
    if "srcset" in attributes:
        yield attributes["srcset"].lstrip()[:2000].partition(" ")[0].partition(",")[0]


def _address(address: str, base: str) -> str | None:
    """Return an absolute address without query and fragment: those change with every visit."""
    target = web_url(address, base)
    return target.partition("#")[0].partition("?")[0] if target else None
