"""What rechecks and judgements of a case say of its notices: what they asked for is gone, or there again.

That a page is gone tells something of those who can take it away (`TAKES_AWAY`, and the platform that it stands on):
their notices are down when the case's links that they name are, or all of the case's. What a platform did about an
ad, or an association about a report, no visit shows. Written in the transaction that saw it, whose cases are locked
already (`kin`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.presence import By, Presence
from storage.case_locks import MACHINE, lock_cases
from storage.merging import family
from storage.notice_entries import Held, entries_of, take, write
from storage.notice_steps import ATTEND, WATCHED, replay
from storage.schema import Case, NoticeRow, NoticeState

TAKES_AWAY = frozenset(("redirect", "registrar", "registry", "host", "cdn"))  # kinds of actors
_DOWN: frozenset[NoticeState] = frozenset(("down",))


def kin(session: Session, case_ids: Collection[int]) -> set[int]:
    """Return cases and those parts of them that have notices: who may write their steps locks all of them at once."""
    found = set(case_ids)
    for case_id in case_ids:
        others = family(session, case_id)[1:]
        if others:
            has_some = select(NoticeRow.case_id).where(NoticeRow.case_id.in_(others)).distinct()
            found.update(session.scalars(has_some))
    return found


def follow_link(
    session: Session,
    case: Case,
    url: str,
    state: Presence,
    standing: Mapping[str, Presence],
    *,
    followed: Set[str],
    moved: bool,
    now: datetime,
) -> None:
    """Put notices on after a round of visits along a link of a case.

    Args:
        case: locked, as it stands after the round.
        state: where the link stands.
        standing: where all links of the case stand, as far as they were ever anything but there.
        followed: links of the case that are; a page where another link ends is not, for that one tells of it.
        moved: whether the round has put the case on.
    """
    if state.state == "down":
        for row in _watched(session, case):
            links = [link for link in row.links if link in followed]
            gone = url in links and all(link in standing and standing[link].state == "down" for link in links)
            with_case = moved and case.state == "down"
            if _takes_away(row) and (gone or with_case) and not _a_person_saw_it(session, row):
                _move(session, case, row, "down", who=MACHINE, note=state.says, now=now, by=state.by)
    elif state.state not in ("down", "unclear"):
        for row in _notices(session, case, _DOWN):
            there = url in row.links and state.state == "relapsed"
            with_case = followed.isdisjoint(row.links) or _went_with_case(session, row)
            if there or (moved and case.state == "relapsed" and with_case):
                _move(session, case, row, "back", who=MACHINE, note=state.says, now=now)


def follow_judgement(
    session: Session, case: Case, action: Literal["down", "relapse"], *, who: str, because: int, now: datetime
) -> None:
    """Put notices on after a person has judged their case to be down, or back: those that a visit would put on, too.

    Args:
        because: the id of the judgement in the case's log; `take_back` finds by it what came of it.
    """
    if action == "down":
        for row in filter(_takes_away, _watched(session, case)):
            _move(session, case, row, "down", who=who, note=f"case {case.id} is down", now=now, because=because)
        return
    for row in _notices(session, case, _DOWN):
        if _went_with_case(session, row):
            _move(session, case, row, "back", who=who, note=f"case {case.id} is back", now=now, because=because)


def take_back(session: Session, case: Case, because: int, *, who: str, now: datetime) -> None:
    """Take back what came of a judgement that was taken back."""
    for row in _notices(session, case, ("down", "back")):
        steps = entries_of(session, row)
        gone = {entry.data["undoes"] for entry in steps if entry.reason == "undo"}
        for entry in steps:
            if entry.data.get("because") == because and entry.id not in gone:
                held = Held(root=case, cases=lock_cases(session, {row.case_id, case.id}))
                take(session, held, row, "undo", who=who, now=now, note=f"{entry.reason}", data={"undoes": entry.id})
                standing = replay(entries_of(session, row))
                assert standing is not None, "a notice begins with a draft"
                write(row, standing)
    session.flush()


def _notices(session: Session, case: Case, states: Collection[NoticeState]) -> Sequence[NoticeRow]:
    """Return notices of a case and its parts, as they are now."""
    query = select(NoticeRow).where(NoticeRow.case_id.in_(family(session, case.id)), NoticeRow.state.in_(states))
    return session.scalars(query.order_by(NoticeRow.id), execution_options={"populate_existing": True}).all()


def _watched(session: Session, case: Case) -> Iterator[NoticeRow]:
    """Yield the notices of a case that what goes is told of; not those that did not arrive, nor those that were filed
    anew: the new one is told.
    """
    for row in _notices(session, case, WATCHED):
        if row.lost_at is None and (row.state != "back" or row.due_at is not None):
            yield row


def _a_person_saw_it(session: Session, row: NoticeRow) -> bool:
    """Tell whether a person said last that it is back: pages may hide from machines."""
    backs = [entry for entry in entries_of(session, row) if entry.reason == "back"] if row.state == "back" else []
    return bool(backs) and backs[-1].who != MACHINE


def _takes_away(row: NoticeRow) -> bool:
    """Tell whether who got a notice can take the page itself away: by what they are, or because it stands on theirs."""
    its_own = bool(row.targets) and set(row.targets) <= set(row.links)
    return row.actor in TAKES_AWAY or (row.actor == "platform" and its_own)


def _went_with_case(session: Session, row: NoticeRow) -> bool:
    """Tell whether a notice that is down has no links of its own, or was called down with its case."""
    if not row.links:
        return True
    downs = [entry for entry in entries_of(session, row) if entry.reason == "down"]
    return bool(downs) and "because" in downs[-1].data


def _move(
    session: Session,
    case: Case,
    row: NoticeRow,
    step: Literal["down", "back"],
    *,
    who: str,
    note: str,
    now: datetime,
    because: int | None = None,
    by: By | None = None,
) -> None:
    held = Held(root=case, cases=lock_cases(session, {row.case_id, case.id}))
    due = None if step == "down" else ATTEND
    take(session, held, row, step, who=who, now=now, due=due, note=note, data={"because": because, "by": by})
