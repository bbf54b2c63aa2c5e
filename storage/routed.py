"""Routed intents: what each route has to tell, until it lets it go.

1. `split` settles an intent by making one for each route that wants it; what a route keeps about the case grows.
2. `waiting` returns what a route keeps and should look at; it then holds (`hold`), lets go (`release`), puts into a
   digest (`gather`) or drops (`drop`, `silence`) each of them. `lock_route` makes sure that one dispatcher does so.
3. What was let go becomes deliveries (`leaving`, then `storage.outbox.route_intents`).

Every step is one transaction, and what it did stays when the next one is killed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select, text, update
from sqlalchemy.orm import Session

from storage.batches import batched
from storage.database import lock_name
from storage.intents import PendingIntent, may_be_told
from storage.schema import (
    PENDING_ESCALATED,
    PENDING_NOTICE,
    PENDING_ROUTED,
    AlertIntent,
    Case,
    CaseState,
    Delivery,
    Held,
    IntentReason,
)
from storage.upsert import insert, table_of

_INTENTS = table_of(AlertIntent)
# Of reasons that are told in one message, the first that it has names it.
_WEIGHTIEST: tuple[IntentReason, ...] = ("first", "relapsed", "escalated", "new_items", "repeat", "notice")

_APART: frozenset[IntentReason] = frozenset(("escalated", "notice"))  # stand beside what else is told of a case


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one route is to tell of an intent."""

    route: str
    fold: str  # what it is told together with


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a route keeps about a case."""

    id: int
    case_id: int
    reason: IntentReason
    count: int  # items
    created_at: datetime  # the oldest of what it tells
    fold: str
    pressing: bool
    score: float  # of the case
    state: CaseState
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What a route has let go, on its way to become deliveries."""

    id: int
    route: str
    case_id: int | None  # None: a digest
    reason: IntentReason
    count: int
    due_at: datetime
    created_at: datetime
    news_at: datetime
    fold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """When a case that was told is told again, if nobody has judged it meanwhile."""

    repeat: timedelta | None = None
    escalate: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPart:
    """One case of a digest."""

    case_id: int
    reason: IntentReason
    count: int  # items that are news
    score: float  # of the case


def split(session: Session, shared: Mapping[PendingIntent, Sequence[Share]], *, now: datetime) -> None:
    """Settle intents by giving each route its share of them. They are held by `storage.intents.pending_intents`."""
    for some in batched([intent.id for intent in shared]):
        settled = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        session.execute(settled.values(state="routed", settled_at=now))
    for pressing in (False, True):
        rows = [
            (share, intent.case_id, intent.reason, intent.count, intent.created_at)
            for intent, shares in shared.items()
            if intent.pressing is pressing
            for share in shares
        ]
        entrust(session, rows, now=now, pressing=pressing)


def entrust(
    session: Session,
    shares: Sequence[tuple[Share, int, IntentReason, int, datetime]],
    *,
    now: datetime,
    pressing: bool = False,
) -> None:
    """Give routes something to tell: share, case, reason, items, since when; one message with what they keep of it."""
    rank = case({reason: number for number, reason in enumerate(_WEIGHTIEST)}, value=_INTENTS.c.reason)
    new_rank = case(
        {reason: number for number, reason in enumerate(_WEIGHTIEST)}, value=literal_column("excluded.reason")
    )
    earlier: ColumnElement[datetime] = literal_column("excluded.due_at")
    for where, apart in ((PENDING_ROUTED, None), (PENDING_ESCALATED, "escalated"), (PENDING_NOTICE, "notice")):
        rows = [
            {
                "case_id": case_id,
                "route": share.route,
                "fold": share.fold,
                "reason": reason,
                "state": "pending",
                "count": count,
                "created_at": since,
                "due_at": now,
                "news_at": now,
                "pressing": pressing,
            }
            for share, case_id, reason, count, since in shares
            if (reason if reason in _APART else None) == apart
        ]
        if not rows:
            continue
        statement = insert(session, AlertIntent)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["case_id", "route"],
                index_where=where,
                set_={
                    "count": _INTENTS.c.count + literal_column("excluded.count"),
                    "reason": case((new_rank < rank, literal_column("excluded.reason")), else_=_INTENTS.c.reason),
                    "pressing": or_(_INTENTS.c.pressing, literal_column("excluded.pressing")),
                    "due_at": case((earlier < _INTENTS.c.due_at, earlier), else_=_INTENTS.c.due_at),
                    "news_at": literal_column("excluded.news_at"),
                },
            ),
            rows,
        )


def lock_route(session: Session, route: str) -> None:
    """Let nobody else decide for a route until the transaction ends."""
    lock_name(session, f"route:{route}")


def waiting_routes(session: Session, now: datetime) -> list[str]:
    """Return the names of the routes that keep something which they should look at."""
    query = select(_INTENTS.c.route).where(_kept(now)).join(Case, Case.id == _INTENTS.c.case_id).distinct()
    return [route for route in session.scalars(query.where(may_be_told(now))) if route is not None]


def waiting(session: Session, route: str, now: datetime, *, limit: int, flush: bool = False) -> list[Waiting]:
    """Return what a route should look at, oldest first. Call `lock_route` before.

    Args:
        flush: also what only waits for others of its fold.
    """
    kept = _kept(now)
    if flush:
        for_others = and_(_INTENTS.c.held.in_(("wait", "interval")), _INTENTS.c.state == "pending")
        kept = or_(kept, and_(for_others, _INTENTS.c.released_at.is_(None)))
    columns = ("id", "case_id", "reason", "count", "created_at", "fold", "pressing")
    query = (
        select(*(_INTENTS.c[name] for name in columns), Case.score, Case.state, Case.snoozed_until)
        .join(Case, Case.id == _INTENTS.c.case_id)
        .where(_INTENTS.c.route == route, kept, may_be_told(now))
        .order_by(_INTENTS.c.created_at, _INTENTS.c.id)
        .limit(limit)
    )
    return [Waiting(**row) for row in session.execute(query).mappings()]


def _kept(now: datetime) -> ColumnElement[bool]:
    return and_(
        _INTENTS.c.state == "pending",
        _INTENTS.c.due_at <= now,
        _INTENTS.c.route.is_not(None),
        _INTENTS.c.released_at.is_(None),
    )


def last_told(session: Session, route: str, folds: Collection[str]) -> Mapping[str, datetime]:
    """Return when a route last let something go, by fold."""
    found: dict[str, datetime] = {}
    for some in batched(sorted(folds)):
        query = select(_INTENTS.c.fold, func.max(_INTENTS.c.released_at)).where(
            _INTENTS.c.route == route, _INTENTS.c.fold.in_(some), _INTENTS.c.released_at.is_not(None)
        )
        found |= {fold: at for fold, at in session.execute(query.group_by(_INTENTS.c.fold)) if at is not None}
    return found


def told_since(session: Session, route: str, since: datetime, *, limit: int) -> list[datetime]:
    """Return when a route let messages go after `since`, latest first, at most `limit` of them."""
    query = (
        select(_INTENTS.c.released_at)
        .where(_INTENTS.c.route == route, _INTENTS.c.released_at > since, _INTENTS.c.told_in.is_(None))
        .where(_INTENTS.c.state != "suppressed")
        .order_by(_INTENTS.c.released_at.desc())
        .limit(limit)
    )
    return [at for at in session.scalars(query) if at is not None]


def hold(session: Session, ids: Sequence[int], *, until: datetime, why: Held, note: str | None = None) -> None:
    """Let intents wait; `mekiki alerts pending` says why and until when."""
    for some in batched(ids):
        mine = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        session.execute(mine.values(due_at=until, held=why, note=note))


def release(session: Session, told: Sequence[Waiting], route: str, *, now: datetime, then: Afterwards) -> None:
    """Let intents go, each as a message of its own."""
    for some in batched([one.id for one in told]):
        mine = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        session.execute(mine.values(released_at=now, due_at=now, held=None, note=None))
    _note_told(session, told, route, now=now, then=then)


def gather(
    session: Session, told: Sequence[Waiting], route: str, fold: str, *, end: datetime, now: datetime, then: Afterwards
) -> bool:
    """Put intents into a digest of a route, one message; False when that digest has left already.

    Args:
        fold: with `end` it names the digest: there is one of each.
        end: of the time that it covers.
    """
    digest = _digest(session, route, fold, end=end, now=now)
    if digest is None:
        return False
    for some in batched([one.id for one in told]):
        mine = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        session.execute(
            mine.values(
                state="routed", settled_at=now, released_at=now, held=None, note=None, told_in=digest, due_at=now
            )
        )
    larger = update(_INTENTS).where(_INTENTS.c.id == digest)
    session.execute(larger.values(count=_INTENTS.c.count + len({one.case_id for one in told})))
    _note_told(session, told, route, now=now, then=then)
    return True


def add_empty_digest(session: Session, route: str, fold: str, *, end: datetime, now: datetime) -> None:
    """Make the digest of a time in which there was nothing to tell, unless it is there.

    A route's very first one is settled at once: it would cover a time in which nobody watched.
    """
    known = select(_INTENTS.c.due_at).where(_INTENTS.c.route == route, _INTENTS.c.reason == "digest")
    ends = set(session.scalars(known.where(_INTENTS.c.fold == fold).order_by(_INTENTS.c.due_at.desc()).limit(1)))
    if end in ends:
        return
    digest = _digest(session, route, fold, end=end, now=now)
    if digest is not None and not ends:
        mine = update(_INTENTS).where(_INTENTS.c.id == digest, _INTENTS.c.state == "pending", _INTENTS.c.count == 0)
        session.execute(mine.values(state="suppressed", settled_at=now, note="the route is new: nobody watched then"))


def has_digest(session: Session, route: str, fold: str, end: datetime) -> bool:
    """Tell whether the digest of a time was made, empty or not."""
    same = and_(_INTENTS.c.route == route, _INTENTS.c.fold == fold, _INTENTS.c.due_at == end)
    return session.scalar(select(_INTENTS.c.id).where(same, _INTENTS.c.reason == "digest")) is not None


def _digest(session: Session, route: str, fold: str, *, end: datetime, now: datetime) -> int | None:
    """Return the id of a digest that has not left yet, made if it is not there."""
    values = {
        "route": route,
        "fold": fold,
        "reason": "digest",
        "state": "pending",
        "count": 0,
        "created_at": now,
        "due_at": end,
        "news_at": now,
        "released_at": now,
        "pressing": False,
    }
    statement = insert(session, AlertIntent).values(values)
    session.execute(
        statement.on_conflict_do_nothing(
            index_elements=["route", "fold", "due_at"], index_where=text("reason = 'digest'")
        )
    )
    query = select(_INTENTS.c.id).where(
        _INTENTS.c.route == route, _INTENTS.c.fold == fold, _INTENTS.c.due_at == end, _INTENTS.c.reason == "digest"
    )
    return session.scalar(query.where(_INTENTS.c.state == "pending").with_for_update())


def digest_parts(session: Session, digest_id: int) -> list[DigestPart]:
    """Return the cases of a digest, each once, with the weightiest reason."""
    query = (
        select(_INTENTS.c.case_id, _INTENTS.c.reason, _INTENTS.c.count.label("items"), Case.score)
        .join(Case, Case.id == _INTENTS.c.case_id)
        .where(_INTENTS.c.told_in == digest_id)
        .order_by(_INTENTS.c.id)
    )
    parts: dict[int, DigestPart] = {}
    for case_id, reason, items, score in session.execute(query):
        before = parts.get(case_id)
        parts[case_id] = DigestPart(
            case_id=case_id,
            reason=reason if before is None else min(before.reason, reason, key=_WEIGHTIEST.index),
            count=items + (before.count if before else 0),
            score=score,
        )
    return list(parts.values())


def digest_before(session: Session, route: str, fold: str, end: datetime) -> datetime | None:
    """Return where the time ends that the digest before covers."""
    query = select(func.max(_INTENTS.c.due_at)).where(_INTENTS.c.reason == "digest", _INTENTS.c.due_at < end)
    before: datetime | None = session.scalar(query.where(_INTENTS.c.route == route, _INTENTS.c.fold == fold))
    return before


def leaving(session: Session, now: datetime, *, only: Sequence[int] | None = None) -> list[Leaving]:
    """Return what routes have let go and what is no delivery yet; with `only`, of those, and locked."""
    told = or_(_INTENTS.c.case_id.is_(None), may_be_told(now))
    query = (
        select(*(_INTENTS.c[name] for name in _LEAVING))
        .outerjoin(Case, Case.id == _INTENTS.c.case_id)
        .where(_INTENTS.c.state == "pending", _INTENTS.c.due_at <= now, _INTENTS.c.released_at.is_not(None), told)
        .order_by(_INTENTS.c.released_at, _INTENTS.c.id)
    )
    if only is not None:
        query = query.where(_INTENTS.c.id.in_(only)).with_for_update(skip_locked=True, of=_INTENTS)
    return [Leaving(**row) for row in session.execute(query).mappings()]


_LEAVING = ("id", "route", "case_id", "reason", "count", "due_at", "created_at", "news_at", "fold")


def told_receivers(session: Session, case_ids: Collection[int]) -> dict[tuple[int, str, bool], datetime]:
    """Return what receivers know of cases, by case, receiver and whether it is of notices: when the latest of what they
    were told was routed.
    """
    found: dict[tuple[int, str, bool], datetime] = {}
    of_notices = (_INTENTS.c.reason == "notice").label("of_notices")
    for some in batched(sorted(case_ids)):
        query = (
            select(_INTENTS.c.case_id, Delivery.receiver, of_notices, func.max(_INTENTS.c.news_at))
            .join(Delivery, Delivery.intent_id == _INTENTS.c.id)
            .where(_INTENTS.c.case_id.in_(some), _INTENTS.c.news_at.is_not(None))
            .group_by(_INTENTS.c.case_id, Delivery.receiver, of_notices)
        )
        found |= {
            (case_id, receiver, bool(notices)): news for case_id, receiver, notices, news in session.execute(query)
        }
    return found


def recall(session: Session, intent_id: int) -> None:
    """Take back that a route let an intent go, because the route is gone; a digest is taken apart again."""
    parts = update(_INTENTS).where(_INTENTS.c.told_in == intent_id)
    session.execute(parts.values(state="pending", settled_at=None, told_in=None, released_at=None))
    mine = update(_INTENTS).where(_INTENTS.c.id == intent_id, _INTENTS.c.state == "pending")
    digest = mine.where(_INTENTS.c.reason == "digest")
    session.execute(digest.values(state="suppressed", settled_at=_INTENTS.c.news_at, note="its route is gone"))
    session.execute(mine.values(released_at=None))


def drop(session: Session, ids: Sequence[int], *, note: str, now: datetime) -> None:
    """Settle intents that nobody needs to hear of any more."""
    for some in batched(ids):
        mine = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        session.execute(mine.values(state="suppressed", settled_at=now, note=note, held=None))


def silence(session: Session, ids: Sequence[int], silence_id: int, *, now: datetime) -> None:
    """Settle intents that a silence keeps from being told; `storage.silences.wake` remembers them."""
    for some in batched(ids):
        mine = update(_INTENTS).where(_INTENTS.c.id.in_(some), _INTENTS.c.state == "pending")
        note = f"silence {silence_id}"
        session.execute(mine.values(state="suppressed", settled_at=now, silence_id=silence_id, note=note, held=None))


def kept_by(session: Session, routes: Collection[str], now: datetime) -> list[Waiting]:
    """Return what is due of routes that are no longer there, let go or not."""
    columns = ("id", "case_id", "reason", "count", "created_at", "fold", "pressing")
    query = (
        select(*(_INTENTS.c[name] for name in columns), Case.score, Case.state, Case.snoozed_until)
        .join(Case, Case.id == _INTENTS.c.case_id)
        .where(_INTENTS.c.state == "pending", _INTENTS.c.due_at <= now, _INTENTS.c.route.in_(sorted(routes)))
        .where(may_be_told(now))
    )
    return [Waiting(**row) for row in session.execute(query).mappings()]


def _note_told(session: Session, told: Sequence[Waiting], route: str, *, now: datetime, then: Afterwards) -> None:
    """Plan what follows these messages, instead of the repeats that were to follow those before about the same cases.

    An escalation goes to others, and a notice is no news of the case: the route's own people hear of it again when they
    would have.
    """
    own = [one for one in told if one.reason not in _APART]
    for some in batched(own):
        before = update(_INTENTS).where(_INTENTS.c.case_id.in_([one.case_id for one in some]))
        session.execute(
            before.where(_INTENTS.c.route == route, _INTENTS.c.repeat_at.is_not(None)).values(repeat_at=None)
        )
    if then.repeat:
        for some in batched(own):
            mine = update(_INTENTS).where(_INTENTS.c.id.in_([one.id for one in some]))
            session.execute(mine.values(repeat_at=now + then.repeat))
    if then.escalate:
        for some in batched([one for one in own if one.reason in ("first", "relapsed")]):
            mine = update(_INTENTS).where(_INTENTS.c.id.in_([one.id for one in some]))
            session.execute(mine.values(escalate_at=now + then.escalate))
