import io
import os
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from detector.items import Item, ItemError
from spiders.files import picture_beside
from spiders.imports import LINE_BYTES, read_items
from spiders.run import _older


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


@pytest.mark.parametrize(
    "reference",
    [
        "data:image/png;base64," + "A" * 5000,
        "x" * 300,
        "x/" * 3000,
        "a\0b",
        "\ud800",
        "../outside.png",
        "/etc/passwd",
        "link.png",
        "pipe.png",
        "https://cdn.example/a.png",
    ],
)
def test_a_reference_that_names_no_file_below_the_folder_is_none_and_never_an_error(
    tmp_path: Path, reference: str
) -> None:
    folder = tmp_path / "list"
    folder.mkdir()
    (tmp_path / "outside.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "a.png").write_bytes(b"x")
    assert picture_beside(folder, "a.png") == folder / "a.png"
    assert picture_beside(folder, reference) is None


def test_a_time_at_the_edge_of_the_calendar_is_not_older_and_ends_nothing() -> None:
    early = Item(id="a", kind="ad", seen_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=10))))
    assert not _older(early, date(2026, 1, 1))
