"""A notice on paper: for registered mail, for fax, for those who take nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from takedown.bundle.dossier import Column, Fact, Table
from takedown.bundle.paper import INK, LEFT, ROOM, About, Sheet, Strip, Style, filled, printed
from takedown.bundle.pdf_parts import SMALL, facts, lines_in, part_title, space, table, text
from takedown.bundle.pdf_words import WORDS
from takedown.notice import Filled, Notice

_TITLE = Style(size=13, leading=20, bold=True)
_TEXT = Style(size=9.6, leading=15.2)
_HEADING = Style(size=9.8, leading=15.6, bold=True)
_HASH = Style(size=7.4, leading=12, mono=True)
_ADDRESS = Style(size=8.4, leading=15.2, mono=True)  # tells I from l and O from 0: somebody types it
_ENTRY = re.compile(r"([\s\u3000]*)((?:[・•-]|\d{1,4}\.)\s?|)")  # how far in a line stands, and what marks an entry
_TYPED = re.compile(r"[!-~]*[./:][!-~]*")  # an address or an id, nothing else
_GAP = re.compile(r"\n[ \t]*\n")
_HASHES = re.compile(r"\b[0-9a-f]{64}\b")
_WHOLE_PARAGRAPH = 8  # lines
_WHOLE = 5000  # lines of one text: more than any notice has, nothing of it is cut


def notice_pdf(notice: Notice, *, at: datetime | None = None) -> bytes:
    """Return a notice as pages of A4 in its language: text, where to sign, the values of its fields, enclosures.

    Addresses stand as in the notice, exact where its channel wants them exact; none can be clicked. Equal notices give
    equal bytes.

    Args:
        notice: what to print; its notes are not sent, so they are not printed.
        at: when it was written, for the properties of the file.

    Raises:
        FontMissing: the fonts are not installed.
    """
    words = WORDS[notice.language]
    strips = [
        *_centred(notice.title),
        *_body(notice.body),
        *_signature(words),
        *_fields(notice, words),
        *_files(notice, words),
    ]
    about = About(
        language=notice.language,
        title=notice.title,
        author="mekiki",
        subject=notice.reference,
        footer=notice.reference,
        page=words["page"],
        at=at,
    )
    return printed(filled(strips), about)


def _centred(title: str) -> Iterator[Strip]:
    for line in lines_in(title, _TITLE, ROOM, 8):
        x = LEFT + (ROOM - _TITLE.width(line)) / 2
        yield Strip(
            height=_TITLE.leading,
            draw=lambda sheet, top, x=x, line=line: sheet.text(x, top, line, _TITLE),  # type: ignore[misc]
            keep=True,
        )
    yield space(10, keep=True)


def _body(body: str) -> Iterator[Strip]:
    """Yield the text; short paragraphs, like that of the sender, stay whole."""
    for paragraph in _GAP.split(body.strip("\n")):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        strips = [strip for number in range(len(lines)) for strip in _line(lines, number)]
        whole = len(strips) <= _WHOLE_PARAGRAPH
        for number, strip in enumerate(strips):
            last = number == len(strips) - 1
            yield replace(strip, keep=not last and (whole or strip.keep))
        yield space(7)


def _line(lines: Sequence[str], number: int) -> Iterator[Strip]:
    following = lines[1] if len(lines) > 1 else ""
    if number == 0 and _is_heading(lines[0], following):
        return text(lines[0], _HEADING, above=3, keep=True)
    return _entry(lines[number])


def _is_heading(line: str, following: str) -> bool:
    """Tell whether the first line of a paragraph names what follows: a list, or text that is longer than a line."""
    if line.startswith("【"):
        return line.rstrip().endswith("】")
    entry = _ENTRY.match(following)
    listed = entry is not None and bool(entry[2])
    plain = (
        len(line) < (90 if listed else 50)
        and not line[0].isspace()
        and line[-1] not in ".。、,:："
        and ": " not in line
    )
    return plain and (listed or len(following) > 60)


def _entry(line: str) -> Iterator[Strip]:
    """Yield a line of the body; what goes on in a list stands below the words of its entry, not below its mark."""
    found = _ENTRY.match(line)
    assert found is not None  # both parts may be empty
    indent, mark = found[1], found[2]
    left = _TEXT.width("".join("\u3000" if one == "\u3000" else "n" for one in indent[:20])) if indent else 0.0
    words = line[found.end() :]
    if words.startswith("SHA-256 "):
        yield from text(words, _HASH, left=max(left, _TEXT.size), room=ROOM - max(left, _TEXT.size))
        return
    wide = _TEXT.width(mark) if mark else 0.0
    style = _ADDRESS if _TYPED.fullmatch(words) and (mark or "/" in words) else _TEXT
    for number, strip in enumerate(text(words, style, left=left + wide, room=ROOM - left - wide, most=_WHOLE)):
        yield strip if number or not mark else _marked(strip, LEFT + left, mark)


def _marked(strip: Strip, x: float, mark: str) -> Strip:
    def draw(sheet: Sheet, top: float) -> None:
        sheet.text(x, top, mark.rstrip(), _TEXT)
        strip.draw(sheet, top)

    return Strip(height=strip.height, draw=draw, keep=strip.keep)


def _fields(notice: Notice, words: Mapping[str, str]) -> Iterator[Strip]:
    shown = [field for field in notice.fields if not _stands_elsewhere(field, notice)]
    if not shown:
        return
    yield from part_title(words["notice_fields"])
    yield from facts([_fact(field, words) for field in shown], label=130, most=_WHOLE)


def _stands_elsewhere(field: Filled, notice: Notice) -> bool:
    """Tell whether a value is the text itself, or the list of what is enclosed."""
    if field.value in (notice.body, notice.title):
        return True
    hashes = set(_HASHES.findall(field.value or ""))
    return bool(hashes) and hashes <= {one.sha256 for one in notice.attachments}


def _fact(field: Filled, words: Mapping[str, str]) -> Fact:
    value = words["notice_by_hand"] if field.value is None else field.value
    return Fact(label=field.label, text=value, code=all(map(_TYPED.fullmatch, value.split("\n"))))


def _files(notice: Notice, words: Mapping[str, str]) -> Iterator[Strip]:
    if not notice.attachments:
        return
    yield from part_title(words["notice_files"])
    yield from table(
        Table(
            columns=(
                Column(title=words["notice_file"], width=9, code=True),
                Column(title=words["notice_bytes"], width=3, number=True),
                Column(title="SHA-256", width=10, code=True),
            ),
            rows=tuple((one.name, f"{one.bytes:,}", one.sha256) for one in notice.attachments),
        )
    )


def _signature(words: Mapping[str, str]) -> Iterator[Strip]:
    def draw(sheet: Sheet, top: float) -> None:
        floor = top - 40
        sheet.line([(LEFT, floor), (LEFT + ROOM * 0.3, floor)], colour=INK)
        sheet.line([(LEFT + ROOM * 0.4, floor), (LEFT + ROOM, floor)], colour=INK)
        sheet.text(LEFT, floor - 2, words["notice_date"], SMALL)
        sheet.text(LEFT + ROOM * 0.4, floor - 2, words["notice_signed"], SMALL)

    yield Strip(height=40 + SMALL.leading + 4, draw=draw, above=10)
