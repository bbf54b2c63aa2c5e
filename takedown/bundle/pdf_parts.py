"""Parts of a page as strips: headings, paragraphs, facts, tables, figures, warnings. Each takes plain text."""

import re
from collections.abc import Iterator, Sequence

from takedown.bundle.dossier import Column, Fact, Table, Tile
from takedown.bundle.paper import ACCENT, ALARM, INK, LEFT, MUTED, ROOM, RULE, Draw, Mark, Sheet, Strip, Style

BODY = Style()
SMALL = Style(size=7.8, leading=11.4, colour=MUTED)
CELL = Style(size=8, leading=11.6)
CODE = Style(size=7, leading=11.6, mono=True)
HEAD = Style(size=7.8, leading=11, colour=MUTED)
TITLE = Style(size=18, leading=25, bold=True)
SUBJECT = Style(size=11.5, leading=17)
SECTION = Style(size=13, leading=19, bold=True)
PART = Style(size=10, leading=15, bold=True)
MOST_LINES = 300  # of one paragraph; of a longer one the bundle has it all
MOST_CELL_LINES = 40  # of one cell of a table, one fact, one warning
_NARROW = 0.4  # of its size is a letter wide at least, on average over a line
_TOGETHER = 12  # lines of a row or fact that no page break divides
_SMALL = 5  # rows of a table that no page break divides
_GAP = 9.0  # between columns
_SHORT = 12  # characters of a text that stays on one line
_FIGURES = re.compile(r"(?<![^\s])[0-9][0-9:+.,-]{1,18}(?![^\s])")  # dates, times, amounts


def text(
    words: str,
    style: Style = BODY,
    *,
    above: float = 0,
    keep: bool = False,
    left: float = 0,
    room: float = ROOM,
    most: int = MOST_LINES,
) -> Iterator[Strip]:
    """Yield the lines of a text, so that no page begins or ends with a single line of several."""
    lines = lines_in(words, style, room, most)
    for number, line in enumerate(lines):
        near_an_end = number == 0 or number == len(lines) - 2
        yield Strip(
            height=style.leading,
            draw=line_at(LEFT + left, line, style),
            above=above if number == 0 else 0,
            keep=keep if number == len(lines) - 1 else (keep and len(lines) <= _TOGETHER) or near_an_end,
        )


def lines_in(words: str, style: Style, room: float, most: int = MOST_CELL_LINES) -> list[str]:
    """Return the lines of a text in a column; one that would fill a book ends in `… (+N)`, N characters more."""
    first = most * (1 + int(room / (style.size * _NARROW)))
    lines, left = style.lines(words[:first], room), len(words) - first
    if len(lines) > most:
        left = max(0, left) + sum(map(len, lines[most:]))
        lines = lines[:most]
    return lines if left <= 0 else [*lines, f"… (+{left:,})"]


def line_at(x: float, line: str, style: Style) -> Draw:
    """Return what draws one line."""
    return lambda sheet, top: sheet.text(x, top, line, style)


def section_title(words: str, key: str) -> Iterator[Strip]:
    """Yield the heading of a section, with a rule above it, named in the bookmarks."""
    lines = lines_in(words, SECTION, ROOM, 4)

    def draw(sheet: Sheet, top: float) -> None:
        sheet.line([(LEFT, top), (LEFT + ROOM, top)], colour=INK, thick=1.4)
        for number, line in enumerate(lines):
            sheet.text(LEFT, top - 7 - number * SECTION.leading, line, SECTION)

    height = 7 + len(lines) * SECTION.leading + 4
    yield Strip(height=height, draw=draw, above=24, keep=True, mark=Mark(key=key, title=words))


def part_title(words: str, *, key: str = "", level: int = 1) -> Iterator[Strip]:
    """Yield a heading within a section, named in the bookmarks where it has a key."""
    if not words:
        return
    first = True
    for strip in text(words, PART, keep=True):
        mark = Mark(key=key, title=words, level=level) if key and first else None
        above = 13.0 if first else 0.0
        yield Strip(height=strip.height, draw=strip.draw, above=above, keep=True, mark=mark)
        first = False
    yield space(2, keep=True)


def space(height: float, *, keep: bool = False) -> Strip:
    """Return an empty strip."""
    return Strip(height=height, draw=lambda sheet, top: None, keep=keep)


def facts(
    rows: Sequence[Fact], *, label: float = 96, most: int = MOST_CELL_LINES, keep: bool = False
) -> Iterator[Strip]:
    """Yield names in a column of a width, and what stands there beside them."""
    together = len(rows) <= _TOGETHER
    for number, fact in enumerate(rows):
        style = CODE if fact.code else CELL
        names = lines_in(fact.label, SMALL, label - _GAP)
        values = lines_in(fact.text, style, ROOM - label, most)
        cells = [(LEFT, names, SMALL, False), (LEFT + label, values, style, False)]
        for strip in _row(cells, CELL.leading, below=1.4):
            more = number < len(rows) - 1
            yield Strip(height=strip.height, draw=strip.draw, keep=strip.keep or (together if more else keep))


def table(content: Table) -> Iterator[Strip]:
    """Yield a table; where it goes on, a page begins with the titles of its columns."""
    if not content.rows:
        return
    widths = _widths(content)
    places = [LEFT + sum(widths[:number]) + number * _GAP for number in range(len(widths))]
    titles = _titles(content.columns, widths, places)
    small = len(content.rows) <= _SMALL
    yield titles
    for number, row in enumerate(content.rows):
        cells = []
        for column, words, x, width in zip(content.columns, row, places, widths, strict=True):
            style = CODE if column.code else CELL
            cells.append((x + width if column.number else x, lines_in(words, style, width), style, column.number))
        for strip in _row(cells, CELL.leading, below=4, rule=True):
            yield Strip(
                height=strip.height,
                draw=strip.draw,
                keep=strip.keep or (number < len(content.rows) - 1 and (small or number == len(content.rows) - 2)),
                again=titles,
            )
    if content.note:
        yield from text(content.note, SMALL, above=3)


def _widths(content: Table) -> list[float]:
    """Return the widths of columns: by their shares, but wide enough for titles, dates, figures and short words."""
    room = ROOM - _GAP * (len(content.columns) - 1)
    shares = [float(max(1, column.width)) for column in content.columns]
    most = room / len(shares)
    least = [min(most, _needed(content, number)) for number in range(len(shares))]
    widths = [room * share / sum(shares) for share in shares]
    short = sum(max(0.0, low - width) for low, width in zip(least, widths, strict=True))
    spare = [max(0.0, width - low) for low, width in zip(least, widths, strict=True)]
    give = short / sum(spare) if sum(spare) else 0.0
    return [max(low, width - more * give) for low, width, more in zip(least, widths, spare, strict=True)]


def _needed(content: Table, number: int) -> float:
    """Return a width that tears nothing short apart."""
    column = content.columns[number]
    title = max(map(HEAD.width, HEAD.lines(column.title[:40], 1)))
    style = CODE if column.code else CELL
    words = {
        word
        for row in content.rows
        for word in ([row[number]] if len(row[number]) <= _SHORT else _FIGURES.findall(row[number][:200]))
    }
    return max([title, *(style.width(line) for word in words for line in style.lines(word, ROOM))]) + 1


def _titles(columns: Sequence[Column], widths: Sequence[float], places: Sequence[float]) -> Strip:
    lines = [lines_in(column.title, HEAD, width, 4) for column, width in zip(columns, widths, strict=True)]
    rows = max(map(len, lines))

    def draw(sheet: Sheet, top: float) -> None:
        for column, titles, x, width in zip(columns, lines, places, widths, strict=True):
            for number, line in enumerate(titles):
                at = top - 3 - (rows - len(titles) + number) * HEAD.leading
                sheet.text(x + width if column.number else x, at, line, HEAD, right=column.number)
        floor = top - 3 - rows * HEAD.leading - 2
        sheet.line([(LEFT, floor), (LEFT + ROOM, floor)], colour=MUTED, thick=0.9)

    return Strip(height=rows * HEAD.leading + 7, draw=draw, above=5, keep=True)


_Cell = tuple[float, list[str], Style, bool]  # x, lines, how, whether it ends at x


def _row(cells: Sequence[_Cell], leading: float, *, below: float, rule: bool = False) -> Iterator[Strip]:
    """Yield a row line by line; a short one stays whole."""
    rows = max(len(lines) for _, lines, _, _ in cells)
    for number in range(rows):
        last = number == rows - 1
        yield Strip(
            height=leading + (below if last else 0) + (2 if number == 0 else 0),
            draw=_row_line(cells, number, leading, rule=rule and last, below=below),
            keep=not last and (rows <= _TOGETHER or number in (0, rows - 2)),
        )


def _row_line(cells: Sequence[_Cell], number: int, leading: float, *, rule: bool, below: float) -> Draw:
    def draw(sheet: Sheet, top: float) -> None:
        top -= 2 if number == 0 else 0
        for x, lines, style, right in cells:
            if number < len(lines):
                sheet.text(x, top, lines[number], style, right=right)
        if rule:
            floor = top - leading - below + 1
            sheet.line([(LEFT, floor), (LEFT + ROOM, floor)])

    return draw


def tiles(figures: Sequence[Tile]) -> Iterator[Strip]:
    """Yield the figures that one sees first, three or four in a row."""
    gap, across = 8.0, 4 if len(figures) % 3 == 1 or len(figures) % 4 == 0 else 3
    width = (ROOM - gap * (across - 1)) / across
    large = Style(size=14, leading=19, bold=True)
    for start in range(0, len(figures), across):
        row = [
            (
                lines_in(one.label, SMALL, width - 18, 2),
                lines_in(one.value, large, width - 18, 2),
                lines_in(one.beside, SMALL, width - 18, 3) if one.beside else [],
            )
            for one in figures[start : start + across]
        ]
        height = 11 + max(
            len(label) * SMALL.leading + len(value) * large.leading + len(beside) * SMALL.leading
            for label, value, beside in row
        )

        def draw(sheet: Sheet, top: float, row: Sequence[Sequence[list[str]]] = row, height: float = height) -> None:
            for number, parts in enumerate(row):
                x = LEFT + number * (width + gap)
                sheet.box(x, top, width, height, stroke=RULE, thick=0.6)
                sheet.box(x, top, 3, height, fill=ACCENT)
                y = top - 5
                for style, lines in zip((SMALL, large, SMALL), parts, strict=True):
                    for line in lines:
                        sheet.text(x + 11, y, line, style)
                        y -= style.leading

        yield Strip(height=height, draw=draw, above=10 if start == 0 else gap)


def warning(words: str) -> Iterator[Strip]:
    """Yield what must not be overlooked, with a bar at its left."""
    lines = lines_in(words, CELL, ROOM - 16)
    for number, line in enumerate(lines):
        last, first = number == len(lines) - 1, number == 0

        def draw(sheet: Sheet, top: float, line: str = line, first: bool = first, last: bool = last) -> None:
            height = CELL.leading + (3 if first else 0) + (3 if last else 0)
            sheet.box(LEFT, top, ROOM, height, fill="#fdf3f2")
            sheet.box(LEFT, top, 3, height, fill=ALARM)
            sheet.text(LEFT + 11, top - (3 if first else 0), line, CELL)

        yield Strip(
            height=CELL.leading + (3 if first else 0) + (3 if last else 0),
            draw=draw,
            above=5 if first else 0,
            keep=not last and len(lines) <= _TOGETHER,
        )
