"""Tables of the board: who may sign in, who is signed in, and which requests were answered."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from config.board import Role
from storage.columns import AnyText, UtcDateTime
from storage.schema.base import Base


class AccountRow(Base):
    """A person who may sign in."""

    __tablename__ = "accounts"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    role: Mapped[Role] = mapped_column(Text)
    password: Mapped[str | None] = mapped_column(Text)  # argon2id in PHC form; NULL: signs in elsewhere
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BoardSessionRow(Base):
    """Somebody is signed in; gone when they sign out or it ends."""

    __tablename__ = "board_sessions"

    key: Mapped[str] = mapped_column(Text, primary_key=True)  # SHA-256 of what the cookie says
    login: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text)  # that forms carry
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_board_sessions_login", "login"),)


class SignInFailureRow(Base):
    """Wrong passwords of late, by who was tried and from where."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(AnyText, primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AnsweredRow(Base):
    """A request that wrote something, by the key that its sender gave it, with what was answered."""

    __tablename__ = "answered"

    login: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)  # at most 100 characters
    request: Mapped[str] = mapped_column(Text)  # SHA-256 of path and fields: the same key for another one is an error
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[int | None]  # NULL: not answered yet
    body: Mapped[str | None] = mapped_column(AnyText)
    location: Mapped[str | None] = mapped_column(AnyText)

    __table_args__ = (Index("ix_answered_at", "at"),)
