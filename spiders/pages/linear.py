"""HTML -> Document in linear time, whatever the input.

Browsers accept any bytes, and tree parsers do not: text behind 300 nested elements vanishes, 100,000 attributes take
quadratic time, unclosed comments too. This reader has no recursion, no depth limit and no search that is repeated; what
it cannot read ends the document, as in the HTML standard (section 13.2.5).
"""

import html
import re

from spiders.pages.markup import Document, DocumentBuilder

_RAW = frozenset("script style xmp iframe noembed noframes".split())  # noqa: SIM905 - no text of the page
_ESCAPABLE = frozenset(("title", "textarea"))  # text only, with entities
_MAX_TAGS = 120_000  # that are told apart; after them only the text counts
_MAX_ATTRIBUTES = 256  # of one element that are kept

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ANY_TAG = re.compile(r"<[^<>]*>")
_COMMENT_END = re.compile(r"--!?>")
_TAG_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:(["'])|([^\s>"'][^\s>]*+))?)?""")
_TAG_END = re.compile(r"[\s/]*+>")
_LEADING_ZEROS = re.compile(r"(&#[xX]?)0++(?=[0-9a-fA-F])")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")


def read_linear(text: str) -> Document:
    """Read HTML; every text gives a document, marked `degraded` where a tree parser would lose text or time."""
    reader = _Reader()
    reader.feed(text)
    return reader.finish()


def measure(text: str) -> Document:
    """Return the same document as `read_linear`, without any text: how large it is, and whether it is `degraded`."""
    gauge = _Gauge()
    gauge.feed(text)
    return gauge.finish()


def unescape(text: str) -> str:
    """Replace character references; numbers too long for any character become U+FFFD."""
    if "&#" in text:
        text = _LONG_NUMBER.sub("\ufffd", _LEADING_ZEROS.sub(r"\1", text))
    return html.unescape(text) if "&" in text else text


class _Reader(DocumentBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._framed = False
        self._tags = 0

    def feed(self, text: str) -> None:
        """Read the text token by token; a token without an end is the last one."""
        position = 0
        while tag := _TAG.search(text, position):
            start = tag.start()
            self.text(unescape(text[position:start]))
            self._tags += 1
            if self._tags > _MAX_TAGS:
                self.document.degraded = True
                self.add(unescape(_ANY_TAG.sub("\n", text[start:])))
                return
            if name := _TAG_NAME.match(text, start + 1):
                position = self._start_tag(text, name)
            elif name := _TAG_NAME.match(text, start + 2) if text[start + 1] == "/" else None:
                self.end(name[0].lower())
                position = text.find(">", name.end()) + 1
            elif text.startswith("<!--", start):
                close = _COMMENT_END.search(text, start + 2)
                position = close.end() if close else 0
            else:
                position = text.find(">", start + 2) + 1
            if position == 0:
                return
        self.text(unescape(text[position:]))

    def _start_tag(self, text: str, name: re.Match[str]) -> int:
        """Read a start tag and, where its content is raw, that too; return where to go on, 0 at the end."""
        tag = name[0].lower()
        attributes: dict[str, str] = {}
        position = name.end()
        while not (end := _TAG_END.match(text, position)):
            match = _ATTRIBUTE.match(text, position)
            if match is None:
                return 0
            value, position = match[3] or "", match.end()
            if match[2]:
                close = text.find(match[2], position)
                if close < 0:
                    return 0
                value, position = text[position:close], close + 1
            if len(attributes) < _MAX_ATTRIBUTES:
                attributes.setdefault(match[1].lower(), unescape(value))
            else:
                self.document.degraded = True
        self._tags += len(attributes) // 4
        self.start(tag, attributes)
        if tag not in _RAW and tag not in _ESCAPABLE:
            return end.end()
        return self._raw(text, tag, attributes, end.end())

    def _raw(self, text: str, tag: str, attributes: dict[str, str], start: int) -> int:
        close = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(text, start)
        if tag in _ESCAPABLE:
            self.text(unescape(text[start : close.start() if close else len(text)]))
        elif tag == "iframe" and "srcdoc" in attributes and not self._framed:
            self._framed = True
            self.feed(attributes["srcdoc"])
            self._framed = False
        self.end(tag)
        return text.find(">", close.end()) + 1 if close else 0


class _Gauge(_Reader):
    """Reads everything but the words."""

    def text(self, text: str) -> None:
        pass

    def add(self, piece: str) -> None:
        pass
