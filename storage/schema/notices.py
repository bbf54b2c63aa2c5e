"""Tables of notices: what was asked of whom, how it stands, and what came back. Their history is in the case's log."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

NoticeState = Literal["draft", "filed", "acknowledged", "information_requested", "refused", "down", "back", "withdrawn"]
# Few notices are like this: whoever looks for them reads no others.
REFUSED = text("refused_for IS NOT NULL")
TO_DO = text("due_at IS NOT NULL")
UNREMINDED = text("reminded_at IS NULL OR reminded_at < due_at")  # that it is due is not told yet

_ATTENDED = (
    "state",
    "due_at",
    "case_id",
    "channel",
    "sending_at",
    "approved_at",
    "lost_at",
)  # all that is asked of what waits


class NoticeRow(Base):
    """One takedown request to one channel; the outcome of its entries (`notice`) in the case's log."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'filed', 'acknowledged', 'information_requested', 'refused', 'down', 'back', "
            "'withdrawn')",
            name="state",
        ),
        CheckConstraint("(filed_at IS NULL) = (filed_by IS NULL)", name="filed"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        Index(None, "case_id"),
        Index(
            "ix_notices_filed_at",
            *("filed_at", "channel", "answered_at", "down_at", "back_at", "lost_at", "actor", "gone_by"),
        ),  # all that figures read
        Index(
            *("ix_notices_refused", "filed_at", "channel", "down_at", "lost_at"),
            sqlite_where=REFUSED,
            postgresql_where=REFUSED,
        ),
        Index(None, "their_reference"),
        Index(None, "message_id"),
        Index(None, "state", "id"),
        Index(None, "channel", "state", "id"),
        Index("ix_notices_to_do", *_ATTENDED, sqlite_where=TO_DO, postgresql_where=TO_DO),
        Index("ix_notices_due_at", "due_at", sqlite_where=UNREMINDED, postgresql_where=UNREMINDED),
        Index(None, "previous_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)  # ours, in what is sent: MK-<case>-<random>
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    channel: Mapped[str] = mapped_column(Text)  # key in the catalogue
    language: Mapped[str] = mapped_column(String(8))
    actor: Mapped[str] = mapped_column(Text)  # kind, see takedown.channel
    subject: Mapped[str] = mapped_column(AnyText)  # of the actor
    targets: Mapped[list[str]] = mapped_column(JsonText)  # what is to be gone
    links: Mapped[list[str]] = mapped_column(JsonText)  # of the case, that tell whether it is
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"))  # the one that it files anew
    state: Mapped[NoticeState] = mapped_column(String(24))
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when it came into its state
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drafted_by: Mapped[str] = mapped_column(AnyText)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(AnyText)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # set before it leaves, null once that is settled
    filed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    filed_by: Mapped[str | None] = mapped_column(AnyText)
    manifest: Mapped[str | None] = mapped_column(Digest)  # of what was sent, in the media store
    message_id: Mapped[str | None] = mapped_column(AnyText)  # of the mail
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its mail came back; null once somebody knows better
    their_reference: Mapped[str | None] = mapped_column(AnyText)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # first answer of a person or machine there
    refused_for: Mapped[str | None] = mapped_column(AnyText)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when to remind somebody of it; null: nothing to do
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # that `due_at` is over was told then
    down_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it was first seen to be gone
    down_by: Mapped[str | None] = mapped_column(AnyText)  # who saw it: a login, or "mekiki"
    gone_by: Mapped[str | None] = mapped_column(String(16))  # who has likely taken it away: kind of an actor
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it was last seen to be there again
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when its state became refused, down, withdrawn
    content: Mapped[dict[str, Any]] = mapped_column(JsonText)  # what is sent: takedown.notice; long, so it comes last


class NoticeReply(Base):
    """A message that came back about a notice; append-only."""

    __tablename__ = "notice_replies"
    __table_args__ = (UniqueConstraint("notice_id", "digest"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    digest: Mapped[str] = mapped_column(Digest)  # SHA-256 of the message, in the media store
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)  # as the message says, else when it was read
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_by: Mapped[str] = mapped_column(AnyText)
    sender: Mapped[str] = mapped_column(AnyText)
    subject: Mapped[str] = mapped_column(AnyText)
    text: Mapped[str] = mapped_column(AnyText)  # what was written, without what it quotes; cut
    matched_by: Mapped[str] = mapped_column(String(16))  # reference, their_reference, message_id, person
    suggests: Mapped[NoticeState | None] = mapped_column(String(24))  # what it seems to say; a person decides
