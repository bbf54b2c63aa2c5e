"""The journey as a drawing: from the ad over every hop to where people are led, one lane for each visitor."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from takedown.bundle.dossier import Column, Fact, Journey, Step, Table, Way
from takedown.bundle.paper import ACCENT, ALARM, INK, LEFT, MUTED, ROOM, RULE, Mark, Sheet, Strip, Style
from takedown.bundle.pdf_parts import SMALL, facts, lines_in, part_title, space, table, text
from takedown.bundle.pdf_pictures import Darkroom, picture

MOST_BOXES = 12  # of one lane: the middle of a longer way is left to the table
_LABEL = 84.0  # width of a lane's name
_ACROSS = 5  # boxes beside each other
_ARROW = 13.0
_BOX = (ROOM - _LABEL - (_ACROSS - 1) * _ARROW) / _ACROSS
_HOW = Style(size=6.4, leading=8.4, colour=MUTED)
_HOST = Style(size=7, leading=9.2)
_STATUS = Style(size=6.8, leading=9, bold=True)
_NAME = Style(size=8.4, leading=11.5, bold=True)
_SAYS = Style(size=7.2, leading=9.8)
_TOGETHER = 4  # lanes that no page break divides: they are to be compared
_LINES = 4  # of a host in a box
# Fill, edge, dashed: told apart without colours, too.
_LOOKS: Final[Mapping[str, tuple[str | None, str, bool]]] = {
    "source": ("#eef2f6", MUTED, False),
    "step": (None, RULE, False),
    "offer_seen": ("#fdf3f2", ALARM, False),
    "differs": ("#fdf3f2", ALARM, False),
    "blocked": (None, INK, True),
    "could_not_tell": (None, INK, True),
    "gone": ("#f3f5f7", MUTED, True),
    "leads": ("#e8f2f9", ACCENT, False),
    "more": (None, "#ffffff", False),
}
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*:/{2,}([^/\\?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    look: str
    above: str
    words: str
    below: str = ""


def journey(content: Journey, darkroom: Darkroom, words: Mapping[str, str], key: str) -> Iterator[Strip]:
    """Yield the drawing of a journey, then every step of every visitor with the proof of it."""
    yield from part_title(content.title, key=key)
    if content.link not in content.title:
        yield from facts([Fact(label=words["link"], text=content.link, code=True)], keep=True)
    yield space(6, keep=True)
    for number, way in enumerate(content.ways):
        together = number < len(content.ways) - 1 and len(content.ways) <= _TOGETHER
        yield from _lane(content, way, words, keep=together)
    if content.note:
        yield from text(content.note, SMALL, above=3)
    for number, way in enumerate(content.ways):
        yield from _way(way, words, f"{key}-{number}")
    for way in content.ways:
        if way.screenshot is not None:
            yield from picture(way.screenshot, darkroom, words)


def host(url: str) -> str:
    """Return the host that a URL, made inert or not, names; the whole of it where it names none."""
    found = _AUTHORITY.match(url)
    return found[1] if found is not None and found[1] else url


def _lane(content: Journey, way: Way, words: Mapping[str, str], *, keep: bool) -> Iterator[Strip]:
    boxes = list(_boxes(content, way, words))
    rows = [boxes[start : start + _ACROSS] for start in range(0, len(boxes), _ACROSS)]
    names = lines_in(way.visitor, _NAME, _LABEL - 8, 2)
    said = lines_in(way.says, _SAYS, _LABEL - 8, 6)
    label = len(names) * _NAME.leading + len(said) * _SAYS.leading
    for number, row in enumerate(rows):
        height = max(map(_height, row))
        whole = max(height, label + 4) if number == 0 else height
        last = number == len(rows) - 1

        def draw(
            sheet: Sheet,
            top: float,
            row: Sequence[_Box] = row,
            height: float = height,
            first: bool = number == 0,
            last: bool = last,
        ) -> None:
            if first:
                sheet.line([(LEFT, top + 5), (LEFT + ROOM, top + 5)])
                y = top
                for style, lines in ((_NAME, names), (_SAYS, said)):
                    for line in lines:
                        sheet.text(LEFT, y, line, style)
                        y -= style.leading
            x = LEFT + _LABEL
            for place, box in enumerate(row):
                _draw_box(sheet, x, top, height, box)
                if place or not first:
                    sheet.arrow(x - _ARROW + 1.5, top - height / 2, x - 1)
                x += _BOX + _ARROW
            if not last:
                sheet.line(
                    [(x - _ARROW + 1.5, top - height / 2), (x - _ARROW + 5, top - height / 2)], colour=INK, thick=0.9
                )

        yield Strip(height=whole + 8, draw=draw, above=6 if number == 0 else 0, keep=keep if last else len(rows) <= 3)


def _boxes(content: Journey, way: Way, words: Mapping[str, str]) -> Iterator[_Box]:
    yield _Box(look="source", above="", words=content.source)
    steps = list(way.steps)
    left_out = max(0, len(steps) - MOST_BOXES)
    kept = MOST_BOXES // 2
    for place, step in enumerate(steps):
        if left_out and kept <= place < kept + left_out:
            if place == kept:
                yield _Box(look="more", above="…", words=words["more_steps"].format(count=left_out))
            continue
        yield _Box(
            look=way.outcome if place == len(steps) - 1 else "step",
            above=f"{step.number}  {step.how}",
            words=host(step.url),
            below=step.answer if step.status is None else str(step.status),
        )
    for lead in way.leads[:MOST_BOXES]:
        yield _Box(look="leads", above=words["leads"], words=lead)


def _parts(box: _Box) -> tuple[tuple[Style, list[str]], ...]:
    room = _BOX - 9
    return (
        (_HOW, lines_in(box.above, _HOW, room, 2) if box.above else []),
        (_HOST, lines_in(box.words, _HOST, room, _LINES)),
        (_STATUS, lines_in(box.below, _STATUS, room, 2) if box.below else []),
    )


def _height(box: _Box) -> float:
    return 9 + sum(len(lines) * style.leading for style, lines in _parts(box))


def _draw_box(sheet: Sheet, x: float, top: float, height: float, box: _Box) -> None:
    fill, edge, dashed = _LOOKS[box.look]
    heavy = 1.3 if box.look in ("offer_seen", "differs", "blocked", "could_not_tell", "leads") else 0.8
    sheet.box(x, top, _BOX, height, fill=fill, stroke=edge, thick=heavy, dashed=dashed, round_=2.5)
    parts = _parts(box)
    y = top - (4 if box.above else (height - sum(len(lines) * style.leading for style, lines in parts)) / 2)
    for style, lines in parts:
        for line in lines:
            sheet.text(x + 4.5, y, line, style)
            y -= style.leading


def _way(way: Way, words: Mapping[str, str], key: str) -> Iterator[Strip]:
    first = True
    for strip in part_title(f"{way.visitor}: {way.says}"):
        mark = Mark(key=key, title=f"{way.visitor}: {way.says}", level=2) if first else None
        yield Strip(height=strip.height, draw=strip.draw, above=strip.above, keep=True, mark=mark)
        first = False
    told = [
        Fact(label=words["visitor"], text=way.how),
        Fact(label=words["began"], text=way.at),
        Fact(label=words["why"], text=way.why),
        Fact(label=words["page_title"], text=way.title),
        Fact(label=words["page_words"], text=way.words),
        Fact(label=words["hand_off"], text="\n".join(way.leads)),
        Fact(label=words["proof"], text=way.manifest or "", code=True),
    ]
    yield from facts([fact for fact in told if fact.text])
    yield space(4)
    yield from table(_steps(way.steps, words))
    yield from facts([Fact(label=words["certificates"], text=one, code=True) for one in _certificates(way.steps)])


def _certificates(steps: Sequence[Step]) -> Iterator[str]:
    """Yield each certificate after the first and the last number of the steps that showed it one after the other."""
    for certificate, several in groupby(steps, lambda step: step.certificate):
        numbers = [step.number for step in several]
        if certificate:
            yield f"{numbers[0]}-{numbers[-1]}: {certificate}" if len(numbers) > 1 else f"{numbers[0]}: {certificate}"


def _steps(steps: Sequence[Step], words: Mapping[str, str]) -> Table:
    return Table(
        columns=(
            Column(title=words["number"], width=3, number=True),
            Column(title=words["how"], width=9),
            Column(title=words["address"], width=30, code=True),
            Column(title=words["time"], width=17),
            Column(title=words["answer"], width=10),
            Column(title=words["server"], width=14, code=True),
        ),
        rows=tuple(
            (
                str(step.number),
                step.how,
                step.url,
                step.at,
                step.answer or words["no_answer"],
                "\n".join(part for part in (step.address, step.server) if part),
            )
            for step in steps
        ),
    )
