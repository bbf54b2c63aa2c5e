"""Triage: what is agreed about how people judge."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from config.fields import Interval, ZoneName
from config.model import Model

PriorityClass = Literal["high", "normal", "low"]
_WITHIN: dict[str, object] = {"high": "4h", "normal": "1d", "low": "7d"}


def _for_each_class(value: object) -> object:
    """Read one length of time for all classes, or some of them by name; the others keep their default."""
    if isinstance(value, str | timedelta):
        return dict.fromkeys(_WITHIN, value)
    return {**_WITHIN, **value} if isinstance(value, dict) else value


class Triage(Model):
    """What is agreed about judging."""

    judge_within: Annotated[dict[PriorityClass, Interval], BeforeValidator(_for_each_class)] = Field(
        default=_WITHIN, validate_default=True
    )  # by the class of a case's priority, or one time for all: from then on a case is overdue, and is escalated
    suppress: Interval = Field(default="90d", validate_default=True)  # what arrives in a dismissed case stays quiet
    zone: ZoneName = "Asia/Tokyo"  # in which the days that people name begin and end, and those of reports

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not timedelta(0) < self.suppress <= timedelta(days=730):
            raise ValueError('suppress: expected a length of time up to "730d": a dismissal is never for good')
        return self

    def day_of(self, at: datetime) -> date:
        """Return the day on which a moment falls in the zone of the team."""
        return at.astimezone(ZoneInfo(self.zone)).date()
