"""Rate: at most so many in a length of time, as `30/m`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_FORM = re.compile(r"([1-9]\d{0,4})/(s|m|h)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `count` in a second, a minute or an hour."""

    count: int
    unit: str  # "s", "m" or "h"

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `1/s`, `30/m` or `500/h`.

        Raises:
            ValueError: the text has another form.
        """
        match = _FORM.fullmatch(text)
        if not match:
            raise ValueError('expected a rate such as "1/s", "30/m" or "500/h"')
        return cls(count=int(match[1]), unit=match[2])

    @property
    def gap(self) -> timedelta:
        """The least time between two."""
        return _UNITS[self.unit] / self.count

    def __str__(self) -> str:
        return f"{self.count}/{self.unit}"


def _read(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


RateText = Annotated[Rate, BeforeValidator(_read, json_schema_input_type=str), PlainSerializer(str, return_type=str)]
