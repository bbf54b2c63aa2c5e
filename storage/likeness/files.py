"""The index's folder: a file that says which files hold, how long they are and what they sum up to, and those.

Nothing is believed unchecked: a length or sum that differs is `Damaged`, and the caller makes the index anew. Writers
take turns by a lock; readers need none, because a file is never changed once it has its name.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from storage.errors import MatchingMissing
from storage.likeness.shelf import FORMS, Shelf, has_faiss

# Raised when codes are made in another way, so that old ones say nothing any more.
FORMAT: int = 1
MANIFEST = "index.json"
MOST_MANIFEST = 64 * 1024  # bytes
Kind = Literal["pictures", "texts"]
Count = Annotated[int, msgspec.Meta(ge=0)]
_LOCK = "lock"
_CHUNK = 1 << 22
_ID = 8  # bytes of an id in a tail


class Damaged(Exception):
    """The folder holds something else than this program wrote; the message says what, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that holds."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+-[0-9a-f]{16}\.(tail|lists)$")]
    bytes: Count
    sha256: str
    rows: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Up to which row of the database the index goes: the last one that it has."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    key: Annotated[
        str, msgspec.Meta(pattern=r"^([0-9a-f]{64}|[0-9]{1,19})$")
    ]  # the picture's SHA-256, or the number of the version


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the index consists of."""

    format: int = FORMAT
    marks: Mapping[Kind, Mark] = field(default_factory=dict)
    lists: Mapping[str, File] = field(default_factory=dict)  # by the shelf's name
    tails: Mapping[str, File] = field(default_factory=dict)

    def up_to(self, kind: Kind, mark: Mark) -> "Manifest":
        """Return it with another mark."""
        return replace(self, marks={**self.marks, kind: mark})


def read_manifest(folder: Path) -> Manifest | None:
    """Return what the folder says of itself; None where there is no index yet.

    Raises:
        Damaged: it says nothing that can be understood.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(MOST_MANIFEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"{path} is no index") from error
    if manifest.format != FORMAT:
        raise Damaged(f"{path} was written by another version of mekiki")
    lengths = {kind: len(mark.key) for kind, mark in manifest.marks.items()}
    keyed = lengths.get("pictures", 64) == 64 and lengths.get("texts", 1) < 20
    if not {*manifest.lists, *manifest.tails} <= FORMS.keys() or not keyed:
        raise Damaged(f"{path} names what is no part of an index")
    return manifest


def read_shelf(folder: Path, manifest: Manifest, name: str) -> Shelf:
    """Return a shelf as the folder has it.

    Raises:
        Damaged: a file is not what the manifest says.
        FileNotFoundError: a file is not there; another process may have replaced it.
        MatchingMissing: it has lists, and faiss is not installed.
    """
    shelf = Shelf(FORMS[name])
    width = shelf.form.width
    if (file := manifest.tails.get(name)) is not None:
        data = _checked(folder, file, (width + _ID) * file.rows)
        ids = np.frombuffer(data, dtype="<i8", count=file.rows).astype(np.int64)
        shelf.extend(ids, np.frombuffer(data, dtype=np.uint8, offset=_ID * file.rows).reshape(-1, width))
    if (file := manifest.lists.get(name)) is not None:
        if not has_faiss():
            raise MatchingMissing(
                f"the index in {folder} was made with faiss, which is not installed: install mekiki[matching], "
                "or type: mekiki db index --rebuild"
            )
        if _sum(folder / file.name) != (file.bytes, file.sha256):
            raise Damaged(f"{folder / file.name} is not as it was written")
        if not shelf.read_lists(folder / file.name, file.rows):
            raise Damaged(f"{folder / file.name} is no index of this kind")
    return shelf


def write_tail(folder: Path, name: str, shelf: Shelf) -> File:
    """Write the tail of a shelf under a new name."""
    ids, codes = shelf.tail
    data = ids.astype("<i8").tobytes() + codes.tobytes()

    def write(path: Path) -> None:
        path.write_bytes(data)

    return _written(folder, f"{name}-{secrets.token_hex(8)}.tail", write, len(ids))


def write_lists(folder: Path, name: str, shelf: Shelf) -> File:
    """Write the lists of a shelf under a new name."""
    return _written(folder, f"{name}-{secrets.token_hex(8)}.lists", shelf.write_lists, shelf.in_lists)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Let other files hold from now on, and remove those that do not any more. Only with the lock."""

    def write(path: Path) -> None:
        path.write_bytes(msgspec.json.encode(manifest))

    _written(folder, MANIFEST, write, 0)
    held = {file.name for file in (*manifest.lists.values(), *manifest.tails.values())} | {MANIFEST, _LOCK}
    for path in folder.iterdir():
        if path.name not in held and (path.suffix in (".tail", ".lists") or path.name.startswith(".new-")):
            path.unlink(missing_ok=True)


@contextmanager
def turn_to_write(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Give the turn to write, or say that another process has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _written(folder: Path, name: str, write: Callable[[Path], None], rows: int) -> File:
    """Write a file aside, onto the disk, and give it its name."""
    aside = folder / f".new-{secrets.token_hex(8)}"
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        write(aside)
        length, digest = _sum(aside)
        _flush(aside)
        aside.rename(folder / name)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _flush(folder)
    return File(name=name, bytes=length, sha256=digest, rows=rows)


def _checked(folder: Path, file: File, expected: int) -> bytes:
    path = folder / file.name
    if file.bytes != expected or path.stat().st_size != expected:
        raise Damaged(f"{path} is not as long as it was written")
    data = path.read_bytes()
    if sha256(data).hexdigest() != file.sha256:
        raise Damaged(f"{path} is not as it was written")
    return data


def _sum(path: Path) -> tuple[int, str]:
    """Return length and SHA-256 of a file."""
    length, digest = 0, sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            length += len(data)
            digest.update(data)
    return length, digest.hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
