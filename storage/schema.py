"""The tables, as typed models. The migrations create them; a test proves that both agree.

What was seen is append-only (items, versions, sightings, verdicts); what people decided is append-only too
(case_log), and what was done with evidence (custody): both are guarded by triggers. `cases.state` and its
neighbours are the log's outcome, written in the same transaction. Keys made of hostile text are unique through
a digest (`identity`), because PostgreSQL indexes no text over 2.7 kB.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from detector.verdict import Decision
from storage.columns import AnyText, JsonText, RowId, UtcDateTime

CaseState = Literal["open", "confirmed", "dismissed", "snoozed"]
RunOutcome = Literal["ok", "partial", "failed", "blocked"]
IntentReason = Literal["first", "new_items", "repeat"]
IntentState = Literal["pending", "routed", "suppressed"]
DeliveryState = Literal["pending", "sent", "dead"]

# One pending message about items, and one pending repeat, for each case.
PENDING_ITEMS = text("state = 'pending' AND reason <> 'repeat'")
PENDING_REPEAT = text("state = 'pending' AND reason = 'repeat'")

Digest = String(64)  # SHA-256, hex


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Run(Base):
    """One crawl of one source."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("outcome IN ('ok', 'partial', 'failed', 'blocked')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished"),
        Index(None, "source", "started_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[RunOutcome | None] = mapped_column(String(16))  # null while it runs, or after it was killed
    counts: Mapped[dict[str, int]] = mapped_column(JsonText)


class FetchStateRow(Base):
    """What a server said of a URL, for conditional requests; void once judged with other profiles."""

    __tablename__ = "fetch_states"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    identity: Mapped[str] = mapped_column(Digest, primary_key=True)  # of the URL
    url: Mapped[str] = mapped_column(AnyText)
    etag: Mapped[str | None] = mapped_column(AnyText)
    last_modified: Mapped[str | None] = mapped_column(AnyText)
    judged_by: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CursorRow(Base):
    """How far a source was read."""

    __tablename__ = "cursors"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    identity: Mapped[str] = mapped_column(Digest, primary_key=True)
    name: Mapped[str] = mapped_column(AnyText)
    value: Mapped[str] = mapped_column(AnyText)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RegistrationRow(Base):
    """What a registry told of a domain; append-only."""

    __tablename__ = "registrations"
    __table_args__ = (Index(None, "domain", "asked_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    domain: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    facts: Mapped[dict[str, Any]] = mapped_column(JsonText)
    answer: Mapped[str | None] = mapped_column(Digest)  # in the media store


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
    __table_args__ = (CheckConstraint("number > 0", name="number"),)

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


class ItemRow(Base):
    """An item's identity; what it said stands in its versions."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    identity: Mapped[str] = mapped_column(Digest, unique=True)  # of kind, platform and external id
    kind: Mapped[str] = mapped_column(String(16))
    platform: Mapped[str | None] = mapped_column(AnyText)
    external_id: Mapped[str] = mapped_column(AnyText)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ItemVersion(Base):
    """An item's content as it was judged."""

    __tablename__ = "item_versions"
    __table_args__ = (UniqueConstraint("item_id", "fingerprint"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    fingerprint: Mapped[str] = mapped_column(Digest)  # of the content without what changes on every sighting
    content: Mapped[dict[str, Any]] = mapped_column(JsonText)  # Item JSON
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Sighting(Base):
    """One observation of an item; append-only."""

    __tablename__ = "sightings"
    __table_args__ = (Index(None, "item_id", "seen_at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("item_versions.id"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
    source: Mapped[str] = mapped_column(Text)
    visitor: Mapped[str | None] = mapped_column(Text)
    publisher_url: Mapped[str | None] = mapped_column(AnyText)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Picture(Base):
    """What is known of a stored file; the bytes are in the media store under the same digest."""

    __tablename__ = "pictures"

    sha256: Mapped[str] = mapped_column(Digest, primary_key=True)
    mime: Mapped[str | None] = mapped_column(AnyText)
    bytes: Mapped[int] = mapped_column(RowId)
    width: Mapped[int | None]
    height: Mapped[int | None]
    hash: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    rendition: Mapped[str | None] = mapped_column(Digest)  # re-encoded pixels, the only ones to show
    refused: Mapped[str | None] = mapped_column(AnyText)  # why it was not decoded
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VersionPicture(Base):
    """Which stored file an item's picture reference led to."""

    __tablename__ = "version_pictures"

    version_id: Mapped[int] = mapped_column(ForeignKey("item_versions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reference: Mapped[str] = mapped_column(AnyText)
    sha256: Mapped[str] = mapped_column(ForeignKey("pictures.sha256", deferrable=True, initially="DEFERRED"))


class VerdictRow(Base):
    """The machine's answer for one version and brand; "none" is not kept."""

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("version_id", "brand", "judged_by"),
        CheckConstraint("decision IN ('impersonation', 'suspicious', 'mention', 'official')", name="decision"),
        CheckConstraint("score >= 0 AND score <= 1", name="score"),
        Index(None, "score"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("item_versions.id"))
    brand: Mapped[str] = mapped_column(Text)
    judged_by: Mapped[str] = mapped_column(Text)  # fingerprint of policy and brand profiles
    policy: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Double)
    decision: Mapped[Decision] = mapped_column(String(16))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    judged_at: Mapped[datetime] = mapped_column(UtcDateTime)


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
    """A receiver that was switched off, e.g. because it answered 410."""

    __tablename__ = "receiver_states"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(AnyText)
