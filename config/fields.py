"""The types of single values: lengths of time, addresses, patterns, paths beside their file."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jmespath
import re2
from cronsim import CronSim, CronSimError
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo

from safety.egress import EgressRule

KEY = r"^[a-z0-9][a-z0-9_-]{0,62}$"
KEY_WORDS = "lower-case letters, digits, - and _, at most 63"  # what KEY asks for


def length_of(text: str) -> timedelta:
    """Read a length of time: `30s`, `15m`, `2h`, `1d`, `2w`.

    Raises:
        ValueError: it is none; the message says what was expected.
    """
    match = re.fullmatch(r"(\d{1,5})([smhdw])", text)
    if not match or not int(match[1]):
        raise ValueError("expected a length of time such as 30s, 15m, 2h, 1d or 2w")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def length_text(value: timedelta) -> str:
    """Write a length of time as `length_of` reads it, in its largest unit but weeks."""
    seconds = int(value.total_seconds())
    size, unit = next(
        (size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")) if seconds % size == 0
    )
    return f"{seconds // size}{unit}"


def _length(value: object) -> object:
    return length_of(value) if isinstance(value, str) else value


def _jmespath(value: str) -> str:
    try:
        jmespath.compile(value)
    except JMESPathError as error:
        raise ValueError(f"expected a JMESPath: {' '.join(str(error).split())}") from error
    return value


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = f"{parts.scheme}:…" if "@" in value else value[:80]  # a password may stand before it
        raise ValueError(f"expected an http:// or https:// URL, got {shown!r}")
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


def _ip_address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(f"expected an IP address, got {value!r}") from None


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('expected a time zone such as "Asia/Tokyo"') from None
    return value


DatabaseUrl = Annotated[str, AfterValidator(_database)]
EgressAllow = Annotated[tuple[str, ...], AfterValidator(_egress_allow)]
EgressHosts = Annotated[dict[str, str], AfterValidator(_egress_hosts)]
BesidePath = Annotated[Path, AfterValidator(_beside)]
BesidePattern = Annotated[str, AfterValidator(_pattern_beside)]
Cron = Annotated[str, AfterValidator(_schedule)]
Patterns = Annotated[tuple[str, ...], AfterValidator(_patterns)]
JmesPath = Annotated[str, AfterValidator(_jmespath)]
Interval = Annotated[
    timedelta, BeforeValidator(_length, json_schema_input_type=str), PlainSerializer(length_text, return_type=str)
]
IpAddress = Annotated[str, AfterValidator(_ip_address)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Hour = Annotated[int, Field(ge=0, le=24)]
Key = Annotated[str, Field(pattern=KEY)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
