"""Hosts and URLs as people and browsers read them, hostile forms included.

`parse_host` takes a host or a URL in any form that a browser would open (no scheme, backslashes, user names,
full-width or Unicode letters, punycode, numeric addresses) and says what is registrable by the public suffix
list, private section included, so that each tenant of a shared host is a domain of its own. It never raises: what
is no host is None.
`destination` unwraps redirector URLs that carry their target.
"""

import ipaddress
import re
import tomllib
import unicodedata
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_URL: int = 8192  # characters looked at; browsers cut or refuse longer ones
MAX_HOST: int = 253  # RFC 1035
MAX_LABEL: int = 63
MAX_PARAMETERS: int = 64
MAX_ENCODINGS: int = 5  # of one parameter; who nests deeper hides something else
_WEB_SCHEMES = frozenset(("http", "https", "ws", "wss", "ftp"))
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F))
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The host of a URL, taken apart."""

    raw: str  # what was given
    ascii: str  # lower case, punycode, no trailing dot; an address as a browser resolves it
    unicode: str  # the same with punycode decoded
    suffix: str  # public suffix; empty for addresses
    registrable: str | None  # suffix and one label; None for addresses and for a bare suffix
    label: str  # the registrable domain's own label, ASCII; empty where there is none
    subdomain: str  # what stands before the registrable domain, ASCII
    path: str  # with its leading slash, without query; empty if none
    query: str
    shared: bool  # the suffix is private: somebody's hosting, the registrable domain is a tenant


def _known() -> dict[str, Any]:
    text = resources.files("detector").joinpath("lexicon/hosts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


_KNOWN = _known()


def _rules() -> tuple[frozenset[str], frozenset[str]]:
    """Return all suffix rules and the private ones, from the list that tldextract brings; nothing is fetched.

    The package itself is not imported: it would bring a client for HTTP along, for a tenth of a second.
    """
    package = find_spec("tldextract")
    assert package is not None
    assert package.origin is not None
    listed = Path(package.origin).with_name(".tld_set_snapshot").read_text("utf-8")
    public, _, private = listed.partition("// ===BEGIN PRIVATE DOMAINS===")
    rules = frozenset((*_listed(public), *_listed(private), *_KNOWN["dynamic"], *_KNOWN["builders"]))
    return rules, rules - frozenset(_listed(public))


def _listed(rules: str) -> list[str]:
    """Return the rules of a part of the list, which stand one on a line between comments."""
    return [line.split()[0] for line in rules.splitlines() if line.strip() and not line.startswith("//")]


_RULES, _PRIVATE = _rules()


def _parents() -> frozenset[str]:
    """Return what longer rules end with."""
    tails = (rule.removeprefix("!").split(".")[at:] for rule in _RULES for at in range(1, rule.count(".") + 1))
    return frozenset(".".join(tail) for tail in tails)


_PARENTS = _parents()
LURES: frozenset[str] = frozenset(_KNOWN["lures"])
IMITATED: frozenset[str] = frozenset(_KNOWN["imitated"])
IMITATED_WEAKLY: frozenset[str] = frozenset(_KNOWN["imitated_weakly"])
ABUSED_SUFFIXES: frozenset[str] = frozenset(_KNOWN["abused_suffixes"])
CLOSED_SUFFIXES: frozenset[str] = frozenset(_KNOWN["closed_suffixes"])
TECHNICAL: frozenset[str] = frozenset(_KNOWN["technical"])
CARRIERS: frozenset[str] = frozenset(_KNOWN["carriers"])
SHARED: frozenset[str] = frozenset(_KNOWN["shared"])
SUFFIX_ODDS: dict[str, float] = {
    suffix: float(odds) for odds, suffixes in _KNOWN["suffix_odds"].items() for suffix in suffixes
}
REDIRECTORS: dict[str, list[str]] = _KNOWN["redirectors"]


@lru_cache(maxsize=4096)
def parse_host(text: str) -> Host | None:
    """Read the host from a host name or URL; None if it has none that a browser would open."""
    url = text[:MAX_URL].translate(_CONTROLS).strip().replace("\\", "/")
    rest = _after_scheme(url)
    if rest is None:
        return None
    authority, path, query = _parts(rest)
    name = _host_name(authority)
    if name is None:
        return None
    address = _address(name)
    if address is not None:
        return Host(
            raw=text, ascii=address, unicode=address, suffix="", registrable=None, label="", subdomain="",
            path=path, query=query, shared=False,
        )  # fmt: skip
    if len(name) > MAX_HOST or not all(map(_valid, name.split("."))):
        return None
    return _named(name, text, path, query)


def plain_host(name: str) -> Host | None:
    """Take apart a host name as `is_plain` wants it, and without a cache: for many at once."""
    return _named(name, name, "", "")


def _named(name: str, raw: str, path: str, query: str) -> Host | None:
    labels = name.split(".")
    if len(labels) < 2:
        return None
    width, private = _suffix_width(labels)
    own = len(labels) - width - 1
    return Host(
        raw=raw,
        ascii=name,
        unicode=".".join(map(_decoded, labels)) if "xn--" in name else name,
        suffix=".".join(labels[len(labels) - width :]),
        registrable=".".join(labels[own:]) if own >= 0 else None,
        label=labels[own] if own >= 0 else "",
        subdomain=".".join(labels[:own]) if own > 0 else "",
        path=path,
        query=query,
        shared=private,
    )


def destination(url: str) -> Host | None:
    """Return the host a link leads to: the target inside a redirector's URL, else its own host; None if unknown.

    A shortener hides its target, so its links lead nowhere that can be judged.
    """
    for _ in range(3):
        host = parse_host(url)
        if host is None:
            return None
        parameters = redirector(host)
        if parameters is None:
            return host
        query = "&".join(host.query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS])
        inner = {name: _decoded_target(value) for name, value in parse_qsl(query) if name in parameters}
        target = next((inner[name] for name in parameters if "." in inner.get(name, "")), None)
        if target is None and "adurl" in parameters:
            target = _at_the_end(f"{host.path}?{host.query}")
        if target is None:
            return host if _is_platform(host) else None
        url = target
    return None


def _decoded_target(value: str) -> str:
    """Return the target that a parameter carries, which Bing writes as `a1` and base64url."""
    if value.startswith("a1aHR0c"):  # "http" in base64
        try:
            return urlsafe_b64decode(value[2:] + "=" * (-len(value[2:]) % 4)).decode("utf-8", "replace")
        except ValueError:
            return ""
    for _ in range(MAX_ENCODINGS):
        if value.lower().startswith(("http://", "https://")) or "%" not in value:
            break
        value = unquote(value)
    return value


def _at_the_end(rest: str) -> str | None:
    """Return the target that old click addresses of DoubleClick carry behind their last `;?` or bare `?`."""
    before, found, target = rest.rpartition("?http")
    if not found:
        before, found, target = rest.replace("%3F", "?").replace("%3f", "?").rpartition("?http")
    return f"http{target}" if found and before else None


def redirector(host: Host) -> list[str] | None:
    """Return the names of the parameters that carry the target if the host only passes readers on, else None."""
    for name in (host.ascii, host.registrable):
        if name in REDIRECTORS:
            return REDIRECTORS[name]
    return None


def is_shared(host: Host) -> bool:
    """Tell whether anybody can have pages under this very host."""
    return host.ascii.removeprefix("www.") in SHARED or host.registrable in SHARED or host.registrable is None


def is_carried(host: Host) -> bool:
    """Tell whether the host is a delivery network's name for one of its customers."""
    labels = host.ascii.split(".")
    return any(".".join(labels[-width:]) in CARRIERS for width in (2, 3))


def _is_platform(host: Host) -> bool:
    return host.registrable in SHARED


def _after_scheme(url: str) -> str | None:
    head, colon, tail = url.partition(":")
    if not colon or not head.isascii() or not head.replace("+", "").replace("-", "").replace(".", "").isalnum():
        return url.lstrip("/")
    if head.lower() in _WEB_SCHEMES:
        return tail.lstrip("/")
    if "." in head or tail[:1].isdigit():
        return url  # host:port
    return None


def _parts(rest: str) -> tuple[str, str, str]:
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    authority, tail = rest[:end], rest[end:].partition("#")[0]
    path, _, query = tail.partition("?")
    return authority, path, query


def _host_name(authority: str) -> str | None:
    name = authority.rpartition("@")[2]
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    name = name.partition(":")[0]
    if "%" in name:
        name = unquote(name, errors="replace")
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name).replace("。", ".")
        name = ".".join(_encoded(label) for label in name.lower().split("."))
    return name.lower().rstrip(".").strip() or None


def _encoded(label: str) -> str:
    if label.isascii():
        return label
    visible = "".join(character for character in label if unicodedata.category(character) != "Cf")
    try:
        return "xn--" + visible.encode("punycode").decode("ascii") if not visible.isascii() else visible
    except UnicodeError:
        return ""


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError, ValueError):
        return label


def _valid(label: str) -> bool:
    return 0 < len(label) <= MAX_LABEL and _LABEL.issuperset(label)


def _address(name: str) -> str | None:
    """Return the address that a browser would connect to for a numeric host, else None."""
    if name.startswith("["):
        if "%" in name:  # a zone, in which anything may stand: no browser opens it (WHATWG URL, section 3.5)
            return None
        try:
            return str(ipaddress.IPv6Address(name.strip("[]")))
        except ValueError:
            return None
    parts = name.split(".")
    if len(parts) > 4 or not parts[-1][:1].isdigit():
        return None
    numbers = [_number(part) for part in parts]
    if None in numbers:
        return None
    value = 0
    for number in numbers[:-1]:
        value = value * 256 + (number or 0)
    value = value * 256 ** (5 - len(parts)) + (numbers[-1] or 0)
    return str(ipaddress.IPv4Address(value)) if value < 2**32 else None


def _number(part: str) -> int | None:
    try:
        if part.startswith("0x"):
            return int(part[2:12] or "0", 16)
        return int(part[:12], 8 if part.startswith("0") and part != "0" else 10)
    except ValueError:
        return None


def _suffix_width(labels: list[str]) -> tuple[int, bool]:
    """Return how many labels the public suffix has, and whether its rule is a private one (unknown suffix: 1, no)."""
    best, private, tail = 1, False, ""
    for width, label in enumerate(reversed(labels), 1):
        wildcard = "*." + tail
        name = _decoded(label) + "." + tail if tail else _decoded(label)
        if "!" + name in _RULES:
            return width - 1, False
        if name in _RULES:
            best, private = width, name in _PRIVATE
        elif tail and wildcard in _RULES:
            best, private = width, wildcard in _PRIVATE
        if name not in _PARENTS:
            break
        tail = name
    return best, private


_PLAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}")


def is_plain(text: str) -> bool:
    """Tell whether a text is a host name as certificate logs write them: no scheme, lower case, ASCII, no address."""
    return len(text) <= MAX_HOST and _PLAIN.fullmatch(text) is not None
