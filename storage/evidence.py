"""Evidence: files in the media store, the manifest that names them with their hashes, and its row in the custody chain.

A manifest is canonical JSON, itself in the media store under its SHA-256; who has the manifest, or a time stamp on its
hash, can check every file without this program. File names are made of role, number and hash alone: what a hostile page
called a thing is a fact in the manifest, never a name on a disk.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage.canonical import canonical
from storage.custody import TOOL
from storage.errors import MediaMissing
from storage.media import MediaStore

VERSION = "mekiki-evidence/1"
# How the files of a role end; hostile HTML and scripts end so that a click on them shows text. The rest ends in .bin.
ENDINGS = {
    "warc": ".warc.gz",
    "screenshot": ".png",
    "page": ".html.txt",
    "log": ".jsonl",
    "message": ".eml.txt",
    "request": ".json.txt",
    "content": ".json.txt",
    "answer": ".txt",
}
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """One file of a piece of evidence.

    Raises:
        ValueError: the role is no plain word, the number no positive one, the address no SHA-256.
    """

    role: str  # what it is, a word of ours: warc, screenshot, page ...
    number: int = 1  # among those of its role
    address: str  # SHA-256, in the media store
    bytes: int

    def __post_init__(self) -> None:
        if not _ROLE.fullmatch(self.role) or self.number < 1 or not _ADDRESS.fullmatch(self.address):
            raise ValueError(f"expected a role, a number and a SHA-256, got {(self.role, self.number, self.address)!r}")

    @property
    def name(self) -> str:
        """The name to give it outside the media store."""
        return f"{self.role}-{self.number}-{self.address[:16]}{ENDINGS.get(self.role, '.bin')}"


def keep_file(media: MediaStore, role: str, data: bytes, *, number: int = 1) -> EvidenceFile:
    """Put bytes into the media store, to be named in a manifest."""
    return EvidenceFile(role=role, number=number, address=media.put(data), bytes=len(data))


def manifest_of(
    *,
    action: str,
    subject: str,
    started_at: datetime | None,
    at: datetime,
    facts: Mapping[str, Any],
    files: Sequence[EvidenceFile],
) -> bytes:
    """Return the canonical JSON that describes a piece of evidence.

    Args:
        action: what was done, e.g. visit.
        subject: what to, e.g. a URL as it stood.
        started_at: when it began, if that is known.
        at: when it was over.
        facts: what was seen, as builtins for JSON.
        files: what shows it.
    """
    return canonical(
        {
            "version": VERSION,
            "tool": TOOL,
            "action": action,
            "subject": subject,
            "started_at": _moment(started_at) if started_at else None,
            "finished_at": _moment(at),
            "facts": facts,
            "files": [
                {
                    "role": file.role,
                    "number": file.number,
                    "name": file.name,
                    "sha256": file.address,
                    "bytes": file.bytes,
                }
                for file in files
            ],
        }
    )


def keep_manifest(
    media: MediaStore,
    *,
    action: str,
    subject: str,
    at: datetime,
    files: Sequence[EvidenceFile],
    facts: Mapping[str, Any],
    started_at: datetime | None = None,
) -> str:
    """Keep a manifest and return its SHA-256, for a row of the custody chain (`storage.custody.append`).

    Raises:
        MediaMissing: a file is not in the media store with the size that is named.
    """
    for file in files:
        path = media.path(file.address)
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise MediaMissing(f"the media store has no file {file.address} of {file.bytes} bytes")
    return media.put(
        manifest_of(action=action, subject=subject, started_at=started_at, at=at, facts=facts, files=files)
    )


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
