"""Custody: what was done with evidence, by whom and when, as a chain: each row carries the hash of the one before.

A row's hash is the SHA-256 of the canonical JSON of all its other columns, so whoever edits, removes or exchanges a row
must write every later one anew; then the end of the chain has another hash than somebody noted (`head`). Without such a
note a chain that was rewritten to its end, or cut off there, cannot be told from an honest one.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from sqlalchemy import Engine, bindparam, select, text
from sqlalchemy.orm import Session

from storage.canonical import canonical
from storage.columns import escape, unescape
from storage.database import lock_name, snapshot
from storage.schema import CustodyRow

TOOL = f"mekiki {version('mekiki')}"
ZEROS = "0" * 64  # what stands for the hash before the first row
_PAGE = 1000  # rows read at once, values asked for at once
_MOST_SUSPECTS = 100  # edited rows among which swapped ones are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last row of the chain."""

    number: int = 0
    hash: str = ZEROS

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row."""

    number: int  # 1, 2, 3 ...
    at: datetime
    who: str
    action: str  # visit, recheck, stamp ...
    subject: str
    manifest: str | None  # SHA-256, in the media store
    tool: str
    data: Mapping[str, Any]
    previous: str
    hash: str

    def computed(self, *, number: int | None = None) -> str:
        """Return the hash that the row should have, or would have under another number."""
        return sha256(
            canonical(
                {
                    "number": self.number if number is None else number,
                    "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
                    "who": self.who,
                    "action": self.action,
                    "subject": self.subject,
                    "manifest": self.manifest,
                    "tool": self.tool,
                    "data": self.data,
                    "previous": self.previous,
                }
            )
        ).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a row of the chain."""

    number: int
    says: str


def append(
    session: Session,
    *,
    at: datetime,
    who: str,
    action: str,
    subject: str,
    manifest: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Head:
    """Add a row to the end of the chain; other writers wait until this transaction ends.

    Args:
        session: a session of `storage.database.transaction`.
        at: when it happened, aware.
        who: a login, or `mekiki` where no person asked for it.
        action: a word or two.
        subject: what it is about.
        manifest: SHA-256 of what describes the evidence, in the media store.
        data: more, as builtins for JSON.
    """
    lock_name(session, "custody")
    last = head(session)
    entry = Entry(
        number=last.number + 1,
        at=at,
        who=who,
        action=action,
        subject=subject,
        manifest=manifest,
        tool=TOOL,
        data=json.loads(canonical(data or {})),  # as it will be read back
        previous=last.hash,
        hash="",
    )
    row = CustodyRow(
        number=entry.number,
        at=at,
        who=who,
        action=action,
        subject=subject,
        manifest=manifest,
        tool=TOOL,
        data=entry.data,
        previous=last.hash,
        hash=entry.computed(),
    )
    session.add(row)
    return Head(number=row.number, hash=row.hash)


def head(session: Session) -> Head:
    """Return number and hash of the last row, to be noted where nobody who can write here can write."""
    row = session.execute(
        select(CustodyRow.number, CustodyRow.hash).order_by(CustodyRow.number.desc()).limit(1)
    ).one_or_none()
    return Head(number=row.number, hash=row.hash) if row else Head()


def chain(engine: Engine) -> Iterator[Entry]:
    """Yield every row by its number, a page at a time; a row that cannot be read comes with a wrong hash."""
    after = -(2**63)
    page = text("SELECT * FROM custody WHERE number > :after ORDER BY number LIMIT :most")
    while True:
        with snapshot(engine) as session:
            rows = session.execute(page, {"after": after, "most": _PAGE}).mappings().all()
        if not rows:
            return
        yield from (_entry(dict(row)) for row in rows)
        after = int(rows[-1]["number"])


def entries_about(session: Session, *, manifests: Collection[str], subjects: Collection[str] = ()) -> list[Entry]:
    """Return the rows that name one of some manifests, and those with one of some subjects, in their order.

    Reads the whole table: a bundle is made now and then, a row is written all the time.
    """
    found: dict[int, Entry] = {}
    queries = ("SELECT * FROM custody WHERE manifest IN :wanted", "SELECT * FROM custody WHERE subject IN :wanted")
    for query, values in zip(queries, (manifests, subjects), strict=True):
        rows = text(query).bindparams(bindparam("wanted", expanding=True))
        wanted = sorted({escape(value) for value in values})
        for start in range(0, len(wanted), _PAGE):
            for row in session.execute(rows, {"wanted": wanted[start : start + _PAGE]}).mappings():
                found[int(row["number"])] = _entry(dict(row))
    return [found[number] for number in sorted(found)]


def hashes_at(session: Session, numbers: Collection[int]) -> dict[int, str]:
    """Return the hashes that rows have, by number, as far as they are there."""
    wanted, found = sorted(set(numbers)), dict[int, str]()
    for start in range(0, len(wanted), _PAGE):
        query = select(CustodyRow.number, CustodyRow.hash)
        rows = session.execute(query.where(CustodyRow.number.in_(wanted[start : start + _PAGE])))
        found |= dict(rows.all())
    return found


def _entry(stored: Mapping[str, Any]) -> Entry:
    """Read a row as the database has it: somebody may have put anything into it."""
    number, previous, last = int(stored["number"]), str(stored["previous"]), str(stored["hash"])
    try:
        at, data = stored["at"], json.loads(unescape(stored["data"]))
        if not isinstance(data, dict):
            raise TypeError
        at = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        return Entry(
            number=number,
            at=at.replace(tzinfo=at.tzinfo or UTC),
            who=unescape(stored["who"]),
            action=stored["action"],
            subject=unescape(stored["subject"]),
            manifest=stored["manifest"],
            tool=stored["tool"],
            data=data,
            previous=previous,
            hash=last,
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Entry(
            number=number,
            at=datetime.min.replace(tzinfo=UTC),
            who="",
            action="",
            subject="",
            manifest=None,
            tool="",
            data={},
            previous=previous,
            hash=last,
        )


def check_chain(rows: Iterable[Entry], *, expect: Head | None = None) -> Iterator[Fault]:
    """Yield what is wrong with a chain, whose rows come by ascending number. Pure; needs the memory of few rows.

    Args:
        rows: all of them.
        expect: what somebody noted of its head earlier; the chain may have grown since.
    """
    position, before = 0, ZEROS
    linked = True  # `before` is the hash of a row that is sound
    suspects: list[Entry] = []
    for row in rows:
        if row.number <= position:
            yield Fault(number=row.number, says=f"out of order: it comes after row {position}")
            continue
        if row.number > position + 1:
            yield _missing(position + 1, row.number - 1)
            linked = False
        sound = _is_sound(row)
        if not sound and len(suspects) < _MOST_SUSPECTS:
            suspects.append(row)
        elif not sound:
            yield Fault(number=row.number, says="edited")
        elif linked and row.previous != before:
            yield Fault(number=row.number, says=_unlinked(position))
        if expect is not None and row.number == expect.number and row.hash != expect.hash:
            yield Fault(number=row.number, says="has another hash than was noted: it or rows before it were rewritten")
        position, before, linked = row.number, row.hash, sound
    for row in suspects:
        twin = next((other for other in suspects if other is not row and _is_sound(row, other.number)), None)
        yield Fault(number=row.number, says=f"swapped with row {twin.number}" if twin else "edited")
    if expect is not None and position < expect.number:
        yield _missing(position + 1, expect.number, why=f": the chain ends at row {position}")


def _is_sound(row: Entry, number: int | None = None) -> bool:
    try:
        return row.computed(number=number) == row.hash
    except (TypeError, ValueError, OverflowError, RecursionError):  # somebody put what no chain holds into it
        return False


def _missing(first: int, last: int, why: str = "") -> Fault:
    return Fault(number=first, says=("missing" if first == last else f"missing, and all up to row {last}") + why)


def _unlinked(before: int) -> str:
    if not before:
        return "previous does not match: it was not the first row"
    return f"previous does not match: it was appended to another row {before} than the one that is there"
