"""What the log of a case comes to: who decided what when, and what became of the fraud. Pure.

The rules are those of `storage.actions`: what was taken back, or rested on what was taken back, never happened.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storage.actions import RULES
from storage.outcomes import CaseHistory, LoggedAction
from storage.schema import CaseState

Standing = Literal["waiting", "confirmed", "takedown", "down", "relapsed", "closed", "dismissed"]
STANDINGS: tuple[Standing, ...] = ("waiting", "relapsed", "confirmed", "takedown", "down", "closed", "dismissed")


@dataclass(slots=True, kw_only=True)
class Story:
    """A case in the order of its events."""

    state: CaseState = "open"
    judged_at: datetime | None = None  # when a person first said what it is
    confirmed: bool | None = None  # what holds: True impersonation, False not, None nobody said, or only: a double
    verdict_at: datetime | None = None  # when that was said
    reason: str | None = None  # why it was dismissed
    confirmed_at: datetime | None = None  # first
    takedown_at: datetime | None = None  # first asked for, and approved where that is needed
    down_at: list[datetime] = field(default_factory=list)  # each time that it was found down
    relapsed_at: list[datetime] = field(default_factory=list)  # each time that it came back
    closed_at: datetime | None = None  # first

    @property
    def merged(self) -> bool:
        """Tell whether its items belong to another case."""
        return self.state == "duplicate"

    @property
    def standing(self) -> Standing:
        """Where it stands, for charts; only of a case that is not merged."""
        match self.state:
            case "open" | "snoozed" | "duplicate":
                return "waiting"
            case standing:
                return standing


def story(history: CaseHistory) -> Story:
    """Replay the log of a case."""
    told = Story()
    undone = {entry.undoes for entry in history.log if entry.action == "undo"}
    asked = False  # for a takedown that another person must approve
    for entry in history.log:
        rule = RULES.get(entry.action)  # type: ignore[call-overload]  # other words are in the log, too
        if rule is None or entry.id in undone or told.state not in rule.of or (entry.action == "approve" and not asked):
            continue
        if entry.action == "takedown" and entry.to_approve:
            asked = True
        elif rule.to is not None:
            told.state, asked = rule.to, False
            _note(told, entry)
    return told


def _note(told: Story, entry: LoggedAction) -> None:
    match entry.action:
        case "confirm":
            told.judged_at = told.judged_at or entry.at
            told.confirmed_at = told.confirmed_at or entry.at
            if not told.confirmed:
                told.confirmed, told.verdict_at, told.reason = True, entry.at, None
        case "dismiss":
            told.judged_at = told.judged_at or entry.at
            told.confirmed = None if entry.reason == "duplicate" else False
            told.verdict_at, told.reason = entry.at, entry.reason
        case "reopen":
            told.confirmed = told.verdict_at = told.reason = None
        case "takedown" | "approve":
            told.takedown_at = told.takedown_at or entry.at
        case "down":
            told.down_at.append(entry.at)
        case "relapse":
            told.relapsed_at.append(entry.at)
        case "close":
            told.closed_at = told.closed_at or entry.at
