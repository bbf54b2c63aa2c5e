"""Tables of visits and of what was done with evidence; append-only."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest


class VisitRow(Base):
    """One journey from a link to where it ends; append-only."""

    __tablename__ = "visits"
    __table_args__ = (
        CheckConstraint("outcome IN ('offer_seen', 'differs', 'blocked', 'could_not_tell', 'gone')", name="outcome"),
        Index(None, "case_id", "started_at"),
        Index(None, "link_digest", "started_at"),
        Index(None, "end_digest"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))  # null for a link that somebody named
    url: Mapped[str] = mapped_column(AnyText)
    link_digest: Mapped[str | None] = mapped_column(Digest)  # of `url`
    end_digest: Mapped[str | None] = mapped_column(Digest)  # of the last hop's address without its fragment
    visitor: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16))
    visit: Mapped[dict[str, Any]] = mapped_column(JsonText)  # all of it, hops and what was seen


class CustodyRow(Base):
    """What was done with evidence; append-only, enforced by a trigger. Each row carries the hash of the one before."""

    __tablename__ = "custody"
    __table_args__ = (CheckConstraint("number > 0", name="number"), Index(None, "manifest"))

    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)  # 1, 2, 3 ... without gaps
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(AnyText)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(AnyText)
    manifest: Mapped[str | None] = mapped_column(Digest)  # in the media store
    tool: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JsonText)
    previous: Mapped[str] = mapped_column(Digest, unique=True)  # hash of the row before; a row has one successor
    hash: Mapped[str] = mapped_column(Digest)  # of all the other columns, see `storage.custody`


class StampRow(Base):
    """A time stamp that a manifest is to get, or has; asked for until it is there."""

    __tablename__ = "stamps"
    __table_args__ = (
        UniqueConstraint("manifest", "authority"),
        CheckConstraint("(token IS NULL) = (stamped_at IS NULL)", name="token"),
        CheckConstraint("(next_at IS NULL) = (stamped_at IS NOT NULL)", name="next_at"),
        Index(None, "next_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    manifest: Mapped[str] = mapped_column(Digest)
    authority: Mapped[str] = mapped_column(Text)  # URL
    wanted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]  # that failed
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # null once it is there
    problem: Mapped[str | None] = mapped_column(AnyText)  # why the last attempt failed
    token: Mapped[str | None] = mapped_column(Digest)  # the authority's answer (RFC 3161), in the media store
    stamped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the authority says
