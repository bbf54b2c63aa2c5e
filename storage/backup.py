"""Backups: a folder with a set for each time, and one store of media files for all of them.

1. Media files that the backup does not have yet are copied, each compared with its name, which is its hash.
2. The database, in one state. Every file that it names was stored before, so it is in step 1 or younger than that.
3. Media files again: those that came meanwhile. What retention removes beside us was copied in step 1, and what was
   stored within the last hour it leaves alone (`storage.retention.FRESH`). So no row of a set names a file that the
   backup lacks, and nobody has to stop.
4. A manifest lists every file with size and SHA-256, and notes the head of the chain of custody; its own hash stands
   beside it.

Files are copied, not linked: a link is the same bytes on the same disk, and dies with them.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, func, inspect, select, text
from sqlalchemy.orm import Session

from storage.custody import head
from storage.database import revision_of, snapshot
from storage.dumping import dump
from storage.errors import CopyRefused, MediaMissing
from storage.media import ADDRESS, MediaStore, sync_folder
from storage.schema import Base

MANIFEST, SEAL, MEDIA_LIST = "manifest.json", "manifest.sha256", "media.sha256"
CONFIGURATION = "configuration"
DATABASES = {"sqlite": "mekiki.db", "postgresql": "mekiki.dump"}
VERSION = 1  # of the manifest
_PIECE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One set."""

    folder: Path
    rows: int
    files: int  # of media, in this set
    new: int  # of them copied now
    configuration: int
    damaged: tuple[str, ...]  # addresses of media files whose content is another one: left out
    head: str  # of the chain of custody


def make_backup(
    engine: Engine, media: MediaStore, folder: Path, configuration: Sequence[Path], *, base: Path, now: datetime
) -> Made:
    """Add a set to a folder, which is made if it is not there.

    Args:
        configuration: files that belong to the set; those outside `base` go without their folders.
        base: folder of the configuration.

    Raises:
        CopyRefused: there is a set of this second, or a program that dumps is missing.
        StorageUnavailable: the database cannot be used.
        OSError: the folder cannot be written to.
    """
    target = folder / f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    aside = folder / f".{target.name}"
    store = MediaStore(folder / "media")
    if target.exists():
        raise CopyRefused(f"{target} is there already")
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
    aside.mkdir(mode=0o700, parents=True)
    damaged: dict[str, None] = {}
    live, new = _copy_media(media, store, damaged)
    database = aside / DATABASES[engine.dialect.name]
    facts = _COPIES[engine.dialect.name](engine, database)
    live_then, new_then = _copy_media(media, store, damaged)
    listed = sorted(address for address in live | live_then if store.path(address).exists())
    _make_private(aside / MEDIA_LIST)
    (aside / MEDIA_LIST).write_text("".join(f"{address}\n" for address in listed), "ascii")
    for file in configuration:
        _copy_configuration(file, base, aside / CONFIGURATION)
    files = [file for file in sorted(aside.rglob("*")) if file.is_file()]
    manifest = {
        "version": VERSION,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "tool": f"mekiki {version('mekiki')}",
        "database": {"kind": engine.dialect.name, "file": database.name, **facts},
        "media": len(listed),
        "files": [
            {"name": str(file.relative_to(aside)), "bytes": file.stat().st_size, "sha256": hash_of(file)}
            for file in files
        ],
    }
    _seal(aside, manifest)
    _sync(aside)
    aside.rename(target)
    sync_folder(folder)
    return Made(
        folder=target,
        rows=sum(facts["rows"].values()),
        files=len(listed),
        new=new + new_then,
        configuration=len(configuration),
        damaged=tuple(sorted(damaged)),
        head=facts["head"],
    )


def thin_backup(folder: Path, keep: int) -> int:
    """Remove all sets but the latest few, and media files that none of these lists; return how many sets went."""
    there = sets(folder)
    for old in there[:-keep]:
        shutil.rmtree(old)
    listed = {line for one in there[-keep:] for line in (one / MEDIA_LIST).read_text("ascii").split()}
    store = MediaStore(folder / "media")
    for address in list(addresses(store)):
        if address not in listed:
            store.path(address).unlink()
    return len(there[:-keep])


def sets(folder: Path) -> list[Path]:
    """Return the finished sets of a folder, the oldest first."""
    return sorted(file.parent for file in folder.glob(f"[0-9]*Z/{MANIFEST}"))


def addresses(store: MediaStore) -> Iterator[str]:
    """Yield the addresses of the files of a store."""
    for file in store.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if ADDRESS.fullmatch(file.name):
            yield file.name


def hash_of(file: Path) -> str:
    """Return the SHA-256 (hex) of a file, read in pieces."""
    digest = sha256()
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def state_of(connection: Connection) -> dict[str, Any]:
    """Return the revision of a database, how many rows each table has, and the head of the chain of custody."""
    there = set(inspect(connection).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in there]
    counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    return {"revision": revision_of(connection), "rows": counts, "head": str(head(Session(connection)))}


def _copy_media(media: MediaStore, store: MediaStore, damaged: dict[str, None]) -> tuple[set[str], int]:
    """Copy the files that are new; return the addresses of all that are there, and how many were copied.

    Those of damaged ones are added to `damaged`.
    """
    live, new = set(), 0
    for address in addresses(media):
        live.add(address)
        if store.path(address).exists() or address in damaged:
            continue
        try:
            data = media.read(address)
        except MediaMissing:  # retention was faster
            continue
        if sha256(data).hexdigest() == address:
            store.put(data)
            new += 1
        else:
            damaged[address] = None
    return live, new


def _copy_sqlite(engine: Engine, target: Path) -> dict[str, Any]:
    assert engine.url.database
    _make_private(target)
    with closing(sqlite3.connect(engine.url.database)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    plain = create_engine(f"sqlite:///{target}", poolclass=NullPool)
    with plain.connect() as connection:
        return state_of(connection)


def _dump_postgresql(engine: Engine, target: Path) -> dict[str, Any]:
    with snapshot(engine) as session:
        exported = session.scalar(text("SELECT pg_export_snapshot()"))
        assert exported is not None
        _make_private(target)
        dump(engine, target, exported)
        return state_of(session.connection())


_COPIES = {"sqlite": _copy_sqlite, "postgresql": _dump_postgresql}


def _make_private(file: Path) -> None:
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _copy_configuration(file: Path, base: Path, target: Path) -> None:
    inside = file.relative_to(base) if file.is_relative_to(base) else Path(file.name)
    there = target / inside
    there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_private(there)
    there.write_bytes(file.read_bytes())


def _seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, and its hash beside it in the form that `sha256sum --check` reads."""
    data = json.dumps(manifest, indent=1).encode() + b"\n"
    for name, content in ((MANIFEST, data), (SEAL, f"{sha256(data).hexdigest()}  {MANIFEST}\n".encode())):
        _make_private(folder / name)
        (folder / name).write_bytes(content)


def _sync(folder: Path) -> None:
    """Bring files and names of a folder to the disk."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
