"""Routes: which cases go to which receivers, and when."""

from typing import Literal

from pydantic import Field

from config.fields import Interval, Key
from config.model import Model
from detector.items import Kind


class Route(Model):
    """Which cases go to which receivers; every matching route counts."""

    receivers: tuple[Key, ...] = Field(min_length=1)
    brands: tuple[Key, ...] = ()  # empty matches all
    kinds: tuple[Kind, ...] = ()
    sources: tuple[Key, ...] = ()
    min_score: float = Field(default=0.0, ge=0, le=1)


class Alerting(Model):
    """How alerts are grouped and worded."""

    group_wait: Interval = Field(default="30s", validate_default=True)  # before the first message of a case
    group_interval: Interval = Field(default="5m", validate_default=True)  # between later messages of a case
    language: Literal["en", "ja"] = "en"
    sources: tuple[Key, ...] = ()  # receivers that hear when a source falls silent or breaks; empty means all
