"""Days, moments and lengths of time as people type them on the command line.

A day, and a time without an offset, are of one zone for everybody: `[triage] zone`. The commands know it; `end_of` and
`moment_of` turn what was read into a moment.
"""

from datetime import date, datetime, timedelta
from typing import Any, cast

import click

from config.fields import length_of
from console.app import Misused
from desk import moments
from desk.moments import NoMoment, read_moment


class Day(click.ParamType[date]):
    """A day."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read 2027-03-31."""
        try:
            return date.fromisoformat(value) if isinstance(value, str) else cast("date", value)
        except ValueError:
            self.fail(f"expected a day such as 2027-03-31, got {value!r}", param, ctx)


class Moment(click.ParamType[date | datetime]):
    """A day, or a day and a time, for `moment_of`."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """Read 2026-12-01, 2026-12-01T18:00 or 2026-12-01T18:00+09:00."""
        if isinstance(value, date):
            return value
        try:
            return read_moment(value)
        except NoMoment as error:
            self.fail(str(error), param, ctx)


class Length(click.ParamType[timedelta]):
    """A length of time."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read 12h, 3d or 2w."""
        try:
            return value if isinstance(value, timedelta) else length_of(value)
        except ValueError as error:
            self.fail(f"{error}, got {value!r}", param, ctx)


def end_of(day: date, zone: str) -> datetime:
    """Return when a day ends in a zone (IANA name); in UTC.

    Raises:
        Misused: the calendar has no such moment.
    """
    try:
        return moments.end_of(day, zone)
    except NoMoment as error:
        raise Misused(str(error)) from None


def moment_of(said: date | datetime, zone: str) -> datetime:
    """Return the moment that a `Moment` means: the end of a day, or a time, of the zone where it names no offset.

    Raises:
        Misused: the calendar has no such moment.
    """
    try:
        return moments.moment_of(said, zone)
    except NoMoment as error:
        raise Misused(str(error)) from None
