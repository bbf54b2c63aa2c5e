"""Stamp tokens: what a time stamping authority answered (RFC 3161), read and checked without the network.

A token says that the authority saw a digest at a time. Checked are its status, that it is about this digest, and, where
roots are given, its signature and the chain of its certificate up to a root, as of the time in the token.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography.x509 import Certificate, ObjectIdentifier, load_pem_x509_certificates
from rfc3161_client import PKIStatus, TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

from storage.errors import StampRefused

SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
LARGEST = 2**16  # bytes; real ones have 1 to 8 kB


def read_roots(pem: bytes) -> tuple[Certificate, ...]:
    """Read the certificates of a PEM file.

    Raises:
        ValueError: there is none in it.
    """
    return tuple(load_pem_x509_certificates(pem))


def read_token(token: bytes) -> TimeStampResponse:
    """Read an answer with a token.

    Raises:
        StampRefused: it is none, or the authority refused to stamp.
    """
    if len(token) > LARGEST:
        raise StampRefused("the answer is too large for a time stamp")
    try:
        response = decode_timestamp_response(_in_order(token))
        granted = response.status == PKIStatus.GRANTED
    except (ValueError, IndexError):
        raise StampRefused("the answer is no time stamp") from None
    if not granted:
        raise StampRefused(f"the authority refused to stamp (status {response.status})")
    return response


def check_token(token: bytes, digest: str, roots: Sequence[Certificate] = ()) -> datetime:
    """Make sure that a token is about a SHA-256 (hex); return the time it says.

    Raises:
        StampRefused: it is not, or its certificate leads to none of the roots.
    """
    response = read_token(token)
    try:
        info = response.tst_info
        imprint, at = info.message_imprint, info.gen_time
        if imprint.hash_algorithm != SHA256 or imprint.message != bytes.fromhex(digest):
            raise StampRefused("the time stamp is about something else")
        if roots:
            VerifierBuilder(roots=list(roots)).build().verify(response, imprint.message)
    except VerificationError:
        raise StampRefused("the time stamp's signature or certificate leads to none of the given roots") from None
    except ValueError:
        raise StampRefused("the answer is no time stamp") from None
    return at


def _in_order(token: bytes) -> bytes:
    """Return a token with its certificates in the order that DER has for sets.

    Authorities that run OpenSSL write them as they come, which strict readers refuse. No signature covers them.
    """
    start, end = 0, len(token)
    try:
        for number in (0, 1, 1, 0):  # TimeStampResp, its ContentInfo, what it holds: a SignedData
            _, _, start, end = _elements(token, start, end)[number]
        start, end = next((body, after) for tag, _, body, after in _elements(token, start, end) if tag == 0xA0)
        certificates = sorted(token[first:after] for _, first, _, after in _elements(token, start, end))
    except (IndexError, StopIteration):
        return token
    return token[:start] + b"".join(certificates) + token[end:]


def _elements(data: bytes, start: int, end: int) -> list[tuple[int, int, int, int]]:
    """Return tag, start, start of the content and end of each DER element between two places; IndexError at an end."""
    found = []
    while start < end:
        length, body = data[start + 1], start + 2
        if length & 0x80:
            body += length & 0x7F
            length = int.from_bytes(data[start + 2 : body], "big")
        found.append((data[start], start, body, body + length))
        start = body + length
    return found
