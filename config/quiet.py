"""Quiet hours and the times of digests, as the configuration gives them."""

import re
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from config.fields import Key, ZoneName
from config.model import Model

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)  # in the order of `date.weekday`


def _clock(value: object) -> object:
    """Read "09:00" as a time of the day."""
    if isinstance(value, str):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError(f'expected a time of the day such as "09:00", got {value!r}')
        return time.fromisoformat(value)
    return value


def _days(value: object) -> object:
    return [day.lower() if isinstance(day, str) else day for day in value] if isinstance(value, list | tuple) else value


def _holidays(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Clock = Annotated[
    time,
    BeforeValidator(_clock, json_schema_input_type=str),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
]
Holiday = date | Annotated[str, Field(pattern=r"^(japan|(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$")]


class Quiet(Model):
    """When a route that names it sends nothing: at these hours, and all day on these days."""

    key: Key
    hours: tuple[Clock, Clock] | None = None  # from and until, over midnight where until is earlier: ["20:00", "08:00"]
    days: Annotated[tuple[Day, ...], BeforeValidator(_days)] = ()  # of the week, quiet all day
    holidays: Annotated[tuple[Holiday, ...], BeforeValidator(_holidays)] = ()  # "japan", dates, "12-31" of each year
    zone: ZoneName = "Asia/Tokyo"

    @model_validator(mode="after")
    def _is_quiet_at_some_times(self) -> Self:
        if not (self.hours or self.days or self.holidays):
            raise ValueError("expected hours, days or holidays: it is never quiet")
        if self.hours and self.hours[0] == self.hours[1]:
            raise ValueError("hours: expected two different times, from and until")
        if set(self.days) == set(DAYS):
            raise ValueError("days: it is always quiet; leave the route out instead")
        return self


@dataclass(frozen=True, slots=True)
class DigestTime:
    """When a digest leaves: every day, or once a week."""

    day: Day | None  # None: every day
    at: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "daily 09:00" or "weekly Mon 09:00".

        Raises:
            ValueError: it is neither.
        """
        match = re.fullmatch(rf"(?:daily|weekly ({'|'.join(DAYS)})) (\d\d:\d\d)", text.strip().lower())
        if not match:
            raise ValueError(f'expected "daily 09:00" or "weekly Mon 09:00", got {text!r}')
        at = _clock(match[2])
        assert isinstance(at, time)
        return cls(next((day for day in DAYS if day == match[1]), None), at)

    def __str__(self) -> str:
        return f"weekly {self.day.capitalize()} {self.at:%H:%M}" if self.day else f"daily {self.at:%H:%M}"


Digest = Annotated[
    DigestTime,
    BeforeValidator(
        lambda value: DigestTime.parse(value) if isinstance(value, str) else value, json_schema_input_type=str
    ),
    PlainSerializer(str, return_type=str),
]
