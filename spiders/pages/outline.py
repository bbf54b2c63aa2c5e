"""Outline: where the links of a page lead, and how much stands around them. Every question takes logarithmic time."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from spiders.pages.links import click_url, host, is_disclosure, same_site
from spiders.pages.markup import Document

_WHOLE_PAGE = frozenset(("html", "body", "main"))
_CARD_LEVELS = 5  # from a link up to the block that shows it
_CARD_LINKS = 20  # anchors in one card (picture, headline, button …)
_CARD_TEXT = 600  # characters of one card; more is an article


class Outline:
    """The links of a document, told apart into the page's own site and foreign ones, without "about this ad" links."""

    def __init__(self, document: Document, base_url: str) -> None:
        self.document = document
        self.targets: dict[int, str] = {}  # element index of an anchor -> where it leads
        for index, element in enumerate(document.elements):
            if element.tag in ("a", "area") and "href" in element.attributes:
                target = click_url(element.attributes["href"], base_url)
                if target is not None and not is_disclosure(target):
                    self.targets[index] = target
        site = host(base_url)
        self._anchors = list(self.targets)
        self._foreign = [index for index, url in self.targets.items() if not same_site(host(url), site)]
        self._is_foreign = frozenset(self._foreign)
        self._characters = [0, *accumulate(map(len, document.texts))]

    def foreign(self, index: int) -> bool:
        """Tell whether this element is an anchor that leads to another site."""
        return index in self._is_foreign

    def anchors(self, index: int) -> Iterator[int]:
        """Yield the anchors in an element, itself included."""
        first, last = self._range(self._anchors, index)
        return (self._anchors[position] for position in range(first, last))

    def count_anchors(self, index: int) -> int:
        first, last = self._range(self._anchors, index)
        return last - first

    def count_foreign(self, index: int) -> int:
        first, last = self._range(self._foreign, index)
        return last - first

    def characters(self, index: int) -> int:
        """Return the length of an element's text, white space included."""
        element = self.document.elements[index]
        return self._characters[element.last_text] - self._characters[element.first_text]

    def whole_page(self, index: int) -> bool:
        return self.document.elements[index].tag in _WHOLE_PAGE

    def card(self, anchor: int, within: int = -1) -> int:
        """Return the largest small block around an anchor in which every link leads to the same place."""
        block = anchor
        for _ in range(_CARD_LEVELS):
            parent = self.document.elements[block].parent
            if parent <= within or self.whole_page(parent) or self.count_anchors(parent) > _CARD_LINKS:
                break
            if self.characters(parent) > _CARD_TEXT:
                break
            if {self.targets[other] for other in self.anchors(parent)} != {self.targets[anchor]}:
                break
            block = parent
        return block

    def _range(self, indexes: list[int], index: int) -> tuple[int, int]:
        return bisect_left(indexes, index), bisect_left(indexes, self.document.elements[index].end)
