"""Rows for spreadsheets: CSV and XLSX in which no cell is a formula, whatever a stranger has written.

A spreadsheet runs what begins with `=`, `+`, `-` or `@`, some in full width too, and some after spaces, tabs, line
breaks or a quote; such text gets an apostrophe in front, which spreadsheets take for "this is text". Where the list
separator is `;`, Excel takes a CSV apart there, quotes or not, so what stands behind one is a beginning, too. Nothing
invisible gets in, nothing is a link (`desk.inert`), and a cell holds no more than a spreadsheet reads.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import xlsxwriter

from alerts.dialect import cut
from desk.inert import inert
from safety.screen import screen

Cell = str | int | float | datetime | None
LONGEST = 32_000  # UTF-16 units of a cell; Excel takes 32,767
WIDEST = 60  # characters of a column, as it is first shown
MOST_ROWS = 1_048_575  # of an XLSX sheet, below the heading
BREAK = " ⏎ "
_STARTS = frozenset("=+-@|−")  # as NFKC writes them; the last is the minus sign, U+2212
_SKIPPED = r"[\s'\"`]*"  # what programs take off before they look whether it is a formula
_BEGINNING = re.compile(rf"(?:\A|;){_SKIPPED}(?=([^\s'\"`;]))")


def safe(text: str, *, links: bool = False) -> str:
    """Return text of any content as a cell that stays text; `links` leaves addresses as they are."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    shown = cut((screen if links else inert)(BREAK.join(lines), limit=LONGEST), LONGEST)
    guarded = _BEGINNING.sub(_guarded, shown)
    return f"'{guarded}" if shown.startswith("'") and not guarded.startswith("''") else guarded


def _guarded(beginning: re.Match[str]) -> str:
    """Put an apostrophe before what would begin a formula."""
    if unicodedata.normalize("NFKC", beginning[1])[:1] not in _STARTS:
        return beginning[0]
    separator = beginning[0][:1] if beginning[0].startswith(";") else ""
    return f"{separator}'{beginning[0].removeprefix(separator)}"


def write_csv(out: IO[str], heading: Sequence[str], rows: Iterable[Sequence[Cell]], *, links: bool = False) -> int:
    """Write a heading and rows (RFC 4180); return how many rows.

    Args:
        out: opened with newline="" and, for Excel, the encoding utf-8-sig.
        heading: names of the columns.
        rows: one after another; none is kept.
        links: leave addresses as they are, for those who are to look them up.
    """
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(heading)
    count = 0
    for row in rows:
        writer.writerow([_plain(cell, links=links) for cell in row])
        count += 1
    return count


def write_xlsx(path: Path, heading: Sequence[str], rows: Iterable[Sequence[Cell]], *, name: str) -> int:
    """Write a heading and rows as one sheet, row by row in constant memory; return how many rows.

    Args:
        path: file to write; what is there is replaced.
        heading: names of the columns.
        rows: one after another; at most MOST_ROWS, the rest goes on in further sheets.
        name: of the sheet.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": path.parent}
    count = 0
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = None
        for row in rows:
            place = count % MOST_ROWS
            if sheet is None or place == 0:
                sheet = _sheet(book, f"{name} {1 + count // MOST_ROWS}" if count else name, heading, bold)
            count += 1
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(place + 1, column, safe(cell))
                elif isinstance(cell, datetime):
                    sheet.write_datetime(place + 1, column, cell.astimezone(UTC).replace(tzinfo=None), moment)
                elif cell is not None:
                    sheet.write_number(place + 1, column, cell)
        if sheet is None:
            _sheet(book, name, heading, bold)
    return count


def _sheet(
    book: xlsxwriter.Workbook, name: str, heading: Sequence[str], bold: xlsxwriter.format.Format
) -> xlsxwriter.worksheet.Worksheet:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(heading):
        sheet.set_column(column, column, min(WIDEST, max(12, 2 * len(title))))
        sheet.write_string(0, column, title, bold)
    return sheet


def _plain(cell: Cell, *, links: bool) -> str | int | float:
    if isinstance(cell, str):
        return safe(cell, links=links)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if cell is None else cell
