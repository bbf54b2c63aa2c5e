"""Where judged items go: the database, or, in a dry run, only the report.

A sink is called from worker threads, one call at a time, never from the reactor's.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Protocol

from sqlalchemy import Engine

from config import Alerting
from detector.items import Item
from detector.verdict import Verdict
from spiders.found import Led
from storage.campaigns import Assets
from storage.case_locks import MACHINE
from storage.contacts import ContactAnswer, ToAsk, save_contact, to_ask
from storage.cursors import cursor, cursor_names, save_cursor
from storage.database import snapshot, transaction
from storage.items import Observation, record_many
from storage.media import MediaStore
from storage.pictures import PictureRecord, known_picture, save_picture
from storage.priority import JudgeWithin
from storage.ranges import LogRange, Reached, allot, open_ranges, reach
from storage.registrations import Registration, registered_on, save_registration
from storage.runs import FetchState, fetch_state, finish_run, requests_since, save_fetch_states, start_run, tried_before
from storage.schema import RunOutcome
from storage.turns import resting
from storage.visits import LinkToVisit, VisitRound, Wanted, links_to_visit, proved, save_visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An item with its verdicts and pictures."""

    item: Item
    verdicts: tuple[Verdict, ...]
    pictures: Mapping[str, PictureRecord]  # by reference in Item.images
    seen_at: datetime
    led: Led | None = None

    @property
    def flagged(self) -> bool:
        """Tell whether a person should look at this."""
        return any(verdict.flagged for verdict in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What storing a batch did."""

    new: int = 0
    changed: int = 0
    opened: tuple[int, ...] = ()  # ids of cases


NO_CURSORS: Mapping[str, Any] = MappingProxyType({})


class Sink(Protocol):
    """One source's way into the storage."""

    @property
    def run_id(self) -> int | None:
        """The run's number in the database, once it has begun; None in a dry run."""

    def begin(self) -> int:
        """Note that the source, or a part of it, is being read; return how many requests its round has had already."""

    def commit(self, batch: Sequence[Judged], cursors: Mapping[str, Any] = NO_CURSORS) -> Kept:
        """Keep a batch and how far its sources were read: all of it or nothing."""

    def end(self, outcome: RunOutcome, counts: Mapping[str, int], states: Sequence[FetchState]) -> None:
        """Note how it went, and which answers need not be fetched again while they are unchanged."""

    def fetch_state(self, url: str) -> FetchState | None:
        """Return what the server said of a URL last time."""

    def cursor(self, name: str) -> Any | None:
        """Return where an earlier run ended; None when it read to the end, or there was none."""

    def cursor_names(self, prefix: str) -> list[str]:
        """Return the names of places that begin so."""

    def ranges(self) -> list[LogRange]:
        """Return the ranges of logs that were allotted and not read to their end."""

    def allot(self, log: str, *, start: int, end: int, size: int) -> int:
        """Allot to others what is too much for one run; return where the rest begins, see `storage.ranges.allot`."""

    def to_ask(self, before: datetime) -> ToAsk:
        """Return the domains, addresses and hosts of cases that nobody asked for, or was asked, since."""

    def registered(self, registration: Registration) -> None:
        """Keep what a registry told of a domain."""

    def contacted(self, contact: ContactAnswer) -> None:
        """Keep what a registry told of a network, or a host of itself."""

    def registered_on(self, domain: str) -> date | None:
        """Return when a domain was registered, where a registry told it."""

    def links_to_visit(self, wanted: Wanted) -> list[LinkToVisit]:
        """Return where journeys begin."""

    def resting(self, seconds: float) -> Set[str]:
        """Return the hosts that want to be left alone for longer than so many seconds."""

    def visited(self, round_: VisitRound) -> None:
        """Keep the visits of one link, what was seen, and how the cases stand that it belongs to."""

    def put(self, data: bytes) -> str:
        """Keep bytes; return their SHA-256."""

    def known_picture(self, address: str) -> PictureRecord | None:
        """Return what is known of a picture."""


class DatabaseSink(Sink):
    """The real thing: items, verdicts, cases and alert intents in one transaction a batch."""

    def __init__(
        self,
        source: str,
        engine: Engine,
        media: MediaStore,
        *,
        alerting: Alerting,
        judged_by: str,
        clock: Callable[[], datetime],
        who: str = MACHINE,
        authority: str | None = None,
        judge_within: JudgeWithin | None = None,
        assets: Assets | None = None,
        slice: str = "",
        round_at: datetime | None = None,
    ) -> None:
        """Take the means.

        Args:
            source: its key.
            judged_by: `Assessor.fingerprint` of the judge.
            who: had it read; stands in the custody log.
            authority: that stamps evidence (RFC 3161).
            judge_within: how soon people should judge what is flagged.
            assets: what the brands own themselves, by key.
            slice: part of the source that is read.
            round_at: when its round was due.
        """
        self._slice, self._round_at = slice, round_at
        self._assets = assets
        self._judge_within = judge_within
        self._who, self._authority = who, authority
        self._source = source
        self._engine = engine
        self._media = media
        self._alerting = alerting
        self._judged_by = judged_by
        self._clock = clock
        self._run_id: int | None = None
        self._again: list[int] = []

    @property
    def run_id(self) -> int | None:
        return self._run_id

    def begin(self) -> int:
        now = self._clock()
        with transaction(self._engine) as session:
            self._run_id = start_run(session, self._source, now, slice=self._slice, round_at=self._round_at)
            self._again = tried_before(session, self._run_id)
            return requests_since(session, self._source, self._round_at) if self._round_at is not None else 0

    def commit(self, batch: Sequence[Judged], cursors: Mapping[str, Any] = NO_CURSORS) -> Kept:
        now = self._clock()
        records = {record.sha256: record for judged in batch for record in judged.pictures.values()}
        with transaction(self._engine) as session:
            for address in sorted(records):
                save_picture(session, records[address], now)
            recorded = record_many(
                session,
                [(self._observation(judged), judged.verdicts) for judged in batch],
                judged_by=self._judged_by,
                now=now,
                group_wait=self._alerting.group_wait,
                group_interval=self._alerting.group_interval,
                judge_within=self._judge_within,
                assets=self._assets,
                again=self._again,
            )
            for name, value in sorted(cursors.items()):  # in one order, for positions of logs are locked
                if isinstance(value, Reached):
                    reach(session, self._source, name, value, now)
                else:
                    save_cursor(session, self._source, name, value, now)
        return Kept(
            new=sum(entry.new for entry in recorded),
            changed=sum(entry.changed for entry in recorded),
            opened=tuple(case for entry in recorded for case in entry.opened),
        )

    def end(self, outcome: RunOutcome, counts: Mapping[str, int], states: Sequence[FetchState]) -> None:
        now = self._clock()
        with transaction(self._engine) as session:
            save_fetch_states(session, self._source, states, self._judged_by, now)
            if self._run_id is not None:
                finish_run(session, self._run_id, now, outcome, dict(counts))

    def fetch_state(self, url: str) -> FetchState | None:
        with snapshot(self._engine) as session:
            return fetch_state(session, self._source, url, self._judged_by)

    def cursor(self, name: str) -> Any | None:
        with snapshot(self._engine) as session:
            return cursor(session, self._source, name)

    def cursor_names(self, prefix: str) -> list[str]:
        with snapshot(self._engine) as session:
            return cursor_names(session, self._source, prefix)

    def ranges(self) -> list[LogRange]:
        with snapshot(self._engine) as session:
            return open_ranges(session, self._source)

    def allot(self, log: str, *, start: int, end: int, size: int) -> int:
        with transaction(self._engine) as session:
            return allot(session, self._source, log, start=start, end=end, size=size, now=self._clock())

    def to_ask(self, before: datetime) -> ToAsk:
        with snapshot(self._engine) as session:
            return to_ask(session, before)

    def registered(self, registration: Registration) -> None:
        with transaction(self._engine) as session:
            save_registration(session, registration)

    def contacted(self, contact: ContactAnswer) -> None:
        with transaction(self._engine) as session:
            save_contact(session, contact)

    def registered_on(self, domain: str) -> date | None:
        with snapshot(self._engine) as session:
            return registered_on(session, domain)

    def links_to_visit(self, wanted: Wanted) -> list[LinkToVisit]:
        with snapshot(self._engine) as session:
            return links_to_visit(session, wanted)

    def resting(self, seconds: float) -> Set[str]:
        with snapshot(self._engine) as session:
            return resting(session, seconds)

    def visited(self, round_: VisitRound) -> None:
        now = self._clock()
        visits = proved(self._media, round_, now)
        with transaction(self._engine) as session:
            save_visits(session, round_.link, visits, who=self._who, authority=self._authority, now=now)

    def put(self, data: bytes) -> str:
        return self._media.put(data)

    def known_picture(self, address: str) -> PictureRecord | None:
        with transaction(self._engine) as session:
            return known_picture(session, address)

    def _observation(self, judged: Judged) -> Observation:
        return Observation(
            item=judged.item,
            source=self._source,
            run_id=self._run_id,
            seen_at=judged.seen_at,
            pictures={reference: record.sha256 for reference, record in judged.pictures.items()},
            visitor=judged.led.visitor if judged.led else None,
            cases=judged.led.cases if judged.led else (),
            led_from=judged.led.items if judged.led else (),
        )


class DrySink(Sink):
    """A dry run: nothing is written; flagged items are handed to the report."""

    def __init__(self) -> None:
        self.flagged: list[tuple[Item, Verdict]] = []

    @property
    def run_id(self) -> int | None:
        return None

    def begin(self) -> int:
        return 0

    def commit(self, batch: Sequence[Judged], cursors: Mapping[str, Any] = NO_CURSORS) -> Kept:
        for judged in batch:
            self.flagged += [(judged.item, verdict) for verdict in judged.verdicts if verdict.flagged]
        return Kept()

    def end(self, outcome: RunOutcome, counts: Mapping[str, int], states: Sequence[FetchState]) -> None:
        pass

    def fetch_state(self, url: str) -> FetchState | None:
        return None

    def cursor(self, name: str) -> Any | None:
        return None

    def cursor_names(self, prefix: str) -> list[str]:
        return []

    def ranges(self) -> list[LogRange]:
        return []

    def allot(self, log: str, *, start: int, end: int, size: int) -> int:
        return start

    def to_ask(self, before: datetime) -> ToAsk:
        return ToAsk()

    def registered(self, registration: Registration) -> None:
        pass

    def contacted(self, contact: ContactAnswer) -> None:
        pass

    def registered_on(self, domain: str) -> date | None:
        return None

    def links_to_visit(self, wanted: Wanted) -> list[LinkToVisit]:
        return []

    def resting(self, seconds: float) -> Set[str]:
        return frozenset()

    def visited(self, round_: VisitRound) -> None:
        pass

    def put(self, data: bytes) -> str:
        return sha256(data).hexdigest()

    def known_picture(self, address: str) -> PictureRecord | None:
        return None
