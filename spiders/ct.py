"""CtSpider: names in Certificate Transparency logs.

1. The log says how long it is; 2. where the source is read in parts, what is more than one range since the last run is
allotted to whoever reads ranges (`storage.ranges`); 3. tiles, or entries, are read in order from where the last run
ended; 4. names that would be flagged become items, all others are passed over; 5. the position is stored in the
transaction of the items.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from scrapy import Request
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from sqlalchemy.orm import Session

from config import Config, Source
from config.sources.ct import CtSource
from detector.assess import Assessor
from detector.hosts import is_plain
from detector.items import Item
from spiders import ct_parts
from spiders.base import SourceSpider
from spiders.failures import Trouble, trouble
from spiders.pages.ct_names import Entry, logged_at
from spiders.pages.ct_static import WIDTH, tile_path
from spiders.run import SourceRun
from storage.ranges import LogRange, Reached, known_logs, open_ranges

RANGE = 256  # entries asked for at once in a log of RFC 6962; many give fewer
BAD_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Entries of a log on their way: `next` up to `end`, without that."""

    log: str
    next: int
    end: int
    size: int = 0  # of the log, as it told
    range: LogRange | None = None  # the one that this is the rest of; None: the end of the log, whose cursor moves

    @property
    def name(self) -> str:
        """Its cursor's."""
        return self.range.name if self.range is not None else self.log

    def read_to(self, index: int, logged: int | None) -> Reached:
        """Return what the cursor holds once it is read up to an entry."""
        if self.range is not None:
            return Reached(log=self.log, next=index, value=self.range.read_to(index, logged), of_range=True)
        return Reached(log=self.log, next=index, value={"next": index, "size": self.size, "logged": logged})


class CtSpider(SourceSpider):
    """Reads a source of kind "ct", the end of some of its logs, or one range of a log."""

    def __init__(self, run: SourceRun) -> None:
        super().__init__(run)
        assert isinstance(run.source, CtSource)
        self._source: CtSource = run.source
        self._without_names: set[str] = set()  # logs that have no names tiles

    @classmethod
    def parts(cls, config: Config, source: Source, session: Session) -> tuple[str, ...]:
        assert isinstance(source, CtSource)
        logs = ct_parts.logs_of(source, datetime.now(UTC), lambda: known_logs(session, source.key))
        if not logs:
            return ("",)  # which tells why there are none, and reads what was allotted
        allotted = (one.name for one in open_ranges(session, source.key))  # of logs that are listed no more, too
        return (*ct_parts.parts_of(logs), *allotted)

    async def seek(self) -> AsyncIterator[Any]:
        ranges, logs = await asyncio.to_thread(self.run.sink.ranges), await self._logs()
        if self.run.slice:
            ranges = [one for one in ranges if one.name == self.run.slice]
            logs = list(ct_parts.parts_of(logs).get(self.run.slice, ()))
            self.run.tally.unchanged += not (ranges or logs)  # somebody else has read it
        for one in ranges:
            request = await self._piece(_Stretch(log=one.log, next=one.next, end=one.end, range=one))
            if request is not None:
                yield request
        for log in logs:
            head = f"{log}/checkpoint" if self._source.api == "static" else f"{log}/ct/v1/get-sth"
            request = await self._question(head, self.read_head, log=log)
            if request is not None:
                yield request

    async def _logs(self) -> list[str]:
        return list(dict.fromkeys([*(url.rstrip("/") for url in self._source.urls), *await self._listed()]))

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
        size = head["size"]
        place = await asyncio.to_thread(self.run.sink.cursor, log)
        start = place["next"] if place is not None else max(0, size - self._source.back)
        end = min(size, start + self._source.most)
        if start > size:
            says = f"has {size} entries, {start} were read already: another log at this address?"
            self.tell(log, Trouble(kind="unreadable", says=says))
            return
        if end < size:
            self.run.tally.note(f"{log}: {size - end} entries are left for the next run")
        self.run.tally.unchanged += start == end  # read to its end already: no fault
        if self.run.slice:  # others are there to read what is too much for one
            start = await asyncio.to_thread(self.run.sink.allot, log, start=start, end=end, size=size)
            self.run.tally.unchanged += start == end
        request = await self._piece(_Stretch(log=log, next=start, end=end, size=size))
        if request is not None:
            yield request

    async def _piece(self, part: _Stretch, *, whole: bool = False) -> Request | None:
        """Return the request for the next entries, or None at the end; `whole` asks for a full tile."""
        log, start, end = part.log, part.next, part.end
        if start >= end:
            return None
        if self._source.api == "rfc6962":
            url = f"{log}/ct/v1/get-entries?start={start}&end={min(start + RANGE, end) - 1}"
            return await self._question(url, self.read_piece, of=part, kind="entries", whole=True)
        number = start // WIDTH
        kind = "names" if self._source.names and log not in self._without_names else "data"
        held = WIDTH if whole else min(WIDTH, end - number * WIDTH)
        url = f"{log}/{tile_path(kind, number, held)}"
        return await self._question(url, self.read_piece, of=part, kind=kind, whole=held == WIDTH)

    async def read_piece(self, response: Response, of: _Stretch, kind: str, whole: bool) -> AsyncIterator[Any]:
        """Read some entries and ask for the next."""
        if response.status == 404 and not whole:  # the tile has filled up meanwhile
            again = await self._piece(of, whole=True)
        elif response.status == 404 and kind == "names":
            self._without_names.add(of.log)
            again = await self._piece(of)
        elif response.status != 200:
            self._refused(response)
            return
        else:
            following = await self._following(response, of, kind)
            if following is None:
                return
            entries, rest = following
            items = await asyncio.to_thread(found, self.run.assessor, entries, of.log, self.run.clock())
            self.run.tally.unchanged += not items  # read, and nothing of ours in it: no silence
            last = max((entry["time"] for entry in entries), default=None)
            yield await self.part(items, cursor=(of.name, of.read_to(rest.next, last)))
            self.stop_if_full()
            again = await self._piece(rest) if not await self._overtaken(rest) else None
        if again is not None:
            yield again

    async def _overtaken(self, part: _Stretch) -> bool:
        """Tell whether somebody else reads the same and is further: this process was taken for dead, or one by hand."""
        if part.next >= part.end:
            return False
        place = await asyncio.to_thread(self.run.sink.cursor, part.name)
        return part.range is not None if place is None else place["next"] > part.next

    async def _following(self, response: Response, of: _Stretch, kind: str) -> tuple[list[Entry], _Stretch] | None:
        """Return the entries of a piece and what is left after it; None where it cannot be read."""
        target, first = _TARGETS[kind], of.next if kind == "entries" else of.next // WIDTH * WIDTH
        parsed = await self.extract(target, response.body, response.url, first=first)
        if parsed is None:
            return None
        if kind != "entries" and parsed["count"] > WIDTH:
            says = f"holds {parsed['count']} entries, where a tile has {WIDTH}: what follows would be passed over"
            self.tell(response.url, Trouble(kind="unreadable", says=says))
            return None
        following = min(first + parsed["count"], of.end)
        if following <= of.next:
            self.tell(response.url, Trouble(kind="unreadable", says="holds no entry, where the log says it has some"))
            return None
        bad = [(index, why) for index, why in parsed["bad"] if of.next <= index < following]
        if bad:
            self.run.tally.errors["bad_row"] += len(bad)
        for index, why in bad[:BAD_TOLD]:
            self.run.tally.note(f"{of.log}: entry {index}: {why}")
        entries = [entry for entry in parsed["entries"] if of.next <= entry["index"] < following]
        return entries, replace(of, next=following)

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
