"""Periods of a report: whole days of one time zone, the period before, and the days that one bar of a chart covers."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

DAYS = 30  # that are reported on unless others are asked for
Grain = Literal["day", "week", "month"]

MOST_DAYS, MOST_WEEKS = 45, 60  # bars that one can still read


class NoPeriod(Exception):
    """Days that no report can be about; the message says why, and which day it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from `first` to `last`, both included, as far as they are over at `now`."""

    first: date
    last: date
    zone: ZoneInfo
    now: datetime  # when the report is made; UTC

    @property
    def start(self) -> datetime:
        """Its first moment, in UTC."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The moment up to which things are watched, in UTC: its end, or now if that is earlier."""
        return min(_midnight(self.last + timedelta(days=1), self.zone), self.now)

    @property
    def running(self) -> bool:
        """Tell whether it is not over yet."""
        return self.end == self.now

    @property
    def grain(self) -> Grain:
        """What one bar of a chart stands for."""
        days = (self.last - self.first).days + 1
        return "day" if days <= MOST_DAYS else "week" if days <= 7 * MOST_WEEKS else "month"

    def before(self) -> "Period":
        """Return the period before: as many whole months for whole months, else as many days."""
        last = self.first - timedelta(days=1)
        if self.first.day == 1 and self.last.day == monthrange(self.last.year, self.last.month)[1]:
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
            number = self.first.year * 12 + self.first.month - 1 - months
            first = date(number // 12, number % 12 + 1, 1)
        else:
            first = last - (self.last - self.first)
        return Period(first=first, last=last, zone=self.zone, now=self.now)

    def day_of(self, at: datetime) -> date:
        """Return the day of the zone in which a moment lies."""
        return at.astimezone(self.zone).date()

    def bar_of(self, day: date) -> date:
        """Return the first day of the bar that a day belongs to, never before the period."""
        match self.grain:
            case "week":
                day -= timedelta(days=day.weekday())
            case "month":
                day = day.replace(day=1)
        return max(day, self.first)

    def bars(self) -> tuple[date, ...]:
        """Return the first day of every bar."""
        days = (self.last - self.first).days + 1
        return tuple(dict.fromkeys(self.bar_of(self.first + timedelta(days=number)) for number in range(days)))


def chosen(first: date | None, last: date | None, zone: ZoneInfo, now: datetime) -> Period:
    """Return the period that somebody asks for.

    Args:
        first: first day; None: 29 days before the last.
        last: last day; None, or later: today.
        zone: of the days.
        now: UTC.

    Raises:
        NoPeriod: there are no such days, or none before them to compare with.
    """
    today = now.astimezone(zone).date()
    end = last or today
    try:
        start = first or end - timedelta(days=DAYS - 1)
    except OverflowError:
        raise NoPeriod(f"--to {end} is too early") from None
    if start > end:
        raise NoPeriod(f"--from {start} is after --to {end}")
    if start > today:
        raise NoPeriod(f"--from {start} is in the future")
    period = Period(first=start, last=min(end, today), zone=zone, now=now)
    try:
        period.before()
    except (OverflowError, ValueError):
        raise NoPeriod(f"--from {start} is too early: there is no period before it") from None
    return period


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
