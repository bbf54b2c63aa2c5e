"""Pages, lists and files: the kinds that need no interface of a platform."""

from typing import Literal, Self

from pydantic import Field, model_validator

from config.fields import BesidePattern, Patterns, WebUrl
from config.sources.base import SourceBase
from detector.items import Kind


class WebSource(SourceBase):
    """Pages and the ads on them."""

    kind: Literal["web"]
    urls: tuple[WebUrl, ...] = ()
    sitemaps: tuple[WebUrl, ...] = ()
    follow: Patterns = ()  # RE2 patterns of links to follow; none follows nothing
    deny: Patterns = ()
    depth: int = Field(default=1, ge=0, le=20)  # links deep, from a start URL
    ads: bool = True
    text: bool = True  # the page itself becomes an item

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.urls and not self.sitemaps:
            raise ValueError("expected urls or sitemaps")
        return self


class FeedSource(SourceBase):
    """Lists of URLs, posts or news: RSS, Atom, RDF, CSV, JSON lines, plain text."""

    kind: Literal["feed"]
    urls: tuple[WebUrl, ...] = ()
    paths: tuple[BesidePattern, ...] = ()  # files or glob patterns, relative to the configuration file
    format: Literal["auto", "rss", "csv", "jsonl", "urls"] = "auto"
    item: Kind = "page"
    columns: dict[str, str] = {}  # Item field -> column name (CSV) or dotted key (JSON lines)
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: str | None = None  # default: byte order mark, then UTF-8, then Shift_JIS and EUC-JP
    time_zone: str = "UTC"  # of times that carry none

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.urls and not self.paths:
            raise ValueError("expected urls or paths")
        return self


class ImportSource(SourceBase):
    """What other tools made and what people send in: Item JSON lines, tables, mails, mailboxes, screenshots."""

    kind: Literal["import"]
    path: BesidePattern  # file, folder, glob pattern, or "-" for Item JSON lines on standard input
    item: Kind = "post"  # what a row of a table, a mail, a screenshot is
    columns: dict[str, str] = {}  # Item field -> column name of tables; common names are known
