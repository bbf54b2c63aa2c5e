"""Alert: everything a message says, as a value that is frozen into the outbox and rendered by the channels.

Built once from a case (`alerts.compose`), stored as JSON, read back for every attempt: a retry or a replay a month
later says exactly what the first attempt said. Every text in it is safe to show (invisible characters visible, links
defanged, cut to a length) except the fields named `exact`, which only machines get.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from alerts.errors import NotAnAlert
from safety.screen import defang_text, screen
from storage.notice_due import Attention

CaseReason = Literal["first", "new_items", "escalated", "relapsed", "repeat", "notice"]  # about one case
Reason = CaseReason | Literal["digest", "test", "receiver_disabled", "source_unwell", "source_well"]
Language = Literal["en", "ja"]
NoticeReason = Literal[Attention, "answered"]
Gathered = Literal["time", "group", "limit"]  # why in one message: it was time, they go together, they were many

TEXT_LIMIT = 300  # characters of one hostile text in an alert
RAW_LIMIT = 4000  # characters of it that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLink:
    """Where an item leads to."""

    defanged: str
    exact: str | None  # byte for byte, for machines; None when longer than 4096 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvidence:
    """One explained observation."""

    item: int  # storage id of the item
    signal: str  # e.g. "host.lookalike"
    weight: float  # log-odds
    strength: float  # 0-1
    observed: str
    expected: str
    says: str
    where: dict[str, Any] | None = None  # as in Verdict JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertItem:
    """One flagged item of the case."""

    id: int  # storage id
    kind: str
    platform: str | None
    advertiser: str | None
    text: str  # beginning of its first text
    url: str | None  # permalink or page, defanged
    publisher: str | None  # page that carried it, defanged
    links: tuple[AlertLink, ...]
    sources: tuple[str, ...]
    sightings: int
    first_seen: datetime
    last_seen: datetime
    score: float
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPicture:
    """The evidence picture: a re-encoded rendition in the media store."""

    item: int
    sha256: str
    width: int  # of the original, pixels
    height: int
    box: tuple[int, int, int, int] | None = None  # x, y, width, height of the match in pixels of the original
    signal: str = ""  # what matched there, e.g. "picture.logo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLine:
    """One case in a digest."""

    case: int  # storage id
    brand: str  # key
    brand_name: str
    title: str
    score: float
    decision: str
    items: int
    new_items: int  # since the digest before
    state: str
    reason: CaseReason  # what would have been told at once
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase:
    """The case the alert is about."""

    id: int
    brand: str  # key
    brand_name: str
    campaign: str  # what joins its items
    title: str
    state: str
    score: float
    decision: str
    policy: str  # version of the policy that judged the leading item
    items: int
    opened_at: datetime
    last_seen: datetime
    assignee: str | None = None  # who has it
    due_at: datetime | None = None  # when it should be judged


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotice:
    """A takedown request of the case that somebody has to look at."""

    id: int
    reference: str  # ours
    channel: str  # key in the catalogue
    why: NoticeReason
    since: datetime | None = None  # filed, answered, refused, seen again …; UTC
    says: str = ""  # reason of a refusal, subject of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message, before a channel gives it a form."""

    version: Literal[1] = 1
    reason: Reason
    language: Language
    at: datetime  # when it was written; UTC
    case: AlertCase | None = None  # None for reasons that are about no case
    new_items: int = 0  # since the message before
    evidence: tuple[AlertEvidence, ...] = ()  # strongest first, exonerating last
    evidence_total: int = 0
    items: tuple[AlertItem, ...] = ()  # those that matter most first
    picture: AlertPicture | None = None
    subject: str = ""  # receiver or source it is about, for reasons that are about no case
    since: datetime | None = None  # beginning of the time that a digest covers, which ends at `at`
    digest: tuple[DigestLine, ...] = ()  # those that matter most first
    digest_total: int = 0  # cases of the digest in all
    gathered: Gathered = "time"
    next: tuple[str, ...] = field(default=())  # commands to type
    notices: tuple[AlertNotice, ...] = ()  # for the reason `notice`, those that press most first
    notices_total: int = 0


def show(text: str, limit: int = TEXT_LIMIT) -> str:
    """Make hostile text safe to show: one line, nothing invisible, no live link, at most `limit` characters.

    A host inside the path or query of a link is defanged too: chats and mail programs link it on its own.
    """
    shown = defang_text(screen(text[:RAW_LIMIT]))
    return screen("://".join(map(defang_text, shown.split("://"))), limit=limit)


def encode_alert(alert: Alert) -> str:
    """Write the Alert as ASCII JSON; equal alerts give equal text."""
    return json.dumps(msgspec.to_builtins(alert), ensure_ascii=True, separators=(",", ":"))


def decode_alert(payload: str) -> Alert:
    """Read an Alert back.

    Raises:
        NotAnAlert: the text is no JSON, or no Alert of this version.
    """
    try:
        return msgspec.convert(json.loads(payload), Alert)
    except (ValueError, RecursionError) as error:
        raise NotAnAlert(f"the stored payload is no alert: {type(error).__name__}") from error
