"""Spiders of ad libraries that are asked by advertiser, and of their exported files."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from config.sources.exports import GoogleAdsSource, GoogleExportSource, SnapSource
from detector.items import Item
from spiders.api import ApiSpider, Question
from spiders.base import SourceSpider
from spiders.failures import Trouble
from spiders.files import matching
from spiders.found import Found
from spiders.headers import origin
from spiders.pages.answers import Answer
from spiders.run import SourceRun

ROWS = 500  # of an export, parsed together
LONGEST_ROW = 1 << 20  # bytes
BAD_LINES_TOLD = 20


class GoogleAdsSpider(ApiSpider[GoogleAdsSource]):
    """Reads a source of kind "google-ads"."""

    parser = "spiders.pages.google_ads:parse_answer"
    questions_a_part = 1

    def questions(self) -> Iterable[Question]:
        asked = [({"text": name}, {"query": name}) for name in self.source.queries or self.names()]
        asked += [({"advertiser_id": one}, {"advertiser": one}) for one in self.source.advertisers]
        for query, part in asked:
            params = {"engine": "google_ads_transparency_center", "region": self.source.region, **query}
            yield Question(
                url=self.source.url,
                params={**params, "num": str(self.source.count)},
                secret_params={"api_key": self.secret("token")},
                part=part,
            )

    def next(self, question: Question, answer: Answer) -> Question | None:
        return question.with_params(next_page_token=str(answer["next"]))


class SnapSpider(ApiSpider[SnapSource]):
    """Reads a source of kind "snap"."""

    parser = "spiders.pages.snap:parse_answer"
    questions_a_part = 1

    def questions(self) -> Iterable[Question]:
        for name in self.source.queries or self.names():
            yield Question(
                url=f"{self.source.url}?limit={self.source.limit}",
                body={"paying_advertiser_name": name, "countries": list(self.source.countries)},
                part={"query": name},
            )

    def next(self, question: Question, answer: Answer) -> Question | None:
        link = str(answer["next"])
        if origin(link) != origin(self.source.url):
            self.tell(self.source.url, Trouble(kind="bad_url", says="names a next page of another host"))
            return None
        return replace(question, url=link)


class GoogleExportSpider(SourceSpider):
    """Reads a source of kind "google-export". Sends no request."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, GoogleExportSource)
        self._path = run.source.path

    async def seek(self) -> AsyncIterator[Any]:
        files = await asyncio.to_thread(matching, self._path)
        if not files:
            self.tell(self._path, Trouble(kind="no_file", says="no such file"))
        for path in files:
            if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
                self.tell(str(path), Trouble(kind="file", says="Parquet needs pyarrow: install mekiki[parquet]"))
                continue
            try:
                async for part in self._rows(path):
                    yield part
            except OSError as error:  # pyarrow's own errors are OSErrors and ValueErrors
                self.tell(str(path), Trouble(kind="file", says=f"cannot be read: {error.strerror or error}"))
            except ValueError as error:
                self.tell(str(path), Trouble(kind="unreadable", says=str(error)))
            if self.run.full:
                return

    async def _rows(self, path: Path) -> AsyncIterator[Found]:
        lines = _parquet(path) if path.suffix.lower() == ".parquet" else _lines(path)
        first = 1
        while batch := await asyncio.to_thread(lambda: list(islice(lines, ROWS))):
            parsed = await self.extract("spiders.pages.google_ads:parse_rows", b"\n".join(batch), str(path))
            if parsed is not None:
                for number, why in parsed["bad"][:BAD_LINES_TOLD]:
                    self.run.tally.note(f"{path}: line {number + first - 1}: {why}")
                if parsed["bad"]:
                    self.run.tally.errors["bad_line"] += len(parsed["bad"])
                part = await self.part([msgspec.convert(row, Item) for row in parsed["items"]])
                if part is not None:
                    yield part
            first += len(batch)
            if self.run.full:
                return


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; a longer one than `LONGEST_ROW` is cut, and then is no JSON."""
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST_ROW):
            yield line.rstrip(b"\r\n")
            while len(line) == LONGEST_ROW and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_ROW)


def _parquet(path: Path) -> Iterator[bytes]:
    """Yield the rows of a Parquet file as JSON."""
    parquet = import_module("pyarrow.parquet")
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS):
            for row in batch.to_pylist():
                yield json.dumps(row, default=str, ensure_ascii=False).encode()
