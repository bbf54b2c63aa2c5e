"""Actions: what people and the machine may do with a case, in which of its states, and what becomes of it.

One table, `RULES`, asked before an entry is written (`refusal`) and whenever a log is replayed (`standing`): the state
of a case is its log, oldest entry first, without what was taken back. An entry whose rule does not hold any more,
because what it rested on was taken back, counts for nothing (`Standing.void`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from storage.case_locks import MACHINE
from storage.schema import CaseLog, CaseState, Harm

Action = Literal[
    "confirm",
    "dismiss",
    "snooze",
    "duplicate",
    "takedown",
    "approve",
    "down",
    "relapse",
    "close",
    "reopen",
    "assign",
    "note",
    "tag",
    "untag",
    "harm",
    "due",
    "hold",
    "release",
]
DismissReason = Literal["reseller", "official", "news", "review", "job", "parody", "unrelated", "duplicate", "other"]
ACTIONS: tuple[Action, ...] = get_args(Action)
DISMISS_REASONS: tuple[DismissReason, ...] = get_args(DismissReason)

STATES: frozenset[CaseState] = frozenset(get_args(CaseState))
WAITING: frozenset[CaseState] = frozenset(("open", "relapsed"))  # for a person; so does a snooze that has run out
UNJUDGED: frozenset[CaseState] = WAITING | {"snoozed"}  # wait for a person, now or when the snooze has run out
CONFIRMED: frozenset[CaseState] = frozenset(("confirmed", "takedown", "down", "relapsed", "closed"))
SUPPRESS = timedelta(days=90)  # for how long what arrives in a dismissed case stays quiet, unless somebody says
SILENT: frozenset[CaseState] = frozenset(("dismissed", "duplicate", "closed"))  # nobody acts on it, nothing is sent
SETTLED: frozenset[CaseState] = SILENT | {"down"}  # nobody has to do anything now


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """In which states of a case an action makes sense, and the state it leads to."""

    of: frozenset[CaseState]
    to: CaseState | None = None  # None: the state stays


def _rule(*of: CaseState, to: CaseState) -> Rule:
    return Rule(of=frozenset(of), to=to)


_ANY = Rule(of=STATES)
_SINGLE = Rule(of=STATES - {"duplicate"})

RULES: dict[Action, Rule] = {
    "confirm": _rule("open", "relapsed", "snoozed", "dismissed", "confirmed", to="confirmed"),
    "dismiss": Rule(of=STATES - {"duplicate", "closed"}, to="dismissed"),
    "snooze": _rule("open", "relapsed", "snoozed", to="snoozed"),
    "duplicate": _rule("open", "relapsed", "snoozed", "confirmed", "dismissed", to="duplicate"),
    "takedown": _rule("confirmed", "relapsed", to="takedown"),
    "approve": _rule("confirmed", "relapsed", to="takedown"),
    "down": _rule("confirmed", "takedown", "relapsed", to="down"),
    "relapse": _rule("down", "closed", to="relapsed"),
    "close": _rule("confirmed", "takedown", "down", "relapsed", to="closed"),
    "reopen": _rule("confirmed", "dismissed", "snoozed", "takedown", "down", "closed", to="open"),
    "assign": _SINGLE,
    "note": _ANY,
    "tag": _SINGLE,
    "untag": _SINGLE,
    "harm": _SINGLE,
    "due": _SINGLE,
    "hold": _ANY,
    "release": _ANY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a log leads to."""

    state: CaseState = "open"
    snoozed_until: datetime | None = None
    suppressed_until: datetime | None = None  # of a dismissed case
    merged_into: int | None = None
    takedown_asked: str | None = None  # who asked for one that another person must approve
    judged_at: datetime | None = None  # first confirmed or dismissed
    waiting_since: datetime | None = None  # opened, reopened, relapsed, or the end of the last snooze
    assignee: str | None = None
    tags: tuple[str, ...] = ()  # sorted
    harm: Harm | None = None  # as a person says
    due: datetime | None = None  # as a person says
    held: bool = False
    void: frozenset[int] = frozenset()  # entries that make no sense without what was taken back


def allowed(state: CaseState) -> tuple[Action, ...]:
    """Return the actions that make sense in a state, as `state_at` gives it."""
    return tuple(action for action, rule in RULES.items() if state in rule.of)


def refusal(action: Action, case_id: int, state: CaseState, merged_into: int | None) -> str | None:
    """Say in one line why an action makes no sense in a state; None where it does."""
    rule = RULES[action]
    if state in rule.of:
        return None
    if merged_into is not None:
        return f"case {case_id} is a part of case {merged_into} now; judge that one, or undo the merge"
    wanted = [known for known in get_args(CaseState) if known in rule.of]
    return f"case {case_id} is {state}; {action} needs one that is {_or(wanted)}"


def _or(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def state_at(state: CaseState, snoozed_until: datetime | None, now: datetime) -> CaseState:
    """Return the state that holds at a time: a snooze that has run out is open again."""
    return "open" if snoozed_until is not None and snoozed_until <= now else state


def undone(log: Sequence[CaseLog]) -> set[int]:
    """Return the ids of the entries that were taken back."""
    return {entry.data["undoes"] for entry in log if entry.action == "undo"}


def standing(log: Sequence[CaseLog]) -> Standing:
    """Replay a log, oldest entry first, without what was taken back."""
    gone = undone(log)
    at = Standing()
    for entry in log:
        if entry.action == "opened":
            at = replace(at, waiting_since=at.waiting_since or entry.at)
        elif entry.id not in gone and entry.action in RULES:
            at = _after(at, entry)
    return at


def judgement_of(log: Sequence[CaseLog]) -> CaseLog | None:
    """Return the confirmation or dismissal that holds, from the log of a case, oldest entry first."""
    gone = undone(log)
    said = [
        entry
        for entry in log
        if entry.id not in gone
        and (entry.action in ("confirm", "dismiss") or (entry.action == "reopen" and entry.who != MACHINE))
    ]
    return said[-1] if said and said[-1].action != "reopen" else None


def _after(at: Standing, entry: CaseLog) -> Standing:
    """Return what an entry makes of a case."""
    action: Action = entry.action  # type: ignore[assignment]  # a key of RULES
    rule, data = RULES[action], entry.data
    if at.state not in rule.of or (action == "approve" and at.takedown_asked is None):
        return replace(at, void=at.void | {entry.id})
    if action == "takedown" and data.get("approval"):
        return replace(at, takedown_asked=entry.who)  # the state waits for the approval
    if rule.to is not None:
        at = replace(
            at,
            state=rule.to,
            snoozed_until=_moment(data["until"]) if action == "snooze" else None,
            suppressed_until=(_moment(data.get("until")) or entry.at + SUPPRESS) if action == "dismiss" else None,
            merged_into=data["into"] if action == "duplicate" else None,
            takedown_asked=None,
        )
    match action:
        case "confirm" | "dismiss":
            return replace(at, judged_at=at.judged_at or entry.at)
        case "snooze":
            return replace(at, waiting_since=at.snoozed_until)
        case "relapse" | "reopen":
            return replace(at, waiting_since=entry.at)
        case "assign":
            return replace(at, assignee=data["assignee"])
        case "tag":
            return replace(at, tags=tuple(sorted({*at.tags, data["tag"]})))
        case "untag":
            return replace(at, tags=tuple(tag for tag in at.tags if tag != data["tag"]))
        case "harm":
            return replace(at, harm=data["harm"])
        case "due":
            return replace(at, due=_moment(data["due"]))
        case "hold" | "release":
            return replace(at, held=action == "hold")
    return at


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
