"""What people send in: which files of a path are read as what, and mailboxes cut into mails."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from spiders.files import matching

Form = Literal["jsonl", "csv", "mail", "mailbox", "picture"]

FORMS: dict[str, Form] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".eml": "mail", ".mbox": "mailbox", ".mbx": "mailbox",
    ".png": "picture", ".jpg": "picture", ".jpeg": "picture", ".gif": "picture", ".webp": "picture",
}  # fmt: skip
LONGEST_LINE = 2**20  # bytes that are read at once
LARGEST_MAIL = 40 * 2**20  # bytes
LARGEST_TABLE = 20 * 2**20


def files_of(pattern: str) -> list[Path]:
    """Return the files of a path, glob pattern or folder, in order; of a folder what can be read, at any depth."""
    folder = Path(pattern)
    if folder.is_dir():
        return sorted(path for path in folder.rglob("*") if path.suffix.lower() in FORMS and path.is_file())
    return matching(pattern)


def unread(pattern: str) -> list[Path]:
    """Return the files of a folder that are of no kind that is read."""
    folder = Path(pattern)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() not in FORMS)


def form_of(path: Path) -> Form:
    """Tell by its name how a file is read; Item JSON lines where the name says nothing."""
    return FORMS.get(path.suffix.lower(), "jsonl")


def delimiter_of(head: bytes) -> str:
    """Return what separates the columns of a table: the most frequent of tab, semicolon and comma in its first line."""
    line = head.lstrip(b"\r\n").partition(b"\n")[0]
    return max((b",", b";", b"\t"), key=line.count).decode()


def mails_of(path: Path) -> Iterator[bytes]:
    """Yield the mails of a mailbox in mbox form; one larger than `LARGEST_MAIL` is cut off.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        yield from mails_in(stream)


def mails_in(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the mails of an open mailbox in mbox form; one larger than `LARGEST_MAIL` is cut off."""
    mail = bytearray()
    blank = starts = True
    for line in iter(lambda: stream.readline(LONGEST_LINE), b""):
        if starts and blank and line.startswith(b"From "):
            if mail:
                yield bytes(mail)
            mail.clear()
        elif len(mail) < LARGEST_MAIL:
            mail += line[1:] if starts and line.startswith(b">From ") else line
        starts, blank = line.endswith(b"\n"), starts and not line.strip()
    if mail:
        yield bytes(mail)
