"""The board: where it answers, to whom, and how people sign in."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.fields import Interval
from config.model import Model
from config.watch import Listen

Role = Literal["viewer", "analyst", "approver", "admin"]


def origin(value: str) -> str:
    """Accept an origin as a browser's address line has it.

    Raises:
        ValueError: it is none.
    """
    scheme, colon, host = value.partition("://")
    if scheme not in ("http", "https") or not colon or not host or set(host) & set("/?#@\\ "):
        raise ValueError('expected an origin without a path, e.g. "https://mekiki.hoshino-denki.example"')
    return value.lower()


class Board(Model):
    """The web board of `mekiki serve`."""

    listen: Listen = "127.0.0.1:8480"
    url: Annotated[str, AfterValidator(origin)] | None = None  # as people type it; default: what `listen` says
    certificate: Path | None = None  # PEM, with its chain; with `key` the board speaks TLS itself
    key: Path | None = None
    session: Interval = Field(default=timedelta(hours=12), validate_default=True)  # after which one signs in again
    idle: Interval = Field(default=timedelta(hours=2), validate_default=True)  # without a click
