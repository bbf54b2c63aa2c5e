"""A static-ct log: its checkpoint, its data tiles, its names tiles. Sandbox targets.

https://c2sp.org/static-ct-api. Entries stand 256 to a tile; the last tile may be partial. Names tiles, which some logs
offer, hold the names alone and are a tenth of the size; nothing proves them, which does for a first look.
"""

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from spiders.pages.ct_names import Entry, certificate_names, clean_names

WIDTH = 256  # entries of a tile
LARGEST = 64 * 2**20  # bytes of an unpacked tile


class _Bytes:
    """A cursor over bytes in TLS notation (RFC 8446, section 3)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise ValueError(f"the tile ends {size - self.left} bytes early")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))


def read_checkpoint(body: bytes) -> dict[str, Any]:
    """Read a checkpoint: `origin`, and `size` in entries. Signatures are not looked at, unknown ones least of all.

    Raises:
        ValueError: it has no such form.
    """
    lines = body.decode("utf-8", "replace").split("\n")
    if len(lines) < 4 or not lines[1].isascii() or not lines[1].isdecimal() or len(lines[1]) > 15 or lines[3]:
        raise ValueError("no checkpoint: expected origin, size, root and an empty line")
    return {"origin": lines[0][:500], "size": int(lines[1])}


def tile_path(kind: str, number: int, entries: int = WIDTH) -> str:
    """Return the path of a tile: groups of three digits, `.p/W` for one that holds only W entries."""
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return f"tile/{kind}/{'/'.join(groups)}" + (f".p/{entries}" if entries < WIDTH else "")


def parse_data_tile(body: bytes, *, first: int) -> dict[str, Any]:
    """Read the entries of a data tile.

    Args:
        body: perhaps packed with gzip, without the log having said so.
        first: index of the tile's first entry.

    Returns:
        `entries`, and `bad`: [index, why] of certificates that cannot be read; they take no other along.

    Raises:
        ValueError: the tile itself is broken.
    """
    tile = _Bytes(_unpacked(body))
    entries: list[Entry] = []
    bad: list[tuple[int, str]] = []
    index = first
    while tile.left:
        time, kind = tile.number(8), tile.number(2)
        if kind == 0:
            certificate = tile.vector(3)
            tile.vector(2)
        elif kind == 1:
            tile.take(32)
            tile.vector(3)  # the names also stand in the pre-certificate below, with its structure whole
            tile.vector(2)
            certificate = tile.vector(3)
        else:
            raise ValueError(f"entry {index} has the unknown type {kind}")
        tile.vector(2)  # fingerprints of the chain
        try:
            names, issuer = certificate_names(certificate)
            entries.append({"index": index, "time": time, "names": names, "issuer": issuer})
        except ValueError as error:
            bad.append((index, str(error)))
        index += 1
    return {"entries": entries, "bad": bad, "count": index - first}


def parse_names_tile(body: bytes, *, first: int) -> dict[str, Any]:
    """Read the lines of a names tile; result as of `parse_data_tile`.

    Raises:
        ValueError: it is no names tile.
    """
    entries: list[Entry] = []
    bad: list[tuple[int, str]] = []
    index = first
    for line in _unpacked(body).splitlines():
        if not line.strip():
            continue
        try:
            names = list(_line_names(line))
            time = msgspec.json.decode(line).get("Timestamp", 0)
            entries.append({"index": index, "time": time if isinstance(time, int) else 0, "names": names, "issuer": ""})
        except ValueError as error:
            bad.append((index, str(error)))
        index += 1
    return {"entries": entries, "bad": bad, "count": index - first}


def _line_names(line: bytes) -> Iterator[str]:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError("no table")
    subject = row.get("Subject")
    common = subject.get("CommonName") if isinstance(subject, dict) else None
    listed = row.get("DNS")
    yield from clean_names([common, *(listed if isinstance(listed, list) else [])])


def _unpacked(body: bytes) -> bytes:
    """Unpack what starts like gzip, within a bound."""
    if body[:2] != b"\x1f\x8b":
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(body, LARGEST)
    except zlib.error as error:
        raise ValueError(f"broken gzip: {error}") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("broken or too large gzip")
    return data
