"""Visits: which links are worth following, what journeys along them showed, and how the cases stand; append-only."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from detector.items import Item
from detector.places import places_of
from detector.presence import Presence, presence
from detector.visits import Visit
from storage.actions import RULES, SILENT, Action
from storage.batches import batched
from storage.case_locks import MACHINE, lock_cases
from storage.case_log import NewEntry, append_log
from storage.custody import append
from storage.evidence import EvidenceFile, keep_manifest
from storage.intents import tell_of_relapse
from storage.items import item_from
from storage.media import MediaStore
from storage.merging import family
from storage.notice_presence import follow_link, kin
from storage.registrations import registrations
from storage.schema import Case, CaseItem, CaseLog, ItemRow, ItemVersion, VerdictRow, VisitRow
from storage.settle import settle_anew
from storage.stamps import want_stamp

MOST_OF_A_CASE = 10  # items whose links are followed
MOST_OF_AN_ITEM = 3  # links
AT_ONCE = 200  # rows read at a time
CASES_AT_ONCE = 20  # read at a time; with more PostgreSQL reads the table of items from end to end
FIRST = 20  # journeys of a case that are shown, however many came later: they opened it
MOST_PAGES = 200  # of a case whose journeys are looked for
VISIT = "visit"  # action in the custody chain
RECHECK = "recheck"  # action in case logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which links a run wants to follow."""

    score: float  # of an item, from which on its links are followed
    judged_since: datetime  # items in no case
    before: datetime  # links of cases that were not followed since then
    most: int
    cases: tuple[int, ...] = ()  # the links of these only, whenever they were followed
    items: tuple[str, ...] = ()  # the links of these only, by the id that their platform gave them
    of: tuple[int, ...] = ()  # the links of these items only, as the storage numbers them
    reason: Literal["", "visit", "recheck"] = ""  # only links that nobody has followed; only those followed before
    visitors: tuple[str, ...] = ()  # who looks now; a link is done once each of them has followed it
    left: Callable[[str], bool] = lambda url: False  # whether a link is left to others, or to a later run


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkToVisit:
    """Where a journey begins, and whose link it is."""

    url: str  # exactly as it stood
    cases: tuple[int, ...] = ()
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVisit:
    """One visit, and the files that show what it saw."""

    visit: Visit
    files: tuple[EvidenceFile, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRound:
    """The visits of one link, as every visitor."""

    link: LinkToVisit
    visits: tuple[KeptVisit, ...]


def links_to_visit(session: Session, wanted: Wanted) -> list[LinkToVisit]:
    """Return the links of cases that are due, then those of items worth a closer look, best scores first; each once."""
    found: dict[str, LinkToVisit] = {}
    for case_id, item_id, content in _of_items(session, wanted.items):
        for url in links_of(item_from(content)):
            _add(found, url, case_id, item_id)
    if wanted.items and not wanted.cases:
        return list(found.values())[: wanted.most]
    for some in _of_cases(session, wanted.cases, wanted.of):
        if len(found) >= wanted.most:
            break
        looked = _looked(session, (url for _, _, urls in some for url in urls))
        for case_id, item_id, urls in some:
            for url in urls:
                if wanted.cases or (_due(looked[url], wanted) and not wanted.left(url)):
                    _add(found, url, case_id, item_id)
    for batch in _of_suspects(session, wanted) if not wanted.cases and wanted.reason != "recheck" else ():
        if len(found) >= wanted.most:
            break
        links = [(item_id, links_of(item_from(content))[:MOST_OF_AN_ITEM]) for item_id, content in batch]
        looked = _looked(session, (url for _, urls in links for url in urls))
        for item_id, urls in links:
            for url in urls:
                if not _followed(looked[url], wanted.visitors) and not wanted.left(url):
                    _add(found, url, None, item_id)
    return list(found.values())[: wanted.most]


Looked = Mapping[str, datetime]  # visitor -> when it last began to follow a link


def _looked(session: Session, urls: Iterable[str]) -> dict[str, Looked]:
    """Return who has followed each of these links, and when last."""
    digests = {url: _digest(url) for url in urls}
    found: dict[str, dict[str, datetime]] = {digest: {} for digest in digests.values()}
    for some in batched(list(found)):
        query = (
            select(VisitRow.link_digest, VisitRow.visitor, func.max(VisitRow.started_at))
            .where(VisitRow.link_digest.in_(some))
            .group_by(VisitRow.link_digest, VisitRow.visitor)
        )
        for digest, visitor, last in session.execute(query):
            assert digest is not None
            found[digest][visitor] = last
    return {url: found[digest] for url, digest in digests.items()}


def _due(looked: Looked, wanted: Wanted) -> bool:
    """Tell whether a link of a case is to be followed, for the reason that is wanted."""
    if _followed(looked, wanted.visitors, wanted.before):
        return False
    return not wanted.reason or bool(looked) is (wanted.reason == "recheck")


def _followed(looked: Looked, visitors: Sequence[str], since: datetime | None = None) -> bool:
    """Tell whether each of these visitors, and any, has followed a link, ever or since a time."""
    lately = {visitor for visitor, last in looked.items() if since is None or last >= since}
    return bool(lately) and lately.issuperset(visitors)


def links_of(item: Item) -> list[str]:
    """Return where an item leads, each address once, as it stands; a page leads to itself."""
    places = [place for place in places_of(item) if place.role != "shown" and place.host is not None]
    urls = (place.url if "://" in place.url else f"http://{place.url}" for place in places)
    return list(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def _add(found: dict[str, LinkToVisit], url: str, case_id: int | None, item_id: int) -> None:
    known = found.get(url, LinkToVisit(url=url))
    found[url] = replace(
        known,
        cases=tuple(dict.fromkeys((*known.cases, *([case_id] if case_id is not None else [])))),
        items=tuple(dict.fromkeys((*known.items, item_id))),
    )


def _of_cases(
    session: Session, cases: Collection[int], of: Collection[int] = ()
) -> Iterator[list[tuple[int, int, list[str]]]]:
    """Yield case, item and the links that are followed, some cases at a time, of those that somebody may act on.

    Of each case the best items count, or those of some.
    """
    which: ColumnElement[bool] = Case.id.in_(cases) if cases else Case.state.not_in(SILENT)
    if of:
        which = and_(which, Case.id.in_(select(CaseItem.case_id).where(CaseItem.item_id.in_(of))))
    ids = session.scalars(select(Case.id).where(which).order_by(Case.score.desc(), Case.id)).all()
    for some in batched(ids, CASES_AT_ONCE):  # whoever has enough links reads no further
        rows = [(case, item, item_from(content)) for case, item, content in session.execute(_best(some, of))]
        pages = [(case, item.url) for case, _, item in rows if item.kind == "page" and item.url]
        ends = _ends_of_others(session, pages)
        place = {case: number for number, case in enumerate(some)}
        yield [
            (case, number, [] if item.kind == "page" and (case, item.url) in ends else links_of(item)[:MOST_OF_AN_ITEM])
            for case, number, item in sorted(rows, key=lambda row: place[row[0]])
        ]


def _best(cases: Collection[int], of: Collection[int]) -> Select[int, int, dict[str, object]]:
    """Return the query for case, item and content of the best items of cases; the contents of others are not read."""
    order = (ItemRow.kind == "page", VerdictRow.score.desc(), CaseItem.item_id)
    ranked = (
        select(
            CaseItem.case_id,
            CaseItem.item_id,
            CaseItem.version_id,
            func.row_number().over(partition_by=CaseItem.case_id, order_by=order).label("place"),
        )
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .join(ItemRow, ItemRow.id == CaseItem.item_id)
        .where(CaseItem.case_id.in_(cases), *([CaseItem.item_id.in_(of)] if of else []))
        .subquery()
    )
    return (
        select(ranked.c.case_id, ranked.c.item_id, ItemVersion.content)
        .join(ItemVersion, ItemVersion.id == ranked.c.version_id)
        .where(ranked.c.place <= MOST_OF_A_CASE)
        .order_by(ranked.c.case_id, ranked.c.place)
    )


def _of_items(session: Session, ids: Collection[str]) -> Iterator[tuple[int | None, int, dict[str, object]]]:
    """Yield case, item and latest content of items that somebody named; no case where they are in none."""
    for external_id in ids:
        for item_id in session.scalars(select(ItemRow.id).where(ItemRow.external_id == external_id)).all():
            latest = select(ItemVersion.content).where(ItemVersion.item_id == item_id).order_by(ItemVersion.id.desc())
            content = session.scalar(latest.limit(1))
            cases = session.scalars(select(CaseItem.case_id).where(CaseItem.item_id == item_id)).all()
            if content is not None:
                yield from ((case_id, item_id, content) for case_id in (*cases, *(() if cases else (None,))))


def _of_suspects(session: Session, wanted: Wanted) -> Iterator[Sequence[tuple[int, dict[str, object]]]]:
    """Yield the items in no case that deserve a closer look, best scores first, some at a time."""
    query = (
        select(ItemVersion.item_id, ItemVersion.content)
        .join(VerdictRow, VerdictRow.version_id == ItemVersion.id)
        .where(
            VerdictRow.score >= wanted.score,
            VerdictRow.decision != "official",
            VerdictRow.judged_at >= wanted.judged_since,
            ~exists().where(CaseItem.item_id == ItemVersion.item_id),
        )
        .order_by(VerdictRow.score.desc(), VerdictRow.id)
        .execution_options(yield_per=AT_ONCE)
    )
    if wanted.of:
        query = query.where(ItemVersion.item_id.in_(wanted.of))
    with session.execute(query) as rows:
        for some in rows.partitions():
            yield [(item_id, content) for item_id, content in some]


def _ends_of_others(session: Session, pages: Collection[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return the pages of cases at which another link of their case ends: then that is followed, not the page."""
    if not pages:
        return set()
    query = select(VisitRow.case_id, VisitRow.end_digest, VisitRow.link_digest).where(
        VisitRow.case_id.in_({case for case, _ in pages}),
        VisitRow.end_digest.in_({_digest(_page(url)) for _, url in pages}),
    )
    ended: dict[tuple[int | None, str | None], set[str | None]] = {}
    for case, end, link in session.execute(query.distinct()):
        ended.setdefault((case, end), set()).add(link)
    return {(case, url) for case, url in pages if ended.get((case, _digest(_page(url))), set()) - {_digest(url), None}}


def _digest(url: str) -> str:
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def _page(url: str) -> str:
    return url.partition("#")[0]


def proved(media: MediaStore, round_: VisitRound, now: datetime) -> tuple[Visit, ...]:
    """Keep a manifest for each visit and return the visits with it; before the transaction, for it takes its time.

    Raises:
        MediaMissing: a file is not in the media store with the size that is named.
    """
    return tuple(
        replace(
            kept.visit,
            evidence=keep_manifest(
                media,
                action=VISIT,
                subject=round_.link.url,
                at=now,
                files=kept.files,
                facts=msgspec.to_builtins(kept.visit),
                started_at=kept.visit.started_at,
            ),
        )
        for kept in round_.visits
    )


def save_visits(
    session: Session,
    link: LinkToVisit,
    visits: Sequence[Visit],
    *,
    who: str,
    authority: str | None,
    now: datetime,
) -> None:
    """Append the visits of one link, their rows of custody, and what has changed there to its cases' logs.

    Locks: cases in their order, then the end of the custody chain.
    """
    held = lock_cases(session, kin(session, link.cases)) if link.cases else {}
    cases = {case_id: case for case_id, case in held.items() if case_id in link.cases}
    for case in cases.values():
        before = case.state
        state = _note_presence(session, case, link.url, visits, now)
        followed = _links_followed(session, case.id)
        _move_on(session, case, state, followed, now)
        known, moved = presences(session, case.id), case.state != before
        follow_link(session, case, link.url, state, known, followed=followed, moved=moved, now=now)
    for owner in cases or (None,):
        session.add_all(
            VisitRow(
                case_id=owner,
                url=link.url,
                link_digest=_digest(link.url),
                end_digest=_digest(_page(visit.end.url)),
                visitor=visit.visitor,
                started_at=visit.started_at,
                outcome=visit.outcome,
                visit=msgspec.to_builtins(visit),
            )
            for visit in visits
        )
    for visit in visits:
        append(session, at=now, who=who, action=VISIT, subject=link.url, manifest=visit.evidence)
        if authority is not None and visit.evidence is not None:
            want_stamp(session, visit.evidence, authority, now)


def _note_presence(session: Session, case: Case, url: str, visits: Sequence[Visit], now: datetime) -> Presence:
    """Append to a case's log where its link stands, if that is not what was said last; return where it stands."""
    was = presences(session, case.id).get(url)
    before = visits_of(session, case.id, most=200, url=url)
    state = presence(visits, before, was.state if was else None, _statuses(session, visits))
    if state.state == "unclear" or (was is None and state.state == "up"):
        return state
    if was is not None and (was.state, was.says) == (state.state, state.says):
        return state
    if state.state == "up" and was is not None and was.state in ("relapsed", "moved", "changed"):
        return state  # it was said that it is there
    data = {"url": url} if state.by is None else {"url": url, "by": state.by}
    entry = NewEntry(
        case_id=case.id, at=now, who=MACHINE, action=RECHECK, reason=state.state, note=state.says, data=data
    )
    append_log(session, {case.id: case}, [entry])
    return state


def _statuses(session: Session, visits: Sequence[Visit]) -> dict[str, list[str]]:
    """Return what registries last told of the domains where visits found nothing any more."""
    domains = {visit.host for visit in visits if visit.outcome == "gone"}
    return {name: list(one.facts.get("status") or ()) for name, one in registrations(session, domains).items()}


def _links_followed(session: Session, case_id: int) -> set[str]:
    """Return the links of a case that are followed."""
    return {url for some in _of_cases(session, (case_id,)) for _, _, urls in some for url in urls}


def _move_on(session: Session, case: Case, state: Presence, links: Collection[str], now: datetime) -> None:
    """Put a case on: down when all of its links are, relapsed when one of them is there again, and tell of that."""
    if state.state == "down" and case.state in RULES["down"].of:
        standing = presences(session, case.id)
        if all(url in standing and standing[url].state == "down" for url in links):
            _log_move(session, case, "down", f"all of {len(links)} links: {state.says}", now)
    elif state.state not in ("down", "unclear") and case.state == "down":
        _log_move(session, case, "relapse", state.says, now)
        tell_of_relapse(session, case.id, now)


def _log_move(session: Session, case: Case, action: Action, note: str, now: datetime) -> None:
    entry = NewEntry(case_id=case.id, at=now, who=MACHINE, action=action, reason=RECHECK, note=note)
    append_log(session, {case.id: case}, [entry])
    settle_anew(session, case)


def presences(session: Session, case_id: int) -> dict[str, Presence]:
    """Return where each link of a case stands, as far as it was ever anything but there."""
    rows = session.scalars(
        select(CaseLog)
        .where(CaseLog.case_id.in_(family(session, case_id)), CaseLog.action == RECHECK)
        .order_by(CaseLog.id)
    )
    return {
        row.data["url"]: msgspec.convert({"state": row.reason, "says": row.note, "by": row.data.get("by")}, Presence)
        for row in rows
    }


def visits_of(session: Session, case_id: int, *, most: int = 50, url: str | None = None) -> tuple[Visit, ...]:
    """Return the latest journeys for a case, or along one of its links, and the first ones; the newest first.

    A journey along a link that somebody named is of a case, too, if it ended at one of the case's pages.
    """
    ended = VisitRow.end_digest.in_(_pages_of(session, case_id))
    links = session.scalars(select(VisitRow.link_digest).where(ended).distinct()).all()
    belongs = or_(VisitRow.case_id.in_(family(session, case_id)), VisitRow.link_digest.in_(links))
    query = select(VisitRow).where(belongs, *([VisitRow.link_digest == _digest(url)] if url is not None else []))
    latest = session.scalars(query.order_by(VisitRow.started_at.desc(), VisitRow.id.desc()).limit(most)).all()
    first = session.scalars(query.order_by(VisitRow.started_at, VisitRow.id).limit(FIRST)).all()
    rows = sorted({row.id: row for row in (*latest, *first)}.values(), key=lambda row: (row.started_at, row.id))[::-1]
    return tuple(dict.fromkeys(msgspec.convert(row.visit, Visit) for row in rows))  # a row for each of its cases


def _pages_of(session: Session, case_id: int) -> list[str]:
    contents = session.scalars(
        select(ItemVersion.content)
        .join(CaseItem, CaseItem.version_id == ItemVersion.id)
        .where(CaseItem.case_id == case_id)
        .limit(MOST_PAGES)
    )
    return [_digest(_page(content["url"])) for content in contents if content.get("url")]


def latest_visits(session: Session, urls: Iterable[str], since: datetime) -> dict[str, tuple[Visit, ...]]:
    """Return the visits of links since a time, in the order in which they were made."""
    found: dict[str, tuple[Visit, ...]] = {}
    for url in urls:
        rows = session.scalars(
            select(VisitRow)
            .where(VisitRow.link_digest == _digest(url), VisitRow.started_at >= since)
            .order_by(VisitRow.id)
        )
        visits = dict.fromkeys(msgspec.convert(row.visit, Visit) for row in rows)  # a row for each case
        found[url] = tuple(visits)
    return found
