"""A long list -> pieces that one sandbox call can read: cut between lines, never inside a quoted CSV field.

RSS and other XML cannot be cut and is one piece, as is UTF-16. Memory stays flat: at most one piece is held.
"""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

CHUNK_BYTES = 256 * 1024
LONGEST_BYTES = 8 * 2**20  # a quote that never closes must not collect the whole file

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TooLong(ValueError):
    """A list that cannot be cut is larger than allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a list."""

    body: bytes
    first_line: bytes  # of the file, with its newline; empty in the first piece, which has it in its body
    before: int  # lines of the file before the body

    def with_header(self) -> bytes:
        """Return the body below the file's first line."""
        return self.first_line + self.body

    def line(self, number: int, *, headed: bool) -> int:
        """Return the number in the file of a line of the body; `headed`: numbered with the first line above it."""
        return number + self.before - bool(headed and self.first_line)


def chunks(blocks: Iterable[bytes], *, format: str, limit: int) -> Iterator[Chunk]:
    """Cut a list, given in blocks of any size, into pieces.

    Args:
        blocks: the file's bytes, in order.
        format: "auto", "rss", "csv", "jsonl" or "urls".
        limit: the most bytes of a list that cannot be cut.

    Raises:
        TooLong: it has more.
    """
    source = iter(blocks)
    head = next(source, b"")
    if format == "rss" or head.startswith(_UTF16) or (format == "auto" and _is_markup(head)):
        yield Chunk(body=_whole(chain((head,), source), limit), first_line=b"", before=0)
        return
    quoted = format in ("csv", "auto")
    first_line, before, rest = b"", 0, bytearray()
    for block in chain((head,), source, (None,)):
        rest += block or b""
        while cut := _cut(rest, quoted=quoted, last=block is None):
            piece = bytes(rest[:cut])
            del rest[:cut]
            yield Chunk(body=piece, first_line=first_line, before=before)
            if not before:
                first_line = piece[: piece.find(b"\n") + 1]
            before += piece.count(b"\n")


def _is_markup(head: bytes) -> bool:
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def _whole(blocks: Iterable[bytes], limit: int) -> bytes:
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > limit:
            raise TooLong(f"has more than {limit} bytes and cannot be read in parts")
    return bytes(content)


def _cut(rest: bytearray, *, quoted: bool, last: bool) -> int:
    """Return where the next piece ends: a line end past CHUNK_BYTES, outside quotes; 0 when more must be read."""
    start = quotes = 0
    end = rest.find(b"\n", CHUNK_BYTES - 1) + 1
    while end:
        quotes += rest.count(b'"', start, end)
        if not quoted or quotes % 2 == 0 or end >= LONGEST_BYTES:
            return end
        start, end = end, rest.find(b"\n", end) + 1
    return len(rest) if last or len(rest) >= LONGEST_BYTES else 0
