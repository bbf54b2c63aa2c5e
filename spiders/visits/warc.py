"""WARC: exchanges of a visit as a WARC/1.1 file (ISO 28500:2017), and the check of such a file. Pure.

One gzip member for each record: first warcinfo with facts about the visit; for each exchange a response and its
request, or metadata that says why there was no answer; then what the visit made itself, as resources. Bodies are
stored decoded, so headers that described them on the wire are renamed to `X-Archive-Orig-...` and Content-Length is
that of what is stored. Readers that know nothing of this program replay it (warcio, pywb, FastWARC).

What servers sent is hostile: it may break no record. Control characters become spaces in values (RFC 9110, section 5.5)
and characters outside tokens become `_` in names; the URL is percent-encoded where it is no URL.
"""

import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from http.client import responses
from typing import Any, BinaryIO
from uuid import NAMESPACE_URL, uuid5

from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]
from warcio.exceptions import ArchiveLoadFailed  # type: ignore[import-untyped]
from warcio.statusandheaders import StatusAndHeadersParserException  # type: ignore[import-untyped]

from spiders.visits.exchange import Exchange, Resource

_STANDARD = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_FIELDS = "application/warc-fields"
_OF_THE_WIRE = frozenset(("content-encoding", "transfer-encoding", "content-length"))
_NO_TOKEN = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")  # RFC 9110, section 5.6.2
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?([^/?#]*)([^#]*)")
_MOST_PROBLEMS = 20  # of one file
_UNREADABLE = (
    *(ArchiveLoadFailed, StatusAndHeadersParserException, AttributeError, ValueError),  # of warcio
    *(gzip.BadGzipFile, EOFError, zlib.error),
)

_Headers = Sequence[tuple[str, str]]


def warc_of(
    exchanges: Sequence[Exchange],
    *,
    about: Mapping[str, Any],
    software: str,
    at: datetime,
    resources: Sequence[Resource] = (),
) -> bytes:
    """Return a visit as a WARC file; equal arguments give equal bytes.

    Args:
        exchanges: in the order in which they were made.
        about: facts about the visit, name -> value; each becomes a line of the first record.
        software: what made it, name and version.
        at: when the visit began, UTC.
        resources: what the visit made itself.
    """
    archive = _Archive(at, {"software": software, "format": "WARC File Format 1.1", "conformsTo": _STANDARD, **about})
    for exchange in exchanges:
        _add(archive, exchange)
    for resource in resources:
        archive.add("resource", resource.uri, resource.at, resource.media_type, resource.body, resource.body)
    return b"".join(archive.records)


class _Archive:
    """Records as they stand in the file, each in a gzip member of its own."""

    def __init__(self, at: datetime, facts: Mapping[str, Any]) -> None:
        self.records: list[bytes] = []
        self._info: str | None = None
        self._info = self.add("warcinfo", None, at, _FIELDS, _lines(facts))

    def add(
        self,
        kind: str,
        uri: str | None,
        at: datetime,
        media_type: str,
        block: bytes,
        payload: bytes | None = None,
        fields: _Headers = (),
    ) -> str:
        """Append a record; return its id."""
        date = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        identity = f"{kind} {uri!r} {date} {len(self.records)} {sha256(block).hexdigest()}"
        name = f"<urn:uuid:{uuid5(NAMESPACE_URL, identity)}>"
        head = [("WARC-Type", kind), ("WARC-Record-ID", name), ("WARC-Date", date)]
        if uri is not None:
            head.append(("WARC-Target-URI", _url(uri)))
        if self._info is not None:
            head.append(("WARC-Warcinfo-ID", self._info))
        head += fields
        if payload is not None:
            head.append(("WARC-Payload-Digest", f"sha256:{sha256(payload).hexdigest()}"))
        head.append(("WARC-Block-Digest", f"sha256:{sha256(block).hexdigest()}"))
        head += [("Content-Type", media_type), ("Content-Length", str(len(block)))]
        self.records.append(gzip.compress(_head("WARC/1.1", head, "utf-8") + block + b"\r\n\r\n", mtime=0))
        return name


def _add(archive: _Archive, exchange: Exchange) -> None:
    """Append an answer and its request, and what went wrong."""
    fields: list[tuple[str, str]] = []
    if exchange.status is not None:
        where = [("WARC-IP-Address", exchange.address)] if exchange.address else []
        block = _answer(exchange)
        payload = exchange.body if _url(exchange.url).startswith(("http:", "https:")) else None  # else all is payload
        answer = archive.add(
            "response", exchange.url, exchange.at, "application/http; msgtype=response", block, payload, where
        )
        fields = [("WARC-Concurrent-To", answer)]
        block = _question(exchange)
        archive.add(
            "request", exchange.url, exchange.at, "application/http; msgtype=request", block, None, [*where, *fields]
        )
    if exchange.status is None or exchange.problem is not None:
        says = _lines({"method": exchange.method, "problem": exchange.problem or "no answer"})
        archive.add("metadata", exchange.url, exchange.at, _FIELDS, says, None, fields)


def _answer(exchange: Exchange) -> bytes:
    status = exchange.status or 0
    headers = [*_renamed(exchange.headers), ("Content-Length", str(len(exchange.body)))]
    return _head(f"HTTP/1.1 {status:03} {responses.get(status, '')}", headers) + exchange.body


def _question(exchange: Exchange) -> bytes:
    found = _ADDRESS.match(_url(exchange.url))
    host, target = found.groups() if found else ("", "")
    sent = _renamed(exchange.sent)
    if not any(name.lower() == "host" for name, _ in sent):
        sent.insert(0, ("Host", host))
    return _head(f"{_token(exchange.method)} {target if target.startswith('/') else '/' + target} HTTP/1.1", sent)


def _renamed(headers: _Headers) -> list[tuple[str, str]]:
    return [(f"X-Archive-Orig-{name}" if name.lower() in _OF_THE_WIRE else name, value) for name, value in headers]


def _head(first: str, headers: _Headers, encoding: str = "latin-1") -> bytes:
    lines = [first.encode("ascii")]
    lines += (_token(name).encode() + b": " + _value(value, encoding) for name, value in headers)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _token(name: str) -> str:
    return _NO_TOKEN.sub("_", name) or "_"


def _value(text: str, encoding: str) -> bytes:
    """Return a value in its encoding; of a server's, which is Latin-1, these are the bytes that came."""
    text = _text(text)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _text(text: str) -> str:
    return _CONTROLS.sub(" ", text)


def _url(url: str) -> str:
    """Return a URL with its scheme in lower case and everything that is no printable ASCII percent-encoded."""
    scheme, colon, rest = url.partition(":")
    return "".join(
        chr(byte) if 0x21 <= byte <= 0x7E else f"%{byte:02X}"
        for byte in f"{scheme.lower()}{colon}{rest}".encode("utf-8", "surrogatepass")
    )


def _lines(facts: Mapping[str, Any]) -> bytes:
    """Return facts as WARC fields, those that are not known left out."""
    lines = (f"{_token(name)}: {_text(str(value))}\r\n" for name, value in facts.items() if value is not None)
    return "".join(lines).encode("utf-8", "backslashreplace")


def check_warc(stream: BinaryIO) -> tuple[int, list[str]]:
    """Read a WARC file from a stream that can seek; return how many records it has, and what is wrong with them."""
    records = 0
    problems: list[str] = []
    try:
        with gzip.open(stream) as whole:  # what is cut off within a record's head is no error to the iterator
            while whole.read(2**20):
                pass
        stream.seek(0)
        for record in ArchiveIterator(stream, check_digests=True):
            records += 1
            while record.raw_stream.read(2**16):
                pass
            if record.digest_checker.passed is not True and len(problems) < _MOST_PROBLEMS:
                why = "; ".join(record.digest_checker.problems) or "cut off, or without a digest"
                problems.append(f"record {records}: {why}")
    except _UNREADABLE as error:
        problems.append(f"unreadable after record {records}: {type(error).__name__}")
    if not records and not problems:
        problems.append("holds no record")
    return records, problems
