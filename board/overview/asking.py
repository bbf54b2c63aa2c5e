"""What somebody wants figures of: a period, as people choose it, and a brand or all.

period      7d, 30d, 90d, 365d (days up to today), month, last-month; 30d where nothing is said
from, to    days, as `mekiki report --from --to` takes them; they go before `period`
brand       key of a brand
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from board.ways import Asked
from desk.reports.period import NoPeriod, Period, chosen

SPANS: Mapping[str, int] = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
NAMED = (*SPANS, "month", "last-month")
OTHERWISE = "30d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A period and a brand."""

    period: Period
    name: str  # key of NAMED; "" where days were given
    brand: str | None  # None: all

    def address(self, path: str, **more: str) -> str:
        """Return the address of a page about the same."""
        return f"{path}?{urlencode({**self._days(), **self._brand(), **more})}"

    def of_name(self, path: str, name: str) -> str:
        """Return the address of a page about the same brand in another period."""
        return f"{path}?{urlencode({'period': name, **self._brand()})}"

    def _days(self) -> dict[str, str]:
        if self.name:
            return {"period": self.name}
        return {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}

    def _brand(self) -> dict[str, str]:
        return {"brand": self.brand} if self.brand else {}


def asking(asked: Asked) -> Asking:
    """Return what a request asks for.

    Raises:
        NoPeriod: days that make no period, or a brand that there is not.
    """
    query = asked.query
    brand = query.get("brand", "")[:100]
    if brand and all(known.key != brand for known in asked.board.config.brand):
        raise NoPeriod(f"there is no brand {brand!r}")
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    name = "" if first or last else query.get("period", OTHERWISE)
    if name:
        first, last = _named(asked, name)
    period = chosen(first, last, asked.board.zone, asked.now)
    return Asking(period=period, name=name, brand=brand or None)


def usual(asked: Asked) -> Asking:
    """Return what is shown where nothing else is asked for."""
    first, last = _named(asked, OTHERWISE)
    return Asking(period=chosen(first, last, asked.board.zone, asked.now), name=OTHERWISE, brand=None)


def _named(asked: Asked, name: str) -> tuple[date, date]:
    today = asked.now.astimezone(asked.board.zone).date()
    match name:
        case "month":
            return today.replace(day=1), today
        case "last-month":
            last = today.replace(day=1) - timedelta(days=1)
            return last.replace(day=1), last
    if name not in SPANS:
        raise NoPeriod(f"there is no period {name[:40]!r}; known: {', '.join(NAMED)}")
    return today - timedelta(days=SPANS[name] - 1), today


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NoPeriod(f"expected a day such as 2027-03-31, got {text[:40]!r}") from None
