"""Entries of notices in case logs: the only writer of steps, and of the rows that they lead to.

A notice stays with the case for which it was drafted, whatever that is merged into: its entries are in that case's log,
and the state that counts is that of the whole (`storage.merging.root_of`). Every step locks the whole family first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.case_locks import lock_cases
from storage.case_log import NewEntry, append_log
from storage.columns import digest_of
from storage.errors import CaseConflict, CaseNotFound, NoticeConflict, NoticeNotFound, NoticeRefused
from storage.merging import family, root_of
from storage.notice_steps import NOTICE, Entry, NoticeStanding, Step, after, refusal
from storage.schema import Case, CaseLog, NoticeRow

_STANDING = tuple(one.name for one in fields(NoticeStanding))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The locked cases of one family."""

    root: Case  # whose state counts
    cases: Mapping[int, Case]  # by id, the root among them


def hold(session: Session, case_id: int) -> Held:
    """Lock the whole that a case is a part of.

    Raises:
        CaseNotFound: no case has this id.
        CaseConflict: it was merged with another one at this moment.
    """
    ids = family(session, root_of(session, case_id))
    cases = lock_cases(session, ids)
    if case_id not in cases:
        raise CaseNotFound(f"there is no case {case_id}")
    root = cases[ids[0]]
    if root.merged_into is not None or set(family(session, root.id)) != set(cases):
        raise CaseConflict(f"case {case_id} was merged or parted at this moment; look again")
    return Held(root=root, cases=cases)


def hold_notice(session: Session, number: int) -> tuple[Held, NoticeRow]:
    """Lock the whole that the case of a notice is a part of; return the row as it is then.

    Raises:
        NoticeNotFound: no notice has this number.
        CaseConflict: its case was merged with another one at this moment.
    """
    case_id = session.scalar(select(NoticeRow.case_id).where(NoticeRow.id == number))
    if case_id is None:
        raise NoticeNotFound(f"there is no notice {number}; `mekiki takedown list` shows all")
    return hold(session, case_id), row_of(session, number)


def row_of(session: Session, number: int) -> NoticeRow:
    """Return the row of a notice as it is now; its case is locked."""
    query = select(NoticeRow).where(NoticeRow.id == number)
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def check(step: Step, row: NoticeRow) -> None:
    """Raise NoticeRefused where a step makes no sense."""
    if refused := refusal(step, row.id, row.state, row.sending_at):
        raise NoticeRefused(refused)


def check_read(number: int, content: Mapping[str, Any], read: str) -> None:
    """Raise NoticeConflict where a notice says something else than what somebody has read.

    Args:
        content: of the notice, as it is now.
        read: the first hex digits of `digest_of` of what was read.
    """
    if not digest_of(content).startswith(read.lower()):
        raise NoticeConflict(
            f"notice {number} is not what you have read ({read}): `mekiki takedown show {number}` has it as it is now"
        )


def check_seen(session: Session, row: NoticeRow, seen: int) -> None:
    """Raise NoticeConflict where something has happened to a notice since somebody looked; its case is locked.

    Args:
        seen: the last entry of the notice that was seen.
    """
    since = [entry for entry in entries_of(session, row) if entry.id > seen]
    if since:
        last = since[-1]
        raise NoticeConflict(f"notice {row.id} has changed meanwhile ({last.reason} by {last.who}); look again")


def take(
    session: Session,
    held: Held,
    row: NoticeRow,
    step: Step,
    *,
    who: str,
    now: datetime,
    due: timedelta | Literal["as before"] | None = "as before",
    note: str = "",
    data: Mapping[str, Any] | None = None,
) -> CaseLog:
    """Append a step to the log of a notice's case and bring its row up to date with it.

    Args:
        due: until somebody is reminded of it; None: nobody has to be.
        data: what else the entry says; without what is None.
    """
    said = {name: value for name, value in (data or {}).items() if value is not None}
    if due != "as before":
        said["due"] = None if due is None else (now + due).astimezone(UTC).isoformat()
    new = NewEntry(
        case_id=row.case_id,
        at=now,
        who=who,
        action=NOTICE,
        reason=step,
        note=note,
        data={"notice": row.id, "reference": row.reference, "channel": row.channel, **said},
    )
    [entry] = append_log(session, held.cases, [new])
    write(row, after(None if step == "drafted" else standing_of(row), entry))
    session.flush()
    return entry


def standing_of(row: NoticeRow) -> NoticeStanding:
    """Return how a notice stands."""
    return NoticeStanding(**{name: getattr(row, name) for name in _STANDING})


def write(row: NoticeRow, standing: NoticeStanding) -> None:
    """Write where its steps lead to into the row of a notice."""
    for name in _STANDING:
        setattr(row, name, getattr(standing, name))


def entries_of(session: Session, row: NoticeRow) -> list[Entry]:
    """Return the steps of a notice, oldest first."""
    query = select(CaseLog).where(CaseLog.case_id == row.case_id, CaseLog.action == NOTICE).order_by(CaseLog.id)
    return [entry for entry in session.scalars(query) if entry.data["notice"] == row.id]
