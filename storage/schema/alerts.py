"""Tables of the outbox: who must be told, what leaves, and what came of each try."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, TextClause, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base

IntentReason = Literal["first", "new_items", "escalated", "relapsed", "repeat", "notice", "digest"]
IntentState = Literal["pending", "routed", "suppressed"]
DeliveryState = Literal["pending", "sent", "dead"]
Held = Literal["wait", "interval", "quiet", "digest", "limit", "inhibited"]

# Before routing: one pending message about the items of a case, and one for each other reason.
PENDING_ITEMS = text("state = 'pending' AND route IS NULL AND reason IN ('first', 'new_items')")
PENDING_OTHER = text("state = 'pending' AND route IS NULL AND reason NOT IN ('first', 'new_items')")
# After it: one for each case and route; beside it an escalation, which goes to other people, and what is told of
# notices, which says other things.
PENDING_ROUTED = text("state = 'pending' AND route IS NOT NULL AND reason NOT IN ('escalated', 'notice')")
PENDING_NOTICE = text("state = 'pending' AND route IS NOT NULL AND reason = 'notice'")
PENDING_ESCALATED = text("state = 'pending' AND route IS NOT NULL AND reason = 'escalated'")
DIGESTS = text("reason = 'digest'")
REPEATS = text("repeat_at IS NOT NULL")
ESCALATES = text("escalate_at IS NOT NULL")


def _partial(name: str, *columns: str, where: TextClause, unique: bool = True) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class AlertIntent(Base):
    """The outbox: that somebody must be told about a case, written together with the case.

    Without a route it waits to be routed: it is settled by one intent for each route that wants it. Those are released
    when their route lets them go, and then become deliveries, each by itself or in a digest (`told_in`).
    """

    __tablename__ = "alert_intents"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('first', 'new_items', 'escalated', 'relapsed', 'repeat', 'notice', 'digest')",
            name="reason",
        ),
        CheckConstraint("state IN ('pending', 'routed', 'suppressed')", name="state"),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
        CheckConstraint("(reason = 'digest') = (case_id IS NULL)", name="case"),
        CheckConstraint("reason <> 'digest' OR (route IS NOT NULL AND fold IS NOT NULL)", name="digest"),
        CheckConstraint("held IN ('wait', 'interval', 'quiet', 'digest', 'limit', 'inhibited')", name="held"),
        _partial("uq_alert_intents_pending_items", "case_id", where=PENDING_ITEMS),
        _partial("uq_alert_intents_pending_other", "case_id", "reason", where=PENDING_OTHER),
        _partial("uq_alert_intents_pending_routed", "case_id", "route", where=PENDING_ROUTED),
        _partial("uq_alert_intents_pending_notice", "case_id", "route", where=PENDING_NOTICE),
        _partial("uq_alert_intents_pending_escalated", "case_id", "route", where=PENDING_ESCALATED),
        _partial("uq_alert_intents_digests", "route", "fold", "due_at", where=DIGESTS),
        _partial("ix_alert_intents_repeat_at", "repeat_at", where=REPEATS, unique=False),
        _partial("ix_alert_intents_escalate_at", "escalate_at", where=ESCALATES, unique=False),
        Index(None, "state", "due_at"),
        Index(None, "case_id"),
        Index(None, "route", "fold", "released_at"),
        Index(None, "route", "released_at"),
        Index(None, "told_in"),
        Index(None, "silence_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))  # null for a digest
    reason: Mapped[IntentReason] = mapped_column(String(16))
    state: Mapped[IntentState] = mapped_column(String(16))
    count: Mapped[int]  # items that it tells of; cases of a digest
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)  # looked at then; of a digest: end of the time it covers
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suppressed_by: Mapped[int | None] = mapped_column(ForeignKey("case_log.id"))
    note: Mapped[str | None] = mapped_column(AnyText)  # why it was suppressed, waits, or reached nobody
    route: Mapped[str | None] = mapped_column(Text)  # key; null before routing
    fold: Mapped[str | None] = mapped_column(AnyText)  # told together with those of the same route and fold
    news_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the last of what it tells was routed
    pressing: Mapped[bool] = mapped_column(server_default=false(), default=False)  # a person wants it now
    held: Mapped[Held | None] = mapped_column(String(16))  # why its route keeps it, until `due_at`
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its route let it go
    told_in: Mapped[int | None] = mapped_column(ForeignKey("alert_intents.id"))  # the digest that tells of it
    silence_id: Mapped[int | None] = mapped_column(ForeignKey("alert_silences.id"))  # that suppressed it
    repeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # told again then, if nobody has judged
    escalate_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # told to others then, if nobody has judged


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


class SilenceRow(Base):
    """Nothing is told of the cases that it matches until it ends; who said so, and why. Rows are never deleted."""

    __tablename__ = "alert_silences"
    __table_args__ = (
        CheckConstraint("ends_at > created_at", name="ends"),
        CheckConstraint("(expired_at IS NULL) = (expired_by IS NULL)", name="expired"),
        Index(None, "woken_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(AnyText)
    reason: Mapped[str] = mapped_column(AnyText)
    matches: Mapped[dict[str, Any]] = mapped_column(JsonText)  # which cases: `config.routes.Matcher`
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # ended before its time
    expired_by: Mapped[str | None] = mapped_column(AnyText)
    woken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # what it held back was told, after its end
