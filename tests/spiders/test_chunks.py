import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders import chunks as module
from spiders.chunks import TooLong, chunks


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> "object":
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "CHUNK_BYTES", 64)
    patch.setattr(module, "LONGEST_BYTES", 4096)
    yield
    patch.undo()


fields = st.text('ab ",\n漢', max_size=12)


@given(st.lists(st.tuples(fields, fields), max_size=60), st.integers(1, 97))
def test_pieces_of_a_csv_read_like_the_whole(rows: list[tuple[str, str]], size: int) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([("one", "two"), *rows])
    data = buffer.getvalue().encode()
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    read = []
    for piece in chunks(blocks, format="csv", limit=10):
        read += list(csv.reader(io.StringIO(piece.with_header().decode(), newline="")))[1:]
    assert [tuple(row) for row in read if row] == rows


def test_every_line_keeps_its_number() -> None:
    lines = [f"{number},x\n".encode() for number in range(1, 200)]
    pieces = list(chunks([b"".join(lines)], format="csv", limit=10))
    assert len(pieces) > 5
    for piece in pieces:
        for number, line in enumerate(piece.with_header().splitlines(keepends=True), 1):
            if line != lines[0] or not piece.first_line:
                assert lines[piece.line(number, headed=True) - 1] == line


def test_a_quote_that_never_closes_ends_somewhere() -> None:
    pieces = list(chunks([b'a,"\n' + b"x\n" * 9000], format="csv", limit=10))
    assert max(len(piece.body) for piece in pieces) <= 4096 + 64
    assert sum(len(piece.body) for piece in pieces) == 4 + 18000


def test_other_lists_are_cut_at_any_line() -> None:
    pieces = list(chunks([b'{"a": "\\"}\n' * 100], format="jsonl", limit=10))
    assert max(len(piece.body) for piece in pieces) <= 64 + 11
    assert b"".join(piece.body for piece in pieces) == b'{"a": "\\"}\n' * 100


@pytest.mark.parametrize(("format", "head"), [("rss", b"x"), ("auto", b"\xef\xbb\xbf <rss>"), ("csv", b"\xff\xfea\0")])
def test_what_cannot_be_cut_is_one_piece_or_too_long(format: str, head: bytes) -> None:
    body = head + b"\n" * 500
    assert [piece.body for piece in chunks([body], format=format, limit=len(body))] == [body]
    with pytest.raises(TooLong):
        list(chunks([body, b"x"], format=format, limit=len(body)))


def test_an_empty_list_has_no_pieces() -> None:
    assert list(chunks([], format="csv", limit=10)) == []
