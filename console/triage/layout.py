"""Fit what is known of a case to the lines and columns of a terminal: the weighty first, what is cut says so."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style

Line = list[Segment]
LABEL = 9  # columns of the names of sections; a longer one takes what it needs
USUAL = 6  # lines of a section before the others have had theirs
_DIM = Style(dim=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One thing about a case, in lines."""

    name: str
    lines: Sequence[Line]
    rank: int  # 0 is what nobody can judge without
    least: int = 1  # lines without which it says nothing
    whole: bool = False  # all lines or none: a picture
    command: str = ""  # escape sequence that draws over its lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Lines, and where sections begin that draw over theirs."""

    lines: tuple[Line, ...]
    commands: tuple[tuple[int, str], ...] = ()  # line, escape sequence
    cut: int = 0  # lines that had no room


def room_beside(name: str, width: int) -> int:
    """Return the columns that a value has beside its name."""
    return max(8, width - _indent(name))


def labelled(console: Console, name: str, value: RenderableType, width: int) -> list[Line]:
    """Return lines of a value beside its name."""
    indent = _indent(name)
    options = console.options.update(width=room_beside(name, width), height=None)
    body = console.render_lines(value, options, pad=False)
    return [[Segment(f"{name if number == 0 else '':<{indent}}", _DIM), *line] for number, line in enumerate(body)]


def _indent(name: str) -> int:
    return max(LABEL, len(name) + 1)


def fitted(sections: Sequence[Section], rows: int, width: int) -> Fitted:
    """Give each section, by rank, the lines that it needs at least, then the usual, then all, until `rows` are full."""
    given = dict.fromkeys(range(len(sections)), 0)
    ranked = sorted(given, key=lambda number: (sections[number].rank, number))
    for most in (None, USUAL, rows):
        for number in ranked:
            section = sections[number]
            wanted = len(section.lines) if section.whole else min(len(section.lines), most or section.least)
            room = rows - sum(given.values()) + given[number]
            if section.whole and wanted > room:
                continue
            given[number] = max(given[number], min(wanted, room))
    lines: list[Line] = []
    commands: list[tuple[int, str]] = []
    cut = 0
    for number, section in enumerate(sections):
        shown, left = given[number], len(section.lines) - given[number]
        if section.command and shown:
            commands.append((len(lines), section.command))
        lines += section.lines[:shown]
        cut += left
        if shown and left:
            lines[-1] = _cut(lines[-1], f" … +{left}", width)
    return Fitted(lines=tuple(lines), commands=tuple(commands), cut=cut)


def beside(left: Fitted, right: Fitted, width: int, gap: int) -> tuple[list[Line], list[tuple[int, int, str]]]:
    """Put two columns beside each other; return lines, and line, column, escape sequence of what draws over them."""
    rows = max(len(left.lines), len(right.lines))
    lines = []
    for number in range(rows):
        first = left.lines[number] if number < len(left.lines) else []
        second = right.lines[number] if number < len(right.lines) else []
        lines.append([*Segment.adjust_line_length(first, width), Segment(" " * gap), *second])
    places = [(row, 0, command) for row, command in left.commands]
    return lines, places + [(row, width + gap, command) for row, command in right.commands]


def _cut(line: Line, mark: str, width: int) -> Line:
    return [*Segment.adjust_line_length(line, max(0, min(width - len(mark), Segment.get_line_length(line))), pad=False),
            Segment(mark, _DIM)]  # fmt: skip
