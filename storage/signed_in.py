"""Signed in: the sessions of people at the board. The database knows of a cookie only its hash."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from config.board import Role
from storage.schema import AccountRow, BoardSessionRow, Means

SEEN_EVERY = timedelta(minutes=1)  # a session is written at most that often


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks, in which role."""

    login: str
    role: Role
    token: str  # that forms of this session carry
    means: Means = "password"  # how they signed in


def begin(session: Session, login: str, means: Means, *, now: datetime) -> str:
    """Sign somebody in; return what the cookie says."""
    cookie, token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.add(BoardSessionRow(key=_key(cookie), login=login, means=means, token=token, began_at=now, seen_at=now))
    return cookie


def person(session: Session, cookie: str, *, now: datetime, most: timedelta, idle: timedelta) -> Person | None:
    """Return who a cookie is; None where it ended, or the account may no longer sign in."""
    row = session.get(BoardSessionRow, _key(cookie))
    if row is None or now - row.began_at >= most or now - row.seen_at >= idle:
        return None
    account = session.get(AccountRow, row.login)
    if account is None or account.disabled_at is not None:
        return None
    return Person(login=row.login, role=account.role, token=row.token, means=row.means)


def seen(session: Session, cookie: str, *, now: datetime) -> None:
    """Note that somebody is still there."""
    mine = BoardSessionRow.key == _key(cookie)
    session.execute(
        update(BoardSessionRow).where(mine, BoardSessionRow.seen_at <= now - SEEN_EVERY).values(seen_at=now)
    )


def end(session: Session, cookie: str) -> None:
    """Sign out."""
    session.execute(delete(BoardSessionRow).where(BoardSessionRow.key == _key(cookie)))


def forget(session: Session, *, now: datetime, most: timedelta, idle: timedelta) -> None:
    """Remove the sessions that have ended."""
    over = or_(BoardSessionRow.began_at <= now - most, BoardSessionRow.seen_at <= now - idle)
    session.execute(delete(BoardSessionRow).where(over))


def _key(cookie: str) -> str:
    return sha256(cookie.encode()).hexdigest()
