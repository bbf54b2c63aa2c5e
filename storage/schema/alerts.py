"""Tables of the outbox: who must be told, what leaves, and what came of each try."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, RowId, UtcDateTime
from storage.schema.base import Base

IntentReason = Literal["first", "new_items", "repeat"]
IntentState = Literal["pending", "routed", "suppressed"]
DeliveryState = Literal["pending", "sent", "dead"]

# One pending message about items, and one pending repeat, for each case.
PENDING_ITEMS = text("state = 'pending' AND reason <> 'repeat'")
PENDING_REPEAT = text("state = 'pending' AND reason = 'repeat'")


class AlertIntent(Base):
    """The outbox: that somebody must be told about a case, written together with the case."""

    __tablename__ = "alert_intents"
    __table_args__ = (
        CheckConstraint("reason IN ('first', 'new_items', 'repeat')", name="reason"),
        CheckConstraint("state IN ('pending', 'routed', 'suppressed')", name="state"),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
        Index(
            "uq_alert_intents_pending_items",
            "case_id",
            unique=True,
            sqlite_where=PENDING_ITEMS,
            postgresql_where=PENDING_ITEMS,
        ),
        Index(
            "uq_alert_intents_pending_repeat",
            "case_id",
            unique=True,
            sqlite_where=PENDING_REPEAT,
            postgresql_where=PENDING_REPEAT,
        ),
        Index(None, "state", "due_at"),
        Index(None, "case_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[IntentReason] = mapped_column(String(16))
    state: Mapped[IntentState] = mapped_column(String(16))
    count: Mapped[int]  # items that it tells of
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suppressed_by: Mapped[int | None] = mapped_column(ForeignKey("case_log.id"))
    note: Mapped[str | None] = mapped_column(AnyText)  # why it was suppressed, or reached nobody


class Delivery(Base):
    """One message to one receiver; the payload is frozen, the id is the idempotency key."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("intent_id", "receiver"),
        CheckConstraint("state IN ('pending', 'sent', 'dead')", name="state"),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
        Index(None, "state", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(30), primary_key=True)  # "msg_" and a ULID
    intent_id: Mapped[int] = mapped_column(ForeignKey("alert_intents.id"))
    receiver: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(AnyText)
    state: Mapped[DeliveryState] = mapped_column(String(16))
    attempts: Mapped[int]  # since it was made or replayed
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    leased_by: Mapped[str | None] = mapped_column(Text)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attempt(Base):
    """One try to deliver, and what came of it."""

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "delivery_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ok: Mapped[bool]
    status: Mapped[int | None]  # the receiver's reply code, where it gave one
    detail: Mapped[str] = mapped_column(AnyText)


class ReceiverState(Base):
    """How a receiver is, from its attempts; and whether it was switched off, e.g. because it answered 410."""

    __tablename__ = "receiver_states"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(AnyText)  # why it was switched off
    last_ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(AnyText)  # what it answered then
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # null once a message has arrived again
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # it is left alone before
