"""Feeds: the fraud hosts of all confirmed cases as lists that resolvers, proxies and browsers read.

Only what the detector took for the campaign's own place and a person confirmed; never a host of a brand's own, of its
partners, or that others share; a host that is gone leaves after a while. Flow: cases (`storage.fraud_hosts`) -> names
or addresses -> sorted in a temporary database, each once -> lines. The same frauds give the same lines at any time.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, Literal, get_args

from config.sharing import Sharing
from detector.hosts import Host, plain_host
from storage.fraud_hosts import FraudCase
from takedown.sharing.errors import NotShareable
from takedown.sharing.fences import Fences
from takedown.sharing.personal import aim, shared_url
from takedown.sharing.select import is_own

Form = Literal["hosts", "domains", "rpz", "urls", "adblock"]
FORMS: tuple[Form, ...] = get_args(Form)
LONGEST_RPZ = 200  # characters of a name: with `*.` and the zone's own name it must stay below 255 (RFC 1035)
_AT_ONCE = 1000  # rows that are written together
_COMMENT: dict[Form, str] = {"hosts": "#", "domains": "#", "rpz": ";", "urls": "#", "adblock": "!"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A list that is ready to be written."""

    form: Form
    entries: int
    left_out: int  # names that the form cannot hold
    digest: str  # SHA-256 of its lines


class Feed:
    """The sorted entries of one list, on disk."""

    def __init__(self, base: sqlite3.Connection, form: Form) -> None:
        self._base = base
        self._form = form
        self._base.execute("CREATE TABLE entries (value TEXT PRIMARY KEY) WITHOUT ROWID")

    def fill(self, values: Iterable[str]) -> Made:
        """Take all entries."""
        rows = iter(values)
        while some := list(islice(rows, _AT_ONCE)):
            self._base.executemany("INSERT OR IGNORE INTO entries VALUES (?)", [(value,) for value in some])
        self._base.commit()
        digest, entries, left_out = sha256(), 0, 0
        for (value,) in self._base.execute("SELECT value FROM entries ORDER BY value"):
            lines = LINES[self._form](value)
            entries, left_out = entries + bool(lines), left_out + (not lines)
            for line in lines:
                digest.update(f"{line}\n".encode())
        return Made(form=self._form, entries=entries, left_out=left_out, digest=digest.hexdigest())

    def lines(self) -> Iterator[str]:
        """Yield the lines of the list, without its head."""
        for (value,) in self._base.execute("SELECT value FROM entries ORDER BY value"):
            yield from LINES[self._form](value)


@contextmanager
def feed(form: Form) -> Iterator[Feed]:
    """Give an empty list; what does not fit into memory goes to a private file that leaves with it."""
    base = sqlite3.connect("")
    try:
        yield Feed(base, form)
    finally:
        base.close()


def entries_of(
    cases: Iterable[FraudCase], form: Form, profile: Sharing, fences: Fences, *, now: datetime
) -> Iterator[str]:
    """Yield hosts in ASCII, or addresses, some more than once.

    Raises:
        NotShareable: the profile does not let them out.
    """
    part = "urls" if form == "urls" else "hosts"
    if part not in profile.include:
        raise NotShareable(f"profile {profile.key} does not include {part}")
    for case in cases:
        yield from _of_case(case, form, fences, now - profile.gone)


def _of_case(case: FraudCase, form: Form, fences: Fences, since: datetime) -> Iterator[str]:
    """Yield what belongs to a campaign and is there, or was until a time."""
    places = [
        (url, host) for url in case.urls if (host := aim(url)) is not None and is_own(host, case.hosts, case.pages)
    ]
    gone = _gone(case, places)
    for _, host in places:
        if gone.get(host.ascii, since) < since:
            continue
        if form == "urls":
            if "://" in host.raw and fences.may_point_at(host) and (shown := shared_url(host.raw)) is not None:
                yield shown
        elif fences.may_name(host):
            yield host.ascii


def _gone(case: FraudCase, places: Iterable[tuple[str, Host]]) -> dict[str, datetime]:
    """Return the hosts of which nothing is there any more, as far as anybody looked, and since when."""
    found: dict[str, datetime] = {}
    there: set[str] = set()
    for url, host in places:
        at = case.gone.get(url)
        if at is not None:
            found[host.ascii] = max(at, found.get(host.ascii, at))
        elif url in case.there:
            there.add(host.ascii)
        elif case.down_since is not None:
            found[host.ascii] = max(case.down_since, found.get(host.ascii, case.down_since))
    return {name: at for name, at in found.items() if name not in there}


# --- forms ------------------------------------------------------------------------------------------------------


def _hosts_lines(name: str) -> tuple[str, ...]:
    return tuple(f"0.0.0.0 {one}" for one in _twins(name))


def _domain_lines(name: str) -> tuple[str, ...]:
    return _twins(name)


def _rpz_lines(name: str) -> tuple[str, ...]:
    if len(name) > LONGEST_RPZ:
        return ()
    return (f"{name} CNAME .", f"*.{name} CNAME .")


def _url_lines(url: str) -> tuple[str, ...]:
    return (url,)


def _adblock_lines(name: str) -> tuple[str, ...]:
    return (f"||{name}^",)


LINES: dict[Form, Callable[[str], tuple[str, ...]]] = {
    "hosts": _hosts_lines,
    "domains": _domain_lines,
    "rpz": _rpz_lines,
    "urls": _url_lines,
    "adblock": _adblock_lines,
}


def _twins(name: str) -> tuple[str, ...]:
    """Return a name, and for a registered domain the same with www, which such lists do not know by themselves."""
    host = plain_host(name)
    return (name, f"www.{name}") if host is not None and host.registrable == name and len(name) < 250 else (name,)


def head(made: Made, profile: Sharing, *, version: str, now: datetime) -> Iterator[str]:
    """Yield the first lines of a list: what it is, of when, for whom; of a zone also its SOA and NS."""
    sign = _COMMENT[made.form]
    noun = "Addresses" if made.form == "urls" else "Hosts"
    if made.form == "adblock":
        yield "! Title: Fraud hosts of confirmed cases"
    yield f"{sign} {noun} of confirmed cases: {made.entries}, profile {profile.key}, TLP:{profile.tlp.upper()}"
    yield f"{sign} mekiki {version}, {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield f"{sign} sha256 of the lines below: {made.digest}"
    if made.form == "rpz":
        yield "$TTL 300"
        yield f"@ SOA localhost. nobody.localhost. ({int(now.timestamp()) % 2**32} 3600 600 86400 300)"
        yield "@ NS localhost."


def write(out: IO[str], heading: Iterable[str], lines: Iterable[str]) -> None:
    """Write a list."""
    out.writelines(f"{line}\n" for line in heading)
    out.writelines(f"{line}\n" for line in lines)


def unchanged(path: Path, made: Made) -> bool:
    """Tell whether a file already holds these very lines, whatever its head says."""
    digest = sha256()
    sign = _COMMENT[made.form]
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.startswith((sign.encode(), b"$TTL ", b"@ ")):
                    digest.update(line)
    except OSError:
        return False
    return digest.hexdigest() == made.digest
