"""Exposed: parts of a source's addresses that look like secrets.

An address is stored with what was found there, and stands in logs, evidence and messages; a header does not. Only
names are looked at, and only names are told: never a value.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from config.sources.base import SourceBase

_ENDS = ("token", "apikey", "accesskey", "secretkey", "secret", "password", "passwd", "signature")
_NAMES = frozenset({"key", "auth", "authorization", "bearer", "credential", "credentials", "pass", "pwd", "sig"})
_PAGES = ("pagetoken", "nexttoken", "continuationtoken", "synctoken")  # where to go on: tokens, but no secrets


def exposed(source: SourceBase) -> Iterator[tuple[str, str]]:
    """Yield each part that looks like a secret, as field of the source ("urls") and name within it ("token").

    User and password before a host are no case of it: such an address is not loaded.
    """
    for field in ("url", "urls", "sitemaps", "detail_url", "token_url", "servers"):
        value = getattr(source, field, ())
        for address in (value,) if isinstance(value, str) else value.values() if isinstance(value, dict) else value:
            names = [name for name, _ in parse_qsl(urlsplit(address).query)]  # without those that have no value
            yield from ((field, name) for name in dict.fromkeys(names) if _secret(name))
    for field in ("params", "body"):
        yield from ((field, name) for name in dict.fromkeys(_filled(getattr(source, field, None))) if _secret(name))


def _filled(value: object) -> Iterator[str]:
    """Yield the names of a table, and of those in it, that have a text which stands there for itself."""
    match value:
        case Mapping():
            for name, inner in value.items():
                if isinstance(inner, str) and inner and "{" not in inner:
                    yield name
                yield from _filled(inner)
        case list() | tuple():
            for inner in value:
                yield from _filled(inner)


def _secret(name: str) -> bool:
    bare = "".join(character for character in name.lower() if character.isalnum())
    return bare in _NAMES or (bare.endswith(_ENDS) and not bare.endswith(_PAGES))
