"""Loading: many rows into one table at once, by COPY on PostgreSQL.

COPY checks what an INSERT checks (types, keys, foreign keys at its end) and fires the same triggers; it saves the
statement for each row.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Table, func, insert, select, text

_AT_ONCE = 2000  # rows of one statement on SQLite


def load_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Append rows to a table, in the connection's transaction; return how many they were.

    Args:
        columns: names, in the order of the values of each row.
        rows: values as the columns' database types take them: texts in stored form (`storage.columns.escape`),
            aware datetimes.

    Raises:
        sqlalchemy.exc.DBAPIError, psycopg.Error: a row breaks a rule of the table; the transaction is over then.
    """
    if connection.dialect.name == "postgresql":
        return _copy(connection, table.name, columns, rows)
    count, values = 0, iter(rows)
    statement = insert(table)
    while some := [dict(zip(columns, row, strict=True)) for row in islice(values, _AT_ONCE)]:
        connection.execute(statement, some)
        count += len(some)
    return count


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    raw: Any = connection.connection.driver_connection  # psycopg's own, which is more than DBAPI promises
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    count = 0
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def set_sequence(connection: Connection, table: Table) -> None:
    """Let the ids that PostgreSQL gives go on behind the largest one; SQLite looks by itself."""
    if connection.dialect.name != "postgresql" or "id" not in table.c:
        return
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    last = connection.scalar(select(func.max(table.c.id)))
    if sequence is not None and last is not None:
        connection.execute(select(func.setval(sequence, last)))
