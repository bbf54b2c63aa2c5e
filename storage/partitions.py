"""Partitions: sightings lie in a table for each month in which they were recorded, on PostgreSQL.

What is too old goes with its table, in no time, instead of row by row. Months are made ahead; a row that fits none lies
in `sightings_default`, and moves when its month is made. SQLite has one table, and nothing here does anything there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    MetaData,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from storage.errors import StorageError
from storage.schema import Sighting
from storage.upsert import table_of

AHEAD = 3  # months made beforehand: `mekiki db prune` and `mekiki db upgrade` may be forgotten for so long
MOST = 240  # months that get tables when rows come from elsewhere; older ones lie in the table for what fits nowhere
TRIES = 5  # at the moment in which nobody else uses the tables
_WAIT = "1s"  # for it, each time: whoever comes meanwhile waits for us
_IN_USE = "55P03"  # lock_not_available, as the driver says it; the driver itself is not loaded for SQLite

_TABLE = table_of(Sighting).name
_DEFAULT = "sightings_default"
_MAKING = 0x6D6F6E746873  # PostgreSQL advisory lock: months are made by one at a time


class Busy(StorageError):
    """Others use the tables all the time; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One partition."""

    table: str  # "sightings_202611"
    begins: datetime  # UTC
    ends: datetime  # the beginning of the next month


def beginning(moment: datetime) -> datetime:
    """Return when the month (UTC) of a moment begins."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def following(moment: datetime) -> datetime:
    """Return when the month after that of a moment begins."""
    first = beginning(moment)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def months(connection: Connection) -> list[Month]:
    """Return the months that have tables of their own, the oldest first."""
    if connection.dialect.name != "postgresql":
        return []
    names = connection.scalars(_PARTITIONS).all()
    begins = [datetime.strptime(name[-6:], "%Y%m").replace(tzinfo=UTC) for name in names]
    return [Month(table=name, begins=begin, ends=following(begin)) for name, begin in zip(names, begins, strict=True)]


def make_months(connection: Connection, now: datetime) -> list[str]:
    """Make the tables of this month and the next ones where they are missing; return those made.

    Rows that lay in the table for what fits nowhere move into theirs.
    """
    if connection.dialect.name != "postgresql":
        return []
    ahead = [beginning(now)]
    for _ in range(AHEAD):
        ahead.append(following(ahead[-1]))
    return _make_missing(connection, ahead)


def cover(connection: Connection, first: datetime, last: datetime) -> list[str]:
    """Make the tables of the months from one moment to another, the latest `MOST`; return those made."""
    if connection.dialect.name != "postgresql":
        return []
    wanted, begins = [], beginning(first)
    while begins <= last:
        wanted.append(begins)
        begins = following(begins)
    return _make_missing(connection, wanted[-MOST:])


def _make_missing(connection: Connection, wanted: Sequence[datetime]) -> list[str]:
    connection.execute(select(func.pg_advisory_xact_lock(_MAKING)))
    there = {month.begins for month in months(connection)}
    return [_make(connection, begins) for begins in wanted if begins not in there]


def in_no_month(dialect: Dialect) -> Table:
    """Return the table of the sightings that lie in no table of a month: on SQLite all of them."""
    return _as(_DEFAULT) if dialect.name == "postgresql" else table_of(Sighting)


def thin(session: Session, month: Month, stays: Callable[[ColumnElement[int]], ColumnElement[bool]]) -> int:
    """Remove the rows of a month that stay no longer; return how many they were. Made for a transaction of its own.

    What stays is copied into a new table while everybody works, which then takes the place of the old one in a moment
    in which nobody else uses either. Of a month of which nothing stays no table is left.

    Args:
        stays: words in SQL, given the column of an item's id, whether its sightings stay.

    Raises:
        Busy: that moment did not come within `TRIES` times `_WAIT`.
    """
    new, old = f"{month.table}_kept", month.table
    source, target = _as(old), _as(new)
    names = [column.name for column in target.c]
    connection = session.connection()
    if not connection.scalar(_count(source).where(~stays(source.c.item_id))):
        return 0
    for statement in (
        f"LOCK TABLE {old} IN SHARE MODE",
        f"CREATE TABLE {new} (LIKE {old} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"ALTER TABLE {new} ADD CONSTRAINT {old}_within CHECK (recorded_at IS NOT NULL AND {_within(month)})",
    ):
        connection.execute(text(statement))
    connection.execute(insert(target).from_select(names, select(source).where(stays(source.c.item_id))))
    connection.execute(text(f"ALTER TABLE {new} ADD PRIMARY KEY (id, recorded_at)"))
    connection.execute(text(f"CREATE INDEX ON {new} (item_id, seen_at)"))
    connection.execute(text(f"ANALYZE {new}"))
    _be_alone(session)
    late = ~exists().where(target.c.id == source.c.id)  # a case has named its item meanwhile
    connection.execute(insert(target).from_select(names, select(source).where(stays(source.c.item_id), late)))
    before, after = (connection.scalar(_count(one)) or 0 for one in (source, target))
    connection.execute(text(f"ALTER TABLE {_TABLE} DETACH PARTITION {old}"))
    connection.execute(text(f"DROP TABLE {old}"))
    if after:
        _attach(connection, new, month)
    else:
        connection.execute(text(f"DROP TABLE {new}"))
    return before - after


def _count(table: Table) -> Select[int]:
    return select(func.count()).select_from(table)


def _be_alone(session: Session) -> None:
    """Wait until nobody else uses the tables, which are asked for in the order in which a crawl takes them.

    So nobody waits in a circle. Each try makes whoever comes meanwhile wait for us: it is short, then others go on.
    """
    session.execute(text(f"SET LOCAL lock_timeout = '{_WAIT}'"))
    for _ in range(TRIES):
        try:
            with session.begin_nested():
                session.execute(text(f"LOCK TABLE items, item_versions, {_TABLE}, runs IN ACCESS EXCLUSIVE MODE"))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _IN_USE:
                raise
        else:
            return
    raise Busy("others use the sightings all the time; the next run tries again")


def _make(connection: Connection, begins: datetime) -> str:
    month = Month(table=f"{_TABLE}_{begins:%Y%m}", begins=begins, ends=following(begins))
    aside, source, target = f"{month.table}_made", _as(_DEFAULT), _as(f"{month.table}_made")
    like = f"LIKE {_TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES"
    connection.execute(text(f"CREATE TABLE {aside} ({like})"))
    connection.execute(text(f"LOCK TABLE {_DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    inside = and_(source.c.recorded_at >= month.begins, source.c.recorded_at < month.ends)
    connection.execute(insert(target).from_select([one.name for one in target.c], select(source).where(inside)))
    connection.execute(delete(source).where(inside))
    _attach(connection, aside, month)
    return month.table


def _attach(connection: Connection, table: str, month: Month) -> None:
    connection.execute(text(f"ALTER TABLE {table} RENAME TO {month.table}"))
    bounds = f"FROM ('{month.begins}') TO ('{month.ends}')"
    connection.execute(text(f"ALTER TABLE {_TABLE} ATTACH PARTITION {month.table} FOR VALUES {bounds}"))
    connection.execute(text(f"ALTER TABLE {month.table} DROP CONSTRAINT IF EXISTS {month.table}_within"))


def _within(month: Month) -> str:
    return f"recorded_at >= '{month.begins}' AND recorded_at < '{month.ends}'"


def _as(name: str) -> Table:
    """Return the table of sightings under another name."""
    return table_of(Sighting).to_metadata(MetaData(), name=name)


_PARTITIONS = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = to_regclass(:parent) AND relname ~ :like ORDER BY relname"
).bindparams(parent=_TABLE, like=f"^{_TABLE}_[0-9]{{6}}$")
