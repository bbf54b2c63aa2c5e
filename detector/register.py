"""The ownership register of one brand, ready to be asked: whose is this host, path, advertiser or account?

A domain entry covers the host and everything below it; a path entry covers one host from a prefix that ends at a
slash; expired entries cover nothing but are told. A host where anybody can have a page is never trusted whole,
whoever lists it.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from detector.brands import BrandProfile, Ownership, Who
from detector.hosts import Host, is_shared, parse_host

OWN: frozenset[Who] = frozenset(("own", "group", "agency"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A register entry that covers what was seen."""

    who: Who
    entry: str  # as the register writes it, with its note
    valid: bool  # false: it has expired

    @property
    def own(self) -> bool:
        """Tell whether the brand itself stands behind it, rather than a partner."""
        return self.who in OWN


class Register:
    """Who may use one brand, and where."""

    def __init__(self, brand: BrandProfile, tokens: frozenset[str]) -> None:
        self._accounts = brand.accounts
        self._ownership = brand.ownership
        self._hosts: dict[str, list[tuple[str, Ownership | None]]] = {}
        self.official_hosts: tuple[str, ...] = ()
        for domain in brand.domains:
            self._add_host(domain, None, tokens)
        for entry in brand.ownership:
            if entry.scope.kind == "domain":
                self._add_host(entry.scope.value, entry, tokens)
            elif entry.scope.kind == "path":
                host = parse_host(entry.scope.value)
                if host:
                    self._hosts.setdefault(host.ascii, []).append((host.path.rstrip("/"), entry))

    def _add_host(self, domain: str, entry: Ownership | None, tokens: frozenset[str]) -> None:
        host = parse_host(domain)
        if host is None or (is_shared(host) and host.label.replace("-", "") not in tokens):
            return
        self._hosts.setdefault(host.ascii, []).append(("", entry))
        if entry is None:
            self.official_hosts += (host.ascii,)

    def host_names(self) -> frozenset[str]:
        """Return every host that some entry covers."""
        return frozenset(self._hosts)

    def accounts(self) -> frozenset[tuple[str, str]]:
        """Return platform and id of every advertiser or account that some entry covers."""
        scopes = [*self._accounts, *(entry.scope for entry in self._ownership)]
        return frozenset(
            (scope.platform or "", _identifier(scope.value))
            for scope in scopes
            if scope.kind in ("advertiser", "account")
        )

    def host(self, host: Host, on: date) -> Owned | None:
        """Return the entry that covers a URL, a valid one first; None if nobody registered it."""
        if not _covers(self._hosts, host.ascii):
            return None
        found = [_owned(entry, f"domain:{name}", on) for name, entry in self._covering(host)]
        return next((owned for owned in found if owned.valid), found[0] if found else None)

    def _covering(self, host: Host) -> Iterator[tuple[str, Ownership | None]]:
        labels = host.ascii.split(".")
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            for prefix, entry in self._hosts.get(name, ()):
                if not prefix or (start == 0 and (host.path == prefix or host.path.startswith(prefix + "/"))):
                    yield name, entry

    def advertiser(self, platform: str | None, identifier: str | None, on: date) -> Owned | None:
        """Return the entry that covers an advertiser or account id on a platform."""
        if not platform or not identifier:
            return None
        wanted = (platform.lower(), _identifier(identifier))
        for scope in self._accounts:
            if (scope.platform, _identifier(scope.value)) == wanted:
                return Owned(who="own", entry=f"account:{scope.platform}:{scope.value}", valid=True)
        found = [
            _owned(entry, f"{scope.kind}:{scope.platform}:{scope.value}", on)
            for entry in self._ownership
            if (scope := entry.scope).kind in ("advertiser", "account")
            and (scope.platform, _identifier(scope.value)) == wanted
        ]
        return next((owned for owned in found if owned.valid), found[0] if found else None)


class Registers:
    """All brands' registers, asked at once: which brands have something to say about this item?"""

    def __init__(self, registers: Sequence[Register]) -> None:
        self._hosts: dict[str, set[int]] = {}
        self._accounts: dict[tuple[str, str], set[int]] = {}
        for index, register in enumerate(registers):
            for name in register.host_names():
                self._hosts.setdefault(name, set()).add(index)
            for account in register.accounts():
                self._accounts.setdefault(account, set()).add(index)

    def of_host(self, host: Host) -> set[int]:
        """Return the brands with an entry for the host or a host above it."""
        labels = host.ascii.split(".")
        found = (self._hosts.get(".".join(labels[start:])) for start in range(len(labels)))
        return set().union(*(brands for brands in found if brands))

    def knows(self, name: str) -> bool:
        """Tell whether some entry covers a host name or a host above it; faster than `of_host`."""
        return _covers(self._hosts, name)

    def of_advertiser(self, platform: str | None, identifier: str | None) -> set[int]:
        """Return the brands with an entry for the advertiser or account."""
        if not platform or not identifier:
            return set()
        return self._accounts.get((platform.lower(), _identifier(identifier)), set())


def _covers(hosts: Container[str], name: str) -> bool:
    while name:
        if name in hosts:
            return True
        name = name.partition(".")[2]
    return False


def _identifier(value: str) -> str:
    return value.lower().lstrip("@")


def _owned(entry: Ownership | None, scope: str, on: date) -> Owned:
    if entry is None:
        return Owned(who="own", entry=scope, valid=True)
    if entry.scope.kind == "path":
        scope = f"path:{entry.scope.value}"
    text = f"{scope} ({entry.who})" + (f", {entry.note}" if entry.note else "")
    valid = entry.valid(on)
    if not valid:
        text += f", expired on {entry.until}"
    return Owned(who=entry.who, entry=text, valid=valid)
