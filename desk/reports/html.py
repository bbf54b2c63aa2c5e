"""Document -> one HTML file that opens offline: no script, nothing from elsewhere, ready to be printed on A4."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk.reports.document import Document

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def report_html(document: Document) -> str:
    """Return the page."""
    return _templates.get_template("report.html.j2").render(doc=document)
