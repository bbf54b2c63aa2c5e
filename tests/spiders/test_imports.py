import io

from detector.items import ItemError
from spiders.imports import LINE_BYTES, read_items


def test_lines_are_numbered_and_bad_ones_go_on() -> None:
    lines = b'{"id":"a","kind":"ad"}\n\n{"id":"b"\n\xff\n{"id":"c","kind":"post"}'
    rows = list(read_items(io.BytesIO(lines)))
    assert [number for number, _ in rows] == [1, 3, 4, 5]
    assert [isinstance(row, ItemError) for _, row in rows] == [False, True, True, False]


def test_a_line_without_end_takes_no_memory_and_is_one_bad_line() -> None:
    stream = io.BytesIO(b'{"id":"' + b"x" * (3 * LINE_BYTES) + b'"}\n{"id":"c","kind":"post"}\n')
    (first, error), (second, item) = read_items(stream)
    assert (first, second) == (1, 2)
    assert isinstance(error, ItemError)
    assert not isinstance(item, ItemError)
