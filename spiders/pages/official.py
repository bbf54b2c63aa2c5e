"""A saved official page -> its words, to know them again in pages that copy it. A sandbox target."""

from spiders.pages.encoding import decode
from spiders.pages.publisher import MAX_HTML
from spiders.pages.reader import read_document

MAX_TEXT = 200_000  # characters that are kept


def read_official(body: bytes, *, html: bool) -> str:
    """Return the words of a page, one line for each block, without the window's title; any bytes give some.

    Args:
        body: the file, up to `MAX_HTML` bytes of it are read.
        html: it is HTML, not text.
    """
    text, _ = decode(body[:MAX_HTML])
    if html:
        document = read_document(text)
        pieces = document.texts.copy()
        for element in document.elements:
            if element.tag == "title":
                pieces[element.first_text : element.last_text] = [""] * (element.last_text - element.first_text)
        text = "".join(pieces)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)[:MAX_TEXT].encode(errors="replace").decode()
