"""SourceBase: what every kind of source has."""

from typing import ClassVar, Self, get_args

from pydantic import Field, model_validator

from config.fields import Cron, Interval, Key, Name
from config.model import Model
from safety.secret import Secret


class SourceBase(Model):
    spider: ClassVar[str] = ""  # "package.module:Class" of a kind that an installed package adds

    key: Key
    kind: str
    schedule: Cron | None = None  # cron, five fields, UTC
    every: Interval | None = None
    enabled: bool = True
    brands: tuple[Key, ...] = ()  # judge against these only; empty means all
    delay: float = Field(default=1.0, ge=0, le=3600)  # least seconds between two requests to one host
    max_pages: int = Field(default=2000, ge=1)  # requests a run, or a round of parts together; pictures not counted
    pictures: bool = True  # fetch the pictures of ads and pages
    videos: bool = True  # and their videos, of which some frames are looked at
    canary: Name | None = None  # id, address or words of an item planted there, which every run must find
    headers: dict[str, Secret] = {}  # sent to the source's own hosts only

    @classmethod
    def kinds(cls) -> set[str]:
        """Return the values of `kind` that are read as this model."""
        return set(get_args(cls.model_fields["kind"].annotation))

    @property
    def own_urls(self) -> tuple[str, ...]:
        """The addresses that the configuration names: `headers` and tokens go to their origins only."""
        named = [getattr(self, name, ()) for name in ("url", "urls", "sitemaps", "detail_url", "token_url")]
        return tuple(url for value in named for url in ((value,) if isinstance(value, str) else value))

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if self.schedule and self.every:
            raise ValueError("expected schedule or every, not both")
        return self
