"""The overview and the management report, as pages; the report also as a file.

GET  /overview      period or from and to, brand
GET  /report        the same; with format (html, md, csv, json) a file to take away
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from board.kept import Answer
from board.overview.asking import NAMED, Asking, asking, usual
from board.overview.figures import report_of, standing_of
from board.overview.now import Now, now_of
from board.paper import page
from board.refused import told_in
from board.ways import Asked, Way
from desk.reports.by_source import by_source
from desk.reports.document import Document, Section, document
from desk.reports.forms import FORMATS, Form, encoded, written
from desk.reports.period import NoPeriod
from desk.reports.report import Report
from desk.reports.sections import SECTIONS, carriers, precision, sight, sources, times, volume
from desk.reports.words import Words, words

SHOWN: tuple[Callable[[Report, Words], Section], ...] = (volume, by_source, precision, times, carriers, sight, sources)
TYPES: dict[Form, str] = {
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What can be chosen, and what is."""

    asking: Asking
    path: str
    wrong: str  # why what was asked for cannot be shown; "" where it can
    names: tuple[str, ...] = NAMED

    @property
    def again(self) -> str:
        """The address of this page."""
        return self.asking.address(self.path)


def overview(asked: Asked) -> Response:
    """Show figures of a period, and how everything stands."""
    choice = _choice(asked, "/overview")
    made = None if choice.wrong else report_of(asked.board, choice.asking)
    stands = standing_of(asked.board)
    now: Answer[Now] | None = None
    if stands is not None:
        now = Answer(value=now_of(stands.value, asked), at=stands.at)
    return page(
        asked,
        "overview/overview.html.j2",
        status=422 if choice.wrong else 200,
        choice=choice,
        doc=_document(made, asked, SHOWN),
        at=made.at if made else None,
        now=now,
    )


def report(asked: Asked) -> Response:
    """Show the management report, or give it as a file."""
    choice = _choice(asked, "/report")
    made = None if choice.wrong else report_of(asked.board, choice.asking)
    form = next((form for form in FORMATS if form == asked.query.get("format")), None)
    if form is not None and made is not None:
        return _file(made.value, form, asked)
    return page(
        asked,
        "overview/report.html.j2",
        status=422 if choice.wrong else 200,
        choice=choice,
        doc=_document(made, asked, SECTIONS),
        at=made.at if made else None,
        formats=FORMATS,
    )


def _choice(asked: Asked, path: str) -> Choice:
    try:
        return Choice(asking=asking(asked), path=path, wrong="")
    except NoPeriod as error:
        return Choice(asking=usual(asked), path=path, wrong=told_in(asked.words.language, str(error)).rstrip("。"))


def _document(
    made: Answer[Report] | None, asked: Asked, sections: tuple[Callable[[Report, Words], Section], ...]
) -> Document | None:
    if made is None:
        return None
    doc = document(made.value, words(asked.words.language), sections)
    return replace(doc, sections=tuple(one for one in doc.sections if one.tables or one.says))


def _file(made: Report, form: Form, asked: Asked) -> Response:
    period = made.now.period
    brand = f"-{made.brand}" if made.brand else ""
    name = f"mekiki{brand}-{period.first}-{period.last}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox"}
    text = written(made, form, asked.words.language)
    return Response(encoded(text, form), headers=headers, media_type=TYPES[form])


WAYS = (Way(path="/overview", does=overview, slow=True), Way(path="/report", does=report, slow=True))
