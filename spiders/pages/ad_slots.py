"""Where the ads of a publisher page stand: finds the blocks and says how each was recognised.

1. Containers that ad systems mark: Google slots, AdSense, items of Outbrain and Taboola, frames of ad servers.
2. Links that are paid clicks: `rel=sponsored`, click redirectors.
3. Blocks under a label (`ad_labels`), where none of the marks above stands inside.
4. Empty blocks that call themselves a place for an ad, and elements that lists of ad elements name (`ad_rules`), where
   there is nothing of the above.

Of nested marks the outermost wins, so that one ad is found once. The marks were seen on stored real pages. Links to the
page's own site are never ads in recommendation widgets, which mix both, nor in the second and third group.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from spiders.pages.ad_labels import labelled_blocks
from spiders.pages.ad_rules import AdRules
from spiders.pages.links import host, under, web_url
from spiders.pages.markup import Document, Element
from spiders.pages.outline import Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One ad, or one place for an ad."""

    name: str  # how it was recognised, e.g. "google:div-gpt-ad-1"
    element: int  # index of the block in the document
    advertiser: str | None = None  # when a label names it


RECOMMENDATIONS = ("outbrain", "taboola", "zergnet", "recommended")  # names of slots that mix ads and own stories
# Paid clicks: host, and how the path begins.
_REDIRECTORS = (
    ("googleadservices.com", ("/pagead/aclk",)),
    ("doubleclick.net", ("/aclk", "/pagead/aclk", "/pcs/click", "/ddm/", "/clk")),
    ("paid.outbrain.com", ("/network/redir",)),
    ("trc.taboola.com", ("/",)),
)
_FRAME_HOSTS = (
    "doubleclick.net",
    "googlesyndication.com",
    "amazon-adsystem.com",
    "criteo.com",
    "criteo.net",
    "teads.tv",
    "adnxs.com",
    "rubiconproject.com",
    "i-mobile.co.jp",
    "logly.co.jp",
    "popin.cc",
    "microad.jp",
    "disqusads.com",
    "dianomi.com",
    "unitag.jp",
)
_BLOCKS = frozenset(("div", "aside", "section", "ins", "li"))
_PAID = frozenset(("sponsored", "paid-content", "paid-partner", "sponsored-content", "sponsoredcontent"))  # classes
_EMPTY = 8  # elements that a place for an ad has before it is filled, comments and scripts among them
_CONTROLS = re.compile(r"(?i)button|progress|list|label|panel|badge|info")
MOST_OWN_WORDS = 40  # characters that a place for an ad says without the ad: "Advertisement", "is sponsored by"
# Frames that only tell ad systems who is looking, and show nothing.
_SYNC = re.compile(r"(?i)sync|/emily\.html|pixelframe|apiproxy|static/proxy|match\.html|event\.html")
_FRAME_WORD = re.compile(r"(?i)(?:^|[^a-z])(?:ads?|adframe|advert\w*|sponsor\w*)(?:$|[^a-z])|(?-i:\bAd[A-Z])|広告")


def find_slots(outline: Outline, base_url: str, rules: AdRules | None = None) -> list[Slot]:
    """Return the ad blocks of a page in order; none stands inside another.

    Args:
        outline: of the page.
        base_url: its links are relative to.
        rules: lists of ad elements, for what ad systems do not mark.
    """
    elements = outline.document.elements
    # Neither marks nor names stand anywhere but in attributes.
    named = [(index, element) for index, element in enumerate(elements) if element.attributes]
    items = [index for index, element in named if _item(element)]
    marked: list[Slot] = []
    for index, element in named:
        slot = _container(outline, index, element, items, base_url) or _paid_link(outline, index, element)
        if slot is not None:
            marked.append(slot)
    marked = _outermost(outline.document, marked)
    taken = [slot.element for slot in marked]
    ends = [elements[index].end for index in taken]
    labelled = [
        Slot(name="labelled", element=block.element, advertiser=block.advertiser)
        for block in labelled_blocks(outline)
        if _free(taken, ends, block.element, elements[block.element].end)
    ]
    found = _outermost(outline.document, marked + labelled)
    taken = [slot.element for slot in found]
    ends = [elements[index].end for index in taken]
    places = [place for index, element in named if (place := _empty_place(outline, index, element))]
    if rules is not None:
        places += _listed(outline, base_url, rules)
    free = [place for place in places if _free(taken, ends, place.element, elements[place.element].end)]
    return _outermost(outline.document, found + free)


def _listed(outline: Outline, base_url: str, rules: AdRules) -> Iterator[Slot]:
    """Yield the elements that lists of ad elements name."""
    elements = outline.document.elements
    named = {name for element in elements for name in element.classes}
    classes, ids = rules.hidden(named, {element.attributes.get("id", "") for element in elements}, base_url)
    for index, element in enumerate(elements):
        if outline.whole_page(index):
            continue
        name = next((f".{name}" for name in element.classes if name in classes), None)
        if name is None and element.attributes.get("id", "") in ids:
            name = f"#{element.attributes['id']}"
        if name is None and element.tag == "iframe":
            source = web_url(element.attributes.get("src", ""), base_url)
            if source and not _tells(source) and rules.is_ad_frame(source, base_url):
                name = f"iframe:{host(source)}"
        if name is not None and _can_hold_an_ad(outline, index):
            yield Slot(name=f"easylist:{name}", element=index)


def _can_hold_an_ad(outline: Outline, index: int) -> bool:
    """Tell a place for an ad from the label beside it, and from a list of the publisher's own stories."""
    elements = outline.document.elements
    words = " ".join(outline.document.text_of(index).split())
    anchors = list(outline.anchors(index))
    if any(outline.foreign(anchor) and not _unpaid(outline.targets[anchor]) for anchor in anchors):
        return True
    shows = any(element.tag in ("iframe", "img") for element in elements[index : elements[index].end])
    if anchors:
        return len(words) <= MOST_OWN_WORDS
    return shows or not words


def _outermost(document: Document, slots: list[Slot]) -> list[Slot]:
    kept: list[Slot] = []
    end = 0
    for slot in sorted(slots, key=lambda slot: (slot.element, not slot.advertiser)):
        if slot.element >= end:
            kept.append(slot)
            end = document.elements[slot.element].end
    return kept


def _free(taken: list[int], ends: list[int], start: int, end: int) -> bool:
    """Tell whether a range of elements meets none of the sorted, disjoint ranges."""
    position = bisect_left(taken, start)
    after = position < len(taken) and taken[position] < end
    before = position > 0 and ends[position - 1] > start
    return not after and not before


def _item(element: Element) -> str | None:
    """Name the widget when this element is one recommendation of it."""
    if "class" not in element.attributes:
        return None
    classes = element.classes
    if "ob-dynamic-rec-container" in classes or "ob-dynamic-rec-link" in classes:
        return "outbrain"
    if "videoCube" in classes:
        return "taboola"
    if "zergentity" in classes:
        return "zergnet"
    return None


def _container(outline: Outline, index: int, element: Element, items: list[int], base_url: str) -> Slot | None:
    if item := _item(element):
        paid = any(
            outline.foreign(anchor) and not _unpaid(outline.targets[anchor]) for anchor in outline.anchors(index)
        )
        return Slot(name=item, element=index) if paid else None
    name = _mark(element, base_url)
    if name is None:
        return None
    if name.startswith(("recommended:", "paid:")) and not _can_hold_an_ad(outline, index):
        return None
    first = bisect_left(items, index)
    if first < len(items) and items[first] < element.end:
        return None  # the items are the ads
    return Slot(name=name, element=index)


def _unpaid(url: str) -> bool:
    """Tell a recommendation of the publisher's own pages by the address that Outbrain counts its clicks under."""
    return under(url, "traffic.outbrain.com")


def _empty_place(outline: Outline, index: int, element: Element) -> Slot | None:
    """Return the place for an ad that a block without any content calls itself; a script fills it."""
    if element.tag not in _BLOCKS or element.end - index > _EMPTY or outline.count_anchors(index):
        return None
    named = f"{element.attributes.get('id', '')} {element.attributes.get('class', '')}"
    if not _FRAME_WORD.search(named) or _CONTROLS.search(named) or outline.document.text_of(index).strip():
        return None
    return Slot(name=f"place:{named.split()[0]}", element=index)


def _mark(element: Element, base_url: str) -> str | None:
    """Name the ad system when this element is one of its containers."""
    attributes = element.attributes
    identifier = attributes.get("id", "")
    classes = element.classes
    if identifier.startswith(("div-gpt-ad", "google_ads_iframe_")) or "data-google-query-id" in attributes:
        return f"google:{identifier}"
    if not classes and not identifier and element.tag != "iframe":
        return None
    if "adsbygoogle" in classes or identifier.startswith("aswift_"):
        return f"adsense:{attributes.get('data-ad-slot') or attributes.get('data-ad-client') or identifier}"
    if "OUTBRAIN" in classes or "ob-widget" in classes:
        return f"outbrain:{attributes.get('data-widget-id', '')}".rstrip(":")
    if identifier.startswith("taboola-") or "trc_rbox_container" in classes or "trc_related_container" in classes:
        return f"taboola:{identifier}".rstrip(":")
    if identifier.startswith("logly-lift-") or identifier == "_popIn_recommend":
        return f"recommended:{identifier}"
    if any(name.startswith("teads-in") for name in classes):
        return "teads"
    if identifier.startswith("_mN_"):
        return f"media.net:{identifier}"
    if not _PAID.isdisjoint(classes):
        return f"paid:{identifier or element.attributes['class']}"
    if element.tag == "iframe" and _ad_frame(attributes, base_url):
        return f"iframe:{identifier}".rstrip(":")
    return None


def _ad_frame(attributes: dict[str, str], base_url: str) -> bool:
    source = web_url(attributes.get("src", "about:blank"), base_url) or ""
    if _tells(source):
        return False
    if any(under(source, known) for known in _FRAME_HOSTS):
        return True
    return any(_FRAME_WORD.search(attributes.get(name, "")) for name in ("id", "name", "class", "title", "aria-label"))


def _tells(source: str) -> bool:
    """Tell a frame that shows nothing."""
    return bool(_SYNC.search(source.partition("?")[0].partition("#")[0]))


def _paid_link(outline: Outline, index: int, element: Element) -> Slot | None:
    if not outline.foreign(index):
        return None
    url = outline.targets[index]
    for known, paths in _REDIRECTORS:
        if under(url, known) and url.partition("://")[2].partition("/")[2].startswith(
            tuple(path[1:] for path in paths)
        ):
            return Slot(name=f"redirect:{known}", element=outline.card(index))
    if "sponsored" in element.attributes.get("rel", "").lower().split():
        return Slot(name="rel-sponsored", element=outline.card(index))
    return None
