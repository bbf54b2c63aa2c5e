"""Reasons: why the items of a case are one case, in words, and what else a person may want to merge it with."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from detector.campaign import KeyKind
from detector.items import Item
from storage.case_pairs import suggested
from storage.errors import CaseNotFound
from storage.merging import family
from storage.schema import CampaignKeyRow, Case, CaseItem, CaseJoin, CaseKey, CaseLog, ItemKey, ItemVersion, JoinedBy

MOST_ITEMS = 200
MOST_KEYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinReason:
    """One thing that an item had in common with its case when it came."""

    joined_by: JoinedBy
    kind: KeyKind | None  # None for a link
    value: str | None
    with_item: int | None
    likeness: float | None  # 0-1
    at: datetime
    says: str  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReasons:
    """An item of a case, and why it is there; no reasons for one that opened a case, or came before they were kept."""

    item_id: int
    kind: str
    title: str  # its first words, or where it stands
    added_at: datetime
    reasons: tuple[JoinReason, ...]
    opened: int | None = None  # the case that it opened: this one, a part of it, or one that it was split off


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKey:
    """Something that several items of the case have, or several cases."""

    kind: KeyKind
    value: str
    strong: bool
    items: int  # of the case, that have it
    cases: int  # that have it
    parted: bool  # people have put apart cases with it: it does not join on its own any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A case that has become a part of this one."""

    case_id: int
    at: datetime
    who: str
    note: str
    item: int | None  # that belonged to both, where the machine merged
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A case that may be the same campaign, which a person must decide."""

    case_id: int
    title: str
    state: str
    item: int | None  # that has to do with both
    says: str
    kind: KeyKind | None = None  # of what both have; None where a link led from the one to the other
    value: str | None = None  # None of a picture or a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a case is one case."""

    case_id: int
    title: str
    item_count: int
    items: tuple[ItemReasons, ...]  # the first ones
    keys: tuple[SharedKey, ...]  # those that most items have
    merged: tuple[Merged, ...]
    suggestions: tuple[Suggestion, ...]


def why(session: Session, case_id: int, *, most: int = MOST_ITEMS) -> Why:
    """Return why the items of a case are together.

    Raises:
        CaseNotFound: there is no such case.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"there is no case {case_id}")
    rows = session.execute(
        select(CaseItem.item_id, CaseItem.added_at, ItemVersion.content)
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .where(CaseItem.case_id == case_id)
        .order_by(CaseItem.added_at, CaseItem.item_id)
        .limit(most)
    ).all()
    reasons = _reasons(session, [row.item_id for row in rows], case.brand)
    opened = _openers(session, case_id)
    items = []
    for row in rows:
        item = msgspec.convert(row.content, Item)
        items.append(
            ItemReasons(
                item_id=row.item_id,
                kind=item.kind,
                title=next((text.text for text in item.texts if text.text.strip()), item.url or item.id),
                added_at=row.added_at,
                reasons=tuple(reasons[row.item_id]),
                opened=None if reasons[row.item_id] else opened.get(row.item_id),
            )
        )
    return Why(
        case_id=case_id,
        title=case.title,
        item_count=case.items,
        items=tuple(items),
        keys=_keys(session, case_id),
        merged=_merged(session, case_id),
        suggestions=_suggestions(session, case_id),
    )


def said(kind: KeyKind, value: str, likeness: float | None = None) -> str:
    """Say in words what two items have in common."""
    words = _SAID[kind]
    if kind in ("picture", "text"):
        return f"{words}," if likeness is None or likeness >= 1 else f"{words} ({likeness:.0%} alike),"
    if kind in ("handoff", "advertiser"):
        value = value.replace(":", " ", 1)
    return f"{words} {value},"


_SAID: Mapping[KeyKind, str] = {
    "host": "leads to the same domain:",
    "page": "leads to the same page:",
    "handoff": "leads people to the same account:",
    "advertiser": "is placed by the same account:",
    "payer": "is paid for by the same payer:",
    "handle": "uses the same account name:",
    "picture": "shows the same picture",
    "text": "follows the same template of text",
    "tracker": "counts its visitors for the same account:",
    "certificate": "shows the same server certificate:",
    "cname": "stands on the same server:",
}


def _reasons(session: Session, item_ids: list[int], brand: str) -> dict[int, list[JoinReason]]:
    found: dict[int, list[JoinReason]] = defaultdict(list)
    query = (
        select(CaseJoin, CampaignKeyRow.kind, CampaignKeyRow.value)
        .join(CampaignKeyRow, CampaignKeyRow.id == CaseJoin.key_id, isouter=True)
        .join(Case, Case.id == CaseJoin.case_id)
        .where(CaseJoin.item_id.in_(item_ids), Case.brand == brand)
        .order_by(CaseJoin.id)
    )
    for join, kind, value in session.execute(query):
        if join.key_id is None:
            says = f"a link led from the one to the other: item {join.with_item}"
        else:
            says = f"{said(kind, value, join.likeness)} as item {join.with_item}"
        found[join.item_id].append(
            JoinReason(
                joined_by=join.joined_by,
                kind=kind if join.key_id is not None else None,
                value=value if kind not in ("picture", "text") else None,
                with_item=join.with_item,
                likeness=join.likeness,
                at=join.at,
                says=says,
            )
        )
    return found


def _openers(session: Session, case_id: int) -> dict[int, int]:
    """Return the items with which a case, its parts, and those that they were split off were opened, and which."""
    found: dict[int, int] = {}
    asked: set[int] = set()
    new = set(family(session, case_id))
    while new:
        asked |= new
        entries = session.scalars(select(CaseLog).where(CaseLog.case_id.in_(new), CaseLog.action == "opened"))
        origins: set[int] = set()
        for entry in entries.all():
            if (origin := entry.data.get("split_from")) is not None:
                origins |= {origin, *family(session, origin)}
            else:
                found |= dict.fromkeys(entry.data["items"], entry.case_id)
        new = origins - asked
    return found


def _keys(session: Session, case_id: int) -> tuple[SharedKey, ...]:
    number = (
        select(func.count())
        .select_from(ItemKey)
        .join(CaseItem, CaseItem.item_id == ItemKey.item_id)
        .where(CaseItem.case_id == case_id, ItemKey.key_id == CaseKey.key_id)
        .correlate(CaseKey)
        .scalar_subquery()
    )
    rows = session.execute(
        select(CampaignKeyRow, CaseKey.strong, number)
        .join(CaseKey, CaseKey.key_id == CampaignKeyRow.id)
        .where(CaseKey.case_id == case_id, or_(number > 1, CampaignKeyRow.cases > 1))
        .order_by(number.desc(), CampaignKeyRow.id)
        .limit(MOST_KEYS)
    )
    return tuple(
        SharedKey(
            kind=key.kind,
            value=key.value if key.kind not in ("picture", "text") else f"no. {key.id}",
            strong=strong,
            items=items,
            cases=key.cases,
            parted=key.parted > 0,
        )
        for key, strong, items in rows
    )


def _merged(session: Session, case_id: int) -> tuple[Merged, ...]:
    present = set(family(session, case_id)) - {case_id}
    rows = session.scalars(
        select(CaseLog).where(CaseLog.case_id == case_id, CaseLog.action == "merged").order_by(CaseLog.id)
    )
    last = {row.data["from"]: row for row in rows if row.data["from"] in present}
    return tuple(
        Merged(
            case_id=gone,
            at=row.at,
            who=row.who,
            note=row.note,
            item=row.data.get("item"),
            keys=tuple(row.data.get("keys", ())),
        )
        for gone, row in last.items()
    )


def _suggestions(session: Session, case_id: int) -> tuple[Suggestion, ...]:
    found = []
    for pair in suggested(session, case_id):
        other = session.get_one(Case, pair.low if pair.high == case_id else pair.high)
        key = session.get(CampaignKeyRow, pair.key_id) if pair.key_id is not None else None
        found.append(
            Suggestion(
                case_id=other.id,
                title=other.title,
                state=other.state,
                item=pair.item_id,
                says=f"item {pair.item_id} " + (said(key.kind, key.value).rstrip(",") if key else "belongs to both"),
                kind=key.kind if key else None,
                value=key.value if key and key.kind not in ("picture", "text") else None,
            )
        )
    return tuple(found)
