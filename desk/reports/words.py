"""The words of a report, from a message file for each language; numbers and times written as its readers do."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from desk.reports.times import Quantile
from detector.measures import Share

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

FEWEST = 10  # of which a change is also told in percent
_SCALES = ((90, "seconds", 1, 0), (90 * 60, "minutes", 60, 0), (48 * 3600, "hours", 3600, 1))


@dataclass(frozen=True, slots=True)
class Words:
    """The messages of one language, by dotted key."""

    language: Language
    messages: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a message with its places filled."""
        return self.messages[key].format(**values)

    def get(self, key: str, otherwise: str) -> str:
        """Return a message about something that others name, e.g. a reason, if there is one."""
        return self.messages.get(key, otherwise)

    def number(self, value: float) -> str:
        """Write a count."""
        return f"{value:,.0f}"

    def change(self, now: float, before: float) -> str:
        """Write by how much a count has changed, in percent too where that means something."""
        if now == before:
            return "±0"
        percent = "" if before < FEWEST else f" ({now / before - 1:+.0%})".replace("%", self("units.percent", value=""))
        return f"{now - before:+,.0f}{percent}".replace("-", "−")

    def share(self, value: float | None) -> str:
        """Write a share of 0-1; "–" for a share of nothing."""
        if value is None:
            return self("report.nothing")
        percent = f"{value * 100:.1f}" if 0 < value < 0.01 or 0.99 < value < 1 else f"{value * 100:.0f}"
        return self("units.percent", value=percent)

    def interval(self, of: Share) -> str:
        """Write the interval of a share."""
        return f"{self.share(of.low)} – {self.share(of.high)}" if of.of else self("report.nothing")

    def time(self, quantile: Quantile | None) -> str:
        """Write how long something took."""
        if quantile is None:
            return self("report.nothing")
        text = self.duration(quantile.seconds)
        return self("units.at_least", value=text) if quantile.at_least else text

    def duration(self, seconds: float) -> str:
        """Write a length of time in the unit that people would choose."""
        for below, unit, size, digits in _SCALES:
            if seconds < below:
                return self(f"units.{unit}", value=f"{seconds / size:.{digits}f}")
        return self("units.days", value=f"{seconds / 86400:,.1f}")

    def tick(self, seconds: int) -> str:
        """Write a round length of time on a scale."""
        sizes = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
        unit, size = next((unit, size) for unit, size in sizes.items() if seconds >= size)
        return self("units.one_day" if seconds == 86400 else f"units.{unit}", value=seconds // size)

    def day(self, day: date, *, short: bool = False) -> str:
        """Write a day."""
        return day.strftime(self("units.short_date" if short else "units.date"))

    def moment(self, at: datetime) -> str:
        """Write a moment, in its own zone."""
        return at.strftime(self("units.moment"))


@cache
def words(language: Language) -> Words:
    """Return the words of a language."""
    file = resources.files("desk.reports") / "messages" / f"report.{language}.toml"
    return Words(language, dict(_flat("", tomllib.loads(file.read_text("utf-8")))))


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        rows += _flat(f"{prefix}{name}.", value) if isinstance(value, dict) else [(prefix + name, value)]
    return rows
