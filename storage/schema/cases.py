"""Tables of cases: what people work on, and what they decided."""

from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from detector.brands import Who
from detector.harm import Harm
from detector.items import Kind
from detector.verdict import Decision
from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

CaseState = Literal["open", "confirmed", "dismissed", "snoozed", "duplicate", "takedown", "down", "relapsed", "closed"]
# Few cases have these: lists that ask for them read no others.
ASSIGNED = text("assignee IS NOT NULL")
TAGGED = text("tags <> '[]'")
EPOCH = "1970-01-01 00:00:00"
UNTOLD = text("escalated_at IS NULL OR escalated_at < due_at")  # that nobody judged in time is not told yet


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
        Index(None, "merged_into"),
        Index(None, "verdict_id"),
        Index("ix_cases_due_at", "due_at", sqlite_where=UNTOLD, postgresql_where=UNTOLD),
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
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # `due_set`, or as agreed from `waiting_since` on
    escalated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # that `due_at` is over was told then
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it was first confirmed or dismissed
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    suppressed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of a dismissed case: till then no messages
    takedown_asked: Mapped[str | None] = mapped_column(AnyText)  # who asked for one that waits for another's approval
    tags: Mapped[list[str]] = mapped_column(JsonText, server_default="[]")
    held: Mapped[bool] = mapped_column(server_default=false())  # legal hold: nothing of it is ever purged
    log_head: Mapped[str | None] = mapped_column(Digest)  # hash of its last log entry
    # What priority and due date are made of (`storage.priority`).
    sightings: Mapped[int] = mapped_column(server_default="0", default=0)  # of its items
    publishers: Mapped[int] = mapped_column(server_default="0", default=0)  # hosts of pages that carried its items
    harm_seen: Mapped[Harm] = mapped_column(String(16), server_default="low")  # what its items ask people for
    harm_set: Mapped[Harm | None] = mapped_column(String(16))  # what a person says; overrides what was seen
    waiting_since: Mapped[datetime] = mapped_column(UtcDateTime, server_default=EPOCH)  # opened, reopened, relapsed
    judge_within: Mapped[int | None]  # seconds that were agreed for its class; None: nothing was
    due_set: Mapped[datetime | None] = mapped_column(UtcDateTime)  # what a person says; overrides what was agreed


Index("ix_cases_state_priority", Case.state, Case.priority.desc(), Case.id)
Index("ix_cases_state_score", Case.state, Case.score.desc(), Case.id)
Index("ix_cases_state_opened_at", Case.state, Case.opened_at, Case.id)
Index("ix_cases_assigned", Case.assignee, Case.state, sqlite_where=ASSIGNED, postgresql_where=ASSIGNED)
Index("ix_cases_tagged", Case.state, sqlite_where=TAGGED, postgresql_where=TAGGED)


class CaseItem(Base):
    """A flagged item in a case, with the version and verdict that were flagged last."""

    __tablename__ = "case_items"
    __table_args__ = (Index(None, "item_id"), Index(None, "version_id"), Index(None, "verdict_id"))

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("item_versions.id"))
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdicts.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    counted: Mapped[int] = mapped_column(server_default="0", default=0)  # its sightings that the case has counted


class CaseSource(Base):
    """Where items of a case were seen, kept with every sighting, so that lists need not read those."""

    __tablename__ = "case_sources"
    __table_args__ = (Index(None, "source", "case_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[Kind] = mapped_column(String(16), primary_key=True)
    publisher: Mapped[str] = mapped_column(Text, primary_key=True)  # host of the page that carried it, or ""


class RegisterRow(Base):
    """An entry of the ownership register that a person's judgement made; it ends by itself or is removed."""

    __tablename__ = "register_entries"
    __table_args__ = (
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        Index(None, "brand"),
        Index(None, "log_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    brand: Mapped[str] = mapped_column(Text)
    who: Mapped[Who] = mapped_column(String(16))
    scope: Mapped[str] = mapped_column(AnyText)  # as in the configuration: advertiser:PLATFORM:ID, domain:HOST, …
    until: Mapped[date | None]  # last valid day
    note: Mapped[str] = mapped_column(AnyText)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    log_id: Mapped[int] = mapped_column(ForeignKey("case_log.id"))  # the judgement
    added_by: Mapped[str] = mapped_column(AnyText)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_by: Mapped[str | None] = mapped_column(AnyText)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
