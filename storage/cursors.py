"""Cursors: how far a source was read, so that the next run goes on there."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.schema import CursorRow
from storage.upsert import insert


def cursor(session: Session, source: str, name: str) -> Any | None:
    """Return the JSON value kept under a name; None when there is none."""
    row = session.get(CursorRow, (source, _identity(name)))
    return None if row is None else json.loads(row.value)


def cursors(session: Session, source: str) -> list[tuple[str, Any, datetime]]:
    """Return name, JSON value and time of everything kept for a source, by name."""
    rows = session.scalars(select(CursorRow).where(CursorRow.source == source))
    return [(row.name, json.loads(row.value), row.saved_at) for row in sorted(rows, key=lambda row: row.name)]


def cursor_names(session: Session, source: str, prefix: str) -> list[str]:
    """Return the names, of those kept for a source, that begin so; in order."""
    names = session.scalars(select(CursorRow.name).where(CursorRow.source == source))
    return sorted(name for name in names if name.startswith(prefix))


def save_cursor(session: Session, source: str, name: str, value: Any, now: datetime) -> None:
    """Keep a JSON value, or None for none; in the transaction of the items that were read up to there, or they could be
    lost.
    """
    if value is None:
        session.execute(delete(CursorRow).where(CursorRow.source == source, CursorRow.identity == _identity(name)))
        return
    statement = insert(session, CursorRow)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "identity"],
            set_={"value": statement.excluded["value"], "saved_at": statement.excluded["saved_at"]},
        ),
        [
            {
                "source": source,
                "identity": _identity(name),
                "name": name,
                "value": json.dumps(value, ensure_ascii=False),
                "saved_at": now,
            }
        ],
    )


def _identity(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
