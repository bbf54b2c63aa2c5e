"""Case log: what happened to each case, as a chain: each entry carries the hash of the case's entry before.

The only writer of the log. An entry's hash is the SHA-256 of the canonical JSON of what it says; the case keeps the
last one, so that an entry that was changed, taken out, put in or cut off the end is found (`log_faults`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from storage.canonical import canonical
from storage.columns import unescape
from storage.database import snapshot
from storage.schema import Case, CaseLog

AT_ONCE = 1000  # rows read at a time
ZEROS = "0" * 64  # what stands for the hash before the first entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something that happened to a case."""

    case_id: int
    at: datetime
    who: str  # a login, or "mekiki"
    action: str  # a word, at most 16 characters
    reason: str | None = None
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)  # builtins for JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFault:
    """What is wrong with the log of a case."""

    case_id: int
    entry: int | None  # id of the entry; None for the end of the log
    says: str


def append_log(session: Session, cases: Mapping[int, Case], entries: Sequence[NewEntry]) -> list[CaseLog]:
    """Append entries to the logs of their cases, in order, and return the rows.

    Args:
        session: a session of `storage.database.transaction`.
        cases: by id, locked by `storage.case_locks.lock_cases` or made in this transaction.
        entries: of these cases.
    """
    rows = []
    for entry in entries:
        case = cases[entry.case_id]
        row = CaseLog(
            case_id=entry.case_id,
            at=entry.at,
            who=entry.who,
            action=entry.action,
            reason=entry.reason,
            note=entry.note,
            data=json.loads(canonical(dict(entry.data))),  # as it will be read back
            previous=case.log_head or ZEROS,
        )
        row.hash = case.log_head = computed(row)
        rows.append(row)
    session.add_all(rows)
    session.flush()
    return rows


def computed(row: CaseLog) -> str:
    """Return the hash that an entry should have."""
    return _hash(
        case_id=row.case_id,
        at=row.at,
        who=row.who,
        action=row.action,
        reason=row.reason,
        note=row.note,
        data=row.data,
        previous=row.previous,
    )


def log_faults(engine: Engine) -> Iterator[LogFault]:
    """Yield what is wrong with the logs of all cases, by case; somebody may have put anything into the rows.

    Every entry that was changed, taken out, put in, exchanged or cut off is found unless whoever did it has written all
    hashes behind it anew, and the case's.
    """
    with snapshot(engine) as session:
        heads = dict(session.execute(select(Case.id, Case.log_head)).all())
        everything = text("SELECT * FROM case_log ORDER BY case_id, id")
        ends: dict[int, str] = {}
        for row in session.execute(everything, execution_options={"yield_per": AT_ONCE}).mappings():
            case_id, entry, previous, last = int(row["case_id"]), int(row["id"]), str(row["previous"]), str(row["hash"])
            if previous != ends.get(case_id, ZEROS):
                says = "does not follow the entry before it: one was taken out, put in, or exchanged"
                yield LogFault(case_id=case_id, entry=entry, says=says)
            if last != _recomputed(dict(row)):
                yield LogFault(case_id=case_id, entry=entry, says="does not say what was written")
            ends[case_id] = last
    for case_id in sorted(heads.keys() | ends.keys()):
        if case_id not in heads:
            yield LogFault(case_id=case_id, entry=None, says="there is a log, but no case")
        elif ends.get(case_id) != heads[case_id]:
            yield LogFault(case_id=case_id, entry=None, says="the log does not end where the case says")


def _hash(*, at: datetime, **says: Any) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return sha256(canonical({"at": moment, **says})).hexdigest()


def _recomputed(row: Mapping[str, Any]) -> str:
    """Return the hash that a row should have, as the database has it; nothing where it cannot be read."""
    try:
        at = row["at"] if isinstance(row["at"], datetime) else datetime.fromisoformat(row["at"])
        return _hash(
            case_id=row["case_id"],
            at=at.replace(tzinfo=at.tzinfo or UTC),
            who=unescape(row["who"]),
            action=row["action"],
            reason=None if row["reason"] is None else unescape(row["reason"]),
            note=unescape(row["note"]),
            data=json.loads(unescape(row["data"])),
            previous=row["previous"],
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""
