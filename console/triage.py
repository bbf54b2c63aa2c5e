"""Triage: walk the open cases, best score first, with single keys.

One loop over `Keys` (a terminal or a pipe) and the storage functions; every action also exists as `mekiki judge`.
A case that somebody else changed meanwhile is shown again instead of being overwritten.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TextIO

import click
from rich.console import Console
from rich.text import Text
from sqlalchemy import Engine

from console.show import case_page
from safety.screen import screen as screened
from storage.cases import (
    DISMISS_REASONS,
    CaseConflict,
    CaseDetail,
    Judgement,
    JudgementRefused,
    case_detail,
    judge,
    open_case_ids,
    undo,
)
from storage.database import snapshot, transaction
from storage.media import MediaStore

SNOOZE = timedelta(days=7)
BATCH = 50  # cases walked before the list is read anew: others judge too
MOST_ITEMS = 200  # shown by "open all"; a campaign may have tens of thousands, more than one query may name
HELP = "[c]onfirm  [d]ismiss  [s]nooze 7 days  own [i]t  [o]pen all  [u]ndo  [n]ext  [q]uit"


class Keys(Protocol):
    """Where key presses come from."""

    def read(self) -> str:
        """Return one character; an empty string at the end of input."""
        ...


class TerminalKeys:
    """Single key presses of a person."""

    def read(self) -> str:
        """Return one key without waiting for Enter."""
        try:
            return click.getchar()
        except (EOFError, KeyboardInterrupt):
            return ""


class PipedKeys:
    """Characters from a pipe, line ends skipped, so that a script can drive triage."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def read(self) -> str:
        """Return the next character that is no white space."""
        while (character := self._stream.read(1)) and character.isspace():
            pass
        return character


def keys_of(stream: TextIO) -> Keys:
    """Return the key reader that fits standard input."""
    return TerminalKeys() if stream.isatty() and sys.stdout.isatty() else PipedKeys(stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which cases to walk."""

    brand: str | None = None
    source: str | None = None
    min_score: float = 0.0


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one session did."""

    shown: int = 0
    confirmed: int = 0
    dismissed: int = 0
    snoozed: int = 0
    assigned: int = 0
    undone: int = 0
    conflicts: int = 0


class Triage:
    """One session of one person."""

    def __init__(
        self,
        engine: Engine,
        media: MediaStore,
        *,
        who: str,
        keys: Keys,
        screen: Console,
        now: Callable[[], datetime],
        filters: Filters,
    ) -> None:
        self._engine, self._media, self._who, self._keys = engine, media, who, keys
        self._screen, self._now, self._filters = screen, now, filters
        self._judged: list[int] = []  # case ids, newest last, for undo
        self.tally = Tally()

    def run(self) -> Tally:
        """Walk until the person quits or nothing is left."""
        for case_id in self._walk():
            if not self._handle(case_id):
                break
        else:
            self._say("No more open cases.")
        return self.tally

    def _walk(self) -> Iterator[int]:
        """Yield open cases not yet seen in this session; an undone one comes again at once."""
        seen: set[int] = set()
        while True:
            fresh = [case_id for case_id in self._open_cases() if case_id not in seen]
            if not fresh:
                return
            for case_id in fresh[:BATCH]:
                seen.add(case_id)
                yield case_id

    def _open_cases(self) -> list[int]:
        wanted = self._filters
        with snapshot(self._engine) as session:
            return open_case_ids(
                session, brand=wanted.brand, source=wanted.source, min_score=wanted.min_score, now=self._now()
            )

    def _handle(self, case_id: int) -> bool:
        """Show one case until it is left; False ends the session."""
        detail = self._show(case_id, items=1)
        while True:
            self._say(f"Case {detail.id}, {detail.decision} {detail.score:.2f}: {HELP}")
            key = self._keys.read().lower()
            if key in ("", "q"):
                return False
            if key == "n":
                return True
            if key == "o":
                detail = self._show(case_id, items=min(detail.item_count, MOST_ITEMS))
            elif key == "u":
                if (undone := self._undo()) is not None and not (undone == case_id or self._handle(undone)):
                    return False
                detail = self._show(case_id, items=1)
            elif (judgement := self._judgement(key)) is not None:
                if self._judge(detail, judgement) and judgement.action != "assign":
                    return True
                detail = self._show(case_id, items=1)

    def _judgement(self, key: str) -> Judgement | None:
        """Turn a key into a judgement; None when the key means nothing or the person thought better of it."""
        if key == "c":
            return Judgement(who=self._who, action="confirm")
        if key == "s":
            return Judgement(who=self._who, action="snooze", until=self._now() + SNOOZE)
        if key == "i":
            return Judgement(who=self._who, action="assign")
        if key == "d":
            choices = dict(zip("123456789", DISMISS_REASONS, strict=False))
            self._say("Dismiss as: " + "  ".join(f"[{digit}] {reason}" for digit, reason in choices.items()))
            reason = choices.get(self._keys.read())
            if reason is not None:
                return Judgement(who=self._who, action="dismiss", reason=reason)
            self._say("Not dismissed: expected a digit of the list.")
            return None
        self._say(f"There is no key {key!r}.")
        return None

    def _judge(self, detail: CaseDetail, judgement: Judgement) -> bool:
        try:
            with transaction(self._engine) as session:
                judge(session, detail.id, judgement, now=self._now(), expect=detail.log_id)
        except CaseConflict as conflict:
            self.tally.conflicts += 1
            self._say(f"{str(conflict).capitalize()}.")
            return False
        except JudgementRefused as refused:
            self._say(f"{str(refused).capitalize()}.")
            return False
        self._judged.append(detail.id)
        done = {"confirm": "confirmed", "dismiss": "dismissed", "snooze": "snoozed", "assign": "assigned"}[
            judgement.action
        ]
        setattr(self.tally, done, getattr(self.tally, done) + 1)
        self._say(f"Case {detail.id} {done}" + (f" ({judgement.reason})" if judgement.reason else "") + ".")
        return True

    def _undo(self) -> int | None:
        if not self._judged:
            self._say("Nothing to undo in this session.")
            return None
        case_id = self._judged.pop()
        with transaction(self._engine) as session:
            undo(session, case_id, who=self._who, now=self._now())
        self.tally.undone += 1
        self._say(f"Case {case_id}: last judgement taken back.")
        return case_id

    def _show(self, case_id: int, *, items: int) -> CaseDetail:
        with snapshot(self._engine) as session:
            detail = case_detail(session, case_id, now=self._now(), max_items=items)
        self.tally.shown += 1
        self._screen.rule()
        self._screen.print(case_page(detail, self._media, pictures=self._screen.color_system is not None, items=items))
        return detail

    def _say(self, line: str) -> None:
        self._screen.print(Text(screened(line), "bold"))
