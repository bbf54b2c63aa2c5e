"""Retention: what is older than the configured days goes, unless a case that still matters needs it.

A case matters unless it is dismissed, closed or a duplicate; one that is held (legal hold) always does. Of an item in
no case everything goes. Of an item in cases that do not matter any more its words go: the rows stay, empty, because the
log of the case and figures over many cases point at them; so do those of notices. Pictures and the files of visits and
notices go from the media store.

Sightings of items that no case names go by whole months, on PostgreSQL with the table of the month.

1. `prune` removes rows in short transactions. What is to vanish from the media store is written into the custody chain
   in the same transaction, by hash: what a killed run left is removed by the next one, and `mekiki verify` knows.
2. The files are removed.
3. `compact` writes the database anew without what was removed.

Case logs and the custody chain stay whole: they hold hashes, numbers, addresses of visits, and what people wrote.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Select, Table, and_, delete, exists, func, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from storage.actions import SILENT
from storage.custody import append
from storage.database import lock_name, snapshot, transaction
from storage.errors import MediaMissing, StorageUnavailable
from storage.forgetting import (
    PURGED,
    empty_cases,
    empty_items,
    empty_notices,
    forget_pictures,
    loose_keys,
    pictured,
    remove_items,
    remove_keys,
)
from storage.media import MediaStore
from storage.partitions import Busy, beginning, in_no_month, make_months, months, thin
from storage.schema import (
    Case,
    CaseItem,
    CaseJoin,
    CaseKey,
    CaseLog,
    CasePair,
    CustodyRow,
    ItemRow,
    ItemVersion,
    NoticeReply,
    NoticeRow,
    Sighting,
    VersionPicture,
    VisitRow,
)
from storage.upsert import table_of

PURGE = "purge"  # action in the custody chain
FRESH = timedelta(hours=1)  # a file that was stored later stays: a crawl names it only when it has read the whole page
PRUNING = "retention"  # name of a lock: one thing is removed at a time
BATCH = 200  # rows in one transaction: other writers wait for it
STRETCH = 1000  # ids among which they are looked for at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long things are kept after they were seen last; None: for ever."""

    items: timedelta | None = None
    pictures: timedelta | None = None
    visits: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed, or would be."""

    items: int = 0  # of no case: removed
    emptied: int = 0  # of cases that do not matter any more: without words
    pictured: int = 0  # versions of items that lost their pictures, and nothing else
    visits: int = 0
    notices: int = 0  # of cases that do not matter any more: without words
    files: int = 0  # of the media store; not counted beforehand
    sightings: int = 0  # of items that stay, from months that are over
    held: int = 0  # cases under a legal hold


def prune(engine: Engine, media: MediaStore, keep: Keep, *, who: str, now: datetime, dry_run: bool = False) -> Pruned:
    """Remove what is too old, or with `dry_run` count it."""
    with snapshot(engine) as session:
        done = Pruned(held=session.scalar(select(func.count()).where(Case.held.is_(True))) or 0)
        before = {name: now - length for name in ("items", "pictures", "visits") if (length := getattr(keep, name))}
        wanted = {
            "items": (before.get("items"), _loose_items, _remove),
            "emptied": (before.get("items"), _settled_items, _empty),
            "pictured": (before.get("pictures"), _old_pictures, _unpicture),
            "visits": (before.get("visits"), _old_visits, _unvisit),
            "notices": (before.get("items"), _old_notices, _unnotice),
        }
        if dry_run:
            counts = {name: _count(session, query(cutoff)) for name, (cutoff, query, _) in wanted.items() if cutoff}
            if "items" in before:
                counts["sightings"] = _count(session, _old_sightings(before["items"], table_of(Sighting)))
            return replace(done, **counts)
    work = _Work(engine, media, who, now)
    counts = {"sightings": work.sightings(before.get("items"))}
    for name, (cutoff, query, act) in wanted.items():
        if cutoff:
            counts[name] = work.through(name, query(cutoff), act)
    if "items" in before:
        work.tidy(before["items"])
    return replace(done, **counts, files=work.unlink())


def compact(engine: Engine, *, online: bool = False) -> None:
    """Write the database anew, so that what was removed is in none of its files any more.

    PostgreSQL's own write-ahead log and backups keep to the server's rules.

    Args:
        online: lock nobody out of PostgreSQL's tables: their room is used again, and what was removed may be read from
            the files until then. SQLite is written anew in any case.

    Raises:
        StorageUnavailable: another process reads the database, or the disk has no room for a second copy.
    """
    with closing(engine.connect().execution_options(isolation_level="AUTOCOMMIT")) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("VACUUM (ANALYZE)" if online else "VACUUM (FULL, ANALYZE)"))
            return
        raw = connection.connection.driver_connection
        assert raw is not None
        if raw.in_transaction:
            raw.rollback()
        raw.execute("PRAGMA query_only = 0")
        raw.execute("VACUUM")
        busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageUnavailable(
                "another process reads the database, so its write-ahead log still holds what was removed; "
                "stop it (`mekiki watch`?) and type `mekiki db prune` again"
            )


def removed_files(session: Session) -> set[str]:
    """Return the hashes of all that was taken out of the media store on purpose."""
    rows = session.scalars(select(CustodyRow.data).where(CustodyRow.action == PURGE))
    return {address for data in rows for address in data["files"]}


class _Work:
    """One run."""

    def __init__(self, engine: Engine, media: MediaStore, who: str, now: datetime) -> None:
        self._engine, self._media, self._who, self._now = engine, media, who, now

    def through(
        self,
        what: str,
        query: Select[int],
        act: Callable[[Session, MediaStore, Sequence[int]], list[str]],
    ) -> int:
        """Do something with every row of a query, few at a time; return how many there were.

        It is asked about a stretch of ids at a time: about all that are left it would, for each few rows, read the
        other tables from end to end. A stretch is as long as it takes to find some.
        """
        [column] = query.selected_columns
        with snapshot(self._engine) as session:
            first, end = session.execute(select(func.min(column), func.max(column))).one()
        count, stretch = 0, STRETCH
        last, end = (first - 1, end) if first is not None else (0, 0)
        while last < end:
            with transaction(self._engine) as session:
                lock_name(session, PRUNING)
                some = query.where(column > last, column <= last + stretch).order_by(column).limit(BATCH)
                ids = list(session.scalars(some))
                files = act(session, self._media, ids) if ids else []
                if files:
                    data = {"what": what, "files": files}
                    append(session, at=self._now, who=self._who, action=PURGE, subject="retention", data=data)
            count, full = count + len(ids), len(ids) == BATCH
            last = ids[-1] if full else last + stretch
            stretch = max(STRETCH, stretch // 2) if full else 2 * stretch
        return count

    def sightings(self, cutoff: datetime | None) -> int:
        """Make the months to come, and take out of those that are over what no case names; return how many rows."""
        with transaction(self._engine) as session:
            make_months(session.connection(), self._now)
            over = [month for month in months(session.connection()) if cutoff is not None and month.ends <= cutoff]
        if cutoff is None:
            return 0
        count = self.through("sightings", _old_sightings(cutoff, in_no_month(self._engine.dialect)), _unsee)
        for month in over:
            with suppress(Busy), transaction(self._engine) as session:  # another day, then
                lock_name(session, PRUNING)
                count += thin(session, month, _of_cases)
        return count

    def tidy(self, cutoff: datetime) -> None:
        """Take the words out of cases that have no more items with any, and remove keys that nothing has."""
        self.through("cases", select(Case.id).where(_over(cutoff), Case.title != PURGED), _empty_cases)
        self.through("keys", loose_keys(), _remove_keys)

    def unlink(self) -> int:
        """Remove the files that this run and earlier ones took out; what was stored again meanwhile stays.

        A crawl may be about to name a file that it has just stored: the next run removes it if that was not so.
        """
        with snapshot(self._engine) as session:
            gone = removed_files(session)
            gone -= pictured(session, gone)
            gone -= set(_evidence(session, self._media))
            gone -= set(_asked_with(session, self._media))
        count = 0
        for address in gone:
            path = self._media.path(address)
            if path.exists() and path.stat().st_mtime < (self._now - FRESH).timestamp():
                path.unlink()
                count += 1
        return count


def _over(cutoff: datetime, case: type[Case] = Case) -> ColumnElement[bool]:
    """Word in SQL which cases do not matter any more, nor did since `cutoff`."""
    touched = exists().where(CaseLog.case_id == case.id, CaseLog.at >= cutoff)
    return and_(case.state.in_(SILENT), case.held.is_(False), case.last_seen < cutoff, ~touched)


def _named(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Word in SQL which items a case names."""
    joins = or_(CaseJoin.item_id == item_id, CaseJoin.with_item == item_id)
    return or_(
        exists().where(CaseItem.item_id == item_id),
        exists().where(CaseKey.item_id == item_id),
        exists().where(joins),
        exists().where(CasePair.item_id == item_id),
    )


def _of_cases(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Word in SQL the same for many rows, so that each of the other tables is read once."""
    sides = (CaseItem.item_id, CaseKey.item_id, CaseJoin.item_id, CaseJoin.with_item, CasePair.item_id)
    return item_id.in_(union_all(*(select(side).where(side.is_not(None)) for side in sides)))


def _unseen(cutoff: datetime) -> ColumnElement[bool]:
    seen = exists().where(Sighting.item_id == ItemRow.id, Sighting.seen_at >= cutoff)
    return and_(ItemRow.recorded_at < cutoff, ~seen)


def _matters(cutoff: datetime) -> ColumnElement[bool]:
    return exists().where(CaseItem.item_id == ItemRow.id, CaseItem.case_id == Case.id, ~_over(cutoff))


def _loose_items(cutoff: datetime) -> Select[int]:
    return select(ItemRow.id).where(_unseen(cutoff), ~_named(table_of(ItemRow).c.id))


def _old_sightings(cutoff: datetime, table: Table) -> Select[int]:
    return select(table.c.id).where(table.c.recorded_at < beginning(cutoff), ~_named(table.c.item_id))


def _settled_items(cutoff: datetime) -> Select[int]:
    query = select(ItemRow.id).where(_unseen(cutoff), ItemRow.external_id != PURGED)
    return query.where(_named(table_of(ItemRow).c.id), ~_matters(cutoff))


def _old_pictures(cutoff: datetime) -> Select[int]:
    pictures = exists().where(VersionPicture.version_id == ItemVersion.id)
    query = select(ItemVersion.id).join(ItemRow, ItemRow.id == ItemVersion.item_id)
    return query.where(pictures, _unseen(cutoff), ~_matters(cutoff))


def _old_visits(cutoff: datetime) -> Select[int]:
    over = exists().where(Case.id == VisitRow.case_id, _over(cutoff))
    return select(VisitRow.id).where(VisitRow.started_at < cutoff, or_(VisitRow.case_id.is_(None), over))


def _old_notices(cutoff: datetime) -> Select[int]:
    """Return those of cases that are over, wholly: a part of a case that matters is none."""
    up = select(Case.id.label("part"), Case.merged_into.label("whole")).where(Case.merged_into.is_not(None))
    parts = up.cte("parts", recursive=True)
    above = select(parts.c.part, Case.merged_into).join(Case, Case.id == parts.c.whole)
    parts = parts.union_all(above.where(Case.merged_into.is_not(None)))
    whole = aliased(Case)
    matters = exists().where(parts.c.part == NoticeRow.case_id, whole.id == parts.c.whole, ~_over(cutoff, whole))
    query = select(NoticeRow.id).join(Case, Case.id == NoticeRow.case_id)
    return query.where(_over(cutoff), NoticeRow.subject != PURGED, ~matters)


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _remove(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    return remove_items(session, ids)


def _unsee(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    session.execute(delete(Sighting).where(Sighting.id.in_(ids)), execution_options={"synchronize_session": False})
    return []


def _empty(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    return empty_items(session, ids)


def _unpicture(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    return forget_pictures(session, ids)


def _empty_cases(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    empty_cases(session, ids)
    return []


def _remove_keys(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:  # noqa: ARG001
    remove_keys(session, ids)
    return []


def _unvisit(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:
    """Remove visits; return their manifests, and the files that those name."""
    visits = session.scalars(select(VisitRow.visit).where(VisitRow.id.in_(ids)))
    manifests = {visit["evidence"] for visit in visits if visit.get("evidence")}
    session.execute(delete(VisitRow).where(VisitRow.id.in_(ids)), execution_options={"synchronize_session": False})
    return sorted({file for manifest in manifests for file in _named_in(media, manifest)})


def _unnotice(session: Session, media: MediaStore, ids: Sequence[int]) -> list[str]:
    """Take the words out of notices; return their manifests, the files that went with them, and what came back."""
    files = sorted(_asked_with(session, media, ids))
    empty_notices(session, ids)
    return files


def _asked_with(session: Session, media: MediaStore, ids: Sequence[int] | None = None) -> Iterator[str]:
    """Yield every file that notices consist of: what was sent, what went with it, what came back."""
    notices = select(NoticeRow.content, NoticeRow.manifest).where(NoticeRow.subject != PURGED)
    came = select(NoticeReply.digest).join(NoticeRow, NoticeRow.id == NoticeReply.notice_id)
    came = came.where(NoticeRow.subject != PURGED)
    if ids is not None:
        notices, came = notices.where(NoticeRow.id.in_(ids)), came.where(NoticeRow.id.in_(ids))
    for content, manifest in session.execute(notices, execution_options={"yield_per": BATCH}):
        yield from (str(file["sha256"]) for file in content.get("attachments", ()))
        if manifest is not None:
            yield from _named_in(media, manifest)
    yield from session.scalars(came, execution_options={"yield_per": BATCH})


def _evidence(session: Session, media: MediaStore) -> Iterator[str]:
    """Yield every file that the evidence of the visits that stay consists of."""
    for visit in session.scalars(select(VisitRow.visit).execution_options(yield_per=200)):
        if visit.get("evidence"):
            yield from _named_in(media, visit["evidence"])


def _named_in(media: MediaStore, manifest: str) -> Iterator[str]:
    """Yield a manifest and the files that it names; nothing more where it cannot be read (`mekiki verify` tells)."""
    yield manifest
    try:
        named = json.loads(media.read(manifest))["files"]
        yield from (str(file["sha256"]) for file in named)
    except (MediaMissing, ValueError, KeyError, TypeError):
        return
