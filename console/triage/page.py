"""One case laid out for the terminal at hand: one column, or two where there is room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from console.picture import Drawing
from console.show import DECISION_STYLE, moment
from console.triage.layout import Fitted, Line, Section, beside, fitted
from console.triage.sections import standing_of, words_of
from desk.dossier import Dossier
from desk.inert import inert
from storage.actions import UNJUDGED

TWO_COLUMNS = 130  # columns of a terminal from which on there are two
GAP = 3
LEAST_ROWS = 5  # of a picture; a smaller one tells nothing
MOST_ROWS = 30
PICTURE_RANK = 4
NO_LIMIT = 10_000  # rows of a page that is printed

Draw = Callable[[int, int], tuple[Drawing, str] | None]  # most columns and rows -> picture and what it shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Lines for a terminal, and what draws over them."""

    lines: tuple[Line, ...]
    commands: tuple[tuple[int, int, str], ...] = ()  # line, column, escape sequence
    cut: int = 0  # lines that had no room; [o]pen shows them


def case_heading(dossier: Dossier, now: datetime) -> list[Text]:
    """Return two lines: where a case stands, and what it is about."""
    detail = dossier.detail
    line = Text.assemble(
        (f"Case {detail.id}", "bold"), "  ", (detail.decision, DECISION_STYLE[detail.decision]), f" {detail.score:.2f}"
    )
    line.append(f"  priority {detail.priority:.2f}  {detail.brand}  ")
    line.append(detail.state, "" if detail.state == "open" else "bold magenta")
    if detail.due_at is not None and detail.state in UNJUDGED:
        late = detail.due_at <= now
        line.append(f"  due {moment(detail.due_at)}", "bold red" if late else "")
    if detail.assignee:
        line.append(f"  @{inert(detail.assignee, limit=20)}", "cyan")
    for tag in detail.tags:
        line.append(f"  #{inert(tag, limit=20)}", "cyan")
    return [line, Text(inert(detail.title, limit=200), "bold")]


def case_screen(dossier: Dossier, console: Console, draw: Draw, *, width: int, rows: int, now: datetime) -> Page:
    """Lay a case out in so many columns and rows; what has no room is counted."""
    heading = [console.render_lines(line, console.options.update(width=width), pad=False)[0]
               for line in case_heading(dossier, now)]  # fmt: skip
    body = max(1, rows - len(heading))
    if width >= TWO_COLUMNS:
        side = (width - GAP) * 2 // 5
        left_width = width - GAP - side
        right = [*_picture(draw, console, side, min(MOST_ROWS, body // 2)), *standing_of(dossier, console, side)]
        one = fitted(words_of(dossier, console, left_width), body, left_width)
        two = fitted(right, body, side)
        lines, commands = beside(one, two, left_width, GAP)
        return _page(heading, lines, commands, one.cut + two.cut)
    words, standing = words_of(dossier, console, width), standing_of(dossier, console, width)
    picture = _picture(draw, console, width, min(MOST_ROWS, max(LEAST_ROWS, body * 2 // 5)))
    column: Fitted = fitted([*words[:1], *picture, *words[1:], *standing], body, width)
    return _page(heading, column.lines, [(row, 0, command) for row, command in column.commands], column.cut)


def _page(heading: Sequence[Line], lines: Sequence[Line], commands: Sequence[tuple[int, int, str]], cut: int) -> Page:
    below = len(heading)
    placed = tuple((row + below, column, command) for row, column, command in commands)
    return Page(lines=(*heading, *lines), commands=placed, cut=cut)


def _picture(draw: Draw, console: Console, columns: int, rows: int) -> list[Section]:
    if rows < LEAST_ROWS or (found := draw(columns, rows - 1)) is None:
        return []
    drawing, caption = found
    if drawing.blocks is not None:
        options = console.options.update(width=columns, height=None)
        lines = console.render_lines(drawing.blocks, options, pad=False)[: drawing.rows]
    else:
        lines = [[Segment(" ")] for _ in range(drawing.rows)]
    told: Line = [Segment(caption, Style(dim=True))]
    section = Section(name="picture", lines=[*lines, told], rank=PICTURE_RANK, whole=True, command=drawing.command)
    return [section]
