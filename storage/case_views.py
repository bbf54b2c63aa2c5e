"""What people and messages read of a case: summary for lists, detail for one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detector.evidence import Evidence
from detector.images.texts import PictureText
from detector.items import Item
from detector.verdict import Decision, Verdict
from detector.visits import Visit
from storage.registrations import Registration
from storage.schema import CaseState, DeliveryState, Harm, IntentReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSummary:
    """One line of a list of cases."""

    id: int
    brand: str
    campaign: str
    state: CaseState  # at the time asked for: a snooze that has run out reads "open"
    snoozed_until: datetime | None
    score: float  # the best of its verdicts
    decision: Decision  # the gravest of its verdicts
    items: int
    opened_at: datetime
    last_seen: datetime
    assignee: str | None
    title: str
    top_evidence: Evidence | None  # the most telling of the best verdict
    log_id: int  # of its last log entry; `judge` takes it as `expect`
    priority: float  # score x reach x harm, see `storage.priority`
    harm: Harm
    due_at: datetime | None  # when it should be judged
    judged_at: datetime | None  # when it was first confirmed or dismissed
    merged_into: int | None
    tags: tuple[str, ...]  # sorted
    held: bool  # nothing of it is ever purged
    suppressed_until: datetime | None  # of a dismissed case: what arrives until then is quiet
    takedown_asked: str | None  # who asked for one that waits for another person's approval
    sightings: int
    publishers: int  # hosts of pages that carried its items


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarCase:
    """A case of the same brand that somebody has judged and that has something in common with another one."""

    id: int
    title: str
    state: CaseState
    score: float
    who: str  # of the judgement that holds
    at: datetime
    action: str  # confirm or dismiss
    reason: str | None  # of a dismissal
    note: str
    shares: tuple[tuple[str, str], ...]  # kind and value of what both have, e.g. ("host", "hoshino-sale.test")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A picture of an item: the original's address, and its re-encoded pixels, the only ones to show."""

    reference: str  # as in Item.images
    sha256: str
    rendition: str | None  # None where it was refused
    width: int | None  # of the original, pixels
    height: int | None
    phash: str | None = None  # 16 hex digits; None where it was refused
    texts: tuple[PictureText, ...] = ()  # what is written in it, codes too


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItemView:
    """One flagged item of a case, as it was judged."""

    item_id: int
    item: Item
    version_id: int
    first_seen: datetime
    last_seen: datetime
    sightings: int
    sources: tuple[str, ...]
    verdict: Verdict
    pictures: tuple[PictureView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One thing that happened to a case."""

    id: int
    at: datetime
    who: str  # a person, or "mekiki"
    action: str  # one of `storage.actions`, undo, unregister; or what the machine did: opened, items_added, recheck, …
    reason: str | None
    note: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One message to one receiver, as it stands."""

    id: str  # idempotency key
    intent_id: int
    case_id: int | None  # None: a digest, of many
    reason: IntentReason
    receiver: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime  # not before this, while pending
    settled_at: datetime | None  # sent or given up
    status: int | None  # of the last attempt
    detail: str | None  # of the last attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetail:
    """One case with its items (best first), its log and its messages (oldest first)."""

    id: int
    brand: str
    campaign: str
    state: CaseState
    snoozed_until: datetime | None
    score: float
    decision: Decision
    item_count: int  # all of them; `items` may hold fewer
    opened_at: datetime
    last_seen: datetime
    assignee: str | None
    title: str
    top_evidence: Evidence | None
    log_id: int
    priority: float
    harm: Harm
    due_at: datetime | None
    judged_at: datetime | None
    merged_into: int | None
    tags: tuple[str, ...]
    held: bool
    suppressed_until: datetime | None
    takedown_asked: str | None
    sightings: int
    publishers: int
    items: tuple[CaseItemView, ...]
    visits: tuple[Visit, ...]  # the latest, newest first
    registration: Registration | None  # of the domain that it leads to; None where nobody asked
    similar: tuple[SimilarCase, ...]  # that people have judged, latest first
    log: tuple[LogEntry, ...]
    deliveries: tuple[DeliveryView, ...]
