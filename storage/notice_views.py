"""What people read of notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.columns import digest_of
from storage.notice_steps import FILED
from storage.schema import NoticeState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """A message that came back."""

    id: int
    digest: str  # of the message, in the media store
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
    state_at: datetime
    drafted_at: datetime
    drafted_by: str
    approved_at: datetime | None
    approved_by: str | None
    sending_at: datetime | None
    filed_at: datetime | None
    filed_by: str | None
    manifest: str | None
    message_id: str | None
    lost_at: datetime | None
    their_reference: str | None
    answered_at: datetime | None
    refused_for: str | None
    due_at: datetime | None
    reminded_at: datetime | None
    down_at: datetime | None
    down_by: str | None
    gone_by: str | None
    back_at: datetime | None
    settled_at: datetime | None
    replies: tuple[ReplyView, ...] = ()  # oldest first

    @property
    def filed_anew(self) -> bool:
        """Tell whether what it asked for came back and another notice asks for it since: that one is told the rest."""
        return self.state == "back" and self.due_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStep:
    """One thing that happened to a notice."""

    notice_id: int
    entry: int  # of the case's log
    at: datetime
    who: str  # a login, or "mekiki"
    step: str  # see storage.notice_steps.Step
    note: str
    undone: bool = False  # taken back since
    by: str | None = None  # who has likely taken away what is down: kind of an actor


def open_draft(notices: Sequence[NoticeView], channel: str, actor: str, subject: str) -> NoticeView | None:
    """Return the draft of a case that one for the same channel and actor takes the place of."""
    drafts = [one for one in _alike(notices, channel, actor, subject) if one.state == "draft"]
    return drafts[-1] if drafts else None


def mark_of(draft: NoticeView | None) -> str:
    """Return what tells a draft from what it was, or becomes: another text, drafted anew, approved; "" of none."""
    if draft is None:
        return ""
    approved = None if draft.approved_at is None else draft.approved_at.isoformat()
    return digest_of({"content": draft.content, "drafted": draft.drafted_at.isoformat(), "approved": approved})[:16]


def former(notices: Sequence[NoticeView], channel: str, actor: str, subject: str) -> NoticeView | None:
    """Return the last notice of a case that this channel got about this actor: what a new one files anew."""
    filed = [one for one in _alike(notices, channel, actor, subject) if one.state in FILED]
    return filed[-1] if filed else None


def chain(notices: Sequence[NoticeView], number: int) -> tuple[NoticeView, ...]:
    """Return a notice and those that it files anew, oldest first."""
    known = {one.id: one for one in notices}
    found: list[NoticeView] = []
    at: int | None = number
    while at is not None and (one := known.pop(at, None)) is not None:
        found.append(one)
        at = one.previous_id
    return tuple(reversed(found))


def _alike(notices: Sequence[NoticeView], channel: str, actor: str, subject: str) -> list[NoticeView]:
    """Return notices of one case to one channel about one actor, oldest first."""
    wanted = channel, actor, subject
    return sorted(
        (one for one in notices if (one.channel, one.actor, one.subject) == wanted), key=lambda notice: notice.id
    )
