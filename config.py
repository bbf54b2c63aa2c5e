"""Configuration: one TOML file (and its includes) -> one frozen `Config`.

`load(path)` reads, merges includes, validates, and raises `ConfigError` with every problem at once; each names the
file, the key path, what was expected and, for an unknown key, the nearest known one. Secrets stay references
(`env:NAME`, `file:PATH`) until `Secret.reveal()` is called by the one component that needs them.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import re2
from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from detector.brands import Scope
from detector.hosts import parse_host
from safety.egress import EgressRule
from safety.secret import Secret, SecretError

KEY = r"^[a-z0-9][a-z0-9_-]{0,62}$"
KEY_WORDS = "lower-case letters, digits, - and _, at most 63"  # what KEY asks for


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration."""

    file: str
    path: str  # e.g. "source[0].schedule"
    message: str  # what was expected, and the nearest known key

    def __str__(self) -> str:
        return f"{self.file}: {self.path}: {self.message}" if self.path else f"{self.file}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every reason found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def _interval(value: object) -> object:
    """Read "15m", "2h", "30s", "1d" as a timedelta."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,6})([smhd])", value)
        if not match or not int(match[1]):
            raise ValueError('expected a length of time such as "30s", "15m", "2h" or "1d"')
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return timedelta(**{unit: int(match[1])})
    return value


def _shortest(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    size, unit = next(
        (size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an http:// or https:// URL, got {value[:80]!r}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL here carries no user or password; put them into headers, as env:NAME or file:PATH")
    return value


def _beside(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute, relative to the file it stands in."""
    return Path((info.context or {}).get("base", "")) / path


def _pattern_beside(pattern: str, info: ValidationInfo) -> str:
    return pattern if pattern == "-" else str(_beside(Path(pattern), info))


def _database(url: str, info: ValidationInfo) -> str:
    """Make the SQLite file absolute; refuse a password in clear."""
    if url.startswith("sqlite:///"):
        return f"sqlite:///{_beside(Path(url.removeprefix('sqlite:///')), info)}"
    if not url.startswith("env:") and re.search(r"://[^:/@]*:[^@]*@|[?&]password=", url):  # as SQLAlchemy reads it
        raise ValueError("expected env:NAME, because the URL carries a password")
    if not url.startswith(("env:", "postgresql")):
        raise ValueError("expected sqlite:///FILE, postgresql+psycopg://… or env:NAME")
    return url


def _schedule(value: str) -> str:
    try:
        CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError('expected five cron fields such as "*/15 * * * *"') from error
    return value


def _patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            re2.compile(value)
        except re2.error as error:
            raise ValueError(f"{value!r} is no RE2 pattern: {error}") from error
    return values


def _egress_allow(values: tuple[str, ...]) -> tuple[str, ...]:
    EgressRule.parse(values)
    return values


def _egress_hosts(values: dict[str, str]) -> dict[str, str]:
    try:
        EgressRule.parse((), values)
    except ValueError:
        raise ValueError('expected name = "ADDRESS"') from None
    return values


BesidePath = Annotated[Path, AfterValidator(_beside)]
BesidePattern = Annotated[str, AfterValidator(_pattern_beside)]
Cron = Annotated[str, AfterValidator(_schedule)]
Patterns = Annotated[tuple[str, ...], AfterValidator(_patterns)]
Interval = Annotated[
    timedelta, BeforeValidator(_interval, json_schema_input_type=str), PlainSerializer(_shortest, return_type=str)
]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Key = Annotated[str, Field(pattern=KEY)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


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
    who: Literal["own", "group", "agency", "reseller", "press", "parody"]
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
    item: Literal["ad", "post", "comment", "page", "domain"] = "page"
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


Source = Annotated[WebSource | FeedSource | ImportSource, Field(discriminator="kind")]


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
    kinds: tuple[Literal["ad", "post", "comment", "page", "domain"], ...] = ()
    sources: tuple[Key, ...] = ()
    min_score: float = Field(default=0.0, ge=0, le=1)


class Alerting(Model):
    """How alerts are grouped and worded."""

    group_wait: Interval = Field(default="30s", validate_default=True)  # before the first message of a case
    group_interval: Interval = Field(default="5m", validate_default=True)  # between later messages of a case
    language: Literal["en", "ja"] = "en"


class Storage(Model):
    """Where things are kept."""

    database: Annotated[str, AfterValidator(_database)] = Field(default="sqlite:///mekiki.db", validate_default=True)
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

    allow: Annotated[tuple[str, ...], AfterValidator(_egress_allow)] = ()  # "ADDRESS:PORT" or "ADDRESS:*"
    hosts: Annotated[
        dict[str, str], AfterValidator(_egress_hosts)
    ] = {}  # names pinned to addresses, as in a hosts file


class Config(Model):
    """The whole configuration. Paths are absolute after loading."""

    include: tuple[str, ...] = ()
    storage: Storage = Field(default_factory=dict, validate_default=True)
    crawler: Crawler
    egress: Egress = Egress()
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


# The lists that included files may add to, and the type of their rows.
LISTS: dict[str, TypeAdapter[Any]] = {
    "brand": TypeAdapter(Brand),
    "ownership": TypeAdapter(Ownership),
    "source": TypeAdapter(Source),
    "receiver": TypeAdapter(Receiver),
    "route": TypeAdapter(Route),
}
Origin = dict[tuple[str, int], tuple[Path, str]]  # (list, index in the merged list) -> (file, key path there)


def load(path: Path) -> Config:
    """Read the configuration file, its includes, and check everything that needs no network.

    Raises:
        ConfigError: with every problem found.
    """
    path = path.absolute()
    main = _read(path)
    problems: list[Problem] = []
    origin: Origin = {}
    lists: dict[str, list[Any]] = {name: [] for name in LISTS}
    for file in (path, *_included(path, main.get("include", []))):
        table = main if file == path else _read(file)
        for name, rows in table.items():
            if name not in LISTS and file != path:
                known = ", ".join(f"[[{known}]]" for known in LISTS)
                problems.append(Problem(str(file), name, f"an included file holds only {known}"))
            elif name in LISTS and not isinstance(rows, list):
                problems.append(Problem(str(file), name, f"expected [[{name}]], got [{name}]"))
            elif name in LISTS:
                for index, row in enumerate(rows):
                    where = f"{name}[{index}]"
                    try:
                        value = LISTS[name].validate_python(row, context={"base": file.parent})
                    except ValidationError as error:
                        problems += [_problem(file, where, LISTS[name], detail) for detail in error.errors()]
                        continue
                    origin[name, len(lists[name])] = (file, where)
                    lists[name].append(value)
    single = {name: value for name, value in main.items() if name not in LISTS}
    try:
        config = Config.model_validate({**single, **lists}, context={"base": path.parent})
    except ValidationError as error:
        problems += [_problem(path, "", TypeAdapter(Config), detail) for detail in error.errors()]
        raise ConfigError(problems) from None
    config._file = path
    problems += [
        Problem(str(origin[row][0]), f"{origin[row][1]}{key}", text) for row, key, text in _contradictions(config)
    ]
    if problems:
        raise ConfigError(problems)
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), "", f"is not valid TOML: {error}")]) from error


def _included(path: Path, patterns: object) -> Iterator[Path]:
    for pattern in patterns if isinstance(patterns, list) else []:
        files = sorted(path.parent.glob(str(pattern)))
        if not files:
            raise ConfigError([Problem(str(path), "include", f"no file matches {pattern!r}")])
        yield from files


def _problem(file: Path, prefix: str, adapter: TypeAdapter[Any], detail: ErrorDetails) -> Problem:
    """Word one pydantic error for people."""
    steps = [step for step in detail["loc"] if step not in _TAGS]
    where = prefix
    for step in steps:
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else str(step)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        near = process.extractOne(
            str(steps[-1]), sorted(_known_keys(adapter, detail["loc"][:-1])), scorer=fuzz.ratio, score_cutoff=60
        )
        message = "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    elif detail["type"] == "missing":
        message = "is missing"
    elif detail["type"] == "union_tag_not_found":
        message = f"{detail['ctx']['discriminator']} is missing".replace("'", "")
    elif detail["type"] == "union_tag_invalid":
        where += "." + str(detail["ctx"]["discriminator"]).strip("'")
        message = f"expected {detail['ctx']['expected_tags']}, got {detail['ctx']['tag']!r}"
    elif detail["type"] == "string_pattern_mismatch":
        message = f"expected {KEY_WORDS}, got {detail['input']!r}"
    return Problem(str(file), where, message)


_TAGS = {"web", "feed", "import", "webhook", "slack", "email"}


def _known_keys(adapter: TypeAdapter[Any], steps: tuple[int | str, ...]) -> set[str]:
    """Return the property names that the JSON Schema allows at the place an unknown key was found."""
    schema = adapter.json_schema()
    definitions = schema.get("$defs", {})

    def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
        return definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node

    node = resolve(schema)
    for step in steps:
        if isinstance(step, str) and "discriminator" in node:
            node = resolve({"$ref": node["discriminator"]["mapping"][step]})
        elif isinstance(step, str):
            node = resolve(node.get("properties", {}).get(step, {}))
    return set(node.get("properties", {}))


def _contradictions(config: Config) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Yield ((list, index), key suffix, message) for what is well-formed but cannot work."""
    for name in ("brand", "source", "receiver"):
        seen: set[str] = set()
        for index, row in enumerate(getattr(config, name)):
            if row.key in seen:
                yield (name, index), ".key", f"{row.key!r} is used twice"
            seen.add(row.key)
    brands = {brand.key for brand in config.brand}
    sources = {source.key for source in config.source}
    receivers = {receiver.key for receiver in config.receiver}
    for index, brand in enumerate(config.brand):
        for position, account in enumerate(brand.accounts):
            if not all(account.partition(":")[::2]):
                yield ("brand", index), f".accounts[{position}]", "expected PLATFORM:ID"
        for position, domain in enumerate(brand.domains):
            if parse_host(domain) is None:
                yield ("brand", index), f".domains[{position}]", f"expected a host such as shop.example, got {domain!r}"
    for index, entry in enumerate(config.ownership):
        yield from _unknown(("ownership", index), ".brand", (entry.brand,), brands, "brand")
        try:
            Scope.parse(entry.scope)
        except ValueError as error:
            yield ("ownership", index), ".scope", str(error)
    for index, source in enumerate(config.source):
        yield from _unknown(("source", index), ".brands", source.brands, brands, "brand")
    for index, route in enumerate(config.route):
        yield from _unknown(("route", index), ".receivers", route.receivers, receivers, "receiver")
        yield from _unknown(("route", index), ".brands", route.brands, brands, "brand")
        yield from _unknown(("route", index), ".sources", route.sources, sources, "source")


def _unknown(
    row: tuple[str, int], key: str, used: tuple[str, ...], known: set[str], noun: str
) -> Iterator[tuple[tuple[str, int], str, str]]:
    for value in used:
        if value not in known:
            near = process.extractOne(value, sorted(known), scorer=fuzz.ratio, score_cutoff=60)
            yield row, key, f"there is no {noun} {value!r}" + (f"; did you mean {near[0]!r}?" if near else "")
