"""Document: a page as a flat list of elements and text, whoever read it, and the builder that makes one.

Elements stand in document order. Each knows where its content ends, so a subtree is a range of elements and a range of
text pieces: every question about a page is arithmetic on indexes, without recursion and without a depth limit.
"""

from dataclasses import dataclass, field

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
# Links are not among them: menus and cards put one next to the other without a space.
INLINE = frozenset(
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
_P, _P_BARRIER = frozenset(("p",)), frozenset(("td", "th", "table", "button"))
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


class Gauge:
    """Takes start tags, text and end tags in document order, as well-formed as they come; keeps what is open."""

    def __init__(self) -> None:
        self.elements = 0  # how many have started
        self.degraded = False  # as in `Document`
        self._open: list[str] = []  # tags
        self._count: dict[str, int] = {}  # open elements by tag

    def text(self, text: str) -> None:
        """Take text, references already replaced."""

    def add(self, piece: str) -> None:
        """Take a piece of text of the innermost open element, wherever that stands."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element, closing those that it ends by implication."""
        for _ in range(self._implied(tag)):
            self._count[self._open.pop()] -= 1
        self.elements += 1
        if tag not in _VOID:
            self._open.append(tag)
            self._count[tag] = self._count.get(tag, 0) + 1
            if len(self._open) > _DEEP:
                self.degraded = True

    def end(self, tag: str) -> None:
        """Close the innermost open element of this tag, and all inside it; nothing when none is open."""
        if self._count.get(tag):
            while (closed := self._open.pop()) != tag:
                self._count[closed] -= 1
            self._count[tag] -= 1

    def _implied(self, tag: str) -> int:
        """Return how many open elements, from the innermost, an element ends that starts."""
        count = self._count
        if tag in _ENDS_P:
            return self._outermost(_P, _P_BARRIER) if count.get("p") else 0
        if tag in _IMPLIED:
            tags, barrier = _IMPLIED[tag]
            for other in tags:
                if count.get(other):
                    return self._outermost(tags, barrier)
        return 0

    def _outermost(self, tags: frozenset[str], barrier: frozenset[str]) -> int:
        """Return how deep the outermost open element of these tags lies that no barrier hides; 0 for none."""
        found = 0
        for depth, tag in enumerate(reversed(self._open[-_LOOK_BACK:]), 1):
            if tag in barrier:
                break
            if tag in tags:
                found = depth
        return found


class DocumentBuilder(Gauge):
    """Makes a document of what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.document = Document()
        self._indexes = [-1]  # of open elements, below them that of none

    def finish(self) -> Document:
        """Close what is still open and return the document."""
        while self._open:
            self._close()
        self.document.degraded = self.degraded
        return self.document

    def text(self, text: str) -> None:
        """Keep text that is visible; in `noscript` it is not."""
        if text and not self._count.get("noscript"):
            self.add(text)

    def add(self, piece: str) -> None:
        self.document.texts.append(piece)
        self.document.owners.append(self._indexes[-1])

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        for _ in range(self._implied(tag)):
            self._close()
        elements, texts = self.document.elements, self.document.texts
        parent = self._indexes[-1]
        if tag not in INLINE:
            texts.append("\n")
            self.document.owners.append(parent)
        here = len(texts)
        element = Element(tag, attributes, parent, here)
        elements.append(element)
        self.elements += 1
        if tag in _VOID:
            element.end, element.last_text = len(elements), here
            return
        self._indexes.append(len(elements) - 1)
        self._open.append(tag)
        self._count[tag] = self._count.get(tag, 0) + 1
        if len(self._open) > _DEEP:
            self.degraded = True

    def end(self, tag: str) -> None:
        if tag not in INLINE:
            self.add("\n")
        if self._count.get(tag):
            while self._close() != tag:
                pass

    def _close(self) -> str:
        document = self.document
        element = document.elements[self._indexes.pop()]
        element.end = len(document.elements)
        element.last_text = len(document.texts)
        tag = self._open.pop()
        self._count[tag] -= 1
        return tag
