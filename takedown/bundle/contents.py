"""Contents: which files make up a bundle, each under a name of ours, found sound before anything is written.

What a stranger called a thing is never a name here: paths are made of a role, a number and a hash. A file that
retention took away, that is missing or differs from its hash is named as lost, never left out in silence.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal

from storage.errors import MediaMissing
from storage.evidence import VERSION, EvidenceFile
from storage.media import MediaStore

LARGEST_MANIFEST = 50 * 2**20  # bytes; as `storage.verification` has it
MOST_OF_A_ROLE = 10**6  # files of one role in a manifest: keeps names short
FOLDERS = {"warc": "warc", "screenshot": "screenshots", "page": "pages", "log": "logs"}
_ENDINGS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"))

Why = Literal["missing", "differs", "unreadable", "purged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of the bundle."""

    path: str  # in the bundle, ASCII, `/` between folders
    role: str
    sha256: str
    bytes: int
    source: Path  # where its content is now


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A file that should be in the bundle and cannot be."""

    role: str
    sha256: str
    of: str  # what it belongs to, e.g. "manifest 3f…"
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp on a manifest, or that one is still to come."""

    manifest: str
    authority: str
    stamped_at: datetime | None  # as the authority says
    token: str | None  # SHA-256
    problem: str | None  # why the last attempt failed


class Contents:
    """Files as they are gathered; each content once, however many things it proves."""

    def __init__(self, media: MediaStore, purged: frozenset[str] = frozenset()) -> None:
        """Take the store, and what retention took out of it on purpose."""
        self._media, self._purged = media, purged
        self._entries: dict[str, Entry] = {}  # by path
        self._paths: dict[str, str] = {}  # by SHA-256, the first path
        self._numbers: dict[str, int] = {}  # by kind, the last one given
        self._lost: dict[tuple[str, str], Lost] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.path))

    @property
    def lost(self) -> tuple[Lost, ...]:
        """What could not be put in, in the order in which it was asked for."""
        return tuple(self._lost.values())

    def path_of(self, address: str | None) -> str | None:
        """Return where the content with this SHA-256 stands in the bundle; None where it is not."""
        return self._paths.get(address) if address is not None else None

    def add_made(self, path: str, source: Path, role: str) -> Entry:
        """Put in a file that was made for this bundle."""
        with source.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
            entry = Entry(path=path, role=role, sha256=digest, bytes=stream.tell(), source=source)
        self._entries[path] = entry
        self._paths.setdefault(digest, path)
        return entry

    def add_stored(self, address: str, role: str, folder: str, *, of: str, ending: str | None = None) -> str | None:
        """Put in a file of the media store under the next number of its kind; return its path, None if it is lost.

        Args:
            address: SHA-256.
            role: what it is, a word of ours.
            folder: a word of ours.
            of: what it belongs to, for people.
            ending: of its name; None: by what it is, where that is a picture to show.
        """
        if address in self._paths:
            return self._paths[address]
        found = self._sound(address, role, of)
        if found is None:
            return None
        source, size = found
        if ending is None:
            head = self.head_of(address, 8)
            ending = next((ending for magic, ending in _ENDINGS if head.startswith(magic)), ".bin")
        kind = f"{folder}/{role}"
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        path = f"{kind}-{self._numbers[kind]}-{address[:16]}{ending}"
        return self._put(Entry(path=path, role=role, sha256=address, bytes=size, source=source))

    def head_of(self, address: str, length: int) -> bytes:
        """Return the first bytes of a file of the media store; nothing where it is not there."""
        try:
            with self._media.path(address).open("rb") as stream:
                return stream.read(length)
        except (OSError, ValueError):
            return b""

    def add_manifest(self, address: str, folder: str | None = None) -> Mapping[str, Any] | None:
        """Put in a manifest and every file that it names; return what it says, None where it cannot be read.

        Args:
            address: SHA-256 of the manifest.
            folder: for its files; None: by their roles.
        """
        of = f"manifest {address}"
        found = self._sound(address, "manifest", "the custody chain")
        if found is None:
            return None
        source, size = found
        self._put(Entry(path=f"manifests/{address}.json", role="manifest", sha256=address, bytes=size, source=source))
        try:
            if size > LARGEST_MANIFEST:
                raise ValueError
            manifest = json.loads(source.read_bytes())
            if manifest["version"] != VERSION:
                raise ValueError
            files = [
                EvidenceFile(role=one["role"], number=one["number"], address=one["sha256"], bytes=one["bytes"])
                for one in manifest["files"]
            ]
            if any(file.number > MOST_OF_A_ROLE for file in files):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            self._lose("manifest", address, "the custody chain", "unreadable")
            return None
        for file in files:
            sound = self._sound(file.address, file.role, of, size=file.bytes)
            if sound is not None and file.address not in self._paths:
                path = f"{folder or FOLDERS.get(file.role, 'files')}/{file.name}"
                self._put(Entry(path=path, role=file.role, sha256=file.address, bytes=file.bytes, source=sound[0]))
        return dict(manifest)

    def _put(self, entry: Entry) -> str:
        if entry.path in self._entries and self._entries[entry.path].sha256 != entry.sha256:
            # Sixteen digits of a hash can be made to be alike by somebody who tries hard; all of them cannot.
            folder, _, name = entry.path.rpartition("/")
            entry = replace(entry, path=f"{folder}/{entry.role}-{entry.sha256}.{name.partition('.')[2]}")
        self._entries[entry.path] = entry
        return self._paths.setdefault(entry.sha256, entry.path)

    def _sound(self, address: str, role: str, of: str, *, size: int | None = None) -> tuple[Path, int] | None:
        """Return where a stored file is and how long, or note why it is lost."""
        try:
            path = self._media.path(address)
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise OSError("no plain file")
                digest, length = file_digest(stream, "sha256").hexdigest(), stream.tell()
        except FileNotFoundError:
            self._lose(role, address, of, "purged" if address in self._purged else "missing")
        except (OSError, ValueError):
            self._lose(role, address, of, "unreadable")
        else:
            if digest == address and size in (None, length):
                return path, length
            self._lose(role, address, of, "differs")
        return None

    def _lose(self, role: str, address: str, of: str, why: Why) -> None:
        self._lost.setdefault((address, of), Lost(role=role, sha256=address, of=of, why=why))

    def read(self, address: str) -> bytes:
        """Return the content with this SHA-256.

        Raises:
            MediaMissing: it is not in the bundle, or was changed meanwhile.
        """
        path = self._paths.get(address)
        data = self._entries[path].source.read_bytes() if path is not None else b""
        if path is None or sha256(data).hexdigest() != address:
            raise MediaMissing(f"the bundle has no file {address}")
        return data
