"""Accounts: who may sign in to the board, and in which role."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config.board import Role
from storage.errors import AccountNotFound, AccountRefused
from storage.schema import AccountRow, BoardSessionRow

MOST_LOGIN = 64  # characters
RESERVED = ("mekiki", "nobody", "me")  # the machine, whoever is not signed in, and in filters oneself


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may sign in."""

    login: str
    role: Role
    password: str | None  # argon2id in PHC form; None: signs in elsewhere
    created_at: datetime
    disabled_at: datetime | None
    subject: str | None  # issuer and "sub" of who first signed in with it by OIDC


def accounts(session: Session) -> list[Account]:
    """Return all accounts, by login."""
    return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.login))]


def account(session: Session, login: str) -> Account:
    """Return one account.

    Raises:
        AccountNotFound: there is none of this login.
    """
    return _account(_row(session, login))


def add_account(session: Session, login: str, role: Role, password: str | None, *, now: datetime) -> None:
    """Add an account.

    Raises:
        AccountRefused: there is one of this login, or it cannot be a login.
    """
    if login.casefold() in RESERVED:
        raise AccountRefused(f"{login!r} stands in logs for what no account did; choose another login")
    if not login.strip() or login != login.strip() or len(login) > MOST_LOGIN or not login.isprintable():
        raise AccountRefused(f"a login is 1 to {MOST_LOGIN} printable characters without spaces around")
    if session.get(AccountRow, login) is not None:
        raise AccountRefused(f"there is an account {login!r} already")
    session.add(AccountRow(login=login, role=role, password=password, created_at=now, disabled_at=None, subject=None))
    session.flush()


def set_password(session: Session, login: str, password: str | None) -> None:
    """Give an account another password, or none; whoever is signed in with it is signed out.

    One with a password is tied to nobody at an issuer.

    Raises:
        AccountNotFound: there is none of this login.
    """
    row = _row(session, login)
    row.password = password
    if password is not None:
        row.subject = None
    sign_out_everywhere(session, login)


def set_role(session: Session, login: str, role: Role) -> None:
    """Give an account another role, from the next click on.

    Raises:
        AccountNotFound: there is none of this login.
    """
    _row(session, login).role = role


def disable(session: Session, login: str, *, now: datetime) -> None:
    """Let nobody sign in with an account any more; its name stays on what was decided with it.

    Raises:
        AccountNotFound: there is none of this login.
    """
    _row(session, login).disabled_at = now
    sign_out_everywhere(session, login)


def enable(session: Session, login: str) -> None:
    """Let people sign in with an account again.

    Raises:
        AccountNotFound: there is none of this login.
    """
    _row(session, login).disabled_at = None


def bind(session: Session, login: str, subject: str | None) -> None:
    """Tie an account to whoever an issuer calls so, or to nobody; whoever is signed in with it is signed out.

    Raises:
        AccountNotFound: there is none of this login.
    """
    _row(session, login).subject = subject
    sign_out_everywhere(session, login)


def sign_out_everywhere(session: Session, login: str) -> None:
    """End all sessions of an account.

    Raises:
        AccountNotFound: there is none of this login.
    """
    _row(session, login)
    session.execute(delete(BoardSessionRow).where(BoardSessionRow.login == login))


def _row(session: Session, login: str) -> AccountRow:
    row = session.get(AccountRow, login) if login.isprintable() else None  # PostgreSQL takes no NUL, not even to ask
    if row is None:
        raise AccountNotFound(f"there is no account {login!r}")
    return row


def _account(row: AccountRow) -> Account:
    return Account(
        login=row.login,
        role=row.role,
        password=row.password,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        subject=row.subject,
    )
