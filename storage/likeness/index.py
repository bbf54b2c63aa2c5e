"""The index as one process has it: brought up to date from the database when it is opened, made anew, rid of the gone.

1. Pictures are read in the order in which they were saved, versions of items by number, from where the index ends.
2. What is older than `SETTLED` is behind every transaction still under way: it goes into the files, once. The newest
   rows are read each time and only held in memory.
3. Ids lead back: a picture's is made of its SHA-256, a text's is the number of the version.
4. What retention removes goes from the files, too (`forget`); until then a proposal whose row is gone comes to nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, func, literal, select, tuple_
from sqlalchemy.orm import Session

from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.likeness import asked, codes, cut_asked, cut_codes
from detector.text_likeness import runs, signature, words_of
from storage.columns import UtcDateTime
from storage.database import snapshot
from storage.errors import MatchingMissing, StorageUnavailable
from storage.forgetting import PURGED
from storage.items import item_from
from storage.likeness.files import (
    MANIFEST,
    Damaged,
    Kind,
    Manifest,
    Mark,
    read_manifest,
    read_shelf,
    turn_to_write,
    write_lists,
    write_manifest,
    write_tail,
)
from storage.likeness.shelf import FORMS, MANY, Ids, Shelf, has_faiss
from storage.schema import ItemRow, ItemVersion, Picture

Told = Callable[[str], object]  # is told one line for people
Entry = tuple[str, int, bytes]  # shelf, id, code

KINDS: tuple[Kind, ...] = ("pictures", "texts")
SHELVES: dict[Kind, tuple[str, ...]] = {"pictures": ("picture", "cut"), "texts": ("text",)}
SETTLED = timedelta(minutes=2)  # longer than a transaction, and than clocks of several machines differ
BATCH = 500  # rows read at once
WORTH = 500  # rows that are worth writing
WRITTEN = 50_000  # rows after which a long way is written
MOST_UNWRITTEN = 20_000  # codes that are made in memory alone: of rows just stored, or while another process writes
TRIES = 5


class LikenessIndex:
    """Pictures and texts, to be asked for near ones."""

    def __init__(self, shelves: dict[str, Shelf]) -> None:
        self.shelves = shelves

    def pictures(self, picture: PictureHash) -> dict[int, int]:
        """Return what may be a copy of a picture: ids (`picture_id`), with a distance in bits by which to order."""
        found = self.shelves["picture"].near(asked(picture))
        # The least differing crops come between: four of 64 bits are sixteen of 256.
        for number, distance in self.shelves["cut"].near(cut_asked(picture)).items():
            found.setdefault(number, 4 * distance)
        return found

    def texts(self, found: bytes) -> dict[int, int]:
        """Return the versions whose text may be like one, by its signature: their numbers, with a distance in bits."""
        return self.shelves["text"].near([found])


def picture_id(sha256: str) -> int:
    """Return the id of a picture: its first 64 bits."""
    return int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)


def prefix_of(number: int) -> str:
    """Return how the SHA-256 of a picture with this id begins, 16 hex digits."""
    return number.to_bytes(8, signed=True).hex()


def open_index(
    engine: Engine, folder: Path, *, now: datetime, say: Told, kinds: Sequence[Kind] = KINDS
) -> LikenessIndex:
    """Return the index, with everything that the database has.

    A damaged index, or one that goes farther than the database (which was restored), is said to be and made anew.

    Raises:
        StorageUnavailable: the folder cannot be used.
        MatchingMissing: it was made with faiss, which is not installed.
    """
    with _telling_of(folder):
        for _ in range(TRIES):
            try:
                with turn_to_write(folder, wait=False) as ours:
                    return _Opening(engine, folder, now, say).up_to_date(kinds, ours=ours)
            except FileNotFoundError:
                time.sleep(0.1)  # another process has just replaced what the manifest named
            except Damaged as problem:
                say(f"{problem}; it is made anew from the database")
                make_anew(engine, folder, now=now, say=say)
        raise StorageUnavailable(f"the index in {folder} changes faster than it can be read: try again")


def make_anew(engine: Engine, folder: Path, *, now: datetime, say: Told) -> dict[Kind, int]:
    """Make the index of nothing but the database; until it is ready the old one holds. Return how many codes it has."""
    with _telling_of(folder), turn_to_write(folder, wait=True):
        index = _Opening(engine, folder, now, say).anew()
        return {kind: len(index.shelves[SHELVES[kind][0]]) for kind in KINDS}


def forget(engine: Engine, folder: Path, *, say: Told) -> int:
    """Take everything out of the files whose row is gone or empty; return how many codes went.

    An index that cannot be read is removed: nothing may be left in it.

    Raises:
        StorageUnavailable: the folder cannot be used.
    """
    if not (folder / MANIFEST).exists():
        return 0
    with _telling_of(folder), turn_to_write(folder, wait=True):
        try:
            manifest = read_manifest(folder) or Manifest()
            shelves = {name: read_shelf(folder, manifest, name) for name in FORMS}
        except (Damaged, MatchingMissing, FileNotFoundError) as problem:
            say(f"{problem}; it is removed, and made anew when it is asked next")
            write_manifest(folder, Manifest())
            return 0
        alive = _alive(engine)
        gone = {name: shelf.keep(alive[kind]) for kind in KINDS for name in SHELVES[kind] if (shelf := shelves[name])}
        if any(gone.values()):
            _write(folder, manifest, shelves, {name for name, count in gone.items() if count})
        return sum(gone.values())


class _Opening:
    """One way from the files to an index."""

    def __init__(self, engine: Engine, folder: Path, now: datetime, say: Told) -> None:
        self._engine, self._folder, self._say = engine, folder, say
        self._settled = now - SETTLED

    def up_to_date(self, kinds: Sequence[Kind], *, ours: bool) -> LikenessIndex:
        manifest = read_manifest(self._folder) or Manifest()
        for kind in kinds:
            self._check(kind, manifest.marks.get(kind))
        try:
            shelves = {name: read_shelf(self._folder, manifest, name) for kind in kinds for name in SHELVES[kind]}
        except FileNotFoundError as error:
            if ours:  # so nobody has replaced it
                raise Damaged(f"{error.filename} is gone") from error
            raise
        for kind in kinds:
            mark = manifest.marks.get(kind)
            if ours:
                manifest, mark = self._extended(kind, manifest, shelves)
            self._held(kind, mark, shelves)
        for name, shelf in shelves.items():
            if not has_faiss() and len(shelf) >= MANY:
                self._say(
                    f"{len(shelf):,} {name} codes are looked through one by one; mekiki[matching] brings an index"
                )
        return LikenessIndex(shelves)

    def anew(self) -> LikenessIndex:
        manifest, shelves = Manifest(), {name: Shelf(form) for name, form in FORMS.items()}
        for kind in KINDS:
            count = 0
            for mark, rows in self._settled_rows(kind, None):
                _put(kind, rows, shelves)
                manifest = manifest.up_to(kind, mark)
                count += len(rows)
                if count % WRITTEN < len(rows):
                    self._say(f"{kind}: {count:,} codes")
        _write(self._folder, manifest, shelves, FORMS)
        return LikenessIndex(shelves)

    def _extended(self, kind: Kind, manifest: Manifest, shelves: dict[str, Shelf]) -> tuple[Manifest, Mark | None]:
        """Bring the files up to what is settled, and return what they say then, and where the shelves end.

        A long way is written in between, so that whoever is killed has not gone it in vain; a short one is not worth
        writing.
        """
        mark, unwritten = manifest.marks.get(kind), 0
        for last, rows in self._settled_rows(kind, mark):
            _put(kind, rows, shelves)
            mark, unwritten = last, unwritten + len(rows)
            if unwritten >= WRITTEN:
                manifest = _write(self._folder, manifest.up_to(kind, last), shelves, SHELVES[kind])
                unwritten = 0
                self._say(f"{kind}: {len(shelves[SHELVES[kind][0]]):,} codes")
        if mark is not None and unwritten >= WORTH:
            manifest = _write(self._folder, manifest.up_to(kind, mark), shelves, SHELVES[kind])
        return manifest, mark

    def _held(self, kind: Kind, mark: Mark | None, shelves: dict[str, Shelf]) -> None:
        """Put the newest rows into memory alone."""
        count = 0
        for _, _, rows in _rows(self._engine, kind, mark):
            _put(kind, rows, shelves)
            count += len(rows)
            if count >= MOST_UNWRITTEN:
                self._say(
                    f"more than {count:,} codes of {kind} are not in the index's files yet; the others are left out"
                )
                return

    def _settled_rows(self, kind: Kind, mark: Mark | None) -> Iterator[tuple[Mark, list[Entry]]]:
        for _, last, rows in _rows(self._engine, kind, mark, until=self._settled):
            yield last, rows

    def _check(self, kind: Kind, mark: Mark | None) -> None:
        """Make sure that the database is the one whose rows the index has, and no older copy of it."""
        if mark is None:
            return
        with snapshot(self._engine) as session:
            if kind == "pictures":
                newest = session.scalar(select(func.max(Picture.saved_at)))
                at = session.scalar(select(Picture.saved_at).where(Picture.sha256 == mark.key))
                sound = newest is not None and newest >= mark.at and (at is None or at >= mark.at)
            else:
                last = session.scalar(select(func.max(ItemVersion.id)))
                at = session.scalar(select(ItemVersion.recorded_at).where(ItemVersion.id == int(mark.key)))
                sound = last is not None and last >= int(mark.key) and at in (None, mark.at)
        if not sound:
            raise Damaged(f"the index in {self._folder} has {kind} that the database has not")


def _put(kind: Kind, rows: Sequence[Entry], shelves: dict[str, Shelf]) -> None:
    for name in SHELVES[kind]:
        shelves[name].add([(number, code) for shelf, number, code in rows if shelf == name])


def _write(folder: Path, manifest: Manifest, shelves: dict[str, Shelf], names: Iterable[str]) -> Manifest:
    """Write shelves that have changed, those with a long tail as lists, and let them hold."""
    lists, tails = dict(manifest.lists), dict(manifest.tails)
    for name in sorted(names):
        shelf = shelves[name]
        if shelf.due:
            shelf.into_lists()
            lists[name] = write_lists(folder, name, shelf)
        elif shelf.base is None:
            lists.pop(name, None)
        elif name not in lists or lists[name].rows != shelf.in_lists:
            lists[name] = write_lists(folder, name, shelf)
        tails[name] = write_tail(folder, name, shelf)
    written = replace(manifest, lists=lists, tails=tails)
    write_manifest(folder, written)
    return written


def _rows(
    engine: Engine, kind: Kind, mark: Mark | None, *, until: datetime | None = None
) -> Iterator[tuple[int, Mark, list[Entry]]]:
    """Yield rows behind a mark, some at a time: how many, the mark of the last one, and what is kept of them."""
    read = _picture_rows if kind == "pictures" else _text_rows
    while True:
        with snapshot(engine) as session:
            count, last, rows = read(session, mark, until)
        if last is None:
            return
        yield count, last, rows
        if count < BATCH:
            return
        mark = last


def _picture_rows(session: Session, mark: Mark | None, until: datetime | None) -> tuple[int, Mark | None, list[Entry]]:
    query = select(Picture.saved_at, Picture.sha256, Picture.hash).where(Picture.hash.is_not(None))
    if mark is not None:
        place = tuple_(literal(mark.at, UtcDateTime()), literal(mark.key))
        query = query.where(tuple_(Picture.saved_at, Picture.sha256) > place)
    if until is not None:
        query = query.where(Picture.saved_at <= until)
    found = session.execute(query.order_by(Picture.saved_at, Picture.sha256).limit(BATCH)).all()
    rows: list[Entry] = []
    for _, sha256, known in found:
        if known is not None:  # JSON's null, of a picture that was refused
            picture, number = picture_hash_from_dict(known), picture_id(sha256)
            rows += [("picture", number, code) for code in codes(picture)]
            rows += [("cut", number, code) for code in cut_codes(picture)]
    return len(found), Mark(at=found[-1][0], key=found[-1][1]) if found else None, rows


def _text_rows(session: Session, mark: Mark | None, until: datetime | None) -> tuple[int, Mark | None, list[Entry]]:
    query = select(ItemVersion.id, ItemVersion.recorded_at, ItemVersion.content).order_by(ItemVersion.id).limit(BATCH)
    if mark is not None:
        query = query.where(ItemVersion.id > int(mark.key))
    found = session.execute(query).all()
    if until is not None:  # numbers are given in the order of inserts: behind the first unsettled row nothing is
        settled = next((place for place, row in enumerate(found) if row[1] > until), len(found))
        found = found[:settled]
    rows: list[Entry] = []
    for number, _, content in found:
        code = signature(runs(words_of(item_from(content))))
        if code is not None:
            rows.append(("text", number, code))
    return len(found), Mark(at=found[-1][1], key=str(found[-1][0])) if found else None, rows


def _alive(engine: Engine) -> dict[Kind, Ids]:
    """Return the ids of all pictures, and of all versions that still have their words."""
    with snapshot(engine) as session:
        pictures = session.scalars(select(Picture.sha256), execution_options={"yield_per": 10_000})
        ids = np.fromiter((picture_id(sha256) for sha256 in pictures), dtype=np.int64)
        versions = select(ItemVersion.id).join(ItemRow, ItemRow.id == ItemVersion.item_id)
        versions = versions.where(ItemRow.external_id != PURGED)
        texts = np.fromiter(session.scalars(versions, execution_options={"yield_per": 10_000}), dtype=np.int64)
    return {"pictures": ids, "texts": texts}


@contextmanager
def _telling_of(folder: Path) -> Iterator[None]:
    """Make an error for people of what cannot be written or read."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"the index in {folder} cannot be used: {error.strerror}") from error
