"""The national holidays of Japan, by the Act on National Holidays (国民の祝日に関する法律) as it has held since 2022.

Pure. The equinoxes follow the astronomical formula of the Hydrographic Department (海上保安庁水路部, good from 1980 to
2099); the Cabinet announces them a year ahead, so far always on that day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

_FIXED = ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
_MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))  # month, which Monday
_DAY = timedelta(days=1)
_SUNDAY = 6


@lru_cache(maxsize=8)
def national_holidays(year: int) -> frozenset[date]:
    """Return the holidays of a year, those in lieu of one on a Sunday and those between two included."""
    named = set(_named(year))
    days = set(named)
    for day in named:  # Article 3, paragraph 2: a holiday on a Sunday makes the next day that is none a holiday
        if day.weekday() == _SUNDAY:
            following = day + _DAY
            while following in named:
                following += _DAY
            days.add(following)
    between = {day + _DAY for day in named if day + 2 * _DAY in named}  # paragraph 3
    return frozenset(days | {day for day in between if day.weekday() != _SUNDAY})


def _named(year: int) -> Iterator[date]:
    yield from (date(year, month, day) for month, day in _FIXED)
    for month, which in _MONDAYS:
        first = date(year, month, 1)
        yield first + timedelta(days=(-first.weekday()) % 7 + 7 * (which - 1))
    for month, base in ((3, 20.8431), (9, 23.2488)):
        yield date(year, month, int(base + 0.242194 * (year - 1980) - (year - 1980) // 4))
