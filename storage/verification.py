"""Verification: is everything that was kept as evidence still there, unchanged? Reads only, offline, streaming.

1. every file of the media store has the content that its address says; 2. the custody chain has no gap, edit or swap;
3. each manifest that it names is readable, and each file that the manifest names is there with that content and size;
4. WARC files hold records with right digests; 5. each time stamp is about its manifest, and leads to a root if some are
given; 6. the log of each case is a chain that ends where the case says. Whatever is found here may have been written by
somebody who hides something: nothing of it is taken for granted.
"""

import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import msgspec
from cryptography.x509 import Certificate
from sqlalchemy import Engine, func, select

from storage.case_log import log_faults
from storage.custody import Entry, Head, chain, check_chain
from storage.database import snapshot
from storage.errors import StampRefused
from storage.evidence import VERSION
from storage.media import MediaStore
from storage.retention import removed_files
from storage.schema import CaseLog, CustodyRow, VisitRow
from storage.stamp_tokens import LARGEST, check_token
from storage.stamps import STAMP, pending_stamps

LARGEST_MANIFEST = 50 * 2**20  # bytes
CheckWarc = Callable[[BinaryIO], tuple[int, Sequence[str]]]  # records, and what is wrong with them


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong."""

    where: str  # e.g. custody row 17
    says: str

    def __str__(self) -> str:
        return f"{self.where}: {self.says}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    role: str
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    version: str
    files: tuple[_File, ...]


class _Wrong(Exception):
    """One thing is wrong; the message says how."""


class Verification:
    """One look at everything; `counts` tells of what was looked at, once `findings` has come to its end."""

    def __init__(
        self,
        engine: Engine,
        media: MediaStore,
        *,
        check_warc: CheckWarc,
        expect: Head | None = None,
        roots: Sequence[Certificate] = (),
    ) -> None:
        """Take what to look at, the head of the chain that somebody noted, and the roots of trusted authorities."""
        self._engine, self._media = engine, media
        self._check_warc, self._expect, self._roots = check_warc, expect, roots
        self.counts: Counter[str] = Counter()
        self._removed: set[str] = set()  # what retention took out of the media store

    def findings(self) -> Iterator[Finding]:
        """Look, and yield what is wrong as it is found."""
        yield from self._stored()
        for fault in check_chain(chain(self._engine), expect=self._expect):
            yield Finding(where=f"custody row {fault.number}", says=fault.says)
        with snapshot(self._engine) as session:
            self._removed = removed_files(session)
        for entry in chain(self._engine):
            self.counts["rows"] += 1
            for says in self._entry(entry):
                yield Finding(where=f"custody row {entry.number}", says=says)
        yield from self._visits()
        yield from self._logs()
        with snapshot(self._engine) as session:
            self.counts["pending"] = pending_stamps(session)

    def _logs(self) -> Iterator[Finding]:
        """Look for entries of case logs that were changed, taken out, put in, exchanged or cut off."""
        for fault in log_faults(self._engine):
            where = f"case {fault.case_id}" + (f", log entry {fault.entry}" if fault.entry is not None else "")
            yield Finding(where=where, says=fault.says)
        with snapshot(self._engine) as session:
            self.counts["entries"] = session.scalar(select(func.count()).select_from(CaseLog)) or 0

    def _visits(self) -> Iterator[Finding]:
        """Compare each visit that people are shown with its manifest, and look for that in the chain."""
        with snapshot(self._engine) as session:
            named = select(CustodyRow.manifest).where(CustodyRow.manifest.is_not(None))
            known = set(session.scalars(named))
            for number, visit in session.execute(
                select(VisitRow.id, VisitRow.visit).order_by(VisitRow.id).execution_options(yield_per=200)
            ):
                manifest = visit.get("evidence")
                if manifest is None:  # made before there was evidence
                    continue
                self.counts["visits"] += 1
                if manifest not in known:
                    yield Finding(where=f"visit {number}", says=f"no custody row names its manifest {manifest}")
                    continue
                try:
                    facts = json.loads(self._read(manifest, "manifest")).get("facts")
                except (_Wrong, ValueError, AttributeError):
                    continue  # told already, with the row that names it
                if {**facts, "evidence": None} != {**visit, "evidence": None}:
                    yield Finding(where=f"visit {number}", says=f"is not what its manifest {manifest} says")

    def _stored(self) -> Iterator[Finding]:
        """Compare each file of the media store with its address; what has no address there is not ours."""
        for folder in sorted(self._media.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/")):
            try:
                paths = sorted(path for path in folder.iterdir() if self._is_ours(path))
            except OSError as error:
                yield Finding(where=f"media {folder.parent.name}/{folder.name}", says=_reason(error))
                continue
            for path in paths:
                self.counts["media"] += 1
                try:
                    _compare(path, path.name)
                except _Wrong as wrong:
                    yield Finding(where=f"media {path.name}", says=str(wrong))

    def _is_ours(self, path: Path) -> bool:
        try:
            return self._media.path(path.name) == path
        except ValueError:
            return False

    def _entry(self, entry: Entry) -> Iterator[str]:
        """Yield what is wrong with what a row names."""
        try:
            if entry.action == STAMP:
                self._stamp(entry)
            elif entry.manifest in self._removed:
                self.counts["purged"] += 1
            elif entry.manifest is not None:
                for file in self._manifest(entry.manifest).files:
                    yield from self._file(file)
        except _Wrong as wrong:
            yield str(wrong)

    def _manifest(self, address: str) -> _Manifest:
        data = self._read(address, "manifest")
        self.counts["manifests"] += 1
        try:
            manifest = msgspec.convert(json.loads(data), _Manifest)
        except (ValueError, RecursionError, msgspec.ValidationError):
            raise _Wrong(f"manifest {address} is no manifest") from None
        if manifest.version != VERSION:
            raise _Wrong(f"manifest {address} is of version {manifest.version}, which this program does not know")
        return manifest

    def _file(self, file: _File) -> Iterator[str]:
        self.counts["files"] += 1
        try:
            path = self._path(file.sha256, "file")
            _compare(path, file.sha256, size=file.bytes)
            if file.role == "warc":
                yield from (f"{file.name}: {says}" for says in self._warc(path))
        except _Wrong as wrong:
            yield f"{file.name}: {wrong}"

    def _warc(self, path: Path) -> Sequence[str]:
        with _plain(path) as stream:
            records, problems = self._check_warc(stream)
        self.counts["records"] += records
        return problems

    def _stamp(self, entry: Entry) -> None:
        """Check the time stamp that a row tells of."""
        token = self._read(entry.data.get("token"), "time stamp", largest=LARGEST)
        try:
            check_token(token, str(entry.manifest), self._roots)
        except (StampRefused, ValueError) as error:
            raise _Wrong(f"time stamp {entry.data.get('token')}: {error}") from None
        self.counts["stamps"] += 1

    def _read(self, address: object, what: str, *, largest: int = LARGEST_MANIFEST) -> bytes:
        path = self._path(address, what)
        try:
            with _plain(path) as stream:
                data = stream.read(largest + 1)
        except OSError as error:
            raise _Wrong(f"{what} {path.name}: {_reason(error)}") from None
        if sha256(data).hexdigest() != path.name:
            raise _Wrong(f"{what} {path.name}: content differs")
        return data

    def _path(self, address: object, what: str) -> Path:
        try:
            return self._media.path(str(address))
        except ValueError:
            raise _Wrong(f"names no {what}") from None


def _compare(path: Path, address: str, *, size: int | None = None) -> None:
    """Make sure that a file has the content of this address."""
    try:
        with _plain(path) as stream:
            if size is not None and (length := os.fstat(stream.fileno()).st_size) != size:
                raise _Wrong(f"has {length} bytes, not {size}")
            found = file_digest(stream, "sha256").hexdigest()
            length = stream.tell()
    except OSError as error:
        raise _Wrong(_reason(error)) from None
    if found != address:
        raise _Wrong("content differs")
    if size is not None and length != size:
        raise _Wrong(f"has {length} bytes, not {size}")


def _plain(path: Path) -> BufferedReader:
    """Open a file that must be one: no link, no pipe, no device, which somebody may have put in its place."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file")
    return os.fdopen(descriptor, "rb")


def _reason(error: OSError) -> str:
    return "missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
