"""PDF summary of the evidence bundle: a dossier as pages of A4 to read, to print, to hand to somebody.

Same dossier and pictures, same bytes. It carries no link to anything outside, no script and no attachment: texts are
drawn letter by letter and are never read as markup.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from takedown.bundle.dossier import Block, Dossier, Facts, Pictures, Section, Table, Words
from takedown.bundle.paper import LEFT, MUTED, ROOM, About, Sheet, Strip, Style, filled, printed
from takedown.bundle.pdf_journey import journey
from takedown.bundle.pdf_parts import (
    BODY,
    SMALL,
    SUBJECT,
    TITLE,
    facts,
    lines_in,
    part_title,
    section_title,
    space,
    table,
    text,
    tiles,
    warning,
)
from takedown.bundle.pdf_pictures import Darkroom, Read, picture
from takedown.bundle.pdf_words import WORDS

_ENTRY = Style(size=9, leading=14.4)
_PAGE = Style(size=9, leading=14.4, colour=MUTED)


def pdf_of(dossier: Dossier, read: Read, *, at: datetime | None = None) -> bytes:
    """Return the PDF of a dossier.

    Args:
        dossier: what to print.
        read: returns the bytes of a picture's pixels by their SHA-256, or raises MediaMissing; a picture that is not
            there is named with a note.
        at: when the dossier was made, for the properties of the file.

    Raises:
        FontMissing: the fonts are not installed.
    """
    words, darkroom = WORDS[dossier.language], Darkroom(read)
    numbers: dict[str, int] = {}
    strips = [*_cover(dossier, numbers)]
    for section in dossier.sections:
        strips += _section(section, darkroom, words)
    strips += text(f"{dossier.footer}\n{words['numbered']}", SMALL, above=16)
    pages = filled(strips)
    numbers.update(pages.marks)
    return printed(pages, _about(dossier, at))


def _about(dossier: Dossier, at: datetime | None) -> About:
    return About(
        language=dossier.language,
        title=f"{dossier.title} ({dossier.reference})",
        author="mekiki",
        subject=dossier.subject,
        footer=dossier.reference,
        page=dossier.page,
        at=at,
    )


def _cover(dossier: Dossier, numbers: Mapping[str, int]) -> Iterator[Strip]:
    yield from text(dossier.title, TITLE, keep=True)
    yield from text(dossier.subject, SUBJECT, keep=True)
    yield space(6, keep=True)
    yield from facts(dossier.facts)
    yield from tiles(dossier.tiles)
    yield space(6)
    for words in dossier.warnings:
        yield from warning(words)
    yield from part_title(dossier.summary_title)
    for sentence in dossier.summary:
        yield from text(sentence, BODY, above=2)
    yield from part_title(dossier.contents_title)
    for section in dossier.sections:
        yield _entry(section, numbers)


def _entry(section: Section, numbers: Mapping[str, int]) -> Strip:
    """Return a line of the list of contents; its page is known when it is drawn."""
    line = lines_in(section.title, _ENTRY, ROOM - 60, 1)[0]

    def draw(sheet: Sheet, top: float) -> None:
        number = str(numbers.get(section.key, ""))
        sheet.text(LEFT, top, line, _ENTRY)
        sheet.text(LEFT + ROOM, top, number, _PAGE, right=True)
        start, end = LEFT + _ENTRY.width(line) + 6, LEFT + ROOM - _PAGE.width(number) - 6
        if end > start:
            sheet.line([(start, top - 10.5), (end, top - 10.5)], thick=0.4)
        sheet.jump(section.key, LEFT, top, ROOM, _ENTRY.leading)

    return Strip(height=_ENTRY.leading, draw=draw)


def _section(section: Section, darkroom: Darkroom, words: Mapping[str, str]) -> Iterator[Strip]:
    yield from section_title(section.title, section.key)
    for number, said in enumerate(section.says):
        yield from text(said, BODY, keep=number == len(section.says) - 1 and bool(section.blocks))
    for number, block in enumerate(section.blocks):
        yield from _block(block, darkroom, words, f"{section.key}-{number}")


def _block(block: Block, darkroom: Darkroom, words: Mapping[str, str], key: str) -> Iterator[Strip]:
    match block:
        case Facts():
            yield from part_title(block.title, key=key)
            yield from facts(block.facts)
        case Table():
            yield from part_title(block.title, key=key)
            yield from table(block)
        case Pictures():
            for one in block.pictures:
                yield from picture(one, darkroom, words)
            if block.note:
                yield from text(block.note, SMALL, above=3)
        case Words():
            yield from part_title(block.title, key=key)
            for line in block.lines:
                yield from warning(line) if block.tone == "warning" else text(line, BODY, above=2)
        case _:
            yield from journey(block, darkroom, words, key)
