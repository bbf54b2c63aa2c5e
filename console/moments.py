"""Days, moments and lengths of time as people type them on the command line; a day is one of this machine's zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import click

from config.fields import length_of


class Day(click.ParamType[date]):
    """A day."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read 2027-03-31."""
        try:
            return date.fromisoformat(value) if isinstance(value, str) else cast("date", value)
        except ValueError:
            self.fail(f"expected a day such as 2027-03-31, got {value!r}", param, ctx)


class Moment(click.ParamType[datetime]):
    """A moment in UTC: the end of a day, or a day and a time."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read 2026-12-01 or 2026-12-01T18:00+09:00; without an offset it is a time of this machine."""
        if isinstance(value, datetime):
            return value
        try:
            return end_of(date.fromisoformat(value))
        except ValueError:
            pass
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            self.fail(f"expected 2026-12-01, the end of that day, or 2026-12-01T18:00+09:00, got {value!r}", param, ctx)


class Length(click.ParamType[timedelta]):
    """A length of time."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read 12h, 3d or 2w."""
        try:
            return value if isinstance(value, timedelta) else length_of(value)
        except ValueError as error:
            self.fail(f"{error}, got {value!r}", param, ctx)


def end_of(day: date) -> datetime:
    """Return when a day ends, where this machine stands."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time()).astimezone(UTC)
