"""Ranges: stretches of long logs that are allotted to whoever reads them, and how far each was read.

A log's own cursor says up to where it was read or allotted. What lies before and was not read is a range with a cursor
of its own, which goes with its last entries, in their transaction: killed, a range goes on where it was. No position
goes back, and no range that was read comes back: a reader that was taken for dead, and wakes up, undoes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from storage.cursors import cursor, cursors, save_cursor
from storage.database import lock_name

SPAN = 65_536  # entries of a range: 256 tiles; read and judged in some seconds, and fetched in minutes at one a second
_MARK = "&range="


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRange:
    """Entries of a log that are to be read: `next` up to `end`, without that."""

    log: str  # its address
    first: int
    end: int
    next: int  # where to go on

    @property
    def name(self) -> str:
        """Its name among the parts of a source, and that of its cursor."""
        return f"log={self.log}{_MARK}{self.first}-{self.end}"

    def read_to(self, index: int, logged: int | None) -> dict[str, Any] | None:
        """Return the value of its cursor once it is read up to an entry; None once it is read to its end."""
        return {"next": index, "end": self.end, "logged": logged} if index < self.end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Up to where somebody has read a log, or a range of one: what a cursor of theirs is to hold."""

    log: str
    next: int
    value: dict[str, Any] | None  # None: the range is read to its end
    of_range: bool = False


def reach(session: Session, source: str, name: str, reached: Reached, now: datetime) -> None:
    """Keep a position in the transaction of its entries, unless somebody else is further, or has read the range."""
    _lock(session, source, reached.log)
    place = cursor(session, source, name)
    if reached.of_range if place is None else place["next"] > reached.next:
        return
    save_cursor(session, source, name, reached.value, now)


def _lock(session: Session, source: str, log: str) -> None:
    """Let nobody else move the positions in a log until the transaction ends."""
    lock_name(session, f"ranges of {source} {log}")


def open_ranges(session: Session, source: str) -> list[LogRange]:
    """Return the ranges of a source that were not read to their end, by log and number."""
    found = []
    for name, value, _ in cursors(session, source):
        log, mark, numbers = name.removeprefix("log=").rpartition(_MARK)
        if mark and isinstance(value, dict) and "end" in value:
            first = int(numbers.partition("-")[0])
            found.append(LogRange(log=log, first=first, end=value["end"], next=value["next"]))
    return sorted(found, key=lambda one: (one.log, one.first))


def known_logs(session: Session, source: str) -> list[str]:
    """Return the logs of a source whose end was read, in order."""
    return [name for name, value, _ in cursors(session, source) if isinstance(value, dict) and "size" in value]


def allot(session: Session, source: str, log: str, *, start: int, end: int, size: int, now: datetime) -> int:
    """Allot what lies before the last multiple of `SPAN`, if it is more than one range; return where the rest begins.

    Whoever comes second, or again after a kill, finds it allotted.

    Args:
        source: its key.
        log: its address.
        start: the first entry that nobody has read, where the log has no cursor yet.
        end: the entry before which this run ends.
        size: entries that the log has.
        now: UTC.
    """
    _lock(session, source, log)
    place = cursor(session, source, log) or {"next": start, "logged": None}
    start, edge = place["next"], end // SPAN * SPAN
    if end - start <= SPAN or edge <= start:
        return int(start)
    first = start
    while first < edge:
        one = LogRange(log=log, first=first, end=min(edge, (first // SPAN + 1) * SPAN), next=first)
        save_cursor(session, source, one.name, one.read_to(first, None), now)
        first = one.end
    save_cursor(session, source, log, {"next": edge, "size": size, "logged": place["logged"]}, now)
    return edge
