"""Report -> document: titles, sentences, tables and charts in one language, before it gets a form.

The one place where figures become words; HTML, Markdown and CSV show what stands here. Names that others chose are
made safe to show here, once.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from desk.reports.report import Report
from desk.reports.words import Words
from safety.screen import defang_text, screen

NAME_LIMIT = 60  # characters of a name that others chose
RAW_LIMIT = 400  # characters of it that are looked at

Value = int | float | str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a place of a table."""

    text: str  # as people read it
    value: Value = None  # as machines read it: counts, shares of 0-1, seconds; None where the text is all
    unit: str = ""  # "s" for seconds, "share", "share low", "share high", "at least s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    number: bool = True  # set to the right


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under titles; the first cell of a row names it."""

    title: str = ""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    first: int | None = None  # rows that people are shown; machines get all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report."""

    key: str
    title: str
    says: tuple[str, ...] = ()
    chart: Markup | None = None
    tables: tuple[Table, ...] = ()
    charts: tuple[Markup | None, ...] = ()  # one above each table, where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A figure that one sees first."""

    label: str
    value: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report in words."""

    language: str
    title: str
    subject: str  # brand, or all
    lines: tuple[str, ...]  # period, comparison, when it was made, what to beware of
    short: tuple[str, ...]  # what it comes to
    short_title: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    footer: str


def safe(name: str) -> str:
    """Make a name that others chose safe to show: one line, nothing invisible, no live link."""
    shown = defang_text(screen(name[:RAW_LIMIT]))
    return screen(shown, limit=NAME_LIMIT)


def table(
    titles: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    texts: Collection[int] = (0,),
    title: str = "",
    note: str = "",
    first: int | None = None,
) -> Table:
    """Make a table; the columns whose places are in `texts` hold words, the others numbers."""
    columns = tuple(Column(title=name, number=place not in texts) for place, name in enumerate(titles))
    return Table(title=title, columns=columns, rows=tuple(map(tuple, rows)), note=note, first=first)


def document(report: Report, words: Words, sections: Sequence[Callable[[Report, Words], Section]]) -> Document:
    """Put a report into words."""
    period, before = report.now.period, report.before.period
    zone = period.zone.key
    lines = [
        words("report.period", first=words.day(period.first), last=words.day(period.last), zone=zone)
        + words("report.separator")
        + words("report.compared", first=words.day(before.first), last=words.day(before.last)),
        words("report.made", at=words.moment(period.now.astimezone(period.zone)), zone=zone),
    ]
    if period.running:
        lines.append(words("report.running", until=words.moment(period.end.astimezone(period.zone))))
    if report.before.partial:
        lines.append(words("report.partial", first=words.day(before.first)))
    return Document(
        language=words.language,
        title=words("report.title"),
        subject=safe(report.names.get(report.brand, report.brand)) if report.brand else words("report.all_brands"),
        lines=tuple(lines),
        short_title=words("short.title"),
        short=tuple(_short(report, words)),
        tiles=tuple(_tiles(report, words)),
        sections=tuple(section(report, words) for section in sections),
        footer=words("report.footer"),
    )


def _short(report: Report, words: Words) -> list[str]:
    now, before = report.now.figures, report.before.figures
    volume, number = now.volume, words.number
    if not volume.opened and not volume.judged:
        lines = [words("short.quiet")]
    else:
        lines = [
            words(
                "short.cases",
                opened=number(volume.opened),
                before=number(before.volume.opened),
                judged=number(volume.judged),
                confirmed=number(volume.confirmed),
                dismissed=number(volume.dismissed),
            )
        ]
    judged, down = now.times["judgement"], now.times["down"]
    if judged.median is not None and judged.p90 is not None:
        form = "judged_slow" if judged.median.at_least else "judged_open" if judged.p90.at_least else "judged"
        half, most = (words.duration(quantile.seconds) for quantile in (judged.median, judged.p90))
        lines.append(words(f"short.{form}", median=half, p90=most))
        if judged.waiting:
            lines.append(words("short.waiting", waiting=number(judged.waiting)))
    if down.median is not None:
        form = "short.down_slow" if down.median.at_least else "short.down"
        lines.append(words(form, down=number(down.reached), median=words.duration(down.median.seconds)))
    if now.relapse.of:
        lines.append(words("short.relapse", back=number(now.relapse.part), down=number(now.relapse.of)))
    sight = report.now.sight
    if sight.unseen.part:
        lines.append(words("short.unseen", unseen=number(sight.unseen.part), visits=number(sight.visits)))
    if report.unwell:
        names = words("report.comma").join(health.source for health in report.unwell)
        lines.append(words("short.unwell", count=number(len(report.unwell)), names=names))
    if report.now.messages.dead:
        lines.append(words("short.dead", count=number(report.now.messages.dead)))
    return lines


def _tiles(report: Report, words: Words) -> list[Tile]:
    now, before = report.now.figures, report.before.figures

    def tile(key: str, value: str, earlier: str) -> Tile:
        return Tile(label=words(f"tiles.{key}"), value=value, before=words("tiles.before", value=earlier))

    number, share, time = words.number, words.share, words.time
    return [
        tile("opened", number(now.volume.opened), number(before.volume.opened)),
        tile("confirmed", number(now.volume.confirmed), number(before.volume.confirmed)),
        tile("judgement", time(now.times["judgement"].median), time(before.times["judgement"].median)),
        tile("down", time(now.times["down"].median), time(before.times["down"].median)),
        tile("precision", share(now.precision.all.value), share(before.precision.all.value)),
        tile("relapse", share(now.relapse.value), share(before.relapse.value)),
    ]
