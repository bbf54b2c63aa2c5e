"""ImportSpider: what other tools made and what people send in, from files or standard input. Sends no request.

Item JSON lines, tables, mails, mailboxes and screenshots, told apart by their names. Pictures of lists are read only
where a relative path in `images` leads to a file beside the list, never above its folder.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from config import ImportSource
from detector.items import Item, ItemError, decode_item
from safety.sandbox import SandboxError
from spiders.base import SourceSpider
from spiders.eye import claims_picture
from spiders.failures import Trouble
from spiders.files import picture_beside
from spiders.found import Found, with_frames
from spiders.run import SourceRun
from spiders.settings import PICTURE_BYTES, VIDEO_BYTES
from spiders.tips import LARGEST_MAIL, LARGEST_TABLE, delimiter_of, files_of, form_of, mails_of, unread
from storage.pictures import PictureRecord

LINES = 200  # stored together
BAD_LINES_TOLD = 20
LINE_BYTES = 4 * 2**20  # of one item

Row = tuple[int, Item | ItemError]  # line number, item or what is wrong with it


class ImportSpider(SourceSpider):
    """Reads a source of kind "import"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, ImportSource)
        self._source: ImportSource = run.source

    async def seek(self) -> AsyncIterator[Any]:
        if self._source.path == "-":
            if self.run.stdin is None:
                self.tell("-", Trouble(kind="no_file", says="there is no standard input"))
                return
            async for part in self._parts(self.run.stdin, "standard input", None):
                yield part
            return
        files = await asyncio.to_thread(files_of, self._source.path)
        skipped = await asyncio.to_thread(unread, self._source.path)
        if skipped:
            named = ", ".join(path.name for path in skipped[:5]) + (" …" if len(skipped) > 5 else "")
            self.run.tally.errors["not_read"] += len(skipped)
            self.run.tally.note(f"{self._source.path}: {len(skipped)} file(s) of kinds that are not read: {named}")
        if not files and not skipped:
            self.tell(self._source.path, Trouble(kind="no_file", says="no such file"))
        for path in files:
            try:
                async for part in self._file(path):
                    yield part
            except OSError as error:
                self.tell(str(path), Trouble(kind="file", says=f"cannot be read: {error.strerror}"))
            if self.run.full:
                return

    async def _file(self, path: Path) -> AsyncIterator[Found]:
        match form_of(path):
            case "jsonl":
                with path.open("rb") as stream:
                    async for part in self._parts(stream, str(path), path.parent):
                        yield part
            case "csv":
                async for part in self._table(path):
                    yield part
            case "mail":
                async for part in self._mail(str(path), await asyncio.to_thread(_start, path, LARGEST_MAIL)):
                    yield part
            case "mailbox":
                mails = mails_of(path)
                number = 0
                while (mail := await asyncio.to_thread(next, mails, None)) is not None and not self.run.full:
                    number += 1
                    async for part in self._mail(f"{path}: mail {number}", mail):
                        yield part
            case "picture":
                data = await asyncio.to_thread(_start, path, PICTURE_BYTES + 1)
                address = sha256(data).hexdigest()
                item = Item(id=address[:32], kind=self._source.item, platform="tip", images=(f"tip:{address}",))
                async for part in self._shown(str(path), [item], {f"tip:{address}": data}):
                    yield part

    async def _table(self, path: Path) -> AsyncIterator[Found]:
        body = await asyncio.to_thread(_start, path, LARGEST_TABLE + 1)
        if len(body) > LARGEST_TABLE:
            self.tell(
                str(path), Trouble(kind="too_large", says=f"has more than {LARGEST_TABLE} bytes; cut it in pieces")
            )
            return
        parsed = await self.extract(
            "spiders.pages.feeds:parse_feed",
            body,
            str(path),
            format="csv",
            item=self._source.item,
            columns=self._source.columns,
            delimiter=delimiter_of(body),
            time_zone="Asia/Tokyo",
        )
        if parsed is None:
            return
        for bad in parsed["bad"][:BAD_LINES_TOLD]:
            self.run.tally.note(f"{path}: line {bad['line']}: {bad['why']}")
        if parsed["bad_count"]:
            self.run.tally.errors["bad_line"] += parsed["bad_count"]
        rows = [msgspec.convert(row, Item) for row in parsed["rows"]]
        for start in range(0, len(rows), LINES):
            items = rows[start : start + LINES]
            records = await asyncio.to_thread(self._pictures, items, path.parent)
            part = await self.part(items, pictures={name: record.sha256 for name, record in records.items()})
            if part is not None:
                yield part

    async def _mail(self, name: str, body: bytes) -> AsyncIterator[Found]:
        parsed = await self.extract("spiders.pages.mail:parse_mail", body, name, kind=self._source.item)
        if parsed is None:
            return
        for note in parsed["notes"]:
            self.run.tally.note(f"{name}: {note}")
        items = [msgspec.convert(row, Item) for row in parsed["items"]]
        if not items:
            self.run.tally.problem("bad_mail", f"{name}: has neither words, links nor pictures")
        async for part in self._shown(name, items, parsed["pictures"]):
            yield part

    async def _shown(self, name: str, items: list[Item], pictures: Mapping[str, bytes]) -> AsyncIterator[Found]:
        """Yield items with the pictures that came with them."""
        seen = {}
        for reference, data in pictures.items():
            record = await asyncio.to_thread(self.run.shelf.shelve, data)
            seen[reference] = record.sha256
            if record.refused is not None:
                self.run.tally.problem("picture_refused", f"{name}: the picture is {record.refused}")
        part = await self.part(items, pictures=seen)
        if part is not None:
            yield part

    async def _parts(self, stream: BinaryIO, name: str, folder: Path | None) -> AsyncIterator[Found]:
        rows = read_items(stream)
        while batch := await asyncio.to_thread(lambda: list(islice(rows, LINES))):
            items = []
            for number, row in batch:
                if isinstance(row, ItemError):
                    self.run.tally.problem("bad_line", f"{name}: line {number}: {row}")
                else:
                    items.append(row)
            records = await asyncio.to_thread(self._pictures, items, folder) if folder else {}
            for reference, record in records.items():
                if record.refused is not None:
                    self.run.tally.problem("picture_refused", f"{reference}: the picture is {record.refused}")
            seen = {name: record.sha256 for name, record in records.items()}
            part = await self.part([with_frames(item, seen) for item in items], pictures=seen)
            if part is not None:
                yield part
            if self.run.full:
                return

    def _pictures(self, items: Iterable[Item], folder: Path) -> dict[str, PictureRecord]:
        """Keep the picture files that items name; return what is known of each. Runs on a worker thread."""
        kept: dict[str, PictureRecord] = {}
        if not self._source.pictures:
            return kept
        for reference in dict.fromkeys(reference for item in items for reference in item.images):
            data = _beside(folder, reference, PICTURE_BYTES)
            if data is not None:
                kept[reference] = self.run.shelf.shelve(data)
                if claims_picture(data):
                    kept |= self._frames(reference, data)
        if self._source.videos:
            for reference in dict.fromkeys(reference for item in items for reference in item.videos):
                data = _beside(folder, reference, VIDEO_BYTES)
                if data is not None:
                    kept |= self._frames(reference, data)
        return kept

    def _frames(self, reference: str, data: bytes) -> dict[str, PictureRecord]:
        try:
            return self.run.shelf.shelve_frames(reference, data)
        except SandboxError as error:
            self.run.tally.problem("picture_refused", f"{reference}: the video is {error}")
            return {}


def read_items(stream: BinaryIO) -> Iterator[Row]:
    """Yield every line of a stream, numbered from 1, as an item or as what is wrong with it; blank lines are none."""
    number = 0
    while line := stream.readline(LINE_BYTES):
        number += 1
        if len(line) == LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(LINE_BYTES)
            yield number, ItemError(f"longer than {LINE_BYTES} bytes")
        elif line.strip():
            try:
                yield number, decode_item(line)
            except ItemError as error:
                yield number, error


def _beside(folder: Path, reference: str, most: int) -> bytes | None:
    """Return the bytes of a file below the folder, or None when the reference names no such file."""
    path = picture_beside(folder, reference)
    if path is None:
        return None
    with path.open("rb") as file:
        data = file.read(most + 1)
    return data if len(data) <= most else None


def _start(path: Path, most: int) -> bytes:
    """Return the first bytes of a file, at most so many."""
    with path.open("rb") as file:
        return file.read(most)
