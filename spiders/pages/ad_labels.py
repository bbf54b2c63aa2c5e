"""Blocks that a label such as 広告, PR or Sponsored declares to be ads.

A label counts only where it stands alone, near links to another site, and outside links that are nothing but the label
(menus have entries "PR" and "広告掲載"). Of a labelled list every card is an ad of its own.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from spiders.pages.outline import Outline

_WORDS = (
    "広告|pr|ads?|sponsored|promoted|スポンサード|スポンサー|プロモーション|タイアップ(?:広告)?|advertisement|advertising|"
    "advertorial|(?:sponsored|promoted|paid) (?:contents?|links?|posts?|stories|partner(?:ship)?)|"
    "(?:スポンサー|スポンサード|pr)・?(?:リンク|コンテンツ|記事|情報)|広告・?pr|pr・?広告"
)
_LABEL = re.compile(
    rf"(?i)[\[【〔(<〈《■#]?\s?(?:{_WORDS}|(?:is )?(?:ads?|sponsored|promoted) by(?: (?P<who>.+))?)\s?[\]】〕)>〉》:]?"
)
_PREFIX = re.compile(rf"(?i)[\[【〔(<〈《]\s?(?:{_WORDS})\s?[\]】〕)>〉》]\s*\S")
_LONGEST = 80  # characters of a label, with a sponsor's name
_SHORTEST_BY = len("ad by X")
_PIECES = 12  # text pieces of an element that may be a label
_LEVELS = 4  # from a label up to its block
_MOST_TARGETS = 12  # different foreign links under one label; more is a page
_MOST_ANCHORS = 40
_TEXT_EACH = 1000  # characters for each foreign link; more is an article


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A block that a label declares to be an ad."""

    element: int
    advertiser: str | None  # of "Sponsored by NAME"


def labelled_blocks(outline: Outline) -> Iterator[Labelled]:
    """Yield the blocks under labels in the order of the labels; a block may come twice, or in another."""
    for index, advertiser in _labels(outline):
        for block in _blocks(outline, index):
            yield Labelled(element=block, advertiser=advertiser)
    for anchor in outline.targets:
        if outline.foreign(anchor) and _PREFIX.match(_folded(outline.document.text_of(anchor)[:_LONGEST])):
            yield Labelled(element=outline.card(anchor), advertiser=None)


def is_label(text: str) -> bool:
    """Tell whether a text says no more than that something is an ad."""
    return len(text) <= _LONGEST and _LABEL.fullmatch(_folded(text)) is not None


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _labels(outline: Outline) -> Iterator[tuple[int, str | None]]:
    """Yield (innermost element, sponsor's name) of each label: a piece of text, or all the text of a small element."""
    document = outline.document
    for piece, owner in zip(document.texts, document.owners, strict=True):
        if (
            owner >= 0
            and 1 < len(piece) <= _LONGEST
            and (match := _LABEL.fullmatch(_folded(piece)))
            and not match["who"]
        ):
            yield owner, None
    inner = len(document.elements)  # first element of the last label found, so that the innermost counts
    for index in range(len(document.elements) - 1, -1, -1):
        element = document.elements[index]
        if (
            element.last_text - element.first_text > _PIECES
            or not _SHORTEST_BY <= outline.characters(index) <= _LONGEST
        ):
            continue
        match = _LABEL.fullmatch(_folded(document.text_of(index))) if element.end <= inner else None
        if match and match["who"]:
            inner = index
            yield index, match["who"].strip()


def _blocks(outline: Outline, label: int) -> list[int]:
    """Return the blocks that a label speaks of: around it, else right after it; none when that is unclear."""
    elements = outline.document.elements
    current = label
    for _ in range(_LEVELS):
        if current in outline.targets and _says_only(outline, current, label):
            return []
        if outline.whole_page(current):
            return []
        following = elements[current].end
        beside = following < len(elements) and elements[following].parent == elements[current].parent
        for block in (current, following) if beside else (current,):
            if outline.count_foreign(block):
                return _cards(outline, block)
        current = elements[current].parent
        if current < 0:
            break
    return []


def _says_only(outline: Outline, anchor: int, label: int) -> bool:
    """Tell whether a link shows nothing but the label: a menu entry, or an explanation."""
    inside = outline.document.elements[anchor + 1 : outline.document.elements[anchor].end]
    longer = outline.document.text_of(anchor) != outline.document.text_of(label)
    return not longer and not any(element.tag == "img" for element in inside)


def _cards(outline: Outline, block: int) -> list[int]:
    if outline.count_anchors(block) > _MOST_ANCHORS:
        return []
    foreign: dict[str, int] = {}
    own = set()
    for anchor in outline.anchors(block):
        if outline.foreign(anchor):
            foreign.setdefault(outline.targets[anchor], anchor)
        else:
            own.add(outline.targets[anchor])
    if len(foreign) > _MOST_TARGETS or len(own) > 1 or outline.characters(block) > _TEXT_EACH * len(foreign):
        return []
    return [block] if len(foreign) == 1 else [outline.card(anchor, within=block) for anchor in foreign.values()]
