"""Tables of campaigns: what items have in common, which cases have it, why items joined, and what people keep apart."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from detector.campaign import KeyKind
from storage.columns import AnyText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

PairState = Literal["suggested", "apart"]
JoinedBy = Literal["key", "link", "person"]


class CampaignKeyRow(Base):
    """Something that items of one campaign have in common: a host, an account, a picture, a template of texts."""

    __tablename__ = "campaign_keys"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    identity: Mapped[str] = mapped_column(Digest, unique=True)  # of brand, kind and value
    brand: Mapped[str] = mapped_column(Text)
    kind: Mapped[KeyKind] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(AnyText)
    cases: Mapped[int] = mapped_column(server_default="0", default=0)  # live ones that have it
    parted: Mapped[int] = mapped_column(server_default="0", default=0)  # how often people put apart what had it


class CampaignBand(Base):
    """A part of a key that is looked up by likeness: keys that share a part are compared in full."""

    __tablename__ = "campaign_bands"
    __table_args__ = (Index(None, "key_id"),)

    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # digest, 63 bits
    key_id: Mapped[int] = mapped_column(ForeignKey("campaign_keys.id"), primary_key=True)


class ItemKey(Base):
    """Which keys an item has, over all of its versions."""

    __tablename__ = "item_keys"
    __table_args__ = (Index(None, "key_id"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("campaign_keys.id"), primary_key=True)
    strong: Mapped[bool] = mapped_column()


class CaseKey(Base):
    """Which keys the items of a case have; what `item_keys` says, by case."""

    __tablename__ = "case_keys"
    __table_args__ = (Index(None, "case_id"), Index(None, "item_id"))

    key_id: Mapped[int] = mapped_column(ForeignKey("campaign_keys.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))  # the first that brought it
    strong: Mapped[bool] = mapped_column(server_default=false())


class CaseJoin(Base):
    """Why an item is in a case: a row for each thing that it had in common with the case when it came; append-only."""

    __tablename__ = "case_joins"
    __table_args__ = (
        CheckConstraint("joined_by IN ('key', 'link', 'person')", name="joined_by"),
        CheckConstraint("(joined_by = 'key') = (key_id IS NOT NULL)", name="key"),
        Index(None, "item_id"),
        Index(None, "with_item"),
        Index(None, "key_id"),
        Index(None, "case_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))  # that it joined then
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    joined_by: Mapped[JoinedBy] = mapped_column(String(16))
    key_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_keys.id"))
    with_item: Mapped[int | None] = mapped_column(ForeignKey("items.id"))  # that had it first, or whose link led here
    likeness: Mapped[float | None] = mapped_column(Double)  # 0-1, of what is compared by likeness
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CasePair(Base):
    """Two cases that a person may want to merge, or that people put apart and nothing joins by itself again."""

    __tablename__ = "case_pairs"
    __table_args__ = (
        CheckConstraint("state IN ('suggested', 'apart')", name="state"),
        CheckConstraint("low < high", name="ordered"),
        UniqueConstraint("low", "high"),
        Index(None, "high"),
        Index(None, "item_id"),
        Index(None, "key_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    low: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    high: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    state: Mapped[PairState] = mapped_column(String(16))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("items.id"))  # that has to do with both
    key_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_keys.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str] = mapped_column(AnyText)
