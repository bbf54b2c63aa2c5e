"""The forms in which a report leaves: HTML and Markdown for people, CSV and JSON for machines."""

from typing import Literal, get_args

from desk.reports.document import document
from desk.reports.html import report_html
from desk.reports.report import Report
from desk.reports.sections import SECTIONS
from desk.reports.text import report_csv, report_json, report_markdown
from desk.reports.words import Language, words

Form = Literal["html", "md", "csv", "json"]
FORMATS: tuple[Form, ...] = get_args(Form)


def written(made: Report, form: Form, language: Language) -> str:
    """Return a report in a form."""
    if form == "json":
        return report_json(made)
    told = words(language)
    doc = document(made, told, SECTIONS)
    match form:
        case "html":
            return report_html(doc)
        case "csv":
            return report_csv(doc, told)
    return report_markdown(doc)


def encoded(text: str, form: Form) -> bytes:
    """Return the bytes of its file; spreadsheets want a mark in front."""
    return text.encode("utf-8-sig" if form == "csv" else "utf-8")
