"""The figures of a report: frozen values, counted case by case. Pure; what they mean stands in the report itself.

`Count` is fed the histories of one period and gives its figures; it keeps a number for each day, receiver, source,
signal, host and advertiser, and the waits of the cases, never the cases.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from desk.reports.period import Period
from desk.reports.story import STANDINGS, Standing, Story, story
from desk.reports.times import Spread, Waits
from detector.measures import Share, share
from storage.outcomes import CaseHistory, FlaggedItem

TimeName = Literal["detect", "alert", "judgement", "notice", "filed", "reaction", "down"]
TIMES: tuple[TimeName, ...] = ("detect", "alert", "judgement", "notice", "filed", "reaction", "down")
CarrierKind = Literal["platform", "publisher", "advertiser"]
CARRIERS: tuple[CarrierKind, ...] = ("platform", "publisher", "advertiser")
MOST_CARRIERS = 15  # of one kind that are named; the rest is one number
CLOCKS = timedelta(days=1)  # how much later than it was flagged a platform may say that something was first shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How much there was."""

    seen: int  # items that had never been seen before; of all brands
    sightings: int  # times that items were seen; of all brands
    flagged: int  # items that were put into cases
    opened: int  # cases
    judged: int  # cases that a person judged for the first time
    confirmed: int
    dismissed: int
    takedowns: int
    down: int
    relapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What happened from one day on, until the next bar begins."""

    begins: date
    seen: int
    flagged: int
    judged: int
    opened: Mapping[Standing, int]  # cases opened, by where they stood at the end of the period
    sources: Mapping[str, int]  # items flagged, by the source that saw them first; "" where no sighting is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A platform, publisher or advertiser, and what it carried of cases that nobody dismissed."""

    name: str  # as it was told: hostile
    items: int
    cases: int
    confirmed: int  # cases of these that people confirmed
    items_confirmed: int  # items in those


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """All carriers of one kind."""

    largest: tuple[Carrier, ...]
    others: int  # how many there are besides
    items_of_others: int
    unnamed: int  # items whose carrier nobody named


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How many of the cases that people judged were impersonation."""

    all: Share
    brands: Mapping[str, Share]
    sources: Mapping[str, Share]
    signals: Mapping[str, Share]
    reasons: Mapping[str, int]  # of dismissals -> cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the cases of one period come to."""

    volume: Volume
    bars: tuple[Bar, ...]
    times: Mapping[TimeName, Spread]
    precision: Precision
    relapse: Share  # of the cases that were down in the period, those that came back in it
    carriers: Mapping[CarrierKind, Carriers]


class Count:
    """Counts the histories of one period."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._events: Counter[str] = Counter()
        self._flagged: Counter[date] = Counter()
        self._flagged_by: dict[date, Counter[str]] = defaultdict(Counter)
        self._judged: Counter[date] = Counter()
        self._opened: Counter[tuple[date, Standing]] = Counter()
        self._waits: dict[TimeName, Waits] = {name: Waits() for name in TIMES}
        self._right: Counter[tuple[str, str]] = Counter()  # (kind of group, group) -> cases confirmed
        self._all: Counter[tuple[str, str]] = Counter()  # ... -> cases judged
        self._reasons: Counter[str] = Counter()
        self._carried: dict[CarrierKind, _Carried] = {kind: _Carried() for kind in CARRIERS}

    def add(self, history: CaseHistory) -> None:
        """Count one case."""
        told = story(history)
        if told.merged:
            return
        added = [item for item in history.items if self._within(item.added_at)]
        for item in added:
            self._flagged[self._bar(item.added_at)] += 1
            self._flagged_by[self._bar(item.added_at)][item.source or ""] += 1
        self._note_events(told)
        if self._within(history.opened_at):
            self._opened[self._bar(history.opened_at), told.standing] += 1
            self._note_waits(history, told)
        if told.confirmed is not None and told.verdict_at is not None and self._within(told.verdict_at):
            self._note_precision(history, told)
        if told.standing != "dismissed":
            for kind, carried in self._carried.items():
                carried.add([_names(item, kind) for item in added], confirmed=bool(told.confirmed))

    def figures(self, seen: Mapping[datetime, int], sightings: int) -> Figures:
        """Return the figures.

        Args:
            seen: items seen for the first time, by moment.
            sightings: times that items were seen.
        """
        new: Counter[date] = Counter()
        for at, number in seen.items():
            new[self._bar(at)] += number
        bars = tuple(
            Bar(
                begins=day,
                seen=new[day],
                flagged=self._flagged[day],
                judged=self._judged[day],
                opened={standing: self._opened[day, standing] for standing in STANDINGS},
                sources=dict(self._flagged_by[day]),
            )
            for day in self._period.bars()
        )
        events = self._events
        return Figures(
            volume=Volume(
                seen=new.total(),
                sightings=sightings,
                flagged=self._flagged.total(),
                opened=self._opened.total(),
                judged=self._judged.total(),
                confirmed=events["confirmed"],
                dismissed=events["dismissed"],
                takedowns=events["takedown"],
                down=events["down"],
                relapsed=events["relapsed"],
            ),
            bars=bars,
            times={name: waits.spread() for name, waits in self._waits.items()},
            precision=Precision(
                all=self._shares("all").get("", share(0, 0)),
                brands=self._shares("brand"),
                sources=self._shares("source"),
                signals=self._shares("signal"),
                reasons=dict(sorted(self._reasons.items(), key=lambda row: (-row[1], row[0]))),
            ),
            relapse=share(events["relapsed of down"], events["down"]),
            carriers={kind: carried.carriers() for kind, carried in self._carried.items()},
        )

    def _within(self, at: datetime) -> bool:
        return self._period.start <= at < self._period.end

    def _bar(self, at: datetime) -> date:
        return self._period.bar_of(self._period.day_of(at))

    def _note_events(self, told: Story) -> None:
        """Count what happened in the period, each kind once for a case."""
        if told.judged_at is not None and self._within(told.judged_at):
            self._judged[self._bar(told.judged_at)] += 1
        if told.verdict_at is not None and self._within(told.verdict_at):
            self._events["confirmed" if told.confirmed else "dismissed"] += 1
        self._events["takedown"] += told.takedown_at is not None and self._within(told.takedown_at)
        down = [at for at in told.down_at if self._within(at)]
        back = [at for at in told.relapsed_at if self._within(at)]
        self._events["down"] += bool(down)
        self._events["relapsed"] += bool(back)
        self._events["relapsed of down"] += bool(down and back and max(back) >= min(down))

    def _note_waits(self, history: CaseHistory, told: Story) -> None:
        opened, closed = history.opened_at, told.closed_at
        began = _began(history)
        if began is None:
            self._waits["detect"].unknown += 1
        else:
            self._waits["detect"].reached.append(max(0.0, (opened - began).total_seconds()))
        self._wait("alert", opened, history.told_at, told.judged_at or closed)
        self._wait("judgement", opened, told.judged_at, closed)
        if told.confirmed_at is None or not told.confirmed:
            return
        down = told.down_at[0] if told.down_at else None
        self._wait("notice", told.confirmed_at, told.takedown_at, down or closed)
        self._wait("filed", told.confirmed_at, history.filed_at, down or closed)
        self._wait("down", opened, down, closed)
        if told.takedown_at is not None:
            after = next((at for at in told.down_at if at >= told.takedown_at), None)
            self._wait("reaction", told.takedown_at, after, closed)

    def _wait(self, name: TimeName, since: datetime, until: datetime | None, ended: datetime | None) -> None:
        """Note a wait: over, ended by something else before, or still going on at the end of the period."""
        waits = self._waits[name]
        if until is not None and (ended is None or until <= ended):
            waits.reached.append(max(0.0, (until - since).total_seconds()))
        elif ended is not None:
            waits.ended.append(max(0.0, (ended - since).total_seconds()))
        else:
            waits.waiting.append(max(0.0, (self._period.end - since).total_seconds()))

    def _note_precision(self, history: CaseHistory, told: Story) -> None:
        groups = {("all", ""), ("brand", history.brand)}
        groups |= {("source", item.source) for item in history.items if item.source is not None}
        groups |= {("signal", signal) for item in history.items for signal in item.signals}
        for group in groups:
            self._all[group] += 1
            self._right[group] += bool(told.confirmed)
        if not told.confirmed:
            self._reasons[told.reason or "other"] += 1

    def _shares(self, kind: str) -> dict[str, Share]:
        rows = [(name, share(self._right[kind, name], of)) for (known, name), of in self._all.items() if known == kind]
        return dict(sorted(rows, key=lambda row: (-row[1].of, row[0])))


class _Carried:
    """Counts what the carriers of one kind carried."""

    def __init__(self) -> None:
        self._items: Counter[str] = Counter()
        self._cases: Counter[str] = Counter()
        self._confirmed: Counter[str] = Counter()
        self._items_confirmed: Counter[str] = Counter()
        self._unnamed = 0

    def add(self, items: Iterable[frozenset[str]], *, confirmed: bool) -> None:
        """Count the items of one case, each with the names of its carriers."""
        of_case: set[str] = set()
        for names in items:
            self._unnamed += not names
            self._items.update(names)
            if confirmed:
                self._items_confirmed.update(names)
            of_case |= names
        self._cases.update(of_case)
        if confirmed:
            self._confirmed.update(of_case)

    def carriers(self) -> Carriers:
        ordered = sorted(self._items, key=lambda name: (-self._items[name], name))
        return Carriers(
            largest=tuple(map(self._carrier, ordered[:MOST_CARRIERS])),
            others=len(ordered[MOST_CARRIERS:]),
            items_of_others=sum(self._items[name] for name in ordered[MOST_CARRIERS:]),
            unnamed=self._unnamed,
        )

    def _carrier(self, name: str) -> Carrier:
        return Carrier(
            name=name,
            items=self._items[name],
            cases=self._cases[name],
            confirmed=self._confirmed[name],
            items_confirmed=self._items_confirmed[name],
        )


def _names(item: FlaggedItem, kind: CarrierKind) -> frozenset[str]:
    match kind:
        case "publisher":
            return item.publishers
        case "platform":
            return frozenset([item.platform] if item.platform else [])
    return frozenset([item.advertiser] if item.advertiser else [])


def _began(history: CaseHistory) -> datetime | None:
    """Return since when people could see it: the first item shown on a platform, else the day of registration."""
    shown = [item.first_shown for item in history.items if item.first_shown is not None]
    if not shown and history.registered is not None:
        shown = [datetime.combine(history.registered, datetime.min.time(), history.opened_at.tzinfo)]
    began = min(shown, default=None)
    return began if began is not None and began <= history.opened_at + CLOCKS else None
