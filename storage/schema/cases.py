"""Tables of cases: what people work on, and what they decided."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from detector.verdict import Decision
from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

CaseState = Literal["open", "confirmed", "dismissed", "snoozed"]


class Case(Base):
    """What a person works on: the flagged items of one campaign against one brand."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'confirmed', 'dismissed', 'snoozed')", name="state"),
        CheckConstraint("(state = 'snoozed') = (snoozed_until IS NOT NULL)", name="snoozed"),
        Index(None, "state", "score"),
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
    """Everything that happened to a case; append-only, enforced by a trigger."""

    __tablename__ = "case_log"
    __table_args__ = (Index(None, "case_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(AnyText)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(AnyText)
    note: Mapped[str] = mapped_column(AnyText)
    data: Mapped[dict[str, Any]] = mapped_column(JsonText)
