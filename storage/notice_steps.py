"""Steps of a notice: what may happen to it in which of its states, and what becomes of it. Pure.

One table, `RULES`, asked before a step is taken (`refusal`). Each step is an entry (`notice`) of the case's log, and
the row of the notice is those entries replayed, oldest first, without what was taken back (`replay`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from storage.schema import NoticeState

NOTICE = "notice"  # action in case logs
Step = Literal[
    "drafted",
    "approved",
    "sending",
    "failed",  # a try came to nothing: the other side did not take it, or a person found that it did not arrive
    "filed",
    "reply",
    "acknowledged",
    "information_requested",
    "refused",
    "down",
    "back",
    "refiled",  # another notice asks for the same again, or somewhere else
    "withdrawn",
    "reference",  # what the channel calls it, learned or corrected
    "undo",  # a step is taken back, because what it came of was
]
# Working habits, no rules of any channel: how long until somebody is reminded.
ATTEND = timedelta(days=2)  # of a notice that waits for us
SENDING = timedelta(minutes=15)  # of a try that did not end

OPEN: frozenset[NoticeState] = frozenset(("filed", "acknowledged", "information_requested"))  # wait for an end
FILED: frozenset[NoticeState] = OPEN | {"refused", "down", "back"}  # the channel has it
WATCHED: frozenset[NoticeState] = OPEN | {"refused", "back"}  # what it is about may go


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """In which states a step makes sense, and the state that it leads to."""

    of: frozenset[NoticeState]
    to: NoticeState | None = None  # None: the state stays
    sending: bool | None = False  # whether a try must be under way; None: no matter


_DRAFT: frozenset[NoticeState] = frozenset(("draft",))
_ANY: frozenset[NoticeState] = FILED | _DRAFT | {"withdrawn"}

RULES: dict[Step, Rule] = {
    "drafted": Rule(of=_DRAFT, to="draft"),
    "approved": Rule(of=_DRAFT),
    "sending": Rule(of=_DRAFT),
    "failed": Rule(of=_DRAFT, sending=True),
    "filed": Rule(of=_DRAFT, to="filed", sending=True),
    "reply": Rule(of=_ANY, sending=None),
    "acknowledged": Rule(of=WATCHED, to="acknowledged"),
    "information_requested": Rule(of=WATCHED, to="information_requested"),
    "refused": Rule(of=WATCHED, to="refused"),
    "down": Rule(of=WATCHED, to="down"),
    "back": Rule(of=frozenset(("down",)), to="back"),
    "refiled": Rule(of=FILED, sending=None),
    "withdrawn": Rule(of=_DRAFT | WATCHED, to="withdrawn"),
    "reference": Rule(of=FILED | _DRAFT, sending=None),
    "undo": Rule(of=_ANY, sending=None),
}
SETTLED: frozenset[NoticeState] = frozenset(("refused", "down", "withdrawn"))
_ANSWERS: frozenset[Step] = frozenset(("acknowledged", "information_requested", "refused"))


class Entry(Protocol):
    """One entry of a case's log; see `storage.schema.CaseLog`."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def who(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def note(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeStanding:
    """Where the steps of a notice lead to; names and meanings as in `storage.schema.NoticeRow`."""

    state: NoticeState
    state_at: datetime
    drafted_at: datetime
    drafted_by: str
    approved_at: datetime | None = None
    approved_by: str | None = None
    sending_at: datetime | None = None
    filed_at: datetime | None = None
    filed_by: str | None = None
    manifest: str | None = None
    message_id: str | None = None
    lost_at: datetime | None = None
    their_reference: str | None = None
    answered_at: datetime | None = None
    refused_for: str | None = None
    due_at: datetime | None = None
    down_at: datetime | None = None
    down_by: str | None = None
    gone_by: str | None = None
    back_at: datetime | None = None
    settled_at: datetime | None = None


def refusal(step: Step, number: int, state: NoticeState, sending_at: datetime | None) -> str | None:
    """Say in one line why a step makes no sense for a notice; None where it does."""
    rule = RULES[step]
    if sending_at is not None and rule.sending is False:
        return (
            f"notice {number}: a try of {sending_at:%Y-%m-%d %H:%M} UTC did not end: look whether it arrived, then "
            f"`mekiki takedown state {number} filed --reference …` or `mekiki takedown retry {number}`"
        )
    if state not in rule.of:
        wanted = [known for known in _ORDER if known in rule.of]
        words = " or ".join(filter(None, (", ".join(wanted[:-1]), wanted[-1])))
        return f"notice {number} is {_NAMES.get(state, state)}; {_VERBS.get(step, step)} needs one that is {words}"
    if rule.sending and sending_at is None:
        return f"notice {number} is not being sent: nothing to settle"
    return None


_ORDER: tuple[NoticeState, ...] = (
    "draft",
    "filed",
    "acknowledged",
    "information_requested",
    "refused",
    "down",
    "back",
    "withdrawn",
)
_NAMES: dict[NoticeState, str] = {"draft": "a draft"}
_VERBS: dict[Step, str] = {"drafted": "drafting anew", "sending": "filing", "withdrawn": "withdrawing"}


def replay(entries: Iterable[Entry]) -> NoticeStanding | None:
    """Return where the entries of one notice lead to, oldest first; None where there are none."""
    steps = list(entries)
    gone = {entry.data["undoes"] for entry in steps if entry.reason == "undo"}
    at: NoticeStanding | None = None
    for entry in steps:
        if entry.id not in gone:
            at = after(at, entry)
    return at


def after(at: NoticeStanding | None, entry: Entry) -> NoticeStanding:
    """Return what a step makes of a notice; None: there was none."""
    step: Step = entry.reason  # type: ignore[assignment]  # a key of RULES
    data = entry.data
    if at is None or step == "drafted":
        at = NoticeStanding(state="draft", state_at=entry.at, drafted_at=entry.at, drafted_by=entry.who)
    elif at.state not in RULES[step].of:
        return at  # what it rested on was taken back
    if (to := RULES[step].to) is not None:
        at = replace(at, state=to, state_at=entry.at, settled_at=entry.at if to in SETTLED else None)
    if "due" in data:
        at = replace(at, due_at=None if data["due"] is None else datetime.fromisoformat(data["due"]))
    if data.get("theirs"):
        at = replace(at, their_reference=data["theirs"])
    if step in _ANSWERS or (step == "reply" and data["answers"]):
        at = replace(at, answered_at=at.answered_at or entry.at)
    if step in _ANSWERS:
        at = replace(at, lost_at=None)  # a person knows that it is there; of a mail, anybody can be the sender
    elif data.get("lost") and at.answered_at is None:
        at = replace(at, lost_at=at.lost_at or entry.at)
    match step:
        case "approved":
            return replace(at, approved_at=entry.at, approved_by=entry.who)
        case "sending":
            return replace(at, sending_at=entry.at)
        case "failed":
            return replace(at, sending_at=None)
        case "filed":
            filed = replace(at, sending_at=None, filed_at=entry.at, filed_by=entry.who)
            return replace(filed, manifest=data.get("manifest"), message_id=data.get("message_id"))
        case "reply" if data["answers"] and at.state == "filed":
            return replace(at, state="acknowledged", state_at=entry.at)
        case "acknowledged" | "information_requested":
            return replace(at, refused_for=None)  # they think again, or it was a mistake
        case "refused":
            return replace(at, refused_for=entry.note)
        case "down":
            return at if at.down_at else replace(at, down_at=entry.at, down_by=entry.who, gone_by=data.get("by"))
        case "back":
            return replace(at, back_at=entry.at)
    return at
