"""Document: a page as a flat list of elements and text, whoever read it, and the builder that makes one.

Elements stand in document order. Each knows where its content ends, so a subtree is a range of elements and a range of
text pieces: every question about a page is arithmetic on indexes, without recursion and without a depth limit.
"""

from dataclasses import dataclass, field

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
# Links are not among them: menus and cards put one next to the other without a space.
_INLINE = frozenset(
    "abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby "  # noqa: SIM905
    "s samp small span strike strong sub sup time tt u var wbr".split()
)
# An element that starts ends these open ones, up to the nearest of the second set (standard 13.2.6.4.7, shortened).
_IMPLIED = {
    "li": (frozenset(("li",)), frozenset(("ul", "ol", "menu"))),
    "dt": (frozenset(("dt", "dd")), frozenset(("dl",))),
    "dd": (frozenset(("dt", "dd")), frozenset(("dl",))),
    "tr": (frozenset(("tr", "td", "th")), frozenset(("table",))),
    "td": (frozenset(("td", "th")), frozenset(("table", "tr"))),
    "th": (frozenset(("td", "th")), frozenset(("table", "tr"))),
    "option": (frozenset(("option",)), frozenset(("select",))),
    "a": (frozenset(("a",)), frozenset(("td", "th", "table", "body"))),
}
_ENDS_P = frozenset(
    "address article aside blockquote center div dl fieldset footer form h1 h2 h3 h4 h5 h6 header hr "  # noqa: SIM905
    "main nav ol p pre section table ul".split()
)
_LOOK_BACK = 50  # open elements to look through for one that is ended by implication; keeps the time linear

_DEEP = 200  # deeper than people write; common tree parsers give up at 256


@dataclass(slots=True)
class Element:
    """One start tag and the ranges of what stands inside it."""

    tag: str  # lower case
    attributes: dict[str, str]
    parent: int  # -1 for the outermost
    first_text: int
    end: int = -1  # index after the last element inside
    last_text: int = -1  # index after the last text piece inside

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


@dataclass(slots=True)
class Document:
    """A page as a flat list; `texts` holds the pieces of visible text, "\\n" between blocks."""

    elements: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)  # element of each piece, -1 for none
    degraded: bool = False  # deeper, or with more elements or attributes, than pages for people have

    def text(self, first: int, last: int) -> str:
        """Return a range of text pieces as one line with single spaces."""
        return " ".join("".join(self.texts[first:last]).split())

    def text_of(self, index: int) -> str:
        """Return all the text inside one element."""
        element = self.elements[index]
        return self.text(element.first_text, element.last_text)


class DocumentBuilder:
    """Takes start tags, text and end tags in document order, as well-formed as they come."""

    def __init__(self) -> None:
        self.document = Document()
        self._open: list[int] = []  # indexes of open elements
        self._count: dict[str, int] = {}  # open elements by tag

    def finish(self) -> Document:
        """Close what is still open and return the document."""
        while self._open:
            self._close()
        return self.document

    def text(self, text: str) -> None:
        """Take visible text, references already replaced; in `noscript` it is not visible."""
        if text and not self._count.get("noscript"):
            self.add(text)

    def add(self, piece: str) -> None:
        """Append a piece to the text of the innermost open element."""
        self.document.texts.append(piece)
        self.document.owners.append(self._open[-1] if self._open else -1)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element, closing those that it ends by implication."""
        if tag in _ENDS_P and self._count.get("p"):
            self._end_implied(frozenset(("p",)), frozenset(("td", "th", "table", "button")))
        if tag in _IMPLIED and any(self._count.get(other) for other in _IMPLIED[tag][0]):
            self._end_implied(*_IMPLIED[tag])
        document = self.document
        if tag not in _INLINE:
            self.add("\n")
        parent = self._open[-1] if self._open else -1
        document.elements.append(Element(tag, attributes, parent, len(document.texts)))
        self._open.append(len(document.elements) - 1)
        self._count[tag] = self._count.get(tag, 0) + 1
        if tag in _VOID:
            self._close()
        elif len(self._open) > _DEEP:
            document.degraded = True

    def _end_implied(self, tags: frozenset[str], barrier: frozenset[str]) -> None:
        """Close the outermost open element of these tags that no barrier hides."""
        found = None
        for offset, index in enumerate(reversed(self._open[-_LOOK_BACK:]), 1):
            tag = self.document.elements[index].tag
            if tag in barrier:
                break
            if tag in tags:
                found = offset
        for _ in range(found or 0):
            self._close()

    def end(self, tag: str) -> None:
        """Close the innermost open element of this tag, and all inside it; nothing when none is open."""
        if tag not in _INLINE:
            self.add("\n")
        if self._count.get(tag):
            while self.document.elements[self._open[-1]].tag != tag:
                self._close()
            self._close()

    def _close(self) -> None:
        element = self.document.elements[self._open.pop()]
        element.end = len(self.document.elements)
        element.last_text = len(self.document.texts)
        self._count[element.tag] -= 1
