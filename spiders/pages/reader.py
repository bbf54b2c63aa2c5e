"""HTML -> Document: libxml2 reads what people write, the linear reader reads the rest.

1. The linear reader goes first: it takes a millisecond, and says whether the page is deeper or larger than a tree
   parser can be trusted with (`degraded`). Then its document is the answer.
2. Otherwise libxml2 repairs the page, for it knows the thousand ways of malformed HTML better, and what it says goes
   straight into the same flat form: a tree of Python objects, which nobody needs, would cost as much as all the rest.
"""

from collections.abc import Mapping

from lxml import etree

from spiders.pages.linear import measure, read_linear
from spiders.pages.markup import Document, DocumentBuilder

# A tree of so many elements takes a second of CPU. Of 16 real pages the largest has 5,000.
_MOST_ELEMENTS = 20_000
_NO_CONTENT = frozenset(("script", "style", "xmp", "noembed", "noframes", "iframe"))


def read_document(text: str) -> Document:
    """Read HTML; every text gives a document.

    An `iframe` with `srcdoc` counts as if its document stood in its place. Text in `noscript` is left out; text that
    style sheets or scripts would hide or show is in.
    """
    size = measure(text)
    if size.degraded or size.elements > _MOST_ELEMENTS:
        return read_linear(text)
    builder = DocumentBuilder()
    _repair(text, builder)
    return builder.finish()


def _repair(text: str, builder: DocumentBuilder, *, framed: bool = False) -> None:
    """Let libxml2 read a text that is HTML, and pass on what it makes of it."""
    target = _Target(builder, framed=framed)
    parser = etree.HTMLParser(target=target)  # type: ignore[arg-type]  # the stubs want bytes taken, too
    parser.feed(text)
    parser.close()


class _Target:
    """Takes what libxml2 finds, in document order, and leaves out what is no content of the page."""

    def __init__(self, builder: DocumentBuilder, *, framed: bool) -> None:
        self._builder = builder
        self._framed = framed
        self._open: list[str] = []
        self._hidden = 0  # how many are open at the element whose content counts for nothing; 0 for none
        self._pieces: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._flush()
        self._open.append(tag)
        if self._hidden:
            return
        self._builder.start(tag, dict(attributes))
        if tag in _NO_CONTENT:
            self._hidden = len(self._open)
        if tag == "iframe":
            if "srcdoc" in attributes and not self._framed:
                _repair(attributes["srcdoc"], self._builder, framed=True)
            self._builder.end(tag)

    def end(self, tag: str) -> None:
        """Close the innermost open element of this name, and all inside it; none is open: nothing."""
        self._flush()
        if tag in self._open:
            while self._close() != tag:
                pass

    def data(self, piece: str) -> None:
        if not self._hidden:
            self._pieces.append(piece)

    def comment(self, _: str) -> None:
        self._flush()

    def pi(self, target: str, data: str) -> None:
        self._flush()

    def doctype(self, name: str, public: str, system: str) -> None:
        self._flush()

    def close(self) -> None:
        self._flush()
        while self._open:
            self._close()

    def _close(self) -> str:
        if not self._hidden:
            self._builder.end(self._open[-1])
        elif self._hidden == len(self._open):
            self._hidden = 0
            if self._open[-1] != "iframe":  # that one has ended where it began
                self._builder.end(self._open[-1])
        return self._open.pop()

    def _flush(self) -> None:
        if self._pieces:
            self._builder.text("".join(self._pieces))
            self._pieces.clear()
