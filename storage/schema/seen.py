"""Tables of what was seen, and what the machine made of it; append-only."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from detector.verdict import Decision
from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

RunOutcome = Literal["ok", "partial", "failed", "blocked"]


class Run(Base):
    """One crawl of one source, or of a slice of it; the runs of one round together are one look at the source."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("outcome IN ('ok', 'partial', 'failed', 'blocked')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished"),
        Index(None, "source", "started_at"),
        Index(None, "source", "slice", "started_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    slice: Mapped[str] = mapped_column(AnyText, server_default="", default="")  # "": the whole source
    round_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the round was due; null: a round of its own
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


class HostTurn(Base):
    """When a host may be asked next, for all processes together."""

    __tablename__ = "host_turns"

    host: Mapped[str] = mapped_column(Text, primary_key=True)
    free_at: Mapped[datetime] = mapped_column(UtcDateTime)  # turns before are taken
    delay: Mapped[float] = mapped_column(Double)  # seconds between two turns: the longest that anybody wants
    wanted_until: Mapped[datetime] = mapped_column(UtcDateTime)  # then a shorter one will do
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as the host asked for, by Retry-After


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
    """One observation of an item; append-only.

    On PostgreSQL it is partitioned by month, so there the primary key is (id, recorded_at): see `storage.partitions`.
    """

    __tablename__ = "sightings"
    __table_args__ = (Index(None, "item_id", "seen_at"), Index(None, "version_id"))

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
    __table_args__ = (Index(None, "saved_at", "sha256"),)  # in this order `storage.likeness` reads them

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
    __table_args__ = (Index(None, "sha256"),)

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
