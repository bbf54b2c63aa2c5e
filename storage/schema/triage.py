"""Tables of triage: what the people at the screen want to find again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.columns import AnyText, JsonText, UtcDateTime
from storage.schema.base import Base


class SavedViewRow(Base):
    """A choice of cases under a name; the last one saved under a name holds."""

    __tablename__ = "saved_views"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    filters: Mapped[dict[str, Any]] = mapped_column(JsonText)  # as `storage.views.CaseFilters`
    saved_by: Mapped[str] = mapped_column(AnyText)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
