"""The sections of a report: each turns figures into sentences, tables and charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from markupsafe import Markup

from alerts.signal_words import JAPANESE
from desk.reports import charts
from desk.reports.by_source import by_source
from desk.reports.charts import Curve, Series
from desk.reports.document import Cell, Section, Table, safe, table
from desk.reports.figures import CARRIERS, TIMES, Carriers, TimeName
from desk.reports.report import Messages, Report, Sight, SourceRuns
from desk.reports.story import STANDINGS
from desk.reports.times import Quantile, Spread
from desk.reports.words import Words
from detector.measures import Share
from detector.signals import SIGNALS
from storage.notice_figures import Days
from storage.notice_figures import Share as Part

MOST_SIGNALS = 20  # that people are shown
MOST_IN_CHART = 10
_TICKS = (1, 10, 60, 600, 3600, 6 * 3600, 86400, 3 * 86400, 7 * 86400, 30 * 86400, 90 * 86400, 365 * 86400)  # seconds


def volume(report: Report, words: Words) -> Section:
    """How much there was, with bars over time."""
    now, before = asdict(report.now.figures.volume), asdict(report.before.figures.volume)
    rows = [
        (
            Cell(words(f"volume.rows.{key}")),
            _count(words, value),
            _count(words, before[key]),
            Cell(words.change(value, before[key]), value - before[key]),
            Cell(words(f"volume.meanings.{key}")),
        )
        for key, value in now.items()
    ]
    titles = [words(f"volume.{name}") for name in ("figure", "now", "before", "change", "meaning")]
    grain = words(f"grains.{report.now.period.grain}")
    return Section(
        key="volume",
        title=words("volume.title"),
        says=(words("volume.chart_says", grain=grain),),
        chart=_bars(report, words, words("volume.chart_says", grain=grain)),
        tables=(table(titles, rows, texts=(0, 4)),),
    )


def times(report: Report, words: Words) -> Section:
    """How long it took, those that still wait included."""
    now, before = report.now.figures.times, report.before.figures.times
    rows = [
        (
            Cell(words(f"times.names.{name}")),
            _count(words, now[name].reached),
            _count(words, now[name].waiting),
            _count(words, now[name].ended),
            _count(words, now[name].unknown) if name == "detect" else Cell(words("report.nothing")),
            _time(words, now[name].median),
            _time(words, now[name].p90),
            _time(words, before[name].median),
        )
        for name in TIMES
    ]
    keys = ("step", "counted", "waiting", "ended", "unknown", "median", "p90", "median_before")
    lines = [f"{words(f'times.names.{name}')}: {words(f'times.meanings.{name}')}" for name in TIMES]
    return Section(
        key="times",
        title=words("times.title"),
        says=(words("times.says"),),
        chart=_waiting(now, words),
        tables=(table([words(f"times.{key}") for key in keys], rows, note="\n".join(lines)),),
    )


def precision(report: Report, words: Words) -> Section:
    """How often a flag was right, by brand, source and signal."""
    now, before = report.now.figures.precision, report.before.figures.precision
    everything = words("precision.all")

    def named(brands: Mapping[str, Share]) -> dict[str, Share]:
        return {safe(report.names.get(key, key)): one for key, one in brands.items()}

    brands = _shares(
        words, "brand", {everything: now.all, **named(now.brands)}, {everything: before.all, **named(before.brands)}
    )
    sources = _shares(words, "source", now.sources, before.sources)
    signals = _shares(words, "signal", now.signals, before.signals, first=MOST_SIGNALS)
    reasons = table(
        [words("precision.reason"), words("precision.cases")],
        [(Cell(_reason(words, key)), _count(words, count)) for key, count in now.reasons.items()],
        title=words("precision.reasons"),
    )
    return Section(
        key="precision",
        title=words("precision.title"),
        says=(words("precision.says"),),
        tables=(brands, sources, signals, *([reasons] if reasons.rows else [])),
        charts=(None, _dots(words, "source", now.sources), _dots(words, "signal", now.signals), None),
    )


def relapse(report: Report, words: Words) -> Section:
    """What came back."""
    now, before = report.now.figures.relapse, report.before.figures.relapse
    says = words("relapse.none")
    if now.of:
        says = words(
            "relapse.says",
            part=words.number(now.part),
            of=words.number(now.of),
            share=words.share(now.value),
            low=words.share(now.low),
            high=words.share(now.high),
            before=words.share(before.value),
        )
    return Section(key="relapse", title=words("relapse.title"), says=(says,))


def channels(report: Report, words: Words) -> Section:
    """How those who were asked to take things down answered."""
    found = report.now.channels
    keys = ("channel", "filed", "answered", "answer", "gone", "theirs", "down", "refused", "back")
    rows = [
        (
            Cell(safe(one.channel)),
            _count(words, one.filed),
            _count(words, one.answered.count),
            _days_taken(words, one.answered),
            _count(words, one.down.count),
            _count(words, one.by_them),
            _days_taken(words, one.down),
            _part(words, one.refused),
            _part(words, one.back),
        )
        for one in found
    ]
    return Section(
        key="channels",
        title=words("channels.title"),
        says=(words("channels.says") if found else words("channels.none"),),
        tables=(table([words(f"channels.{key}") for key in keys], rows),) if found else (),
    )


def _days_taken(words: Words, days: Days) -> Cell:
    if days.median is None or days.p90 is None:
        return Cell(words("report.nothing"))
    text = words("channels.days", median=f"{days.median:.1f}", p90=f"{days.p90:.1f}")
    return Cell(text, round(days.median * 86400), "s")


def _part(words: Words, part: Part) -> Cell:
    if part.rate is None:
        return Cell(words("report.nothing"))
    text = words("channels.part", share=words.share(part.rate), count=part.count, of=part.of)
    return Cell(text, round(part.rate, 4), "share")


def carriers(report: Report, words: Words) -> Section:
    """Who carried it."""
    found = report.now.figures.carriers
    shown = [kind for kind in CARRIERS if found[kind].largest]
    return Section(
        key="carriers",
        title=words("carriers.title"),
        says=(words("carriers.says"), *([] if shown else [words("carriers.nothing")])),
        tables=tuple(_carriers(words, kind, found[kind]) for kind in shown),
        charts=tuple(_carried(words, kind, found[kind]) for kind in shown),
    )


def messages(report: Report, words: Words) -> Section:
    """What became of the messages."""
    now, before = report.now, report.before
    confirmed = now.figures.volume.confirmed
    says = words("alerts.says_none")
    if confirmed:
        earlier = before.figures.volume.confirmed
        ratio = f"{before.messages.sent / earlier:.1f}" if earlier else words("report.nothing")
        says = words("alerts.says", ratio=f"{now.messages.sent / confirmed:.1f}", before=ratio)
    rows = [_messages(words, one) for one in (now.messages, *now.receivers)]
    titles = [words(f"alerts.{key}") for key in ("receiver", "sent", "dead", "pending")]
    return Section(key="alerts", title=words("alerts.title"), says=(says,), tables=(table(titles, rows),))


def sources(report: Report, words: Words) -> Section:
    """How the sources ran, and which need a look."""
    keys = ("source", "runs", "good", "partial", "failed", "blocked", "unfinished", "items", "silence", "errors")
    titles = [words(f"sources.{key}") for key in keys]
    runs = table(titles, [_source(words, one) for one in report.now.sources], texts=(0, 9))
    unwell = table(
        [words("sources.source"), words("sources.state")],
        [(Cell(safe(health.source)), Cell(words(f"states.{health.state}"))) for health in report.unwell],
        texts=(0, 1),
        title=words("sources.unwell"),
    )
    return Section(
        key="sources",
        title=words("sources.title"),
        says=(words("sources.says"), *([] if runs.rows else [words("sources.none")])),
        tables=tuple(one for one in (runs, unwell) if one.rows),
    )


def sight(report: Report, words: Words) -> Section:
    """How journeys along links ended."""
    outcomes = ("offer_seen", "differs", "gone", "blocked", "could_not_tell")
    rows = [_sight(words, one, outcomes) for one in (report.now.sight, *report.now.visitors)]
    titles = [words("sight.visitor"), words("sight.visits"), *(words(f"sight.outcomes.{one}") for one in outcomes)]
    found = report.now.sight.visits
    return Section(
        key="sight",
        title=words("sight.title"),
        says=(words("sight.says"), *([] if found else [words("sight.none")])),
        chart=_unseen(report, words),
        tables=(table([*titles, words("sight.unseen")], rows),) if found else (),
    )


def days(report: Report, words: Words) -> Section:
    """The numbers behind the bars."""
    titles = [words(f"days.{key}") for key in ("begins", "seen", "flagged", "opened", "judged")]
    rows = [
        (
            Cell(words.day(bar.begins), bar.begins.isoformat()),
            _count(words, bar.seen),
            _count(words, bar.flagged),
            _count(words, sum(bar.opened.values())),
            _count(words, bar.judged),
        )
        for bar in report.now.figures.bars
    ]
    grain = report.now.period.grain
    title = words("days.title" if grain == "day" else f"days.{grain}")
    return Section(key="days", title=title, tables=(table(titles, rows),))


SECTIONS: tuple[Callable[[Report, Words], Section], ...] = (
    volume,
    by_source,
    times,
    precision,
    relapse,
    channels,
    carriers,
    messages,
    sources,
    sight,
    days,
)


def _count(words: Words, value: int) -> Cell:
    return Cell(words.number(value), value)


def _time(words: Words, quantile: Quantile | None) -> Cell:
    if quantile is None:
        return Cell(words.time(None))
    return Cell(words.time(quantile), round(quantile.seconds, 3), "at least s" if quantile.at_least else "s")


def _shares(
    words: Words, kind: str, now: Mapping[str, Share], before: Mapping[str, Share], *, first: int | None = None
) -> Table:
    """Return a row for each group: how often a flag was right, how sure that is, and how it was before."""
    rows = []
    for name, one in now.items():
        earlier = before.get(name)
        rows.append(
            (
                Cell(_signal(words, name) if kind == "signal" else safe(name), name),
                _count(words, one.part),
                _count(words, one.of),
                Cell(words.share(one.value), one.value, "share"),
                Cell(words.interval(one), f"{one.low:.4f}-{one.high:.4f}"),
                Cell(words.share(earlier.value if earlier else None), earlier.value if earlier else None, "share"),
            )
        )
    titles = [words(f"precision.{key}") for key in (kind, "confirmed", "judged", "share", "interval", "before")]
    more = len(rows) - first if first is not None and len(rows) > first else 0
    return table(titles, rows, note=words("precision.more", count=more) if more else "", first=first)


def _signal(words: Words, name: str) -> str:
    """Return a signal's name and what it means."""
    says = JAPANESE.get(name) if words.language == "ja" else _SAYS.get(name)
    return f"{name}{words('report.colon')}{says}" if says else name


_SAYS = {signal.name: signal.says for signal in SIGNALS}


def _reason(words: Words, key: str) -> str:
    return words.get(f"precision.reasons_of.{key}", safe(key))


def _carriers(words: Words, kind: str, found: Carriers) -> Table:
    rows = [
        (
            Cell(safe(one.name), safe(one.name)),
            _count(words, one.items),
            _count(words, one.cases),
            _count(words, one.confirmed),
        )
        for one in found.largest
    ]
    if found.others:
        nothing = Cell(words("report.nothing"))
        others = words("carriers.others", count=words.number(found.others))
        rows.append((Cell(others), _count(words, found.items_of_others), nothing, nothing))
    note = words("carriers.unnamed", count=words.number(found.unnamed)) if found.unnamed else ""
    titles = [words(f"carriers.{key}") for key in ("name", "items", "cases", "confirmed")]
    return table(titles, rows, title=words(f"carriers.{kind}"), note=note)


def _messages(words: Words, one: Messages) -> tuple[Cell, ...]:
    name = safe(one.receiver) or words("alerts.all")
    return (Cell(name), _count(words, one.sent), _count(words, one.dead), _count(words, one.pending))


def _source(words: Words, one: SourceRuns) -> tuple[Cell, ...]:
    counts = (one.runs, one.ok, one.partial, one.failed, one.blocked, one.unfinished, one.items)
    seconds = one.longest_gap.total_seconds()
    errors = words("report.comma").join(f"{safe(kind)} {words.number(count)}" for kind, count in one.errors.items())
    return (
        Cell(safe(one.source)),
        *(_count(words, count) for count in counts),
        Cell(words.duration(seconds), seconds, "s"),
        Cell(errors or words("report.nothing")),
    )


def _sight(words: Words, one: Sight, outcomes: Sequence[str]) -> tuple[Cell, ...]:
    return (
        Cell(safe(one.visitor) or words("sight.all")),
        _count(words, one.visits),
        *(_count(words, one.outcomes.get(outcome, 0)) for outcome in outcomes),
        Cell(words.share(one.unseen.value), one.unseen.value, "share"),
    )


def _dots(words: Words, kind: str, groups: Mapping[str, Share]) -> Markup | None:
    rows = [
        (name, one.value, one.low, one.high, f"n = {one.of}")
        for name, one in list(groups.items())[:MOST_IN_CHART]
        if one.value is not None
    ]
    if len(rows) < 2:  # a chart compares
        return None
    return charts.shares(f"dots-{kind}", words(f"precision.chart_{kind}"), words("precision.chart_says"), rows)


def _unseen(report: Report, words: Words) -> Markup | None:
    rows = [
        (safe(one.visitor), one.unseen.value, one.unseen.low, one.unseen.high, f"n = {one.unseen.of}")
        for one in report.now.visitors
        if one.unseen.value is not None
    ]
    return charts.shares("unseen", words("sight.chart"), words("sight.chart_says"), rows) if rows else None


def _carried(words: Words, kind: str, found: Carriers) -> Markup | None:
    shown = found.largest[:MOST_IN_CHART]
    if len(shown) < 2:
        return None
    series = [
        Series(
            style="confirmed",
            label=words("carriers.in_confirmed"),
            values=tuple(float(one.items_confirmed) for one in shown),
        ),
        Series(
            style="waiting",
            label=words("carriers.in_open"),
            values=tuple(float(one.items - one.items_confirmed) for one in shown),
        ),
    ]
    labels = [safe(one.name) for one in shown]
    title = words(f"carriers.{kind}")
    return charts.horizontal_bars(f"carried-{kind}", title, words("carriers.chart_says"), labels, series)


def _bars(report: Report, words: Words, says: str) -> Markup | None:
    bars = report.now.figures.bars
    if not any(sum(bar.opened.values()) for bar in bars):
        return None
    series = [
        Series(
            style=standing,
            label=words(f"standings.{standing}"),
            values=tuple(float(bar.opened[standing]) for bar in bars),
        )
        for standing in reversed(STANDINGS)
    ]
    labels = [words.day(bar.begins, short=True) for bar in bars]
    return charts.stacked_bars("bars", words("volume.chart"), says, labels, series)


def _waiting(times: Mapping[TimeName, Spread], words: Words) -> Markup | None:
    """Draw what is counted from when a case was flagged, and what is counted from somewhere else."""
    since: tuple[tuple[TimeName, str], ...] = (("alert", "alert"), ("judgement", "judgement"), ("down", "gone"))
    other: tuple[tuple[TimeName, str], ...] = (
        ("detect", "detect"),
        ("notice", "notice"),
        ("filed", "filed"),
        ("reaction", "reaction"),
    )
    drawn = [_curves("waits", times, words, since), _curves("steps", times, words, other)]
    return Markup("").join(one for one in drawn if one) or None


def _curves(
    name: str, times: Mapping[TimeName, Spread], words: Words, shown: Sequence[tuple[TimeName, str]]
) -> Markup | None:
    drawn = [
        Curve(
            style=style,
            label=f"{words(f'times.names.{step}')} (n = {times[step].reached + times[step].waiting})",
            steps=times[step].steps,
            until=times[step].longest,
        )
        for step, style in shown
        if times[step].median is not None
    ]
    longest = max((curve.until for curve in drawn), default=0.0)
    if longest <= 0:
        return None
    above = next((number for number, tick in enumerate(_TICKS) if tick >= longest), len(_TICKS) - 1)
    soonest = min((curve.steps[1][0] for curve in drawn if len(curve.steps) > 1), default=60.0)
    below = max((number for number, tick in enumerate(_TICKS) if tick <= min(soonest, 60.0)), default=0)
    ticks = [(float(tick), words.tick(tick)) for tick in _TICKS[below : max(above, below + 2) + 1]]
    title, after = words(f"times.chart_{name}"), words(f"times.after_{name}")
    return charts.curves(name, title, words("times.chart_says"), drawn, ticks, after)
