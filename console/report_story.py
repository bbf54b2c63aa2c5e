"""What the log of a case comes to: who decided what when, and what became of the fraud. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.outcomes import CaseHistory, LoggedAction

Standing = Literal["waiting", "confirmed", "takedown", "down", "relapsed", "closed", "dismissed"]
STANDINGS: tuple[Standing, ...] = ("waiting", "relapsed", "confirmed", "takedown", "down", "closed", "dismissed")

_LEADS_TO: dict[str, Standing] = {
    "confirm": "confirmed",
    "dismiss": "dismissed",
    "snooze": "waiting",
    "reopen": "waiting",
    "takedown": "takedown",
    "down": "down",
    "relapse": "relapsed",
    "close": "closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A case in the order of its events; what was taken back never happened."""

    standing: Standing
    judged_at: datetime | None  # when a person first said what it is
    confirmed: bool | None  # what holds: True impersonation, False not, None nobody said, or only that it is a double
    verdict_at: datetime | None  # when that was said
    reason: str | None  # why it was dismissed
    confirmed_at: datetime | None  # first, of a case that is still held for impersonation
    takedown_at: datetime | None  # first
    down_at: tuple[datetime, ...]  # each time that it was found down
    relapsed_at: tuple[datetime, ...]  # each time that it came back
    closed_at: datetime | None


def story(history: CaseHistory) -> Story:
    """Read the log of a case."""
    log = _held(history.log)
    spoken = [entry for entry in log if entry.action in ("confirm", "dismiss", "takedown", "reopen")]
    last = spoken[-1] if spoken else None
    confirmed, verdict_at, reason = _verdict(spoken)
    moves = [entry for entry in log if entry.action in _LEADS_TO]
    confirms = [entry.at for entry in spoken if entry.action in ("confirm", "takedown")]
    return Story(
        standing=_LEADS_TO[moves[-1].action] if moves else "waiting",
        judged_at=next((entry.at for entry in spoken if entry.action != "reopen"), None),
        confirmed=confirmed,
        verdict_at=verdict_at,
        reason=reason if last is not None and last.action == "dismiss" else None,
        confirmed_at=confirms[0] if confirmed and confirms else None,
        takedown_at=_first(log, "takedown"),
        down_at=tuple(entry.at for entry in log if entry.action == "down"),
        relapsed_at=tuple(entry.at for entry in log if entry.action == "relapse"),
        closed_at=_first(log, "close"),
    )


def _held(log: tuple[LoggedAction, ...]) -> list[LoggedAction]:
    undone = {entry.undoes for entry in log if entry.action == "undo"}
    return [entry for entry in log if entry.id not in undone]


def _verdict(spoken: list[LoggedAction]) -> tuple[bool | None, datetime | None, str | None]:
    """Return what holds, since when, and the reason; a takedown says impersonation, and reopening takes all back."""
    confirmed: bool | None = None
    since: datetime | None = None
    reason: str | None = None
    for entry in spoken:
        match entry.action:
            case "confirm":
                confirmed, since, reason = True, entry.at, None
            case "takedown" if not confirmed:
                confirmed, since, reason = True, entry.at, None
            case "dismiss":
                confirmed, since, reason = (None if entry.reason == "duplicate" else False), entry.at, entry.reason
            case "reopen":
                confirmed, since, reason = None, None, None
    return confirmed, since, reason


def _first(log: list[LoggedAction], action: str) -> datetime | None:
    return next((entry.at for entry in log if entry.action == action), None)
