"""Tables of the board: who may sign in, who is signed in, and which requests were answered."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.board import Role
from storage.columns import AnyText, JsonText, UtcDateTime
from storage.schema.base import Base

Means = Literal["password", "header", "oidc"]


class AccountRow(Base):
    """A person who may sign in."""

    __tablename__ = "accounts"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[Role] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(Text)  # argon2id in PHC form; NULL: signs in elsewhere
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    subject: Mapped[str | None] = mapped_column(AnyText)  # issuer and "sub" of who first signed in with it by OIDC


class BoardSessionRow(Base):
    """Somebody is signed in; gone when they sign out or it ends."""

    __tablename__ = "board_sessions"

    key: Mapped[str] = mapped_column(Text, primary_key=True)  # SHA-256 of what the cookie says
    login: Mapped[str] = mapped_column(Text)
    means: Mapped[Means] = mapped_column(Text)  # how they signed in
    token: Mapped[str] = mapped_column(Text)  # that forms carry
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_board_sessions_login", "login"),)


class SignInFailureRow(Base):
    """Wrong passwords of late, by who was tried, and by from where; never more than some thousands of rows."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(AnyText, primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DenialRow(Base):
    """Requests that were denied and have no row of custody yet, by who sent what."""

    __tablename__ = "denials"

    who: Mapped[str] = mapped_column(Text, primary_key=True)  # a login, "nobody"
    action: Mapped[str] = mapped_column(Text, primary_key=True)
    why: Mapped[str] = mapped_column(Text, primary_key=True)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)  # of the last row of custody
    more: Mapped[int]  # since then


class AnsweredRow(Base):
    """A request that wrote something, by the key that its sender gave it, with what was answered."""

    __tablename__ = "answered"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(AnyText, primary_key=True)  # at most 100 characters
    request: Mapped[str] = mapped_column(Text)  # SHA-256 of path and fields: the same key for another one is an error
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int | None]  # NULL: not answered yet
    headers: Mapped[dict[str, str] | None] = mapped_column(JsonText)  # that say what the body is, or lead on
    body: Mapped[str | None] = mapped_column(AnyText)  # NULL: not kept

    __table_args__ = (Index("ix_answered_at", "at"),)
