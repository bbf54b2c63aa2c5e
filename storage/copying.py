"""Copying a whole database into an empty one, of the same kind or the other: SQLite to PostgreSQL and back.

1. One state of the source is read, table by table, those that others point at first.
2. Rows go over in stored form, so that texts, hashes and chains are the same to the letter.
3. What arrived is counted, and the source looked at once more: nobody wrote there meanwhile, or the copy is given up.
4. All of it is one transaction of the target: copied as a whole or not at all.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Connection, Engine, MetaData, Table, Text, func, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from storage.columns import AnyText, JsonText
from storage.database import check_current, revision, snapshot, upgrade
from storage.errors import CopyRefused
from storage.loading import load_rows, set_sequence
from storage.partitions import cover
from storage.schema import Base

_PAGE = 2000  # rows read at once
_AGAIN = "stop what writes there (workers, crawls, triage), then copy again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One table that went over."""

    table: str
    rows: int


def copy_database(source: Engine, target: Engine, *, check: Callable[[], None] = lambda: None) -> Iterator[Copied]:
    """Copy every row, and yield each table once it has arrived; nothing stays where the iteration does not end.

    An empty target gets the schema first; there it stays empty where the copy fails. What is written into the source
    after the end is not in the copy, and nobody is told: whoever writes there must have been stopped before.

    Args:
        check: called before the copy counts; what it raises ends the copy.

    Raises:
        CopyRefused: the target holds something, or somebody wrote into the source meanwhile.
        DatabaseOutdated: the source is not at the revision of this program, or the target is at another one.
        StorageUnavailable: one of them cannot be used.
    """
    check_current(source)
    if revision(target).current is None:
        upgrade(target)
    check_current(target)
    with _changes(source) as changes, snapshot(source) as reading, _writing(target) as connection:
        if held := [table.name for table in Base.metadata.sorted_tables if _any(connection, table)]:
            raise CopyRefused(f"the target holds rows already ({', '.join(held[:3])}): name an empty database")
        before = _state(reading.connection())
        _make_months(reading.connection(), connection)
        for table in stored_tables():
            names = [column.name for column in table.c]
            arrived = load_rows(connection, table, names, _rows(reading.connection(), table))
            set_sequence(connection, table)
            there = connection.scalar(select(func.count()).select_from(table))
            rows = before[table.name].rows
            if not rows == arrived == there:
                raise CopyRefused(f"{table.name}: of {rows} rows {there} arrived")
            yield Copied(table=table.name, rows=arrived)
        with snapshot(source) as later:
            if (after := _state(later.connection())) != before:
                changed = ", ".join(name for name in before if after[name] != before[name])
                raise CopyRefused(f"somebody wrote into the source meanwhile ({changed}): {_AGAIN}")
        if changes():
            raise CopyRefused(f"somebody wrote into the source meanwhile: {_AGAIN}")
        check()
    with target.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def stored_tables() -> list[Table]:
    """Return the tables with their texts in stored form; those that others point at come first."""
    plain = MetaData()
    tables = [table.to_metadata(plain) for table in Base.metadata.sorted_tables]
    for table in tables:
        for column in table.c:
            if isinstance(column.type, (AnyText, JsonText)):
                column.type = Text()
    return tables


def counts(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = Base.metadata.sorted_tables
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


class _Rows(NamedTuple):
    """What a table holds."""

    rows: int
    versions: Decimal = Decimal()  # on PostgreSQL, of all rows: where each lies, and which transaction wrote it


def _state(connection: Connection) -> dict[str, _Rows]:
    """Return what each table holds; on PostgreSQL any row that comes, goes or is changed changes it.

    An UPDATE, even one to the same values, writes a row anew, elsewhere (ctid) and by another transaction (xmin).
    """
    if connection.dialect.name != "postgresql":
        return {name: _Rows(rows=rows) for name, rows in counts(connection).items()}
    version = func.hashtextextended(func.concat_ws(" ", *map(literal_column, ("tableoid", "ctid", "xmin"))), 0)
    columns = (func.count(), func.coalesce(func.sum(version), 0))
    tables = Base.metadata.sorted_tables
    return {table.name: _Rows(*connection.execute(select(*columns).select_from(table)).one()) for table in tables}


@contextmanager
def _changes(source: Engine) -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether anybody has committed to an SQLite file since; counts do not show an UPDATE.

    On PostgreSQL the rows themselves tell (`_state`).
    """
    if source.dialect.name != "sqlite" or source.url.database is None:
        yield lambda: False
        return
    with closing(sqlite3.connect(source.url.database)) as watching:
        before = _data_version(watching)
        yield lambda: _data_version(watching) != before


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def _writing(target: Engine) -> Iterator[Connection]:
    """Begin the one transaction; what is wrong with it is told in one line."""
    try:
        with target.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA defer_foreign_keys = ON"))  # rows of one table point at later ones
            yield connection
    except (DBAPIError, psycopg.Error) as error:
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        raise CopyRefused(f"the target took not everything, and holds nothing now: {reason}") from error


def _any(connection: Connection, table: Table) -> bool:
    return connection.execute(select(1).select_from(table).limit(1)).first() is not None


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    key = table.primary_key.columns
    yield from connection.execute(select(table).order_by(*key), execution_options={"yield_per": _PAGE})


def _make_months(source: Connection, target: Connection) -> None:
    """Make the months of the sightings that are about to come, so that none lies in the table for what fits nowhere."""
    sightings = Base.metadata.tables["sightings"].c.recorded_at
    first, last = source.execute(select(func.min(sightings), func.max(sightings))).one()
    if isinstance(first, datetime):
        cover(target, first, last)
