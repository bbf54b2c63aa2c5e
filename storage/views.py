"""Saved views: which cases somebody wants to see, under a name that all who judge share."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from detector.items import Kind
from storage.actions import WAITING
from storage.database import lock_name
from storage.errors import ViewNotFound
from storage.schema import CaseState, SavedViewRow
from storage.upsert import insert

NOBODY = "none"  # assignee: cases that nobody has taken
LOCK = "saved views"
ME = "me"  # assignee: the person who looks


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilters:
    """Which cases; what is not named does not matter."""

    states: tuple[CaseState, ...] = tuple(sorted(WAITING))  # as they are when asked
    brand: str | None = None
    source: str | None = None  # key of a source that saw one of its items
    kind: Kind | None = None  # of one of its items
    min_score: float = 0.0  # 0-1
    min_priority: float = 0.0
    assignee: str | None = None  # a login, NOBODY or ME
    tag: str | None = None
    older: timedelta | None = None  # opened longer ago
    younger: timedelta | None = None  # opened since
    text: str | None = None  # part of the title

    def of(self, who: str) -> "CaseFilters":
        """Return the same for one person: ME becomes the login."""
        return replace(self, assignee=who) if self.assignee == ME else self


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A choice of cases under a name."""

    name: str
    filters: CaseFilters
    saved_by: str
    saved_at: datetime


def save_view(session: Session, name: str, filters: CaseFilters, *, who: str, now: datetime) -> None:
    """Keep a choice of cases under a name; what stood there is replaced (`view_before` tells what that is)."""
    lock_name(session, LOCK)
    kept: dict[str, Any] = {"filters": msgspec.to_builtins(filters), "saved_by": who, "saved_at": now}
    statement = insert(session, SavedViewRow).values(name=name, **kept)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=kept))


def view_before(session: Session, name: str) -> SavedView | None:
    """Return the view of this name, if there is one; nobody else saves any until the transaction ends."""
    lock_name(session, LOCK)
    row = session.get(SavedViewRow, name, populate_existing=True)
    return _view(row) if row is not None else None


def saved_view(session: Session, name: str) -> SavedView:
    """Return the view of this name.

    Raises:
        ViewNotFound: there is none; the message names those that are there.
    """
    row = session.get(SavedViewRow, name)
    if row is None:
        known = session.scalars(select(SavedViewRow.name).order_by(SavedViewRow.name)).all()
        raise ViewNotFound(f"there is no view {name!r}; known: {', '.join(known) or 'none'}")
    return _view(row)


def saved_views(session: Session) -> list[SavedView]:
    """Return all views, by name."""
    return [_view(row) for row in session.scalars(select(SavedViewRow).order_by(SavedViewRow.name))]


def drop_view(session: Session, name: str) -> None:
    """Forget a view.

    Raises:
        ViewNotFound: there is none of this name.
    """
    saved_view(session, name)
    session.execute(delete(SavedViewRow).where(SavedViewRow.name == name))


def _view(row: SavedViewRow) -> SavedView:
    filters = msgspec.convert(row.filters, CaseFilters)
    return SavedView(name=row.name, filters=filters, saved_by=row.saved_by, saved_at=row.saved_at)
