"""Flagged items by day and source: which source finds how much, and when."""

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from desk.reports import charts
from desk.reports.charts import PARTS, Series
from desk.reports.document import Cell, Section, safe, table
from desk.reports.figures import Bar
from desk.reports.report import Report
from desk.reports.words import Words


def by_source(report: Report, words: Words) -> Section:
    """What each source found, with bars over time."""
    now, before = _totals(report.now.figures.bars), _totals(report.before.figures.bars)
    title = words("by_source.title")
    if not now and not before:
        return Section(key="by_source", title=title, says=(words("by_source.nothing"),))
    keys = sorted(now.keys() | before.keys(), key=lambda key: (-now[key], -before[key], key))
    rows = [
        (
            Cell(_name(words, key), key or None),
            Cell(words.number(now[key]), now[key]),
            Cell(words.number(before[key]), before[key]),
            Cell(words.change(now[key], before[key]), now[key] - before[key]),
        )
        for key in keys
    ]
    titles = [words(f"by_source.{key}") for key in ("source", "now", "before", "change")]
    grain = words(f"grains.{report.now.period.grain}")
    says = words("by_source.says", grain=grain)
    columns: list[tuple[str, tuple[str, ...]]] = [(_name(words, key), (key,)) for key in keys[: len(PARTS)] if now[key]]
    if rest := tuple(key for key in keys[len(PARTS) :] if now[key]):
        columns.append((words("by_source.others", count=len(rest)), rest))
    days = table(
        [words("days.begins"), *(name for name, _ in columns)],
        [
            (Cell(words.day(bar.begins), bar.begins.isoformat()), *(_cell(words, bar, of) for _, of in columns))
            for bar in report.now.figures.bars
        ],
        title=words("by_source.days", grain=grain),
    )
    return Section(
        key="by_source",
        title=title,
        says=(says,),
        chart=_chart(report.now.figures.bars, columns, words, says),
        tables=(table(titles, rows), *([days] if columns else [])),
    )


def _totals(bars: Sequence[Bar]) -> Counter[str]:
    found: Counter[str] = Counter()
    for bar in bars:
        found.update(bar.sources)
    return found


def _name(words: Words, key: str) -> str:
    return safe(key) if key else words("by_source.unknown")


def _cell(words: Words, bar: Bar, of: tuple[str, ...]) -> Cell:
    number = sum(bar.sources.get(key, 0) for key in of)
    return Cell(words.number(number), number)


def _chart(
    bars: Sequence[Bar], columns: Sequence[tuple[str, tuple[str, ...]]], words: Words, says: str
) -> Markup | None:
    if not columns:
        return None
    series = [
        Series(
            style=PARTS[place] if place < len(PARTS) else "others",
            label=name,
            values=tuple(float(sum(bar.sources.get(key, 0) for key in of)) for bar in bars),
        )
        for place, (name, of) in enumerate(columns)
    ]
    labels = [words.day(bar.begins, short=True) for bar in bars]
    return charts.stacked_bars("by-source", words("by_source.title"), says, labels, series)
