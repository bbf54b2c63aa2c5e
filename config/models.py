"""The tables of the configuration, frozen after loading."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from config.board import Board
from config.fields import (
    BesidePath,
    DatabaseUrl,
    EgressAllow,
    EgressHosts,
    Hour,
    Interval,
    Key,
    Name,
    WebUrl,
    ZoneName,
)
from config.model import Model
from config.policy import PolicyFile
from config.problems import Problem
from config.quiet import Quiet
from config.receivers import Receiver
from config.routes import Alerting, Inhibit, Route
from config.sharing import Sharing
from config.sources import Source
from config.takedown import Authority, Owner, Takedown, Trademark
from config.triage import Triage
from config.watch import Watching
from detector.brands import Who
from safety.secret import Secret, SecretError


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
    pages: tuple[BesidePath, ...] = ()  # saved official pages: files, or folders of HTML and text
    false_claims: tuple[Name, ...] = ()
    owner: Owner | None = None  # who files notices needs it
    trademark: tuple[Trademark, ...] = ()
    authority: tuple[Authority, ...] = ()  # letters by which others may act for it


class Ownership(Model):
    """Who may use a brand, and where."""

    brand: Key
    who: Who
    scope: Name
    until: date | None = None
    note: str = ""


class Detector(Model):
    """How items are judged."""

    policy: PolicyFile | None = None  # weights and thresholds of your own; default: the newest that is shipped
    words: bool = True  # read the words and codes in pictures, where mekiki[words] is installed
    words_seconds: float = Field(default=900.0, ge=0)  # for that in one crawl; the rest is read when it is seen again


def _at_least_a_day(value: timedelta) -> timedelta:
    if value < timedelta(days=1):
        raise ValueError('expected at least "1d"')
    return value


Kept = Annotated[Interval, AfterValidator(_at_least_a_day)]


class Storage(Model):
    """Where things are kept."""

    database: DatabaseUrl = Field(default="sqlite:///mekiki.db", validate_default=True)
    # or env:NAME for a URL with a password
    media: BesidePath = Field(default=Path("media"), validate_default=True)
    # Index of pictures and texts for `mekiki seen`: made of the database, so it may be lost.
    index: BesidePath = Field(default=Path("index"), validate_default=True)
    # How long after it was seen last: then `mekiki db prune` removes it, unless a case that matters needs it.
    keep_items: Kept | None = None  # texts, sightings and verdicts; default: for ever
    keep_pictures: Kept | None = None  # default: for ever
    keep_visits: Kept | None = None  # journeys and their evidence; default: for ever


class Crawler(Model):
    """How the crawler behaves towards others."""

    contact: Name  # mail address or page, sent in the User-Agent
    user_agent: str = "mekiki"
    ad_rules: tuple[BesidePath, ...] = ()  # lists of ad elements in EasyList's notation, for pages of kind "web"
    concurrency: int = Field(default=16, ge=1, le=128)
    per_host: int = Field(default=2, ge=1, le=16)
    timeout: float = Field(default=30.0, gt=0, le=600)  # seconds for one response
    max_bytes: int = Field(default=10 * 2**20, ge=1024, le=100 * 2**20)
    browser: BesidePath | None = None  # Chromium's executable; default: the one that the system has


class Visitor(Model):
    """As whom a suspicious link is followed."""

    key: Key
    user_agent: Annotated[str, Field(min_length=1, max_length=500)]
    language: Name = "ja,en;q=0.8"  # Accept-Language
    referrer: WebUrl | None = None  # where the link was clicked
    bare: bool = False  # ask without click ids (fbclid, gclid, utm_…): what who was given the address, a reviewer, sees
    browser: bool = False  # look with Chromium, which runs scripts and draws the page; needs mekiki[browser]
    device: Literal["desk", "telephone"] = "desk"  # the browser's window: 1366 x 768, or 390 x 844 with touch
    stay: float = Field(default=5.0, ge=0, le=60)  # seconds without being led on, until a page is the last
    proxy: Secret | None = None  # http://USER:PASSWORD@HOST:PORT to leave through, e.g. in another country
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None  # where that is; told beside what was seen
    hours: tuple[Hour, Hour] | None = None  # of the day in which it looks, from and until, e.g. [19, 24]
    zone: ZoneName = "Asia/Tokyo"  # time zone of `hours` and of the browser
    times: int = Field(default=1, ge=1, le=10)  # visits, one after another with the cookies of the one before
    pause: float = Field(default=5.0, ge=0, le=3600)  # seconds between them

    @model_validator(mode="after")
    def _looks_at_some_time(self) -> Self:
        if self.hours is not None and self.hours[0] == self.hours[1]:
            raise ValueError("hours: expected two different hours, from and until")
        return self


class Evidence(Model):
    """What proves when evidence was there."""

    authority: WebUrl | None = None  # RFC 3161 time stamping authority that stamps each manifest
    roots: BesidePath | None = None  # PEM file with the certificates that such stamps must lead to


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
    watch: Watching = Field(default_factory=dict, validate_default=True)
    board: Board = Field(default_factory=dict, validate_default=True)
    alerting: Alerting = Alerting()
    brand: tuple[Brand, ...] = ()
    ownership: tuple[Ownership, ...] = ()
    evidence: Evidence = Evidence()
    visitor: tuple[Visitor, ...] = ()  # none: four of our own, see docs/operations.md
    source: tuple[Source, ...] = ()
    receiver: tuple[Receiver, ...] = ()
    route: tuple[Route, ...] = ()
    triage: Triage = Triage()
    takedown: Takedown = Takedown()
    sharing: tuple[Sharing, ...] = ()  # none: one of our own, without personal data, see docs/sharing.md
    quiet: tuple[Quiet, ...] = ()
    inhibit: tuple[Inhibit, ...] = ()

    _file: Path = PrivateAttr()

    @property
    def file(self) -> Path:
        """The file this was loaded from."""
        return self._file

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """Yield every secret reference with its key path."""
        for table in ("source", "receiver", "visitor"):
            for index, row in enumerate(getattr(self, table)):
                for name, secret in row.secrets():
                    yield f"{table}[{index}].{name}", secret
        if self.takedown.mail is not None:
            yield from ((f"takedown.mail.{name}", secret) for name, secret in self.takedown.mail.secrets())
        if self.board.oidc is not None:
            yield from ((f"board.oidc.{name}", secret) for name, secret in self.board.oidc.secrets())
        for index, account in enumerate(self.takedown.account):
            yield from ((f"takedown.account[{index}].{name}", secret) for name, secret in account.secrets())

    def missing_secrets(self) -> list[Problem]:
        """Return one problem for each secret that is not there."""
        problems = []
        for path, secret in self.secrets():
            try:
                secret.reveal()
            except SecretError as error:
                problems.append(Problem(str(self.file), path, str(error)))
        return problems
