"""CtSpider: names in Certificate Transparency logs.

1. The log says how long it is; 2. tiles, or ranges, are read in order from where the last run ended; 3. names that
would be flagged become items, all others are passed over; 4. the position is stored in the transaction of the items.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any

from scrapy import Request
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from config.sources.ct import CtSource
from detector.assess import Assessor
from detector.hosts import is_plain
from detector.items import Item
from spiders.base import SourceSpider
from spiders.failures import Trouble, trouble
from spiders.pages.ct_names import Entry, logged_at
from spiders.pages.ct_static import WIDTH, tile_path
from spiders.run import SourceRun

RANGE = 256  # entries asked for at once in a log of RFC 6962; many give fewer
BAD_TOLD = 5


class CtSpider(SourceSpider):
    """Reads a source of kind "ct"."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, CtSource)
        self._source: CtSource = run.source
        self._without_names: set[str] = set()  # logs that have no names tiles
        self._sizes: dict[str, int] = {}

    async def seek(self) -> AsyncIterator[Any]:
        for log in dict.fromkeys([*(url.rstrip("/") for url in self._source.urls), *await self._listed()]):
            head = f"{log}/checkpoint" if self._source.api == "static" else f"{log}/ct/v1/get-sth"
            request = await self._question(head, self.read_head, log=log)
            if request is not None:
                yield request

    async def _listed(self) -> list[str]:
        """Return the logs of the list file that certificates may still come into."""
        file = self._source.log_list
        if file is None:
            return []
        try:
            body = await asyncio.to_thread(file.read_bytes)
        except OSError as error:
            self.tell(str(file), Trouble(kind="no_file", says=f"cannot be read: {error.strerror}"))
            return []
        now = self.run.clock().isoformat()
        logs = await self.extract(
            "spiders.pages.ct_logs:parse_log_list", body, str(file), api=self._source.api, now=now
        )
        if logs == []:
            self.tell(str(file), Trouble(kind="no_file", says=f"names no open log of the interface {self._source.api}"))
        return [log["url"] for log in logs or ()]

    async def read_head(self, response: Response, log: str) -> AsyncIterator[Any]:
        """Take the log's length, and start where the last run ended."""
        if response.status != 200:
            self._refused(response)
            return
        static = self._source.api == "static"
        target = "spiders.pages.ct_static:read_checkpoint" if static else "spiders.pages.ct_rfc6962:read_head"
        head = await self.extract(target, response.body, response.url)
        if head is None:
            return
        self._sizes[log] = head["size"]
        place = await asyncio.to_thread(self.run.sink.cursor, log)
        start = place["next"] if place is not None else max(0, head["size"] - self._source.back)
        end = min(head["size"], start + self._source.most)
        if start > head["size"]:
            says = f"has {head['size']} entries, {start} were read already: another log at this address?"
            self.tell(log, Trouble(kind="unreadable", says=says))
            return
        if end < head["size"]:
            self.run.tally.note(f"{log}: {head['size'] - end} entries are left for the next run")
        self.run.tally.unchanged += start == end  # read to its end already: no fault
        request = await self._piece(log, start, end)
        if request is not None:
            yield request

    async def _piece(self, log: str, start: int, end: int, *, whole: bool = False) -> Request | None:
        """Return the request for the entries from `start`, or None at the end; `whole` asks for a full tile."""
        if start >= end:
            return None
        if self._source.api == "rfc6962":
            url = f"{log}/ct/v1/get-entries?start={start}&end={min(start + RANGE, end) - 1}"
            return await self._question(url, self.read_piece, log=log, start=start, end=end, kind="entries", whole=True)
        number = start // WIDTH
        kind = "names" if self._source.names and log not in self._without_names else "data"
        held = WIDTH if whole else min(WIDTH, end - number * WIDTH)
        url = f"{log}/{tile_path(kind, number, held)}"
        return await self._question(url, self.read_piece, log=log, start=start, end=end, kind=kind, whole=held == WIDTH)

    async def read_piece(
        self, response: Response, log: str, start: int, end: int, kind: str, whole: bool
    ) -> AsyncIterator[Any]:
        """Read some entries and ask for the next."""
        if response.status == 404 and not whole:  # the tile has filled up meanwhile
            again = await self._piece(log, start, end, whole=True)
        elif response.status == 404 and kind == "names":
            self._without_names.add(log)
            again = await self._piece(log, start, end)
        elif response.status != 200:
            self._refused(response)
            return
        else:
            again, part = None, None
            async for part in self._kept(response, log, start, end, kind):
                yield part
            if part is not None:
                self.stop_if_full()
                again = await self._piece(log, part.cursor[1]["next"], end)
        if again is not None:
            yield again

    async def _kept(self, response: Response, log: str, start: int, end: int, kind: str) -> AsyncIterator[Any]:
        """Yield the items of a piece with the position after it."""
        target, first = _TARGETS[kind], start if kind == "entries" else start // WIDTH * WIDTH
        parsed = await self.extract(target, response.body, response.url, first=first)
        if parsed is None:
            return
        if kind != "entries" and parsed["count"] > WIDTH:
            says = f"holds {parsed['count']} entries, where a tile has {WIDTH}: what follows would be passed over"
            self.tell(response.url, Trouble(kind="unreadable", says=says))
            return
        following = min(first + parsed["count"], end)
        if following <= start:
            self.tell(response.url, Trouble(kind="unreadable", says="holds no entry, where the log says it has some"))
            return
        bad = [(index, why) for index, why in parsed["bad"] if start <= index < following]
        if bad:
            self.run.tally.errors["bad_row"] += len(bad)
        for index, why in bad[:BAD_TOLD]:
            self.run.tally.note(f"{log}: entry {index}: {why}")
        entries = [entry for entry in parsed["entries"] if start <= entry["index"] < following]
        items = await asyncio.to_thread(found, self.run.assessor, entries, log, self.run.clock())
        self.run.tally.unchanged += not items  # read, and nothing of ours in it: no silence
        last = max((entry["time"] for entry in entries), default=None)
        yield await self.part(items, cursor=(log, {"next": following, "size": self._sizes[log], "logged": last}))

    async def _question(self, url: str, callback: Any, **arguments: Any) -> Request | None:
        request = await self.ask(url, callback, **arguments)
        if request is not None:
            request.meta.update(dont_obey_robotstxt=True, handle_httpstatus_list=[400, 403, 404, 429])
        return request

    def _refused(self, response: Response) -> None:
        self.tell(response.url, trouble(HttpError(response)))


_TARGETS = {
    "names": "spiders.pages.ct_static:parse_names_tile",
    "data": "spiders.pages.ct_static:parse_data_tile",
    "entries": "spiders.pages.ct_rfc6962:parse_entries",
}


def found(assessor: Assessor, entries: Iterable[Entry], log: str, now: datetime) -> list[Item]:
    """Return an item for each name that would be flagged; a firehose of mentions would bury everything else."""
    named = {name: entry for entry in entries for name in entry["names"] if is_plain(name)}
    names = list(named)
    verdicts = assessor.assess_hosts(names, on=now.date())
    items = []
    for name, judged in zip(names, verdicts, strict=True):
        if any(verdict.flagged for verdict in judged):
            entry = named[name]
            logged = logged_at(entry["time"])
            items.append(
                Item(
                    id=name,
                    kind="domain",
                    url=name,
                    first_shown=logged.isoformat(timespec="seconds").replace("+00:00", "Z"),
                    raw={"log": log, "index": entry["index"], "issuer": entry["issuer"], "names": entry["names"][:50]},
                )
            )
    return items
