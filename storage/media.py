"""MediaStore: files by the SHA-256 of their content, below one private folder.

A file appears whole or not at all: written aside, flushed to the disk, renamed. What is there is never
written again.
"""

import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from storage.errors import MediaMissing

ADDRESS = re.compile(r"[0-9a-f]{64}")


class MediaStore:
    """A content-addressed folder: `ab/cd/<sha256>`, files 0600, folders 0700."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, address: str) -> Path:
        """Return where the file with this SHA-256 (64 lower-case hex digits) is or would be.

        Raises:
            ValueError: the address has another form.
        """
        if not ADDRESS.fullmatch(address):
            raise ValueError(f"expected 64 hex digits, got {address[:80]!r}")
        return self.root / address[:2] / address[2:4] / address

    def put(self, data: bytes) -> str:
        """Store bytes durably; return their SHA-256. Safe to repeat, and from several processes at once."""
        address = sha256(data).hexdigest()
        path = self.path(address)
        if path.exists():
            os.utime(path)  # retention leaves what was stored lately alone
            return address
        for folder in (self.root, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=self.root, prefix=".new-")  # 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).rename(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        for folder in (path.parent, path.parent.parent, self.root):
            sync_folder(folder)
        return address

    def read(self, address: str) -> bytes:
        """Return the stored bytes.

        Raises:
            MediaMissing: there is no such file.
        """
        try:
            return self.path(address).read_bytes()
        except FileNotFoundError:
            raise MediaMissing(f"the media store has no file {address}") from None

    def sound(self, address: str) -> bytes | None:
        """Return the stored bytes; None where they were purged or damaged, of which `mekiki verify` tells."""
        try:
            data = self.read(address)
        except MediaMissing:
            return None
        return data if sha256(data).hexdigest() == address else None


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
