"""The tables of the configuration, frozen after loading."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, model_validator

from config.fields import (
    BesidePath,
    BesidePattern,
    Cron,
    DatabaseUrl,
    EgressAllow,
    EgressHosts,
    Interval,
    JmesPath,
    Key,
    Name,
    Patterns,
    WebUrl,
)
from config.policy import PolicyFile
from config.problems import Problem
from detector.brands import Who
from detector.items import Kind
from safety.secret import Secret, SecretError

JsonField = Literal[
    "id", "url", "display_url", "publisher_url", "first_shown", "last_shown", "seen_at",
    "advertiser", "advertiser_id", "payer", "title", "body", "caption", "description", "cta", "name",
    "links", "images", "videos", "countries", "platforms",
]  # fmt: skip


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Brand(Model):
    """What is protected."""

    key: Key
    name: Name
    aliases: tuple[Name, ...] = ()
    ambiguous: tuple[Name, ...] = ()
    exclude: tuple[Name, ...] = ()
    products: tuple[Name, ...] = ()
    domains: tuple[Name, ...] = ()
    accounts: tuple[Name, ...] = ()  # PLATFORM:ID
    logos: tuple[BesidePath, ...] = ()
    pictures: tuple[BesidePath, ...] = ()  # files, or folders of PNG, JPEG, GIF, WebP
    false_claims: tuple[Name, ...] = ()


class Ownership(Model):
    """Who may use a brand, and where."""

    brand: Key
    who: Who
    scope: Name
    until: date | None = None
    note: str = ""


class SourceBase(Model):
    key: Key
    schedule: Cron | None = None  # cron, five fields, UTC
    every: Interval | None = None
    enabled: bool = True
    brands: tuple[Key, ...] = ()  # judge against these only; empty means all
    delay: float = Field(default=1.0, ge=0, le=3600)  # least seconds between two requests to one host
    max_pages: int = Field(default=2000, ge=1)  # requests a run, pictures not counted
    pictures: bool = True  # fetch the pictures of ads and pages
    videos: bool = True  # and their videos, of which some frames are looked at
    headers: dict[str, Secret] = {}  # sent to the source's own hosts only

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if self.schedule and self.every:
            raise ValueError("expected schedule or every, not both")
        return self


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
    """Item JSON lines that somebody else made."""

    kind: Literal["import"]
    path: BesidePattern  # file, glob pattern, or "-" for standard input


class JsonSource(SourceBase):
    """Any JSON API: where its rows, fields and next page stand is told in JMESPath."""

    kind: Literal["json"]
    url: WebUrl
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, str] = {}  # of the query; {name} becomes each name of the brands, {page} the page's number
    body: dict[str, JsonValue] | None = None  # of a POST; the same
    items: JmesPath  # the list of rows
    fields: dict[JsonField, JmesPath]  # Item field -> where it stands in a row
    next: JmesPath | None = None  # URL of the next page, or a token of it
    next_param: Name | None = None  # the query parameter, or key of the body, that takes the token
    error: JmesPath | None = None  # what an answer says when it failed although its status is 200
    item: Kind = "ad"
    platform: Name | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.body is not None and self.method != "POST":
            raise ValueError('a body needs method = "POST"')
        if self.next_param is not None and self.next is None:
            raise ValueError("next_param needs next")
        if not self.fields:
            raise ValueError("expected at least one field")
        return self


Source = Annotated[WebSource | FeedSource | ImportSource | JsonSource, Field(discriminator="kind")]


class WebhookReceiver(Model):
    """A signed generic webhook (Standard Webhooks)."""

    key: Key
    channel: Literal["webhook"]
    url: Secret
    signing: tuple[Secret, ...] = Field(min_length=1)  # newest first; older ones during rotation


class SlackReceiver(Model):
    """A Slack incoming webhook."""

    key: Key
    channel: Literal["slack"]
    url: Secret


class EmailReceiver(Model):
    """Mail through a relay."""

    key: Key
    channel: Literal["email"]
    to: tuple[Name, ...] = Field(min_length=1)
    sender: Name
    host: Name
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None


Receiver = Annotated[WebhookReceiver | SlackReceiver | EmailReceiver, Field(discriminator="channel")]


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


class Detector(Model):
    """How items are judged."""

    policy: PolicyFile | None = None  # weights and thresholds of your own; default: the newest that is shipped
    words: bool = True  # read the words and codes in pictures, where mekiki[words] is installed
    words_seconds: float = Field(default=900.0, ge=0)  # for that in one crawl; the rest is read when it is seen again


class Storage(Model):
    """Where things are kept."""

    database: DatabaseUrl = Field(default="sqlite:///mekiki.db", validate_default=True)
    # or env:NAME for a URL with a password
    media: BesidePath = Field(default=Path("media"), validate_default=True)


class Crawler(Model):
    """How the crawler behaves towards others."""

    contact: Name  # mail address or page, sent in the User-Agent
    user_agent: str = "mekiki"
    concurrency: int = Field(default=16, ge=1, le=128)
    per_host: int = Field(default=2, ge=1, le=16)
    timeout: float = Field(default=30.0, gt=0, le=600)  # seconds for one response
    max_bytes: int = Field(default=10 * 2**20, ge=1024, le=100 * 2**20)


class Egress(Model):
    """Which non-public addresses may be reached. Empty in production."""

    allow: EgressAllow = ()  # "ADDRESS:PORT" or "ADDRESS:*"
    hosts: EgressHosts = {}  # names pinned to addresses, as in a hosts file


class Config(Model):
    """The whole configuration. Paths are absolute after loading."""

    include: tuple[str, ...] = ()
    storage: Storage = Field(default_factory=dict, validate_default=True)
    crawler: Crawler
    egress: Egress = Egress()
    detector: Detector = Detector()
    alerting: Alerting = Alerting()
    brand: tuple[Brand, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    source: tuple[Source, ...] = ()
    receiver: tuple[Receiver, ...] = ()
    route: tuple[Route, ...] = ()

    _file: Path = PrivateAttr()

    @property
    def file(self) -> Path:
        """The file this was loaded from."""
        return self._file

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """Yield every secret reference with its key path."""
        for index, source in enumerate(self.source):
            for name, secret in source.headers.items():
                yield f"source[{index}].headers.{name}", secret
        for index, receiver in enumerate(self.receiver):
            for name, value in receiver:
                for secret in value if isinstance(value, tuple) else (value,):
                    if isinstance(secret, Secret):
                        yield f"receiver[{index}].{name}", secret

    def missing_secrets(self) -> list[Problem]:
        """Return one problem for each secret that is not there."""
        problems = []
        for path, secret in self.secrets():
            try:
                secret.reveal()
            except SecretError as error:
                problems.append(Problem(str(self.file), path, str(error)))
        return problems
