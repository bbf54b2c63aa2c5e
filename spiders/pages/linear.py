"""HTML -> Document in linear time, whatever the input.

Browsers accept any bytes, and tree parsers do not: text behind 300 nested elements vanishes, 100,000 attributes take
quadratic time, unclosed comments too. This reader has no recursion, no depth limit and no search that is repeated; what
it cannot read ends the document, as in the HTML standard (section 13.2.5).
"""

import html
import re

from spiders.pages.markup import Document, DocumentBuilder, Gauge

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
# What people and programs write: a start tag with so few attributes that all are kept, each behind white space and
# with nothing around its equals sign (1: name, 2: attributes), an end tag (3: name), or the start of something else.
_PLAIN = re.compile(
    r"""<(?:([A-Za-z][^\s/>]*+)((?:\s++[^\s/>=]++(?:="[^"]*+"|='[^']*+'|=[^\s>"'][^\s>]*+)?+){0,255}+)[\s/]*+>|"""
    r"""/([A-Za-z][^\s/>]*+)[^>]*+>|(?=[A-Za-z/!?]))"""
)
_SHORTEST = 8  # characters of four attributes
_LEADING_ZEROS = re.compile(r"(&#[xX]?)0++(?=[0-9a-fA-F])")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")


def read_linear(text: str) -> Document:
    """Read HTML; every text gives a document, marked `degraded` where a tree parser would lose text or time."""
    builder = DocumentBuilder()
    _Reader(builder).feed(text)
    return builder.finish()


def measure(text: str) -> Gauge:
    """Return how large the document of `read_linear` is, and whether it is `degraded`, at a third of the cost."""
    gauge = Gauge()
    reader = _Measurer(gauge)
    reader.feed(text)
    if reader.tags > _MAX_TAGS:  # or it only seems so
        gauge = Gauge()
        _Reader(gauge).feed(text)
    return gauge


def unescape(text: str) -> str:
    """Replace character references; numbers too long for any character become U+FFFD."""
    if "&#" in text:
        text = _LONG_NUMBER.sub("\ufffd", _LEADING_ZEROS.sub(r"\1", text))
    return html.unescape(text) if "&" in text else text


class _Reader:
    """Tells a builder, or a gauge, what stands in a text."""

    def __init__(self, builder: Gauge) -> None:
        self.tags = 0  # that were told apart, those with many attributes counted as more
        self._builder = builder
        self._framed = False

    def feed(self, text: str) -> None:
        """Read the text token by token; a token without an end is the last one."""
        position = 0
        while tag := _TAG.search(text, position):
            start = tag.start()
            self._builder.text(unescape(text[position:start]))
            self.tags += 1
            if self.tags > _MAX_TAGS:
                self._builder.degraded = True
                self._builder.add(unescape(_ANY_TAG.sub("\n", text[start:])))
                return
            position = self._token(text, start)
            if position == 0:
                return
        self._builder.text(unescape(text[position:]))

    def _token(self, text: str, start: int) -> int:
        """Read a tag or a comment, and what is raw behind it; return where to go on, 0 at the end."""
        if name := _TAG_NAME.match(text, start + 1):
            return self._start_tag(text, name)
        if name := _TAG_NAME.match(text, start + 2) if text[start + 1] == "/" else None:
            self._builder.end(name[0].lower())
            return text.find(">", name.end()) + 1
        if text.startswith("<!--", start):
            close = _COMMENT_END.search(text, start + 2)
            return close.end() if close else 0
        return text.find(">", start + 2) + 1

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
                self._builder.degraded = True
        self.tags += len(attributes) // 4
        self._builder.start(tag, attributes)
        if tag not in _RAW and tag not in _ESCAPABLE:
            return end.end()
        return self._raw(text, tag, attributes, end.end())

    def _raw(self, text: str, tag: str, attributes: dict[str, str], start: int) -> int:
        """Read what stands up to the end tag, which alone ends it."""
        close = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(text, start)
        if tag in _ESCAPABLE:
            self._builder.text(unescape(text[start : close.start() if close else len(text)]))
        elif tag == "iframe" and "srcdoc" in attributes and not self._framed:
            self._framed = True
            self.feed(attributes["srcdoc"])
            self._framed = False
        self._builder.end(tag)
        return text.find(">", close.end()) + 1 if close else 0


class _Measurer(_Reader):
    """Reads neither words nor attributes where it can do without; `tags` may come out too large, never too small."""

    def feed(self, text: str) -> None:
        builder = self._builder
        position = 0
        while token := _PLAIN.search(text, position):
            position = token.end()
            self.tags += 1
            if self.tags > _MAX_TAGS:
                return
            name, attributes, ended = token.groups()
            if ended:
                builder.end(ended.lower())
                continue
            tag = name.lower() if name else "iframe"
            if tag != "iframe":  # that may hold a page among its attributes
                self.tags += len(attributes) // _SHORTEST
                builder.start(tag, {})
                if tag in _RAW or tag in _ESCAPABLE:
                    position = self._raw(text, tag, {}, position)
            else:
                position = self._token(text, token.start())
            if position == 0:
                return
