"""Document -> Markdown for people, CSV and JSON for machines."""

import io
import json
import re
from collections.abc import Iterator

import msgspec

from desk.reports.document import Document, Section, Table, Value
from desk.reports.report import Report
from desk.reports.words import Words
from desk.sheets import write_csv

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&])")  # `&` begins entities, which may be invisible characters


def report_markdown(document: Document) -> str:
    """Return the report as Markdown (CommonMark with tables)."""
    parts = [f"# {_plain(document.title)}", f"**{_plain(document.subject)}**"]
    parts.append("  \n".join(map(_plain, document.lines)))
    parts.append(f"## {_plain(document.short_title)}")
    parts.append("\n".join(f"- {_plain(line)}" for line in document.short))
    parts += [part for section in document.sections for part in _section(section)]
    parts.append(f"*{_plain(document.footer)}*")
    return "\n\n".join(parts) + "\n"


def report_csv(document: Document, words: Words) -> str:
    """Return one row for each figure: section, subject, figure, value, unit."""
    out = io.StringIO()
    heading = [words(f"csv.{name}") for name in ("section", "subject", "figure", "value", "unit")]
    write_csv(out, heading, (row for section in document.sections for row in _figures(section)))
    return out.getvalue()


def _figures(section: Section) -> Iterator[tuple[str, str, str, Value, str]]:
    for one in section.tables:
        title = section.title + (f" / {one.title}" if one.title else "")
        for row in one.rows:
            subject = row[0].text if row[0].value is None else str(row[0].value)
            for column, cell in list(zip(one.columns, row, strict=True))[1:]:
                if cell.value is not None:
                    yield title, subject, column.title, cell.value, cell.unit


def report_json(report: Report) -> str:
    """Return the figures themselves, as ASCII JSON."""
    return json.dumps(msgspec.to_builtins(report, enc_hook=str), ensure_ascii=True, indent=2) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"## {_plain(section.title)}", *map(_plain, section.says)]
    for one in section.tables:
        if one.title:
            parts.append(f"### {_plain(one.title)}")
        parts.append(_table(one))
        if one.note:
            parts.append("\n".join(f"- {_plain(line)}" for line in one.note.splitlines()))
    return parts


def _table(one: Table) -> str:
    lines = [_row([column.title for column in one.columns])]
    lines.append(_row(["---:" if column.number else "---" for column in one.columns], plain=True))
    lines += [_row([entry.text for entry in row]) for row in one.rows[: one.first]]
    return "\n".join(lines)


def _row(texts: list[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(texts if plain else map(_plain, texts))} |"


def _plain(text: str) -> str:
    """Take from a text what Markdown would read as markup."""
    return _MARKS.sub(r"\\\1", text)
