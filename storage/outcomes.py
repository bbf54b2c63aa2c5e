"""Outcomes: what became of flagged items, read for figures; one state of the database, in parts of bounded size.

`case_histories` gives the cases that something happened to in a stretch of time, each as it stood at its end: nothing
that was logged, sent or seen later is read, so that the same question has the same answer a month later. Counting
over all items is left to the database (`seen_per_quarter`); all times go in and come out in UTC.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TypeVar

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, cast, extract, func, select, true, type_coerce, union
from sqlalchemy import case as sql_case
from sqlalchemy.orm import InstrumentedAttribute, Session

from detector.hosts import parse_host
from storage.batches import batched
from storage.columns import AnyText
from storage.registrations import landing_domain, registrations
from storage.schema import (
    AlertIntent,
    Case,
    CaseItem,
    CaseLog,
    Delivery,
    ItemRow,
    ItemVersion,
    NoticeRow,
    Run,
    Sighting,
    VerdictRow,
    VisitRow,
)

QUARTER = 900  # seconds; every time zone in use begins its days at a quarter of an hour of UTC
ARRIVALS = ("opened", "items_added", "items_changed")  # entries that say what came, not what became of it
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAction:
    """An entry of a case's log other than the arrival of items."""

    id: int
    at: datetime
    who: str
    action: str
    reason: str | None
    undoes: int | None = None  # id of the entry that it takes back
    to_approve: bool = False  # a takedown that counts once another person approves it


@dataclass(frozen=True, slots=True, kw_only=True)
class FlaggedItem:
    """An item of a case."""

    id: int
    added_at: datetime
    kind: str
    platform: str | None
    advertiser: str | None  # name, else id, as the platform tells
    first_shown: datetime | None  # as the platform tells; a date without a time is its beginning in UTC
    source: str | None  # key of the source that saw it first
    publishers: frozenset[str]  # hosts of the pages that carried it
    signals: frozenset[str]  # that spoke for impersonation when it was flagged last


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHistory:
    """What had become of a case by the end of the time asked for."""

    id: int
    brand: str
    opened_at: datetime
    log: tuple[LoggedAction, ...]  # oldest first
    told_at: datetime | None  # when the first message about it had been delivered
    filed_at: datetime | None  # when the first notice about it had been filed
    registered: date | None  # its landing domain, as the registry tells
    items: tuple[FlaggedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How one run of a source went."""

    source: str
    started_at: datetime
    outcome: str | None  # None: killed, or still going
    counts: Mapping[str, int]


def case_histories(
    session: Session, start: datetime, end: datetime, *, brand: str | None = None
) -> Iterator[CaseHistory]:
    """Yield the cases that were opened, got items or had something done to them in [start, end), by id."""
    opened = select(Case.id).where(Case.opened_at >= start, Case.opened_at < end)
    done = select(CaseLog.case_id).where(CaseLog.at >= start, CaseLog.at < end, CaseLog.action.not_in(ARRIVALS))
    grown = select(CaseItem.case_id).where(CaseItem.added_at >= start, CaseItem.added_at < end)
    touched = select(Case.id).where(Case.id.in_(union(opened, done, grown).subquery().select()), _of(brand))
    ids = session.scalars(touched.order_by(Case.id)).all()
    for some in batched(ids):
        yield from _histories(session, some, end)


def seen_per_quarter(
    session: Session, column: InstrumentedAttribute[datetime], start: datetime, end: datetime
) -> dict[int, int]:
    """Count the rows of a table by the quarter of an hour in which `column` lies, numbered from 1970-01-01 UTC.

    Args:
        column: e.g. `ItemRow.recorded_at`.
    """
    quarter = _quarter(session, column)
    query = select(quarter, func.count()).where(column >= start, column < end).group_by(quarter)
    return {int(number): count for number, count in session.execute(query)}


def first_recorded(session: Session) -> datetime | None:
    """Return when the first item was recorded; None before that."""
    return session.scalar(select(ItemRow.recorded_at).order_by(ItemRow.id).limit(1))


def deliveries_by_receiver(
    session: Session, start: datetime, end: datetime, *, brand: str | None = None
) -> dict[tuple[str, str], int]:
    """Count messages by receiver and state: sent or given up in [start, end); pending ones made before its end.

    With a brand, only messages about one case of it: digests tell of all.
    """
    settled = (Delivery.settled_at >= start) & (Delivery.settled_at < end)
    waiting = (Delivery.created_at < end) & ((Delivery.state == "pending") | (Delivery.settled_at >= end))
    state = sql_case((settled, Delivery.state), else_="pending")
    query = select(Delivery.receiver, state, func.count()).where(settled | waiting)
    if brand is not None:
        query = query.join(AlertIntent, AlertIntent.id == Delivery.intent_id)
        query = query.join(Case, Case.id == AlertIntent.case_id).where(_of(brand))
    query = query.group_by(Delivery.receiver, state)
    return {(receiver, kind): count for receiver, kind, count in session.execute(query)}


def runs_between(session: Session, start: datetime, end: datetime) -> Iterator[RunEnd]:
    """Yield the runs that began in [start, end), by source and time."""
    query = (
        select(Run.source, Run.started_at, Run.outcome, Run.counts)
        .where(Run.started_at >= start, Run.started_at < end)
        .order_by(Run.source, Run.started_at, Run.id)
    )
    for source, started_at, outcome, counts in session.execute(query.execution_options(yield_per=1000)):
        yield RunEnd(source=source, started_at=started_at, outcome=outcome, counts=counts)


def first_runs(session: Session) -> dict[str, datetime]:
    """Return when each source ran for the first time."""
    return dict(session.execute(select(Run.source, func.min(Run.started_at)).group_by(Run.source)).all())


def visits_by_outcome(
    session: Session, start: datetime, end: datetime, *, brand: str | None = None
) -> dict[tuple[str, str], int]:
    """Count the journeys that began in [start, end) by visitor and outcome; with a brand, those for its cases."""
    query = select(VisitRow.visitor, VisitRow.outcome, func.count()).where(
        VisitRow.started_at >= start, VisitRow.started_at < end
    )
    if brand is not None:
        query = query.join(Case, Case.id == VisitRow.case_id).where(_of(brand))
    rows = session.execute(query.group_by(VisitRow.visitor, VisitRow.outcome))
    return {(visitor, outcome): count for visitor, outcome, count in rows}


def _of(brand: str | None) -> ColumnElement[bool]:
    return Case.brand == brand if brand is not None else true()


def _quarter(session: Session, column: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.strftime("%s", column), Integer) // QUARTER
    return cast(func.floor(extract("epoch", column) / QUARTER), BigInteger)


def _histories(session: Session, ids: Sequence[int], end: datetime) -> Iterator[CaseHistory]:
    cases = session.execute(
        select(Case.id, Case.brand, Case.campaign, Case.opened_at).where(Case.id.in_(ids)).order_by(Case.id)
    ).all()
    logs = _logs(session, ids, end)
    told, filed = _told(session, ids, end), _filed(session, ids, end)
    items = _items(session, ids, end)
    domains = {row.id: domain for row in cases if (domain := landing_domain(row.campaign))}
    known = registrations(session, set(domains.values()))
    for row in cases:
        registration = known.get(domains.get(row.id, ""))
        yield CaseHistory(
            id=row.id,
            brand=row.brand,
            opened_at=row.opened_at,
            log=tuple(logs[row.id]),
            told_at=told.get(row.id),
            filed_at=filed.get(row.id),
            registered=_day(str(registration.facts.get("created", ""))) if registration is not None else None,
            items=tuple(items[row.id]),
        )


def _logs(session: Session, ids: Sequence[int], end: datetime) -> dict[int, list[LoggedAction]]:
    query = (
        select(
            CaseLog.case_id,
            CaseLog.id,
            CaseLog.at,
            CaseLog.who,
            CaseLog.action,
            CaseLog.reason,
            sql_case((CaseLog.action.in_(("undo", "takedown")), CaseLog.data)),
        )
        .where(CaseLog.case_id.in_(ids), CaseLog.at < end, CaseLog.action.not_in(ARRIVALS))
        .order_by(CaseLog.case_id, CaseLog.id)
    )
    found: dict[int, list[LoggedAction]] = defaultdict(list)
    for case_id, entry, at, who, action, reason, data in session.execute(query):
        data = data or {}
        found[case_id].append(
            LoggedAction(
                id=entry,
                at=at,
                who=who,
                action=action,
                reason=reason,
                undoes=data.get("undoes"),
                to_approve=bool(data.get("approval")),
            )
        )
    return found


def _told(session: Session, ids: Sequence[int], end: datetime) -> dict[int, datetime]:
    query = (
        select(AlertIntent.case_id, func.min(Delivery.settled_at))
        .join(
            Delivery, Delivery.intent_id == func.coalesce(AlertIntent.told_in, AlertIntent.id)
        )  # in a digest, or alone
        .where(AlertIntent.case_id.in_(ids), Delivery.state == "sent", Delivery.settled_at < end)
        .group_by(AlertIntent.case_id)
    )
    return dict(session.execute(query).all())  # type: ignore[arg-type]


def _filed(session: Session, ids: Sequence[int], end: datetime) -> dict[int, datetime]:
    query = select(NoticeRow.case_id, func.min(NoticeRow.filed_at))
    query = query.where(NoticeRow.case_id.in_(ids), NoticeRow.filed_at < end)
    rows = session.execute(query.group_by(NoticeRow.case_id))
    return {case_id: filed_at for case_id, filed_at in rows if filed_at is not None}


def _items(session: Session, ids: Sequence[int], end: datetime) -> dict[int, list[FlaggedItem]]:
    seen = _seen(session, ids, end)
    query = (
        select(
            CaseItem.case_id,
            CaseItem.item_id,
            CaseItem.added_at,
            ItemRow.kind,
            ItemRow.platform,
            type_coerce(ItemVersion.content, AnyText),
            type_coerce(VerdictRow.evidence, AnyText),
        )
        .join(ItemRow, ItemRow.id == CaseItem.item_id)
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id.in_(ids), CaseItem.added_at < end)
        .order_by(CaseItem.case_id, CaseItem.item_id)
    )
    found: dict[int, list[FlaggedItem]] = defaultdict(list)
    rows = session.execute(query.execution_options(yield_per=500))
    for case_id, item_id, added_at, kind, platform, content, evidence in rows:
        shown = _read(content, _shown)
        source, publishers = seen.get(item_id, (None, frozenset()))
        found[case_id].append(
            FlaggedItem(
                id=item_id,
                added_at=added_at,
                kind=kind,
                platform=platform,
                advertiser=(shown.advertiser.name or shown.advertiser.id) if shown.advertiser is not None else None,
                first_shown=_moment(shown.first_shown),
                source=source,
                publishers=publishers,
                signals=frozenset(one.signal for one in _read(evidence, _spoke) if one.weight > 0),
            )
        )
    return found


def _seen(session: Session, ids: Sequence[int], end: datetime) -> dict[int, tuple[str, frozenset[str]]]:
    """Return, by item, the source that saw it first, and the hosts of the pages that carried it."""
    members = select(CaseItem.item_id).where(CaseItem.case_id.in_(ids), CaseItem.added_at < end)
    first = func.min(Sighting.id)
    query = (
        select(Sighting.item_id, Sighting.source, Sighting.publisher_url)
        .where(Sighting.item_id.in_(members), Sighting.recorded_at < end)
        .group_by(Sighting.item_id, Sighting.source, Sighting.publisher_url)
        .order_by(Sighting.item_id, first)
    )
    found: dict[int, tuple[str, frozenset[str]]] = {}
    for item_id, source, publisher in session.execute(query.execution_options(yield_per=500)):
        earlier, hosts = found.get(item_id, (source, frozenset()))
        host = _host(publisher) if publisher else None
        found[item_id] = (earlier, hosts | {host} if host else hosts)
    return found


class _Advertiser(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Shown(msgspec.Struct):
    """What figures need of an item's content; reading all of it takes ten times as long."""

    advertiser: _Advertiser | None = None
    first_shown: str | None = None


class _Spoke(msgspec.Struct):
    signal: str
    weight: float


_shown = msgspec.json.Decoder(_Shown)
_spoke = msgspec.json.Decoder(list[_Spoke])


def _read(text: str, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(text)
    except UnicodeEncodeError:  # unpaired surrogates: evidence keeps them, JSON libraries refuse them
        return msgspec.convert(json.loads(text), decoder.type)


@lru_cache(maxsize=20_000)
def _host(url: str) -> str | None:
    host = parse_host(url)
    return host.ascii if host is not None else None


def _moment(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
        return None if at is None else at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
