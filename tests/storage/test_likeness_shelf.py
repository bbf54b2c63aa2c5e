"""Near codes are found, by lists, by faiss and by numpy alike, and exactly those."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from storage.likeness.shelf import FORMS, Form, Shelf, scan
from tests.storage.creatives import codes

SMALL = replace(FORMS["picture"], lists=16, probes=16, least=500)  # every list is looked through: exact


def filled(form: Form, count: int) -> tuple[Shelf, np.ndarray]:
    shelf, rows = Shelf(form), codes(count, form.width)
    shelf.extend(np.arange(count, dtype=np.int64) * 7 - 1000, rows)
    return shelf, rows


def oracle(shelf: Shelf, rows: np.ndarray, asked: np.ndarray) -> dict[int, int]:
    found: dict[int, int] = {}
    for query in asked:
        for row, code in enumerate(rows):
            distance = int(np.bitwise_count(code ^ query).sum())
            if distance <= shelf.form.radius:
                found[row * 7 - 1000] = min(distance, found.get(row * 7 - 1000, 999))
    return found


@pytest.mark.parametrize("name", list(FORMS))
def test_all_near_codes_and_no_others_are_found(name: str) -> None:
    form = replace(FORMS[name], least=10_000)
    shelf, rows = filled(form, 1200)
    asked = rows[[2, 3, 900]]
    asked[2, 0] ^= 0b111
    expected = oracle(shelf, rows, asked)
    assert len(expected) >= 3
    assert shelf.near([code.tobytes() for code in asked]) == expected
    assert dict(sorted(scan(*shelf.tail, asked[:1], form.radius))) == oracle(shelf, rows, asked[:1])


def test_lists_find_what_looking_at_all_finds() -> None:
    shelf, rows = filled(SMALL, 2000)
    assert shelf.due
    shelf.into_lists()
    shelf.add([(5, rows[10].tobytes())])  # one more, behind the lists
    assert (shelf.in_lists, len(shelf)) == (2000, 2001)
    asked = [rows[row].tobytes() for row in (10, 11, 1999)]
    assert shelf.near(asked) == oracle(shelf, rows, rows[[10, 11, 1999]]) | {5: 0}


def test_without_faiss_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, rows = filled(SMALL, 2000)
    asked = [rows[row].tobytes() for row in (2, 3, 400)]
    found = shelf.near(asked)
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert not shelf.due
    assert shelf.near(asked) == found == oracle(shelf, rows, rows[[2, 3, 400]])


def test_what_is_forgotten_is_found_no_more() -> None:
    shelf, rows = filled(SMALL, 1000)
    shelf.into_lists()
    asked = rows[2].tobytes()
    assert {2 * 7 - 1000, 3 * 7 - 1000} <= shelf.near([asked]).keys()
    alive = np.delete(np.arange(1000, dtype=np.int64), 2) * 7 - 1000
    assert shelf.keep(alive) == 1
    assert len(shelf) == 999
    assert 2 * 7 - 1000 not in shelf.near([asked])
    assert shelf.near([asked])[3 * 7 - 1000] == 3


def test_an_empty_shelf_has_nothing_near() -> None:
    assert Shelf(SMALL).near([bytes(32)]) == {}
    assert filled(SMALL, 4)[0].near([]) == {}
