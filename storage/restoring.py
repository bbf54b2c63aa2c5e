"""Restoring: a set of a backup comes back into an empty database and an empty media store.

Everything is compared with the set's manifest, and every media file with its name, before anything is written; what
was written is compared with the manifest's counts and its head of the chain of custody at the end. A manifest may come
from anybody: only files that it names, and that lie in its own folder, are ever read.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
from sqlalchemy import Engine, inspect

from safety.screen import screen
from storage.backup import (
    CONFIGURATION,
    DATABASES,
    MANIFEST,
    MEDIA_LIST,
    SEAL,
    VERSION,
    addresses,
    hash_of,
    sets,
    state_of,
)
from storage.database import check_revision, snapshot
from storage.dumping import check_contents, check_role, undump
from storage.errors import CopyRefused
from storage.media import ADDRESS, MediaStore, sync_folder
from storage.schema import Base

_MANY = 5  # faults that one message names


class _Version(msgspec.Struct):
    version: int


class _File(msgspec.Struct, frozen=True):
    name: str
    sha256: str


class _Database(msgspec.Struct, frozen=True):
    kind: str
    file: str
    revision: str | None
    rows: dict[str, int]
    head: str


class Manifest(msgspec.Struct, frozen=True):
    """What `storage.backup.make_backup` writes, as far as it is needed here."""

    database: _Database
    files: tuple[_File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSet:
    """One set, found whole and unchanged, with every media file it lists."""

    folder: Path
    manifest: Manifest
    media: tuple[str, ...]  # addresses
    store: MediaStore  # where they are

    @property
    def database(self) -> Path:
        return self.folder / self.manifest.database.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back."""

    rows: int
    files: int  # of media
    head: str  # of the chain of custody


def open_backup(folder: Path) -> BackupSet:
    """Check a set, or the latest one of a folder, byte by byte.

    Raises:
        CopyRefused: there is none, or something in it is missing or was changed; the message names what.
    """
    if not (folder / MANIFEST).exists():
        there = sets(folder)
        if not there:
            raise CopyRefused(f"{folder}: no backup is there (a folder with a {MANIFEST})")
        folder = there[-1]
    manifest = _manifest(folder)
    store = MediaStore(folder.parent / "media")
    faults = list(_changed(folder, manifest))
    listed = () if faults else tuple((folder / MEDIA_LIST).read_text("ascii", errors="replace").split())
    faults += _damaged(store, listed)
    if faults:
        more = f" and {len(faults) - _MANY} more" if len(faults) > _MANY else ""
        raise CopyRefused(f"{folder}: the backup is damaged, nothing was restored: {'; '.join(faults[:_MANY])}{more}")
    return BackupSet(folder=folder, manifest=manifest, media=listed, store=store)


def restore_configuration(found: BackupSet, path: Path) -> Iterator[Path]:
    """Put the configuration's files where they belong beside `path`, the main one; yield each.

    Raises:
        CopyRefused: a file is there already, or the set holds none of the name of `path`.
    """
    source = found.folder / CONFIGURATION
    named = dict.fromkeys(found.folder / entry.name for entry in found.manifest.files)
    files = [file for file in named if file.is_relative_to(source)]
    targets = [path.absolute().parent / file.relative_to(source) for file in files]
    if targets and path.absolute() not in targets:
        names = [screen(file.name) for file in files if file.parent == source and file.suffix == ".toml"][:_MANY]
        raise CopyRefused(f"the backup has no {path.name}, but {', '.join(names)}: name the main one by --config")
    if taken := [target for target in targets if target.exists()]:
        raise CopyRefused(f"{taken[0]} is there already; name an empty folder by --config")
    for file, target in zip(files, targets, strict=True):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(file, target)
        yield target


def restore(found: BackupSet, engine: Engine, media: MediaStore) -> Restored:
    """Bring a set back: media files first, so that no row ever names a file that is not there.

    Raises:
        CopyRefused: the target holds something or is of another kind, its role may do too much, the dump holds what is
            not ours, or what came back is not what the manifest says.
        DatabaseOutdated: the set was made by a newer program.
    """
    kind = found.manifest.database.kind
    if kind != engine.dialect.name:
        raise CopyRefused(
            f"the backup is of {kind}, the configured database is {engine.dialect.name}: "
            "restore it into its own kind, then `mekiki db copy`"
        )
    check_revision(found.manifest.database.revision)
    if kind != "sqlite":
        check_role(engine)
        check_contents(engine, found.database, {*Base.metadata.tables, "alembic_version"})
    with snapshot(engine) as session:
        if inspect(session.connection()).get_table_names():
            raise CopyRefused("the configured database holds tables already: name an empty one")
    if next(addresses(media), None) is not None:
        raise CopyRefused(f"{media.root} holds files already: name an empty folder")
    for address in found.media:
        media.put(found.store.read(address))
    if kind == "sqlite":
        assert engine.url.database
        engine.dispose()
        _put_over(found.database, Path(engine.url.database))
    else:
        undump(engine, found.database)
    with snapshot(engine) as session:
        state = state_of(session.connection())
    if state != {name: getattr(found.manifest.database, name) for name in state}:
        raise CopyRefused("what was restored is not what the manifest says: do not use it, try another set")
    return Restored(rows=sum(state["rows"].values()), files=len(found.media), head=state["head"])


def _manifest(folder: Path) -> Manifest:
    try:
        data = (folder / MANIFEST).read_bytes()
        sealed = (folder / SEAL).read_bytes()
    except OSError as error:
        raise CopyRefused(f"{folder}: cannot be read: {error.strerror}") from error
    if sealed != f"{sha256(data).hexdigest()}  {MANIFEST}\n".encode():
        raise CopyRefused(f"{folder / MANIFEST}: was changed since the backup was made (see {SEAL})")
    try:
        made_by = msgspec.json.decode(data, type=_Version).version
        if made_by != VERSION:
            raise CopyRefused(f"{folder / MANIFEST}: is of version {made_by}; install the mekiki that made it")
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CopyRefused(f"{folder / MANIFEST}: is no manifest of a backup: {error}") from error
    needed = {MEDIA_LIST, DATABASES.get(manifest.database.kind, manifest.database.file), manifest.database.file}
    if missing := needed - {entry.name for entry in manifest.files}:
        raise CopyRefused(f"{folder / MANIFEST}: does not name {sorted(missing)[0]}")
    return manifest


def _changed(folder: Path, manifest: Manifest) -> Iterator[str]:
    for entry in manifest.files:
        file = folder / entry.name
        if not _inside(file, folder):
            yield f"{entry.name} leads out of the backup"
        elif not file.is_file():
            yield f"{entry.name} is missing"
        elif hash_of(file) != entry.sha256:
            yield f"{entry.name} was changed"


def _inside(file: Path, folder: Path) -> bool:
    """Tell whether a file lies in a folder, after `..` and links."""
    try:
        return ".." not in file.parts[len(folder.parts) :] and file.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # a loop of links; a NUL in the name
        return False


def _damaged(store: MediaStore, listed: tuple[str, ...]) -> Iterator[str]:
    for address in listed:
        if not ADDRESS.fullmatch(address):
            yield f"{MEDIA_LIST} names {address[:80]!r}, which is no SHA-256"
            continue
        file = store.path(address)
        if not file.is_file():
            yield f"media file {address} is missing"
        elif hash_of(file) != address:
            yield f"media file {address} was changed"


def _put(source: Path, target: Path) -> None:
    """Copy a file, private, to where there is none, durably."""
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())
    sync_folder(target.parent)


def _put_over(source: Path, target: Path) -> None:
    """Let a file take the place of an empty database, at once."""
    aside = target.with_name(f".{target.name}.restored")
    aside.unlink(missing_ok=True)
    _put(source, aside)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    aside.rename(target)
    sync_folder(target.parent)
