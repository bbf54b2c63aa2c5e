"""The plain formats of feeds -> rows: CSV, JSON lines, URL lists (`feed_xml` reads RSS, Atom and RDF).

A reader yields (line number, row), the row's values by column name, or (line number, why) for a line that cannot be
used; the lines after it are read all the same.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from typing import Any

import msgspec

Row = dict[str, Any]
_LONGEST_FIELD = 131_072  # characters
_LONGEST_RECORD = 262_144
_RESTARTS = 200  # after unclosed quotes; each may read a whole record again
_URL_START = re.compile(r"(?i)\s*h(?:tt|xx)ps?\W{0,3}:")
_TOKEN = re.compile(r"[^\s;|\"'<>]{4,8192}")
_DOT = re.compile(r"(?i)[^\s,](?:[.。．]|\[\.\]|\(\.\)|\[dot\])[^\s,]")
_HOSTS_FILE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+(\S+)")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//).*")


def detect(text: str) -> str:
    """Return "rss", "jsonl", "urls" or "csv" by how the text begins."""
    head = text[:65536].lstrip("\ufeff \t\r\n")
    if head.startswith("<"):
        return "rss"
    if head.startswith("{"):
        return "jsonl"
    lines = (_COMMENT.sub("", line).strip() for line in head.splitlines())
    first = list(islice(filter(None, lines), 5))
    return "urls" if all(_url_like(line) or _HOSTS_FILE.fullmatch(line) for line in first) else "csv"


def _url_like(entry: str) -> bool:
    """Tell whether this is one word with a dot, and no row of a table."""
    commas_belong = "," not in entry.partition("/")[0] and not re.search(r",(?:h(?:tt|xx)ps?:|\d{4}[-/])", entry)
    return commas_belong and _TOKEN.fullmatch(entry) is not None and _DOT.search(entry) is not None


def read_csv(text: str, delimiter: str, needed: Iterable[str]) -> Iterator[tuple[int, Row | str]]:
    """Yield the rows of a table whose first line names the columns.

    A first line that holds a URL is no header; the columns are then called "1", "2" and so on.

    Raises:
        ValueError: a needed column is not there.
    """
    header: list[str] = []
    for line, cells in _records(text.replace("\x00", "\ufffd"), delimiter):
        if isinstance(cells, str):
            yield line, cells
            continue
        if not header:
            named = not any(_URL_START.match(cell) for cell in cells)
            header = [cell.strip() if named and cell.strip() else str(at) for at, cell in enumerate(cells, 1)]
            if missing := [name for name in needed if name not in header]:
                raise ValueError(f"there is no column {missing[0]!r}; the columns are {', '.join(header)[:500]}")
            if named:
                continue
        yield line, dict(zip(header, cells, strict=True))


class _Lines:
    """Lines for a csv.reader, with a limit on what one record may swallow."""

    def __init__(self, text: str) -> None:
        self.lines = list(StringIO(text, newline=""))
        self.position = 0
        self.left = _LONGEST_RECORD

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position >= len(self.lines):
            raise StopIteration
        if self.left <= 0:
            raise csv.Error(f"record larger than {_LONGEST_RECORD}")
        line = self.lines[self.position]
        self.position += 1
        self.left -= len(line)
        return line

    def quote_open(self, start: int) -> bool:
        """Tell whether the file ends inside a quote that a record of several lines opened."""
        several = self.position - start > 1 and self.position == len(self.lines)
        return several and sum(line.count('"') for line in self.lines[start:]) % 2 == 1


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (first line, cells); every record has as many cells as the first.

    A quote that is not closed swallows the lines after it. So after an unusable record of several lines, reading goes
    on at its second line.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    source = _Lines(text)
    reader = csv.reader(source, delimiter=delimiter)
    width, restarts = 0, _RESTARTS
    while source.position < len(source.lines):
        start, source.left = source.position, _LONGEST_RECORD
        cells: list[str] = []
        try:
            cells = next(reader)
            why = "a quote is not closed" if source.quote_open(start) else ""
        except StopIteration:
            return
        except csv.Error as error:
            why = str(error)
        while width and len(cells) > width and not cells[-1].strip():
            cells.pop()
        if not why and width and any(cells) and len(cells) != width:
            why = f"{len(cells)} columns instead of {width}"
        if why:
            yield start + 1, why
            if source.position - start > 1 and restarts:
                source.position = start + 1
                restarts -= 1
        elif any(cells):
            width = width or len(cells)
            yield start + 1, cells


def read_json_lines(text: str) -> Iterator[tuple[int, Row | str]]:
    """Yield one object for each line that is not blank."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            yield number, f"no JSON object: {error}"


def read_urls(text: str) -> Iterator[tuple[int, Row | str]]:
    """Yield {"url", "line"} for each line; blank lines and comments are skipped, hosts files are understood."""
    for number, line in enumerate(text.splitlines(), 1):
        entry = _COMMENT.sub("", line).strip()
        if hosts := _HOSTS_FILE.fullmatch(entry):
            entry = hosts[1]
        if not entry:
            continue
        if _url_like(entry):
            yield number, {"url": entry} if entry == line else {"url": entry, "line": line}
        else:
            yield number, "no URL"


def at_path(row: Row, path: str) -> Any:
    """Return the value under a column name or a dotted path (`ad.images.0.url`), None when there is none."""
    if path in row:
        return row[path]
    value: Any = row
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and len(step) < 7 and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
