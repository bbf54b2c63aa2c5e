"""Dialect: how a service writes, so that a hostile text stays a text in it.

The characters that begin markup, links or mentions in a service are replaced by look-alikes that people read the same;
escaping them instead would leave it to each client to undo it rightly. What a template marks as bold or code is told
from hostile text by its type, `Marked`, never by its looks.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

# One character each, or what defanging put for one; not where that would name a link of Markdown: `[.](x)`, `[.]: x`.
_TOKENS = re.compile(r"\[[.:@]\](?![(:])|.", re.DOTALL)
_LOOK_ALIKE = {
    "&": "＆",
    "<": "‹",
    ">": "›",
    "@": "＠",
    "`": "ˋ",
    "*": "∗",
    "_": "ˍ",
    "~": "∼",
    "|": "∣",
    "#": "＃",
    "\\": "⧵",
    "[": "［",
    "]": "］",
    "{": "｛",
    "}": "｝",
}
_HALF_ENTITY = re.compile(r"&[a-z]{0,4}\Z")


class Marked(str):
    """Text in a service's markup, hostile characters replaced already."""

    __slots__ = ()


def look_alikes(characters: str) -> dict[int, str]:
    """Return the table for `str.translate` that replaces these characters."""
    return {ord(character): _LOOK_ALIKE[character] for character in characters}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dialect:
    """One service's markup; each is only equal to itself."""

    sentence: Mapping[int, str] = field(default_factory=dict)  # what replaces a character in running text
    within_code: Mapping[int, str] = field(default_factory=dict)  # the same within a code span
    bold_marks: tuple[str, str] = ("", "")
    code_marks: tuple[str, str] = ("", "")
    quote_marks: tuple[str, str] = ("「", "」")
    longest: int = 400  # characters of one value, as written
    longest_code: int = 250

    def plain(self, text: str, limit: int | None = None) -> Marked:
        """Write a value that the service shows as it stands, cut visibly; `limit` counts what is written."""
        if isinstance(text, Marked):
            return text
        return Marked(_fit(text, self.sentence, self.longest if limit is None else limit))

    def bold(self, text: str) -> Marked:
        """Write a value that stands out."""
        return Marked(self.plain(text).join(self.bold_marks))

    def code(self, text: str) -> Marked:
        """Write a value letter by letter, with no way to end the span early."""
        room = self.longest_code - sum(map(len, self.code_marks))
        return Marked(_fit(text, self.within_code, room).join(self.code_marks))

    def quote(self, text: str) -> Marked:
        """Write what somebody else said, on a line of its own."""
        return Marked(self.plain(text).join(self.quote_marks))


def _fit(text: str, table: Mapping[int, str], limit: int) -> str:
    """Replace, then cut to `limit` UTF-16 units; never within what stands for one character."""
    pieces: list[str] = []
    size = fits = 0
    for found in _TOKENS.findall(text):
        piece = found if len(found) > 1 else table.get(ord(found), found)
        size += units(piece)
        if size > limit:
            return "".join(pieces[:fits]) + "…"
        pieces.append(piece)
        if size < limit:
            fits = len(pieces)  # so many leave room for the mark of a cut
    return "".join(pieces)


def units(text: str) -> int:
    """Count as services do that count in UTF-16: a character beyond the first 65536 is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def cut(text: str, limit: int) -> Marked:
    """Cut written text to `limit` UTF-16 units with a visible mark, never within an entity."""
    if units(text) <= limit:
        return Marked(text)
    fits = bisect_left([*accumulate(map(units, text[:limit]))], limit)
    return Marked(_HALF_ENTITY.sub("", text[:fits]) + "…")


def header_text(text: str) -> str:
    """Return text for a mail header, in which nothing is an encoded word (RFC 2047).

    One that a stranger writes (`=?utf-8?q?=0D=0ABcc:…?=`) would be decoded after all screening: by `email`, which then
    writes its line breaks into the header, and by mail programs.
    """
    return text.replace("=?", "＝?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stretch of text with one look."""

    text: str
    bold: bool = False
    code: bool = False


def runs(line: str) -> list[Run]:
    """Take a line of a dialect with marks apart; none where the line is empty."""
    pieces = _MARKS.split(line)
    found = [Run(text=pieces[0])]
    found += [
        Run(text=text, bold=mark == BOLD, code=mark == CODE)
        for mark, text in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    return [run for run in found if run.text]


# Marks of texts that become parts of a structure; no screened text holds a control character.
BOLD, CODE, END = "\x02", "\x04", "\x03"
_MARKS = re.compile(f"([{BOLD}{CODE}{END}])")

_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_MARKDOWN = look_alikes("<>@`*_~|#\\[]")

PLAIN = Dialect(longest=1000, longest_code=1000, quote_marks=("", ""))
SLACK = Dialect(
    sentence={**_ENTITIES, **look_alikes("`*_~")},
    within_code={**_ENTITIES, **look_alikes("`")},
    bold_marks=("*", "*"),
    code_marks=("`", "`"),
    quote_marks=("> ", ""),
)
DISCORD = Dialect(
    sentence=_MARKDOWN,
    within_code=look_alikes("`<@[]"),
    bold_marks=("**", "**"),
    code_marks=("`", "`"),
    quote_marks=("> ", ""),
)
TEAMS = Dialect(
    sentence=look_alikes("<>@*_[]{}"),
    within_code=look_alikes("<>@*_[]{}"),
    bold_marks=(BOLD, END),
    code_marks=(CODE, END),
)
GOOGLE_CHAT = Dialect(  # parts of a card are read as HTML, others as they stand: look-alikes are right in both
    sentence=look_alikes("<>&"), within_code=look_alikes("<>&"), bold_marks=("<b>", "</b>")
)
LINE_WORKS = Dialect(
    sentence=look_alikes("<>"),
    within_code=look_alikes("<>"),
    bold_marks=(BOLD, END),
    code_marks=(CODE, END),
    longest=200,
    longest_code=150,
)
CHATWORK = Dialect(sentence=look_alikes("[]"), within_code=look_alikes("[]"))
ANY = Dialect(sentence=_MARKDOWN, within_code=_MARKDOWN)  # of services that nobody looked at
