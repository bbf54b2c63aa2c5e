"""From keys to judgements: which key means what, what else has to be asked, and how it is told afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol, get_args

from sqlalchemy.orm import Session

from storage.actions import Action, allowed, state_at
from storage.cases import DISMISS_REASONS, Judgement
from storage.schema import Case, CaseState, Harm


class Asking(Protocol):
    """A person who can be asked for more."""

    def ask(self, question: str) -> str | None:
        """Return a line; None where the person thought better of it."""
        ...

    def choose(self, question: str, choices: Mapping[str, str]) -> str | None:
        """Return the key of one of the choices; None for any other key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a key does to a case."""

    key: str
    action: Action
    label: str  # as the line of keys names it
    done: str  # as it is told afterwards
    says: str  # for the help
    stays: bool = False  # the case is not done with it


ACTS: tuple[Act, ...] = (
    Act(key="c", action="confirm", label="confirm", done="confirmed", says="impersonation"),
    Act(key="d", action="dismiss", label="dismiss", done="dismissed", says="a digit says why"),
    Act(key="s", action="snooze", label="snooze", done="snoozed", says="a digit says how long"),
    Act(key="=", action="duplicate", label="duplicate", done="made a duplicate", says="part of another case"),
    Act(
        key="t",
        action="takedown",
        label="takedown",
        done="sent to takedown",
        says="confirm, take down",
    ),
    Act(key="y", action="approve", label="approve", done="approved", says="another one's takedown"),
    Act(key="x", action="close", label="close", done="closed", says="nothing more to do"),
    Act(key="r", action="reopen", label="reopen", done="reopened", says="wants a person again", stays=True),
    Act(key="i", action="assign", label="mine", done="assigned", says="it is mine", stays=True),
    Act(key="a", action="assign", label="assign", done="assigned", says="it is somebody's", stays=True),
    Act(key="#", action="tag", label="tag", done="tagged", says="-TAG takes it off", stays=True),
    Act(key="w", action="note", label="note", done="noted", says="write a note", stays=True),
    Act(key="h", action="harm", label="harm", done="weighed", says="low, normal, high", stays=True),
)
BY_KEY: Mapping[str, Act] = {act.key: act for act in ACTS}
MOVES: Mapping[str, str] = {
    "n": "next case", "p": "the case before", "g": "go to a case by number", "o": "open all of it",
    "z": "its picture, large", "m": "mark (or space): judge many at once", "*": "unmark all",
    "u": "undo, any number", "f": "choose other cases", "v": "saved views", "?": "this list", "q": "quit",
}  # fmt: skip

# Keys of what else is asked, and what each stands for.
SNOOZES: Mapping[str, int] = {"1": 1, "3": 3, "7": 7, "2": 14, "0": 30, "9": 90}  # days
HARMS: Mapping[str, Harm | None] = {**{harm[0]: harm for harm in get_args(Harm)}, "a": None}
SNOOZE_WORDS = {key: "1 day" if days == 1 else f"{days} days" for key, days in SNOOZES.items()}
REASONS = dict(zip("123456789", DISMISS_REASONS, strict=True))
HARM_WORDS = {key: harm or "as the items say" for key, harm in HARMS.items()}


def fitting(state: CaseState, approval: Literal["asked", "none"]) -> list[Act]:
    """Return the acts that make sense for a case in a state."""
    possible: set[Action] = set(allowed(state))
    if "confirm" in possible:
        possible.add("takedown")
    if approval == "none":
        possible.discard("approve")
    return [act for act in ACTS if act.action in possible]


def steps_to(made: Judgement, session: Session, case_id: int, now: datetime) -> tuple[Judgement, ...]:
    """Return the judgements that one key stands for: what is to be taken down is confirmed, too."""
    if made.action != "takedown":
        return (made,)
    case = session.get(Case, case_id)
    if case is None or "takedown" in allowed(state_at(case.state, case.snoozed_until, now)):
        return (made,)
    return replace(made, action="confirm", approvers=None), made


def judgement_of(act: Act, asking: Asking, *, who: str, now: datetime) -> Judgement | str | None:
    """Ask what is missing and return the judgement; a sentence where what was said makes none, None where nothing was.

    Args:
        act: what was asked for.
        asking: the person.
        who: their login.
        now: for snoozing.
    """
    match act.key:
        case "d":
            reason = asking.choose("Dismiss as", REASONS)
            return Judgement(who=who, action="dismiss", reason=REASONS[reason]) if reason else "Not dismissed."
        case "s":
            days = asking.choose("Snooze for", SNOOZE_WORDS)
            if not days:
                return "Not snoozed."
            return Judgement(who=who, action="snooze", until=now + timedelta(days=SNOOZES[days]))
        case "=":
            return _duplicate(asking.ask("A part of case number"), who)
        case "a":
            name = asking.ask("Whose is it (a login; nobody: -)")
            return None if not name else Judgement(who=who, action="assign", assignee="" if name == "-" else name)
        case "#":
            tag = asking.ask("Tag (-TAG takes it off)")
            if not tag:
                return None
            return Judgement(who=who, action="untag" if tag.startswith("-") else "tag", tag=tag.removeprefix("-"))
        case "w":
            note = asking.ask("Note")
            return Judgement(who=who, action="note", note=note) if note else None
        case "h":
            harm = asking.choose("Harm", HARM_WORDS)
            return Judgement(who=who, action="harm", harm=HARMS[harm]) if harm else None
    return Judgement(who=who, action=act.action)


def _duplicate(answer: str | None, who: str) -> Judgement | str | None:
    if not answer:
        return None
    if not answer.removeprefix("#").isascii() or not answer.removeprefix("#").isdecimal():
        return "Expected the number of a case."
    return Judgement(who=who, action="duplicate", into=int(answer.removeprefix("#")))
