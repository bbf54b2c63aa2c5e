"""What people decide about a case: a log that only grows, and the state it leads to.

`judge` appends; `undo` appends too, naming the entry it takes back. The case's state is the log replayed
without what was taken back, written in the same transaction. Both lock the case first, so that nothing is
decided on a case that changes under one's hands; `expect` refuses when it has changed since it was looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.campaigns import lock_cases
from storage.case_log import NewEntry, append_log
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.intents import revive, suppress
from storage.schema import Case, CaseLog, CaseState

Action = Literal["confirm", "dismiss", "snooze", "assign", "note"]
DismissReason = Literal["reseller", "official", "news", "review", "job", "parody", "unrelated", "duplicate", "other"]
ACTIONS: tuple[Action, ...] = get_args(Action)
DISMISS_REASONS: tuple[DismissReason, ...] = get_args(DismissReason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A person's answer to a case."""

    who: str
    action: Action
    reason: str | None = None  # one of DISMISS_REASONS, for dismiss
    note: str = ""
    until: datetime | None = None  # for snooze
    assignee: str | None = None  # for assign; None means the person who says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a log leads to."""

    state: CaseState = "open"
    snoozed_until: datetime | None = None
    assignee: str | None = None


def judge(session: Session, case_id: int, judgement: Judgement, *, now: datetime, expect: int | None = None) -> int:
    """Append a judgement to a case's log and put the case into the state it leads to.

    Dismissing or snoozing suppresses the messages that are pending: the person has seen what they tell.

    Args:
        expect: the last log entry that the person has seen; None judges whatever the case is now.

    Returns:
        The id of the new log entry.

    Raises:
        CaseNotFound: no case has this id.
        CaseConflict: the log has grown since `expect`.
        JudgementRefused: something is missing, or does not fit the case's state.
    """
    case, log = _locked(session, case_id)
    if expect is not None and log[-1].id != expect:
        last = log[-1]
        raise CaseConflict(f"case {case_id} has changed meanwhile ({last.action} by {last.who}); look again")
    _check(judgement, case, now)
    new = NewEntry(
        case_id=case_id,
        at=now,
        who=judgement.who,
        action=judgement.action,
        reason=judgement.reason,
        note=judgement.note,
        data=_data(judgement),
    )
    entry = _append(session, case, log, new)
    if judgement.action in ("dismiss", "snooze"):
        note = f"{judgement.action} by {judgement.who}" + (f": {judgement.reason}" if judgement.reason else "")
        suppress(session, case_id, because_of=entry.id, note=note, now=now)
    return entry.id


def undo(session: Session, case_id: int, *, who: str, now: datetime) -> int:
    """Take back the person's last judgement on a case by appending to its log.

    Messages that the judgement had suppressed become pending again, with the items that arrived meanwhile.

    Returns:
        The id of the new log entry.

    Raises:
        CaseNotFound: no case has this id.
        JudgementRefused: this person has no judgement here to take back.
    """
    case, log = _locked(session, case_id)
    undone = _undone(log)
    mine = [entry for entry in log if entry.who == who and entry.action in ACTIONS and entry.id not in undone]
    if not mine:
        raise JudgementRefused(f"{who} has no judgement on case {case_id} to take back")
    last = mine[-1]
    new = NewEntry(
        case_id=case_id,
        at=now,
        who=who,
        action="undo",
        data={"undoes": last.id, "action": last.action},
    )
    missed = _arrived_since(log, last.id) if case.state == "dismissed" else 0
    entry = _append(session, case, log, new)
    if last.action in ("dismiss", "snooze") and case.state != "dismissed":
        revive(session, case_id, suppressed_by=last.id, missed=missed, now=now)
    return entry.id


def standing(log: Sequence[CaseLog]) -> Standing:
    """Replay a log, oldest entry first, without what was taken back."""
    undone = _undone(log)
    state: CaseState = "open"
    until: datetime | None = None
    assignee: str | None = None
    for entry in log:
        if entry.id in undone:
            continue
        match entry.action:
            case "confirm":
                state, until = "confirmed", None
            case "dismiss":
                state, until = "dismissed", None
            case "snooze":
                state, until = "snoozed", datetime.fromisoformat(entry.data["until"])
            case "assign":
                assignee = entry.data["assignee"]
    return Standing(state=state, snoozed_until=until, assignee=assignee)


def state_at(state: CaseState, snoozed_until: datetime | None, now: datetime) -> CaseState:
    """Return the state that holds at a time: a snooze that has run out is open again."""
    return "open" if snoozed_until is not None and snoozed_until <= now else state


def _locked(session: Session, case_id: int) -> tuple[Case, list[CaseLog]]:
    cases = lock_cases(session, [case_id])
    if case_id not in cases:
        raise CaseNotFound(f"there is no case {case_id}")
    log = session.scalars(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id))
    return cases[case_id], list(log)


def _check(judgement: Judgement, case: Case, now: datetime) -> None:
    state = state_at(case.state, case.snoozed_until, now)
    if not judgement.who.strip():
        raise JudgementRefused("a judgement needs a person")
    match judgement.action:
        case "dismiss" if judgement.reason not in DISMISS_REASONS:
            raise JudgementRefused(f"dismissing needs a reason: {', '.join(DISMISS_REASONS)}")
        case "snooze" if judgement.until is None or judgement.until <= now:
            raise JudgementRefused("snoozing needs a time in the future")
        case "snooze" if state in ("confirmed", "dismissed"):
            raise JudgementRefused(f"case {case.id} is {state}; only an open case can be snoozed")
        case "note" if not judgement.note.strip():
            raise JudgementRefused("the note is empty")


def _data(judgement: Judgement) -> dict[str, str]:
    if judgement.action == "snooze" and judgement.until is not None:
        return {"until": judgement.until.astimezone(UTC).isoformat()}
    if judgement.action == "assign":
        return {"assignee": judgement.assignee or judgement.who}
    return {}


def _append(session: Session, case: Case, log: Sequence[CaseLog], new: NewEntry) -> CaseLog:
    [entry] = append_log(session, {case.id: case}, [new])
    now = standing([*log, entry])
    case.state, case.snoozed_until, case.assignee = now.state, now.snoozed_until, now.assignee
    session.flush()
    return entry


def _undone(log: Sequence[CaseLog]) -> set[int]:
    return {entry.data["undoes"] for entry in log if entry.action == "undo"}


def _arrived_since(log: Sequence[CaseLog], entry_id: int) -> int:
    return sum(len(entry.data["items"]) for entry in log if entry.action == "items_added" and entry.id > entry_id)
