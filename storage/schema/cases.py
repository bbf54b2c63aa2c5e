"""Tables of cases: what people work on, and what they decided."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from detector.verdict import Decision
from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

CaseState = Literal["open", "confirmed", "dismissed", "snoozed", "duplicate", "takedown", "down", "relapsed", "closed"]
Harm = Literal["low", "normal", "high"]

EPOCH = "1970-01-01 00:00:00"


class Case(Base):
    """What a person works on: the flagged items of one campaign against one brand."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'confirmed', 'dismissed', 'snoozed', 'duplicate', 'takedown', 'down', 'relapsed', "
            "'closed')",
            name="state",
        ),
        CheckConstraint("(state = 'snoozed') = (snoozed_until IS NOT NULL)", name="snoozed"),
        CheckConstraint("(state = 'duplicate') = (merged_into IS NOT NULL)", name="merged"),
        CheckConstraint("harm IN ('low', 'normal', 'high')", name="harm"),
        Index(None, "state", "score"),
        Index(None, "state", "priority"),
        Index(None, "merged_into"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    identity: Mapped[str] = mapped_column(Digest, unique=True)  # of brand and campaign
    brand: Mapped[str] = mapped_column(Text)
    campaign: Mapped[str] = mapped_column(AnyText)
    title: Mapped[str] = mapped_column(AnyText)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[CaseState] = mapped_column(String(16))
    snoozed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assignee: Mapped[str | None] = mapped_column(AnyText)
    score: Mapped[float] = mapped_column(Double)  # the best of its verdicts
    decision: Mapped[Decision] = mapped_column(String(16))  # the gravest of its verdicts
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdicts.id"))  # the one that gave the score
    items: Mapped[int] = mapped_column(server_default="0", default=0)
    last_seen: Mapped[datetime] = mapped_column(UtcDateTime, server_default=EPOCH)  # of its items' sightings
    priority: Mapped[float] = mapped_column(Double, server_default="0")  # score x reach x harm
    harm: Mapped[Harm] = mapped_column(String(16), server_default="normal")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it was first confirmed or dismissed
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    tags: Mapped[list[str]] = mapped_column(JsonText, server_default="[]")
    held: Mapped[bool] = mapped_column(server_default=false())  # legal hold: nothing of it is ever purged
    log_head: Mapped[str | None] = mapped_column(Digest)  # hash of its last log entry


class CaseItem(Base):
    """A flagged item in a case, with the version and verdict that were flagged last."""

    __tablename__ = "case_items"
    __table_args__ = (Index(None, "item_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("item_versions.id"))
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdicts.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseLog(Base):
    """Everything that happened to a case; append-only, enforced by a trigger. Written by `storage.case_log` alone."""

    __tablename__ = "case_log"
    __table_args__ = (Index(None, "case_id", "id"), Index(None, "case_id", "previous", unique=True))

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(AnyText)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(AnyText)
    note: Mapped[str] = mapped_column(AnyText)
    data: Mapped[dict[str, Any]] = mapped_column(JsonText)
    previous: Mapped[str] = mapped_column(Digest, server_default="")  # hash of the case's entry before
    hash: Mapped[str] = mapped_column(Digest, server_default="")
