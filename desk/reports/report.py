"""A report: the figures of a period and of the one before, with how the sources and receivers did.

Flow: `make_report` reads one snapshot of the database, `desk.reports.figures` counts, `desk.reports.document`
words the result, and `desk.reports.html`, `report_markdown` and `report_csv` give it a form.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

from sqlalchemy.orm import Session

from desk.reports.figures import Count, Figures
from desk.reports.period import Period
from detector.measures import Share, share
from storage.notice_figures import ChannelFigures, channel_figures
from storage.outcomes import (
    QUARTER,
    RunEnd,
    case_histories,
    deliveries_by_receiver,
    first_recorded,
    first_runs,
    runs_between,
    seen_per_quarter,
    visits_by_outcome,
)
from storage.schema import ItemRow, Sighting
from watch.health import Health

MOST_ERRORS = 3  # kinds of failures that are named for a source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRuns:
    """How the runs of one source went."""

    source: str
    runs: int
    ok: int
    partial: int
    failed: int
    blocked: int
    unfinished: int  # killed, or still going
    items: int  # seen, known ones included
    longest_gap: timedelta  # between two runs that saw something, or since one
    errors: Mapping[str, int]  # kinds of failures, the most frequent first


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What became of the messages of one receiver, or of all."""

    receiver: str  # "" for all
    sent: int
    dead: int  # given up
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one visitor, or all, could see when following links."""

    visitor: str  # "" for all
    visits: int
    outcomes: Mapping[str, int]
    unseen: Share  # blocked, or could not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """Everything about one period."""

    period: Period
    figures: Figures
    sources: tuple[SourceRuns, ...]
    messages: Messages
    receivers: tuple[Messages, ...]
    sight: Sight
    visitors: tuple[Sight, ...]
    channels: tuple[ChannelFigures, ...]  # with which notices were filed in the period
    partial: bool  # nothing had been recorded yet when it began


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period beside the one before."""

    brand: str | None  # key; None for all
    names: Mapping[str, str]  # brand -> its name
    now: PeriodFigures
    before: PeriodFigures
    unwell: tuple[Health, ...]  # sources that somebody has to look at as this is written; none for a past period


def make_report(
    session: Session, period: Period, *, brand: str | None, names: Mapping[str, str], healths: Iterable[Health]
) -> Report:
    """Read and count a period and the one before.

    Args:
        session: of `storage.database.snapshot`.
        brand: key of the brand whose cases count; None for all.
        names: key -> name of all brands.
        healths: of all sources, as they are now.
    """
    healths = list(healths)
    sources = [health.source for health in healths if health.state != "off"]
    return Report(
        brand=brand,
        names=names,
        now=_figures(session, period, brand, sources),
        before=_figures(session, period.before(), brand, sources),
        unwell=tuple(health for health in healths if not health.well) if period.running else (),
    )


def _figures(session: Session, period: Period, brand: str | None, sources: Iterable[str]) -> PeriodFigures:
    start, end = period.start, period.end
    count = Count(period)
    for history in case_histories(session, start, end, brand=brand):
        count.add(history)
    firsts = first_runs(session)
    seen = seen_per_quarter(session, ItemRow.recorded_at, start, end)
    sightings = sum(seen_per_quarter(session, Sighting.recorded_at, start, end).values())
    moments = {datetime.fromtimestamp(quarter * QUARTER, UTC): number for quarter, number in seen.items()}
    deliveries = deliveries_by_receiver(session, start, end, brand=brand)
    visits = visits_by_outcome(session, start, end, brand=brand)
    began = first_recorded(session)
    return PeriodFigures(
        period=period,
        figures=count.figures(moments, sightings),
        sources=tuple(source_runs(runs_between(session, start, end), firsts, sources, period)),
        messages=_messages("", deliveries),
        receivers=tuple(_messages(name, deliveries) for name in sorted({name for name, _ in deliveries})),
        sight=_sight("", visits),
        visitors=tuple(_sight(name, visits) for name in sorted({name for name, _ in visits})),
        channels=tuple(one for one in channel_figures(session, start, end, brand=brand) if one.filed),
        partial=began is None or began > start,
    )


def source_runs(
    runs: Iterable[RunEnd], firsts: Mapping[str, datetime], configured: Iterable[str], period: Period
) -> Iterator[SourceRuns]:
    """Sum up the runs of a period by source.

    Args:
        runs: by source and time.
        firsts: source -> when it ran for the first time ever; before that it was not silent.
        configured: sources that should run: those that did not are told, too.
    """
    missing = set(configured)
    for source, of_source in groupby(runs, key=lambda run: run.source):
        missing.discard(source)
        yield _source(source, of_source, max(period.start, firsts[source]), period.end)
    for source in sorted(missing):
        yield _source(source, (), period.start, period.end)


def _source(source: str, runs: Iterable[RunEnd], start: datetime, end: datetime) -> SourceRuns:
    outcomes: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    items = 0
    good = []
    for run in runs:
        outcomes[run.outcome or "unfinished"] += 1
        items += run.counts.get("items", 0)
        if run.outcome in ("ok", "partial") and run.counts.get("items", 0) + run.counts.get("unchanged", 0):
            good.append(run.started_at)
        for name, number in run.counts.items():
            if name.startswith("error."):
                errors[name.removeprefix("error.")] += number
    return SourceRuns(
        source=source,
        runs=outcomes.total(),
        ok=outcomes["ok"],
        partial=outcomes["partial"],
        failed=outcomes["failed"],
        blocked=outcomes["blocked"],
        unfinished=outcomes["unfinished"],
        items=items,
        longest_gap=max(later - earlier for earlier, later in pairwise([start, *good, end])),
        errors=dict(errors.most_common(MOST_ERRORS)),
    )


def _messages(receiver: str, deliveries: Mapping[tuple[str, str], int]) -> Messages:
    states: Counter[str] = Counter()
    for (name, state), number in deliveries.items():
        if receiver in ("", name):
            states[state] += number
    return Messages(receiver=receiver, sent=states["sent"], dead=states["dead"], pending=states["pending"])


def _sight(visitor: str, visits: Mapping[tuple[str, str], int]) -> Sight:
    outcomes: Counter[str] = Counter()
    for (name, outcome), number in visits.items():
        if visitor in ("", name):
            outcomes[outcome] += number
    unseen = share(outcomes["blocked"] + outcomes["could_not_tell"], outcomes.total())
    return Sight(visitor=visitor, visits=outcomes.total(), outcomes=dict(outcomes), unseen=unseen)
