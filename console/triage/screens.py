"""Where triage is seen and answered: print and a pipe of keys, JSON lines; a whole terminal is `fullscreen`."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TextIO

import msgspec
from rich.console import Console
from rich.segment import SegmentLines
from rich.text import Text

from console.case_page import case_page
from console.triage.page import NO_LIMIT, TWO_COLUMNS, Draw, case_screen
from desk.acts import Act
from desk.dossier import Dossier
from desk.inert import inert
from storage.media import MediaStore

LARGE = 60  # rows of a picture that is printed for itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a session has come, and what can be done with the case at hand."""

    acts: Sequence[Act]  # that fit the case
    marked: bool  # this case
    marks: int  # cases
    judged: int  # cases in this session
    an_hour: int | None  # judged, at the pace so far; None while that says nothing yet
    left: int  # cases that the filters choose
    chosen: str  # the filters, as a line

    def line(self) -> str:
        """Say it."""
        parts = [f"{self.judged} judged", f"{self.an_hour}/h" if self.an_hour else "", f"{self.left} left"]
        if self.marks:
            parts.append(f"{self.marks} marked" + (", this one too" if self.marked else ""))
        return ", ".join(filter(None, parts)) + (f"  [{self.chosen}]" if self.chosen else "")


class Screen(Protocol):
    """What a session shows and asks."""

    def opened(self) -> AbstractContextManager[object]:
        """Be ready while the session lasts."""
        ...

    def case(self, dossier: Dossier, standing: Standing, draw: Draw, now: datetime) -> None:
        """Show one case."""
        ...

    def whole(self, dossier: Dossier) -> str | None:
        """Show all of a case; return the key that ended it, if it means something else."""
        ...

    def over(self, standing: Standing) -> None:
        """Show that there are no more cases."""
        ...

    def say(self, line: str) -> None:
        """Tell what came of a key."""
        ...

    def tell(self, lines: Sequence[str]) -> None:
        """Show some lines until the person has read them."""
        ...

    def picture(self, draw: Draw) -> None:
        """Show the picture of a case as large as can be."""
        ...

    def key(self) -> str:
        """Return the next key; "" at the end."""
        ...

    def ask(self, question: str) -> str | None:
        """Return a line; None where the person thought better of it."""
        ...

    def choose(self, question: str, choices: Mapping[str, str]) -> str | None:
        """Return the key of one of the choices; None for any other key."""
        ...


class _PipedKeys:
    """Characters of a pipe, line ends skipped."""

    def __init__(self, keys: TextIO) -> None:
        self._keys = keys

    def key(self) -> str:
        """Return the next character that is no white space; "" at the end."""
        while (character := self._keys.read(1)) and character.isspace():
            pass
        return character

    def line(self) -> str | None:
        """Return the rest of the line."""
        return self._keys.readline().strip() or None


class PlainScreen:
    """Everything printed one after the other; nothing is drawn over."""

    def __init__(self, console: Console, keys: TextIO, media: MediaStore) -> None:
        self._console, self._keys, self._media = console, _PipedKeys(keys), media

    def opened(self) -> AbstractContextManager[object]:
        """Nothing is to be prepared."""
        return nullcontext()

    def case(self, dossier: Dossier, standing: Standing, draw: Draw, now: datetime) -> None:
        """Print one case, as long as it takes."""
        width = min(self._console.width, TWO_COLUMNS - 1)
        page = case_screen(dossier, self._console, draw, width=width, rows=NO_LIMIT, now=now)
        self._console.rule()
        self._console.print(SegmentLines(page.lines, new_lines=True), end="")
        self.say(standing.line())
        self.say("  ".join(f"[{act.key}] {act.label}" for act in standing.acts) + "  [?] all keys  [q] quit")

    def whole(self, dossier: Dossier) -> str | None:
        """Print all of a case."""
        drawn = self._console.color_system is not None
        detail = dossier.detail
        page = case_page(
            detail,
            self._media,
            pictures=drawn,
            items=len(detail.items),
            together=dossier.together,
            notices=dossier.notices,
        )
        self._console.print(page)
        return None

    def over(self, standing: Standing) -> None:
        """Print that there are no more cases."""
        self.say(f"No more cases.  {standing.line()}")

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(Text(inert(line), "bold"))

    def tell(self, lines: Sequence[str]) -> None:
        """Print lines."""
        for line in lines:
            self.say(line)

    def picture(self, draw: Draw) -> None:
        """Print the picture of a case."""
        if (found := draw(self._console.width, LARGE)) is None or found[0].blocks is None:
            self.say("There is no picture to show.")
        else:
            self._console.print(found[0].blocks)
            self.say(found[1])

    def key(self) -> str:
        """Return the next character that is no white space."""
        return self._keys.key()

    def ask(self, question: str) -> str | None:
        """Print a question and read the rest of the line."""
        self.say(f"{question}:")
        return self._keys.line()

    def choose(self, question: str, choices: Mapping[str, str]) -> str | None:
        """Print the choices and read one character."""
        self.say(f"{question}: " + "  ".join(f"[{key}] {words}" for key, words in choices.items()))
        key = self._keys.key()
        return key if key in choices else None


class JsonScreen:
    """One JSON object a line, in ASCII, for scripts that write keys."""

    def __init__(self, out: TextIO, keys: TextIO) -> None:
        self._out, self._keys = out, _PipedKeys(keys)

    def opened(self) -> AbstractContextManager[object]:
        """Nothing is to be prepared."""
        return nullcontext()

    def case(self, dossier: Dossier, standing: Standing, draw: Draw, now: datetime) -> None:
        """Write a case and what can be done with it."""
        keys = {act.key: act.label for act in standing.acts}
        self._write(event="case", **msgspec.to_builtins(dossier), keys=keys, left=standing.left)

    def whole(self, dossier: Dossier) -> str | None:
        """Write a case with all its items."""
        self._write(event="whole", **msgspec.to_builtins(dossier))
        return None

    def over(self, standing: Standing) -> None:
        """Write that there are no more cases."""
        self._write(event="over", judged=standing.judged)

    def say(self, line: str) -> None:
        """Write what came of a key."""
        self._write(event="said", says=line)

    def tell(self, lines: Sequence[str]) -> None:
        """Write lines."""
        self._write(event="told", lines=list(lines))

    def picture(self, draw: Draw) -> None:
        """Write that scripts find pictures by their SHA-256."""
        self._write(event="said", says="pictures are in the media store, by the sha256 that the case names")

    def key(self) -> str:
        """Return the next character that is no white space."""
        return self._keys.key()

    def ask(self, question: str) -> str | None:
        """Write a question and read the rest of the line."""
        self._write(event="asked", question=question)
        return self._keys.line()

    def choose(self, question: str, choices: Mapping[str, str]) -> str | None:
        """Write the choices and read one character."""
        self._write(event="asked", question=question, choices=dict(choices))
        key = self._keys.key()
        return key if key in choices else None

    def _write(self, **values: object) -> None:
        self._out.write(json.dumps(values, ensure_ascii=True) + os.linesep)
        self._out.flush()
