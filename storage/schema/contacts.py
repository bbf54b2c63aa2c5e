"""Table of contacts: what was told of who takes complaints; append-only."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, JsonText, RowId, UtcDateTime
from storage.schema.base import Base, Digest

ContactKind = Literal["network", "security"]


class ContactRow(Base):
    """What a registry told of the network of an address, or a host of itself (security.txt); append-only."""

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint("kind IN ('network', 'security')", name="kind"),
        Index(None, "kind", "identity", "asked_at"),
        Index(None, "kind", "asked_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[ContactKind] = mapped_column(String(16))
    identity: Mapped[str] = mapped_column(Digest)  # of the subject
    subject: Mapped[str] = mapped_column(AnyText)  # an IP address; a host, with its port where that is not 443
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    facts: Mapped[dict[str, Any]] = mapped_column(JsonText)  # see `storage.contacts`
    answer: Mapped[str | None] = mapped_column(Digest)  # in the media store; null where none came
