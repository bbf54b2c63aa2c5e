"""Visits: suspicious links, followed as several visitors; what is seen there is judged."""

from typing import Literal

from pydantic import Field

from config.fields import Interval, Name, WebUrl
from config.sources.base import SourceBase


class VisitsSource(SourceBase):
    """The links of what was found: followed as every `[[visitor]]`, and again while a case is open."""

    kind: Literal["visits"]
    look_closer: float = Field(default=0.15, ge=0, le=1)  # score of an item from which on its links are followed
    again: Interval = Field(default="1d", validate_default=True)  # until the links of a case are followed once more
    most: int = Field(default=100, ge=1)  # links a run, the ones with the highest scores first
    days: int = Field(default=30, ge=1, le=3650)  # items that were judged longer ago, and are in no case, are left
    click: bool = False  # go through the click address of an ad, which its buyer pays for
    links: tuple[WebUrl, ...] = ()  # these, instead of what was found
    cases: tuple[int, ...] = ()  # the links of these cases, instead of what was found
    items: tuple[Name, ...] = ()  # and of these items, by the id that `mekiki cases show` writes
    delay: float = Field(default=0.0, ge=0, le=3600)  # a visit is one reader, not a crawl
