"""What a nursery and its process tell each other: JSON, one message a line.

Orders go to the process (`nursery_child.py`), news come from it. Imported by both, so it imports next to nothing.
"""

from typing import Literal

import msgspec

Overrun = Literal["memory", "time"]


class Start(msgspec.Struct, tag="start", frozen=True, kw_only=True):
    """Order: fork a child."""

    child: int  # number, given by who orders; not used twice
    arguments: tuple[str, ...]
    memory: int  # bytes that its processes may take, browser and parsers not counted
    longest: float  # seconds that it may run, before it is asked to end
    grace: float  # seconds that it then has
    environment: dict[str, str] = {}  # variables that it has beside those of its parent


class Stop(msgspec.Struct, tag="stop", frozen=True, kw_only=True):
    """Order: ask a child to end, and kill it after its grace."""

    child: int


class Ready(msgspec.Struct, tag="ready", frozen=True, kw_only=True):
    """News: everything is imported."""


class Line(msgspec.Struct, tag="line", frozen=True, kw_only=True):
    """News: what a child wrote, to either of its outputs."""

    child: int
    text: str


class End(msgspec.Struct, tag="end", frozen=True, kw_only=True):
    """News: a child has ended; there are no more lines of it."""

    child: int
    code: int  # exit code; negative: the signal that ended it
    overrun: Overrun | None = None  # for which it was ended
    peak: int = 0  # bytes that its processes took at most, as bounded by `Start.memory`


class Unborn(msgspec.Struct, tag="unborn", frozen=True, kw_only=True):
    """News: a child could not be forked."""

    child: int
    why: str


Order = Start | Stop
News = Ready | Line | End | Unborn
