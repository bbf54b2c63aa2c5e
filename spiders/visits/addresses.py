"""Addresses as hostile pages write them: taken apart without falling over those that are none."""

from urllib.parse import SplitResult, urljoin, urlsplit


def split(url: str) -> SplitResult:
    """Take an address apart; one that is none has no scheme and no host."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def scheme_of(url: str) -> str:
    """Return the scheme, in lower case."""
    return split(url).scheme.lower()


def host_of(url: str) -> str:
    """Return the host, in lower case; empty where there is none."""
    return (split(url).hostname or "").lower()


def without_user(url: str) -> str:
    """Leave out `brand.example@` before the host: it only dresses up who really answers, and no host needs it."""
    parts = split(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def joined(base: str, reference: str) -> str:
    """Return where a reference leads; itself where that is no address."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
