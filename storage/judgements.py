"""What people decide about a case: a log that only grows, and the state it leads to.

`judge` appends; `undo` appends too, naming the entry it takes back. The case's state is the log replayed without what
was taken back (`storage.actions`), written in the same transaction. Both lock the case first, so that nothing is
decided on a case that changes under one's hands; `expect` refuses when it has changed since it was looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import notice_presence
from storage.actions import (
    ACTIONS,
    DISMISS_REASONS,
    SILENT,
    SUPPRESS,
    Action,
    DismissReason,
    Standing,
    refusal,
    standing,
    state_at,
    undone,
)
from storage.case_locks import MACHINE, lock_campaigns, lock_cases
from storage.case_log import NewEntry, append_log
from storage.errors import CaseNotFound, JudgementRefused
from storage.intents import revive, suppress
from storage.merging import merge, unmerge
from storage.notice_presence import follow_judgement, kin
from storage.register import Registering, enter, entering, take_back
from storage.schema import Case, CaseLog, Harm
from storage.settle import check_unchanged, log_of, settle
from storage.suppression import known_then

__all__ = [
    "ACTIONS",
    "DISMISS_REASONS",
    "Action",
    "DismissReason",
    "Judgement",
    "judge",
    "standing",
    "state_at",
    "undo",
]

TAG = re.compile(r"[\w.-]{1,40}")  # of any script
TAG_WORDS = "letters, digits, '.', '-' and '_', at most 40"
_QUIETS: frozenset[str] = frozenset(("dismiss", "snooze", "close"))  # the person has seen what messages would tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A person's answer to a case."""

    who: str
    action: Action
    reason: str | None = None  # one of DISMISS_REASONS, for dismiss
    note: str = ""
    until: datetime | None = None  # for snooze; for dismiss: what arrives until then is quiet, None means SUPPRESS
    register: Registering | None = None  # for dismiss: enter it into the ownership register, too
    into: int | None = None  # for duplicate: the case that it is a part of
    assignee: str | None = None  # for assign; None means the person who says so, "" nobody
    tag: str | None = None  # for tag and untag
    harm: Harm | None = None  # for harm; None: as the items say
    due: datetime | None = None  # for due; None: as agreed
    # For takedown and approve: who may approve a takedown that another person asked for; () means that nobody needs to.
    approvers: tuple[str, ...] | None = None


def judge(session: Session, case_id: int, judgement: Judgement, *, now: datetime, expect: int | None = None) -> int:
    """Append a judgement to a case's log and put the case into the state it leads to.

    Dismissing, snoozing or closing suppresses the messages that are pending: the person has seen what they tell.

    Args:
        expect: the last log entry that the person has seen; None judges whatever the case is now.

    Returns:
        The id of the new log entry.

    Raises:
        CaseNotFound: no case has this id.
        CaseConflict: the log has grown since `expect`.
        JudgementRefused: something is missing, or does not fit the case's state.
    """
    into = judgement.into if judgement.action == "duplicate" else None
    if judgement.action == "duplicate":
        _lock_brand(session, case_id)
    case, log = _locked(session, case_id, into)
    if expect is not None:
        check_unchanged(log[-1], expect)
    _check(judgement, case, standing(log), now)
    if into is not None:
        merge(session, [case_id, into], who=judgement.who, now=now, note=judgement.note, into=into)
        return log_of(session, case_id)[-1].id
    entered = None if judgement.register is None else entering(session, case, judgement.register, judgement.reason)
    new = NewEntry(
        case_id=case_id,
        at=now,
        who=judgement.who,
        action=judgement.action,
        reason=judgement.reason,
        note=judgement.note,
        data={**_data(session, case, judgement, now), **({"register": entered.as_data()} if entered else {})},
    )
    entry = append_judgement(session, case, log, new)
    if entered is not None:
        enter(session, case, entered, entry)
    if judgement.action == "down" or judgement.action == "relapse":
        follow_judgement(session, case, judgement.action, who=judgement.who, because=entry.id, now=now)
    if judgement.action in _QUIETS:
        note = f"{judgement.action} by {judgement.who}" + (f": {judgement.reason}" if judgement.reason else "")
        suppress(session, case_id, because_of=entry.id, note=note, now=now)
    return entry.id


def undo(session: Session, case_id: int, *, who: str, now: datetime, meant: int | None = None) -> int:
    """Take back the person's last judgement on a case by appending to its log.

    Messages that the judgement had suppressed become pending again, with the items that arrived meanwhile; what it had
    entered into the ownership register leaves it.

    Args:
        meant: the entry that they mean; None takes back whichever is the last.

    Returns:
        The id of the new log entry.

    Raises:
        CaseNotFound: no case has this id.
        JudgementRefused: this person has no judgement here to take back, or another one than is meant, or
            somebody else's rests on it.
    """
    _lock_brand(session, case_id)
    case, log = _locked(session, case_id, session.scalar(select(Case.merged_into).where(Case.id == case_id)))
    gone = undone(log)
    mine = [entry for entry in log if entry.who == who and entry.action in ACTIONS and entry.id not in gone]
    if not mine:
        raise JudgementRefused(f"{who} has no judgement on case {case_id} to take back")
    last = mine[-1]
    if meant is not None and last.id != meant:
        raise JudgementRefused(f"{who} has judged case {case_id} again since; {last.action} must be taken back first")
    if last.action == "duplicate":
        unmerge(session, case_id, who=who, now=now)
        return log_of(session, case_id)[-1].id
    new = NewEntry(case_id=case_id, at=now, who=who, action="undo", data={"undoes": last.id, "action": last.action})
    missed = _arrived_since(log, last.id) if case.state in SILENT else 0
    entry = append_judgement(session, case, log, new)
    if last.action == "dismiss":
        take_back(session, last.id, who=who, now=now)
    if last.action in ("down", "relapse"):
        notice_presence.take_back(session, case, last.id, who=who, now=now)
    if last.action in _QUIETS and case.state not in SILENT:
        revive(session, case_id, suppressed_by=last.id, missed=missed, now=now)
    return entry.id


def append_judgement(session: Session, case: Case, log: Sequence[CaseLog], new: NewEntry) -> CaseLog:
    """Append an entry to the log of a locked case and bring the case up to date with it.

    Raises:
        JudgementRefused: what another person decided makes no sense any more with it.
    """
    before = standing(log)
    [entry] = append_log(session, {case.id: case}, [new])
    now = standing([*log, entry])
    lost = now.void - before.void
    if resting := [one for one in log if one.id in lost and one.who not in (new.who, MACHINE)]:
        first = resting[0]
        raise JudgementRefused(f"{first.action} by {first.who} rests on it; that must be taken back first")
    settle(case, now)
    session.flush()
    return entry


def _lock_brand(session: Session, case_id: int) -> None:
    """Take the lock under which cases merge; it comes before those of the cases."""
    brand = session.scalar(select(Case.brand).where(Case.id == case_id))
    if brand is not None:
        lock_campaigns(session, [brand])


def _locked(session: Session, case_id: int, other: int | None = None) -> tuple[Case, list[CaseLog]]:
    """Lock a case, its parts that have notices, and the one that it becomes or was a part of: all at once, because
    their order counts.
    """
    cases = lock_cases(session, {*kin(session, [case_id]), case_id if other is None else other})
    if case_id not in cases:
        raise CaseNotFound(f"there is no case {case_id}")
    return cases[case_id], log_of(session, case_id)


def _check(judgement: Judgement, case: Case, now_at: Standing, now: datetime) -> None:
    """Raise JudgementRefused where a judgement is incomplete or makes no sense."""
    if not judgement.who.strip():
        raise JudgementRefused("a judgement needs a person")
    if judgement.who == MACHINE:
        raise JudgementRefused(f"{MACHINE!r} is the name of the machine; a judgement needs a person")
    if refused := refusal(
        judgement.action, case.id, state_at(case.state, case.snoozed_until, now), case.merged_into
    ) or _incomplete(judgement, now_at, now):
        raise JudgementRefused(refused)


def _incomplete(judgement: Judgement, at: Standing, now: datetime) -> str | None:
    """Say what is missing for an action, or cannot be."""
    match judgement.action:
        case "dismiss" if judgement.reason not in DISMISS_REASONS:
            return f"dismissing needs a reason: {', '.join(DISMISS_REASONS)}"
        case action if judgement.register is not None and action != "dismiss":
            return "only a dismissal can enter something into the register"
        case "dismiss" if judgement.until is not None and judgement.until <= now:
            return "a dismissal lasts until a time in the future"
        case "snooze" if judgement.until is None or judgement.until <= now:
            return "snoozing needs a time in the future"
        case "duplicate" if judgement.into is None:
            return "a duplicate needs the case that it is a part of"
        case "note" if not judgement.note.strip():
            return "the note is empty"
        case "tag" | "untag" if judgement.tag is None or not TAG.fullmatch(judgement.tag):
            return f"a tag is made of {TAG_WORDS}"
        case "untag" if judgement.tag not in at.tags:
            return f"there is no tag {judgement.tag!r}; there are: {', '.join(at.tags) or 'none'}"
        case "harm" if judgement.harm is not None and judgement.harm not in get_args(Harm):
            return f"harm is one of {', '.join(get_args(Harm))}"
        case "hold" if at.held:
            return "the case is held already"
        case "release" if not at.held:
            return "the case is not held"
        case "takedown" if at.takedown_asked is not None:
            return f"{at.takedown_asked} has asked for it already; it waits for the approval of another person"
        case "approve":
            return _no_approval(judgement, at)
    return None


def _no_approval(judgement: Judgement, at: Standing) -> str | None:
    if at.takedown_asked is None:
        return "nobody has asked for a takedown that waits for approval"
    if judgement.who == at.takedown_asked:
        return f"{judgement.who} has asked for the takedown; another person must approve it"
    if judgement.who not in (judgement.approvers or ()):
        named = ", ".join(judgement.approvers or ()) or "nobody"
        return f"{judgement.who} may not approve takedowns; [takedown] approvers names {named}"
    return None


def _data(session: Session, case: Case, judgement: Judgement, now: datetime) -> dict[str, Any]:
    match judgement.action:
        case "snooze":
            return {"until": _text(judgement.until)}
        case "dismiss":
            return {"until": _text(judgement.until or now + SUPPRESS), **known_then(session, case)}
        case "assign":
            return {"assignee": judgement.who if judgement.assignee is None else judgement.assignee or None}
        case "tag" | "untag":
            return {"tag": judgement.tag}
        case "harm":
            return {"harm": judgement.harm}
        case "due":
            return {"due": _text(judgement.due)}
        case "takedown":
            if judgement.approvers is None:
                raise ValueError("a takedown needs to know who approves")
            return {"approval": True} if judgement.approvers else {}
    return {}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _arrived_since(log: Sequence[CaseLog], entry_id: int) -> int:
    return sum(len(entry.data["items"]) for entry in log if entry.action == "items_added" and entry.id > entry_id)
