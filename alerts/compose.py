"""Case -> Alert: choose what a reader needs, strongest first, and make every text of it safe to show."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from alerts.message import (
    RAW_LIMIT,
    TEXT_LIMIT,
    Alert,
    AlertCase,
    AlertEvidence,
    AlertItem,
    AlertLink,
    AlertNotice,
    AlertPicture,
    CaseReason,
    DigestLine,
    Gathered,
    Language,
    show,
)
from detector.evidence import Evidence, ImageBox, accusing, expects_file
from safety.screen import defang, screen
from storage.case_views import CaseDetail, CaseItemView, CaseSummary
from storage.notice_due import ToTell

MOST_ITEMS = 20
MOST_LINKS = 5  # of one item
MOST_EVIDENCE = 40
MOST_NOTICES = 3  # that a message names
MOST_DIGEST = 200  # cases named in a digest; how many there are in all is told
EXACT_LIMIT = 4096  # characters; a longer exact link stays in the case


def build_alert(
    detail: CaseDetail,
    reason: CaseReason,
    new_count: int,
    language: Language,
    *,
    brand_name: str,
    at: datetime,
    notices: ToTell | None = None,
) -> Alert:
    """Build the Alert about a case as it stands now.

    Args:
        notices: what a message for the reason `notice` tells.
    """
    ordered = _ordered(detail.items, reason)
    found = _evidence(ordered)
    pressing = _notices(notices) if notices else []
    return Alert(
        reason=reason,
        language=language,
        at=at,
        case=_case(detail, brand_name),
        new_items=new_count,
        evidence=tuple(_line(item, evidence) for item, evidence in found[:MOST_EVIDENCE]),
        evidence_total=len(found),
        items=tuple(_item(view) for view in ordered[:MOST_ITEMS]),
        picture=_picture(found, ordered),
        next=_next_of(pressing[:MOST_NOTICES]) or (f"mekiki cases show {detail.id}", "mekiki triage"),
        notices=tuple(pressing[:MOST_NOTICES]),
        notices_total=len(pressing),
    )


def _notices(told: ToTell) -> list[AlertNotice]:
    """Return what somebody has to look at: answers, then what is due."""
    found = [
        AlertNotice(
            id=one.id,
            reference=one.reference,
            channel=one.channel,
            why="answered",
            since=one.replies[-1].received_at,
            says=show(one.replies[-1].subject, 100),
        )
        for one in told.answered
    ]
    for due in told.due:
        one = due.notice
        since = {
            "sending": one.sending_at,
            "back": one.back_at,
            "refused": one.state_at,
            "information_requested": one.state_at,
        }.get(due.why, one.filed_at or one.drafted_at)
        says = show(one.refused_for, 100) if due.why == "refused" and one.refused_for else ""
        found.append(
            AlertNotice(id=one.id, reference=one.reference, channel=one.channel, why=due.why, since=since, says=says)
        )
    return found


def _next_of(notices: Iterable[AlertNotice]) -> tuple[str, ...]:
    shown = tuple(f"mekiki takedown show {one}" for one in dict.fromkeys(notice.id for notice in notices))
    return (*shown, "mekiki takedown due") if shown else ()


def digest_line(summary: CaseSummary, reason: CaseReason, new_count: int, *, brand_name: str) -> DigestLine:
    """Build the line about a case as it stands now; `reason` is what would have been told at once."""
    return DigestLine(
        case=summary.id,
        brand=summary.brand,
        brand_name=show(brand_name, 100),
        title=show(summary.title, 150),
        score=summary.score,
        decision=summary.decision,
        items=summary.items,
        new_items=new_count,
        state=summary.state,
        reason=reason,
        opened_at=summary.opened_at,
    )


def build_digest(
    lines: Iterable[DigestLine],
    language: Language,
    *,
    receiver: str,
    since: datetime | None,
    at: datetime,
    total: int | None = None,
    gathered: Gathered = "time",
) -> Alert:
    """Build the digest for a receiver: what stands longest unjudged or is back first, then by score.

    Args:
        lines: one for each case, in any order, made by `digest_line`.
        language: of the message.
        receiver: key of the receiver that it is for.
        since: beginning of the time covered, None for the first digest; UTC.
        at: its end, now.
        total: cases in all, where `lines` holds only the first.
        gathered: why these are told in one message.
    """
    ordered = sorted(lines, key=lambda line: (_RANK.get(line.reason, len(_RANK)), -line.score, line.case))
    return Alert(
        reason="digest",
        language=language,
        at=at,
        subject=receiver,
        since=since,
        digest=tuple(ordered[:MOST_DIGEST]),
        digest_total=len(ordered) if total is None else total,
        gathered=gathered,
        next=("mekiki triage", "mekiki cases list"),
    )


_RANK: dict[CaseReason, int] = {"relapsed": 0, "escalated": 0}  # of urgency; all others come after them


def _ordered(items: tuple[CaseItemView, ...], reason: CaseReason) -> list[CaseItemView]:
    """Put the newest first where the message is about new items, else the best scored; ties by id."""
    if reason == "new_items":
        return sorted(items, key=lambda view: (view.first_seen, view.item_id), reverse=True)
    return sorted(items, key=lambda view: (-view.verdict.score, view.item_id))


def _evidence(items: list[CaseItemView]) -> list[tuple[CaseItemView, Evidence]]:
    """Return what was found on any item, each observation once, the most telling first, what exonerates last."""
    seen = set()
    found = []
    for view in items:
        for evidence in view.verdict.told:
            key = (evidence.signal, evidence.observed, evidence.expected)
            if key not in seen:
                seen.add(key)
                found.append((view, evidence))
    return sorted(found, key=lambda pair: (*accusing(pair[1]), pair[1].signal, pair[0].item_id))


def _case(detail: CaseDetail, brand_name: str) -> AlertCase:
    leading = max(detail.items, key=lambda view: view.verdict.score, default=None)
    return AlertCase(
        id=detail.id,
        brand=detail.brand,
        brand_name=show(brand_name, 100),
        campaign=show(detail.campaign, 150),
        title=show(detail.title, 150),
        state=detail.state,
        score=detail.score,
        decision=detail.decision,
        policy=leading.verdict.policy if leading else "",
        items=detail.item_count,
        opened_at=detail.opened_at,
        last_seen=detail.last_seen,
        assignee=show(detail.assignee, 100) if detail.assignee else None,
        due_at=detail.due_at,
    )


def _line(view: CaseItemView, evidence: Evidence) -> AlertEvidence:
    return AlertEvidence(
        item=view.item_id,
        signal=evidence.signal,
        weight=evidence.weight,
        strength=evidence.strength,
        observed=show(evidence.observed),
        expected=screen(evidence.expected, limit=TEXT_LIMIT) if expects_file(evidence) else show(evidence.expected),
        says=show(evidence.says),
        where=None if evidence.where is None else msgspec.json.decode(msgspec.json.encode(evidence.where)),
    )


def _item(view: CaseItemView) -> AlertItem:
    item = view.item
    return AlertItem(
        id=view.item_id,
        kind=item.kind,
        platform=show(item.platform, 40) if item.platform else None,
        advertiser=show(item.advertiser.name, 100) if item.advertiser and item.advertiser.name else None,
        text=show(item.texts[0].text, 200) if item.texts else "",
        url=_defanged(item.url) if item.url else None,
        publisher=_defanged(item.publisher_url) if item.publisher_url else None,
        links=tuple(_link(link) for link in item.links[:MOST_LINKS]),
        sources=tuple(view.sources),
        sightings=view.sightings,
        first_seen=view.first_seen,
        last_seen=view.last_seen,
        score=view.verdict.score,
        decision=view.verdict.decision,
    )


def _link(link: str) -> AlertLink:
    return AlertLink(defanged=_defanged(link), exact=link if len(link) <= EXACT_LIMIT else None)


def _defanged(url: str) -> str:
    """Cut first: a URL of megabytes takes seconds, during which nobody else can write to the database."""
    return show(defang(url[:RAW_LIMIT]))


def _picture(found: list[tuple[CaseItemView, Evidence]], items: list[CaseItemView]) -> AlertPicture | None:
    """Return the picture that the strongest picture evidence is about, else the first that can be shown."""
    return next((picture for picture in _candidates(found, items) if picture is not None), None)


def _candidates(found: list[tuple[CaseItemView, Evidence]], items: list[CaseItemView]) -> Iterator[AlertPicture | None]:
    for view, evidence in found:
        if isinstance(evidence.where, ImageBox) and evidence.where.image < len(view.item.images):
            rendition = _rendition(view, view.item.images[evidence.where.image])
            yield rendition and replace(rendition, box=evidence.where.box, signal=evidence.signal)
    for view in items:
        for picture in view.pictures:
            yield _rendition(view, picture.reference)


def _rendition(view: CaseItemView, reference: str) -> AlertPicture | None:
    """Return the re-encoded form of one picture; the original bytes never leave."""
    for picture in view.pictures:
        if picture.reference == reference and picture.rendition:
            return AlertPicture(
                item=view.item_id,
                sha256=picture.rendition,
                width=picture.width or 0,
                height=picture.height or 0,
            )
    return None
