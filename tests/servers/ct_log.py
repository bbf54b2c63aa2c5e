"""A Certificate Transparency log made for a test: real certificates, real tiles, both interfaces."""

import gzip
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from spiders.pages.ct_static import WIDTH, tile_path
from tests.servers.web import Answer, Hit, WebServer

KEY = ec.generate_private_key(ec.SECP256R1())
BEGAN = datetime(2026, 11, 24, tzinfo=UTC)


def certificate(names: Sequence[str]) -> bytes:
    """Return a certificate in DER for these host names, the first one as its common name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
    end = BEGAN + timedelta(days=90)
    builder = x509.CertificateBuilder(issuer, subject, KEY.public_key(), x509.random_serial_number(), BEGAN, end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def vector(size: int, data: bytes) -> bytes:
    """Return data behind its length, as TLS writes it."""
    return len(data).to_bytes(size, "big") + data


def tile_leaf(index: int, der: bytes, *, precert: bool = False) -> bytes:
    """Return one entry of a data tile."""
    head = (1_764_000_000_000 + index).to_bytes(8, "big") + (b"\0\1" if precert else b"\0\0")
    extensions = vector(2, b"\0" + vector(2, index.to_bytes(5, "big")))
    chain = vector(2, b"\0" * 32)
    if precert:
        return head + b"\0" * 32 + vector(3, b"tbs") + extensions + vector(3, der) + chain
    return head + vector(3, der) + extensions + chain


def rfc_leaf(index: int, der: bytes, *, precert: bool = False) -> dict[str, str]:
    """Return one entry of get-entries."""
    head = b"\0\0" + (1_764_000_000_000 + index).to_bytes(8, "big") + (b"\0\1" if precert else b"\0\0")
    leaf = head + (b"\0" * 32 + vector(3, b"tbs") if precert else vector(3, der)) + b"\0\0"
    extra = vector(3, der) + vector(3, b"") if precert else vector(3, b"")
    return {"leaf_input": b64encode(leaf).decode(), "extra_data": b64encode(extra).decode()}


class CtLog(WebServer):
    """Serves entries; every third is a pre-certificate."""

    def __init__(self, entries: Sequence[bytes], *, names: Sequence[Sequence[str]] = (), most: int = 32) -> None:
        super().__init__()
        self.entries = list(entries)
        self.names = names  # of each entry, for the names tiles; none are offered where this is empty
        self.most = most  # entries that get-entries gives at once
        self.pause = 0.0

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        path, query = urlsplit(hit.path).path.lstrip("/"), parse_qs(urlsplit(hit.path).query)
        if path == "checkpoint":
            return Answer(body=f"log.test/1\n{len(self.entries)}\nAAAA\n\n\N{EM DASH} grease.invalid x\n".encode())
        if path == "ct/v1/get-sth":
            return Answer(body=json.dumps({"tree_size": len(self.entries), "timestamp": 1}).encode())
        if path == "ct/v1/get-entries":
            start, end = int(query["start"][0]), int(query["end"][0]) + 1
            rows = range(start, min(end, start + self.most, len(self.entries)))
            leaves = [rfc_leaf(row, self.entries[row], precert=row % 3 == 0) for row in rows]
            return Answer(body=json.dumps({"entries": leaves}).encode(), pause=self.pause)
        for number in range(len(self.entries) // WIDTH + 1):
            rows = range(number * WIDTH, min((number + 1) * WIDTH, len(self.entries)))
            if path == tile_path("data", number, len(rows)):
                body = b"".join(tile_leaf(row, self.entries[row], precert=row % 3 == 0) for row in rows)
                return Answer(body=body, kind="application/octet-stream", pause=self.pause)
            if path == tile_path("names", number, len(rows)) and self.names:
                lines = [json.dumps({"Timestamp": 1, "Subject": {}, "DNS": list(self.names[row])}) for row in rows]
                return Answer(body=gzip.compress("\n".join(lines).encode()), pause=self.pause)
        return Answer(status=404)
