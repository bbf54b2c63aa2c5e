"""INSERT .. ON CONFLICT, which both databases speak and SQLAlchemy words once for each.

Two workers may record the same thing at once. The unique index decides who was first; the other one gets the
first one's row. Rows go in by ascending key, so that two transactions never wait for each other in a circle.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.schema import Base

Key = tuple[Any, ...]


def insert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT of the session's dialect; both kinds have the same `on_conflict_do_*` methods."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table_of(table))
    return postgresql.insert(table_of(table))


def table_of(model: type[Base]) -> Table:
    """Return the model's table: plain INSERTs of many rows need no object for each."""
    return cast("Table", model.__table__)


def find_or_add(
    session: Session, model: type[Base], key: Sequence[str], rows: Mapping[Key, Mapping[str, Any]]
) -> tuple[dict[Key, int], set[Key]]:
    """Make sure that a row exists for every key; return all row ids, and the keys whose row this call added.

    Args:
        model: a model with a column `id`.
        key: the columns of a unique constraint; few rows share the value of the first one.
        rows: key values -> column values of the row to add where there is none. A known row stays as it is.
    """
    ids = _find(session, model, key, rows)
    missing = sorted(rows.keys() - ids.keys())
    if not missing:
        return ids, set()
    columns = table_of(model).c
    statement = insert(session, model).on_conflict_do_nothing(index_elements=list(key))
    added = {
        tuple(row[1:]): int(row[0])
        for row in session.execute(
            statement.returning(columns.id, *(columns[name] for name in key)),
            [dict(rows[missed]) for missed in missing],
        )
    }
    ids |= added
    ids |= _find(session, model, key, [missed for missed in missing if missed not in ids])
    return ids, set(added)


def _find(session: Session, model: type[Base], key: Sequence[str], wanted: Any) -> dict[Key, int]:
    firsts = {values[0] for values in wanted}
    if not firsts:
        return {}
    columns = table_of(model).c
    query = select(columns.id, *(columns[name] for name in key)).where(columns[key[0]].in_(firsts))
    found = {tuple(row[1:]): int(row[0]) for row in session.execute(query)}
    return {values: found[values] for values in wanted if values in found}
