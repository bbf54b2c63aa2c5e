"""The chain of custody: whoever edits, removes or exchanges a row is found out, and the row is named."""

import multiprocessing
import tracemalloc
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.custody import ZEROS, Entry, Head, append, chain, check_chain, entries_about, hashes_at, head
from storage.database import open_engine, snapshot, transaction
from storage.schema import CustodyRow
from tests.storage.examples import MINUTE, NOW, count

_fork = multiprocessing.get_context("fork")
HOSTILE = "星野\x00\ud800\u202e\r\n\\escaped:"
FIELDS = ("at", "who", "action", "subject", "manifest", "tool", "data", "previous", "hash")


def a_chain(length: int) -> list[Entry]:
    """Make rows as `append` would."""
    rows: list[Entry] = []
    for number in range(1, length + 1):
        row = Entry(
            number=number,
            at=NOW + number * MINUTE,
            who="aki",
            action="visit",
            subject=f"https://shop-{number}.test/",
            manifest=sha256(str(number).encode()).hexdigest(),
            tool="mekiki 0",
            data={"n": number},
            previous=rows[-1].hash if rows else ZEROS,
            hash="",
        )
        rows.append(replace(row, hash=row.computed()))
    return rows


def store(engine: Engine, rows: list[Entry]) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(CustodyRow), [{"number": row.number} | {name: getattr(row, name) for name in FIELDS} for row in rows]
        )


def tamper(engine: Engine, *statements: str) -> None:
    """Do what the trigger forbids."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER IF EXISTS custody_no_update"))
            connection.execute(text("DROP TRIGGER IF EXISTS custody_no_delete"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement.replace(":", "\\:")))  # colons are no parameters


def faults(engine: Engine, expect: Head | None = None) -> list[tuple[int, str]]:
    return [(fault.number, fault.says) for fault in check_chain(chain(engine), expect=expect)]


def says(rows: list[Entry], expect: Head | None = None) -> list[tuple[int, str]]:
    return [(fault.number, fault.says) for fault in check_chain(rows, expect=expect)]


def test_rows_are_numbered_and_each_names_the_one_before(engine: Engine) -> None:
    with transaction(engine) as session:
        assert head(session) == Head(number=0, hash=ZEROS)
        first = append(session, at=NOW, who="aki", action="visit", subject="https://shop.test/", manifest="ab" * 32)
        second = append(session, at=NOW, who=HOSTILE, action="recheck", subject=HOSTILE, data={"b": [1.5, HOSTILE]})
        assert head(session) == second
    one, two = chain(engine)
    assert (one.number, one.previous, one.hash) == (1, "0" * 64, first.hash)
    assert (two.number, two.previous, two.hash) == (2, first.hash, second.hash)
    assert (two.who, two.subject, two.data, two.at) == (HOSTILE, HOSTILE, {"b": [1.5, HOSTILE]}, NOW)
    assert faults(engine, expect=second) == []


def test_rows_about_some_manifests_and_subjects_come_in_their_order(engine: Engine) -> None:
    rows = a_chain(2500)
    store(engine, rows)
    manifests = {str(row.manifest) for row in (rows[2400], *rows[10:1400])}  # more than are asked for at once
    with snapshot(engine) as session:
        found = entries_about(session, manifests=manifests, subjects=[rows[3].subject, "nobody's"])
        hashes = hashes_at(session, [1, 2400, 9999])
    assert found == [rows[3], *rows[10:1400], rows[2400]]
    assert hashes == {1: rows[0].hash, 2400: rows[2399].hash}


def test_a_hash_is_what_the_documentation_says() -> None:
    [row] = a_chain(1)
    written = (
        '{"action":"visit","at":"2026-11-22T03:05:05.678901+00:00","data":{"n":1},"manifest":"'
        + sha256(b"1").hexdigest()
        + '","number":1,"previous":"'
        + ZEROS
        + '","subject":"https://shop-1.test/","tool":"mekiki 0","who":"aki"}'
    )
    assert row.hash == sha256(written.encode()).hexdigest()


def test_a_row_of_a_transaction_that_fails_leaves_no_gap(engine: Engine) -> None:
    def fail() -> None:
        with transaction(engine) as session:
            append(session, at=NOW, who="aki", action="visit", subject="1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with transaction(engine) as session:
        assert append(session, at=NOW, who="aki", action="visit", subject="2").number == 1


@pytest.mark.parametrize("statement", ["UPDATE custody SET who = 'nobody'", "DELETE FROM custody"])
def test_custody_is_append_only(engine: Engine, statement: str) -> None:
    store(engine, a_chain(2))
    with pytest.raises(DBAPIError, match="custody is append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert count(engine, CustodyRow) == 2


@pytest.mark.postgres
def test_custody_cannot_be_truncated(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="custody is append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE custody CASCADE"))


@pytest.mark.parametrize("change", [{"number": 0}, {"number": 3, "previous": ZEROS}], ids=["no number", "a fork"])
def test_the_database_refuses_a_row_outside_the_chain(engine: Engine, change: dict[str, Any]) -> None:
    rows = a_chain(3)
    store(engine, rows[:2])
    with pytest.raises(IntegrityError):
        store(engine, [replace(rows[2], **change)])


LENGTH = 10_000


@pytest.fixture
def long_chain(engine: Engine) -> list[Entry]:
    rows = a_chain(LENGTH)
    store(engine, rows)
    return rows


def test_an_untouched_chain_passes_and_one_deletion_edit_or_swap_among_ten_thousand_is_named(
    engine: Engine, long_chain: list[Entry]
) -> None:
    noted = Head(number=LENGTH, hash=long_chain[-1].hash)
    assert faults(engine, expect=noted) == []
    tamper(engine, "UPDATE custody SET subject = 'https://other.test/' WHERE number = 1234")
    assert faults(engine, expect=noted) == [(1234, "edited")]
    tamper(
        engine,
        "UPDATE custody SET subject = 'https://shop-1234.test/' WHERE number = 1234",
        "UPDATE custody SET number = 20000 WHERE number = 7",
        "UPDATE custody SET number = 7 WHERE number = 9876",
        "UPDATE custody SET number = 9876 WHERE number = 20000",
    )
    assert faults(engine, expect=noted) == [(7, "swapped with row 9876"), (9876, "swapped with row 7")]
    tamper(
        engine,
        "UPDATE custody SET number = 20000 WHERE number = 7",
        "UPDATE custody SET number = 7 WHERE number = 9876",
        "UPDATE custody SET number = 9876 WHERE number = 20000",
        "DELETE FROM custody WHERE number = 5000",
    )
    assert faults(engine, expect=noted) == [(5000, "missing")]


def test_each_column_is_under_the_hash() -> None:
    rows = a_chain(3)
    changes: dict[str, Any] = {
        "at": NOW,
        "who": "eve",
        "action": "recheck",
        "subject": "",
        "manifest": None,
        "tool": "mekiki 1",
        "data": {},
        "previous": "ab" * 32,
        "hash": "ab" * 32,
    }
    assert set(changes) == set(FIELDS)
    for name, value in changes.items():
        assert says([rows[0], replace(rows[1], **{name: value}), rows[2]]) == [(2, "edited")], name


def test_a_row_that_was_edited_with_its_hash_does_not_fit_the_next() -> None:
    rows = a_chain(4)
    forged = replace(rows[1], who="eve")
    rows[1] = replace(forged, hash=forged.computed())
    [(number, what)] = says(rows)
    assert number == 3
    assert what == "previous does not match: it was appended to another row 2 than the one that is there"


def test_a_first_row_that_was_not_the_first_is_named() -> None:
    row = replace(a_chain(2)[1], number=1)
    row = replace(row, hash=row.computed())
    assert says([row]) == [(1, "previous does not match: it was not the first row")]


def test_missing_rows_are_named_as_a_range() -> None:
    rows = a_chain(9)
    assert says([*rows[2:4], *rows[5:]]) == [(1, "missing, and all up to row 2"), (5, "missing")]


def test_rows_in_another_order_are_named() -> None:
    rows = a_chain(3)
    assert says([rows[0], rows[2], rows[1]]) == [(2, "missing"), (2, "out of order: it comes after row 3")]
    assert says([rows[0], rows[0], *rows[1:]]) == [(1, "out of order: it comes after row 1")]


def test_a_noted_head_finds_an_end_that_was_cut_off_or_written_anew() -> None:
    rows = a_chain(5)
    noted = Head(number=4, hash=rows[3].hash)
    assert says(rows, expect=noted) == []
    assert says(rows[:2]) == []
    assert says(rows[:2], expect=noted) == [(3, "missing, and all up to row 4: the chain ends at row 2")]
    assert says([], expect=noted) == [(1, "missing, and all up to row 4: the chain ends at row 0")]
    anew = rows[:1]
    for row in rows[1:]:
        forged = replace(row, who="eve", previous=anew[-1].hash)
        anew.append(replace(forged, hash=forged.computed()))
    assert says(anew) == []
    assert says(anew, expect=noted) == [(4, "has another hash than was noted: it or rows before it were rewritten")]
    assert says(rows, expect=Head()) == []


def test_a_chain_that_was_renumbered_names_every_row_without_comparing_all_with_all() -> None:
    rows = [replace(row, number=row.number - 1) for row in a_chain(400)[1:]]
    found = says(rows)
    assert sorted(number for number, _ in found) == list(range(1, 400))


@pytest.mark.parametrize(
    "change",
    [
        "at = 'yesterday'",
        "at = '0001-01-01 00:00:00+14:00'",
        "who = x'ff00'",
        "data = '{'",
        "data = '[]'",
        "data = '{\"n\": NaN}'",
        "data = '" + '{"a":' * 5000 + "1" + "}" * 5000 + "'",
        "who = '\\escaped:\\x'",
        "manifest = x'00'",
        "hash = x'00'",
    ],
    ids=lambda change: change[:30],
)
def test_a_row_that_cannot_be_read_any_more_is_named(engine: Engine, change: str) -> None:
    if engine.dialect.name == "postgresql" and ("at =" in change or "x'" in change):
        pytest.skip("PostgreSQL keeps to the types of its columns")
    store(engine, a_chain(5))
    tamper(engine, f"UPDATE custody SET {change} WHERE number = 3")
    assert faults(engine) == [(3, "edited")]


def test_a_row_with_a_number_below_the_first_is_found(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        pytest.skip("who may change the schema is not this test's matter")
    store(engine, a_chain(2))
    tamper(engine, "PRAGMA ignore_check_constraints = ON", "UPDATE custody SET number = -5 WHERE number = 1")
    assert faults(engine) == [(-5, "out of order: it comes after row 0"), (1, "missing")]


def test_two_processes_append_to_one_chain(engine: Engine) -> None:
    engine.dispose()  # no open connection may cross the fork
    url = engine.url.render_as_string(hide_password=False)
    workers = [_fork.Process(target=_work, args=(url, who)) for who in ("aki", "mio")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    rows = list(chain(engine))
    assert [row.number for row in rows] == list(range(1, 401))
    assert all(before.hash == after.previous for before, after in pairwise(rows))
    assert sorted(row.who for row in rows) == ["aki"] * 200 + ["mio"] * 200
    assert faults(engine) == []


def _work(url: str, who: str) -> None:
    engine = open_engine(url)
    for number in range(200):
        with transaction(engine) as session:
            append(session, at=NOW, who=who, action="visit", subject=str(number))
    engine.dispose()


def test_the_check_holds_few_rows_at_once(engine: Engine, long_chain: list[Entry]) -> None:
    long_chain.clear()
    tracemalloc.start()
    try:
        assert faults(engine) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < LENGTH * 500  # a row takes 2 kB and more
