"""Certificates of the servers on the way: which one it was, and since when it is valid. Nothing is verified."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is noted of one; nothing where an answer came in the open."""

    digest: str | None = None  # SHA-256 of the DER, hex
    valid_from: datetime | None = None


def certificate_of(shown: Any) -> Certificate:
    """Read a certificate as Twisted hands it on."""
    return read_certificate(shown.original.to_cryptography().public_bytes(Encoding.DER))


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate in DER; one that cannot be read still has its digest."""
    try:
        valid_from = x509.load_der_x509_certificate(der).not_valid_before_utc
    except (ValueError, x509.InvalidVersion):
        valid_from = None
    return Certificate(digest=sha256(der).hexdigest(), valid_from=valid_from)


async def shown_certificate(address: str, port: int, host: str, *, seconds: float) -> Certificate:
    """Ask a server for its certificate.

    Args:
        address: IP that the guard has permitted.
        host: whose certificate (SNI).
        seconds: to wait at most.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is noted, whatever it is
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    except (OSError, TimeoutError, ssl.SSLError, UnicodeError):
        return Certificate()
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return read_certificate(der) if der else Certificate()
    finally:
        writer.close()
