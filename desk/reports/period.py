"""Periods of a report: whole days of one time zone, the period before, and the days that one bar of a chart covers."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Grain = Literal["day", "week", "month"]

MOST_DAYS, MOST_WEEKS = 45, 60  # bars that one can still read


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


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
