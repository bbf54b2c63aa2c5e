"""A log of RFC 6962: its tree head, and its entries. Sandbox targets."""

from base64 import b64decode
from typing import Any

from spiders.pages.answers import read_json
from spiders.pages.ct_names import Entry, certificate_names


def read_head(body: bytes) -> dict[str, Any]:
    """Read the answer of `get-sth`: `size` in entries.

    Raises:
        ValueError: there is none.
    """
    table = read_json(body)
    size = table.get("tree_size") if isinstance(table, dict) else None
    if not isinstance(size, int) or size < 0:
        raise ValueError("no tree_size in the answer")
    return {"size": size}


def parse_entries(body: bytes, *, first: int) -> dict[str, Any]:
    """Read the answer of `get-entries`, which may hold fewer entries than were asked for.

    Returns:
        `entries`, `bad` ([index, why]) and `count`: by so many the next question advances.

    Raises:
        ValueError: the body is no such answer.
    """
    table = read_json(body)
    rows = table.get("entries") if isinstance(table, dict) else None
    if not isinstance(rows, list):
        raise ValueError("no `entries` in the answer")
    entries: list[Entry] = []
    bad: list[tuple[int, str]] = []
    for index, row in enumerate(rows, first):
        try:
            time, certificate = _leaf(row)
            names, issuer = certificate_names(certificate)
            entries.append({"index": index, "time": time, "names": names, "issuer": issuer})
        except (ValueError, TypeError, KeyError) as error:
            bad.append((index, f"{error}"[:200]))
    return {"entries": entries, "bad": bad, "count": len(rows)}


def _leaf(row: Any) -> tuple[int, bytes]:
    """Return the time and the certificate, or pre-certificate, of one entry (RFC 6962, section 3.4 and 4.6)."""
    leaf, extra = b64decode(row["leaf_input"], validate=True), b64decode(row["extra_data"], validate=True)
    if len(leaf) < 15 or leaf[:2] != b"\0\0":
        raise ValueError("unknown kind of leaf")
    time, kind = int.from_bytes(leaf[2:10], "big"), int.from_bytes(leaf[10:12], "big")
    if kind not in (0, 1):
        raise ValueError(f"unknown type {kind}")
    data = leaf[12:] if kind == 0 else extra  # a pre-certificate stands whole in front of its chain
    size = int.from_bytes(data[:3], "big")
    if len(data) < 3 + size:
        raise ValueError("the entry ends early")
    return time, data[3 : 3 + size]
