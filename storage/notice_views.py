"""What people read of notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.schema.notices import NoticeState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """A message that came back."""

    id: int
    received_at: datetime
    sender: str  # hostile, like subject and text
    subject: str
    text: str
    matched_by: str
    suggests: NoticeState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """One notice as it stands; names and meanings as in `storage.schema.notices.NoticeRow`."""

    id: int
    reference: str
    case_id: int
    channel: str
    language: str
    actor: str
    subject: str
    targets: tuple[str, ...]
    links: tuple[str, ...]
    content: Mapping[str, Any]  # a `takedown.notice.Notice` as builtins
    previous_id: int | None
    state: NoticeState
    drafted_at: datetime
    drafted_by: str
    approved_at: datetime | None
    approved_by: str | None
    sending_at: datetime | None
    filed_at: datetime | None
    filed_by: str | None
    manifest: str | None
    message_id: str | None
    their_reference: str | None
    answered_at: datetime | None
    refused_for: str | None
    due_at: datetime | None
    reminded_at: datetime | None
    down_at: datetime | None
    down_by: str | None
    settled_at: datetime | None
    replies: tuple[ReplyView, ...] = ()  # oldest first
