"""HTML -> Document: BeautifulSoup reads what people write, the linear reader reads the rest.

1. The linear reader goes first: it takes milliseconds, and says whether the page is deeper or larger than a tree parser
   can be trusted with (`degraded`). Then its document is the answer.
2. Otherwise BeautifulSoup builds the tree, which knows the thousand ways of malformed HTML better, and the tree is
   walked into the same flat form.
"""

from bs4 import BeautifulSoup, NavigableString, Tag
from bs4.element import PreformattedString

from spiders.pages.linear import read_linear
from spiders.pages.markup import Document, DocumentBuilder

# A tree of so many elements takes a second of CPU. Of 16 real pages the largest has 5,000.
_MOST_ELEMENTS = 20_000
_NO_TEXT = frozenset(("script", "style", "xmp", "noembed", "noframes"))


def read_document(text: str) -> Document:
    """Read HTML; every text gives a document.

    An `iframe` with `srcdoc` counts as if its document stood in its place. Text in `noscript` is left out; text that
    style sheets or scripts would hide or show is in.
    """
    document = read_linear(text)
    if document.degraded or len(document.elements) > _MOST_ELEMENTS:
        return document
    builder = DocumentBuilder()
    _walk(text, builder)
    return builder.finish()


def _walk(text: str, builder: DocumentBuilder, *, framed: bool = False) -> None:
    soup = BeautifulSoup(text, "lxml", multi_valued_attributes=None)
    open_tags = [(soup.name, iter(soup.contents))]
    while open_tags:
        name, children = open_tags[-1]
        node = next(children, None)
        if node is None:
            open_tags.pop()
            if open_tags:
                builder.end(name)
        elif isinstance(node, Tag):
            attributes = {key: str(value) for key, value in node.attrs.items()}
            builder.start(node.name, attributes)
            if node.name == "iframe":
                if "srcdoc" in attributes and not framed:
                    _walk(attributes["srcdoc"], builder, framed=True)
                builder.end(node.name)
            else:
                open_tags.append((node.name, iter(() if node.name in _NO_TEXT else node.contents)))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            builder.text(str(node))
