"""The host names that a certificate is for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypedDict

from cryptography import x509
from cryptography.x509.oid import NameOID

MOST_NAMES = 1000  # of one certificate; some have thousands of their customers'
LONGEST = 253  # characters of a host name (RFC 1035)


class Entry(TypedDict):
    """One entry of a log."""

    index: int
    time: int  # when the log took it, milliseconds since 1970
    names: list[str]  # lower case, without `*.`, each once
    issuer: str  # common name, "" where it is not told


def logged_at(milliseconds: int) -> datetime:
    """Return the time that a log tells, kept within the years that a calendar has, whatever it tells."""
    return datetime.fromtimestamp(max(0, min(milliseconds, 2**42)) / 1000, UTC)


def certificate_names(data: bytes) -> tuple[list[str], str]:
    """Read a certificate or pre-certificate in DER: its names, and its issuer's.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(data)
        common = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        issuers = [name.value for name in certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
        try:
            listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            hosts: list[str] = listed.value.get_values_for_type(x509.DNSName)
        except x509.ExtensionNotFound:
            hosts = []
    except Exception as error:
        raise ValueError(f"unreadable certificate: {type(error).__name__}: {error}"[:200]) from error
    return clean_names([*common, *hosts]), str(issuers[0])[:200] if issuers else ""


def clean_names(names: Iterable[Any]) -> list[str]:
    """Return those that can be host names: lower case, without `*.` and the root's dot, each once."""
    clean = dict.fromkeys(
        name.lower().removeprefix("*.").rstrip(".")
        for name in names
        if isinstance(name, str) and "." in name and len(name) <= LONGEST and name.isascii() and " " not in name
    )
    return list(clean)[:MOST_NAMES]
