"""A stranger's text in pieces, what was matched apart from the rest; every piece inert, in a row no link again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from desk.inert import inert_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some characters of a text, as they may be shown."""

    text: str
    matched: bool = False
    span: tuple[int, int] = (0, 0)  # where it stands in the original


def pieces(text: str, spans: Sequence[tuple[int, int]], *, most: int) -> Iterator[Piece]:
    """Yield a text in pieces, cut around its matches where it is long.

    Args:
        text: of any length.
        spans: of the matches, end exclusive; of those that overlap the first one counts.
        most: characters that are shown.
    """
    start, end = _window(len(text), spans, most)
    if start:
        yield Piece(text="… ")
    position = start
    for first, last in sorted(spans):
        first, last = max(first, position), min(last, end)
        if first >= last:
            continue
        if position < first:
            yield Piece(text=inert_part(text, position, first), span=(position, first))
        yield Piece(text=inert_part(text, first, last), matched=True, span=(first, last))
        position = last
    if position < end:
        yield Piece(text=inert_part(text, position, end), span=(position, end))
    if end < len(text):
        yield Piece(text=" …")


def _window(length: int, spans: Sequence[tuple[int, int]], most: int) -> tuple[int, int]:
    if length <= most:
        return 0, length
    first = min((span[0] for span in spans), default=0)
    start = max(0, min(first - most // 4, length - most))
    return start, start + most
