"""Triage on a whole terminal: one case a screen, two lines at the bottom for where one stands and what can be done.

Everything is drawn at once (synchronised where the terminal can) and without wrapping, so that no text, however wide it
claims to be, moves what stands below. A change of size draws anew. Keys that were typed before a case was drawn do not
judge it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import zip_longest
from typing import TextIO

from rich.console import Console
from rich.segment import Segment, SegmentLines
from rich.text import Text

from console.case_page import case_page
from console.picture import Protocol
from console.triage.drawing import Easel
from console.triage.layout import Line
from console.triage.page import Draw, Page, case_screen
from console.triage.screens import Standing
from console.tty import END, PASTE, RESIZED, TerminalKeys, best_protocol, cell_size
from desk.dossier import Dossier
from desk.inert import inert
from storage.media import MediaStore

FOOT = 2  # lines at the bottom
LEAST = (40, 10)  # columns and rows that anything is laid out for
_ONWARD = ("o", " ", "enter", "down", "pagedown", "right")
_BACK = ("b", "up", "pageup", "left")
_STAY = ("esc", "home", "end", RESIZED, PASTE)
_MOVES = {"p": "back", "g": "go to", "f": "filter", "v": "view", "z": "picture"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class FullScreen:
    """A terminal and the person before it."""

    def __init__(
        self,
        console: Console,
        out: TextIO,
        keys: TerminalKeys,
        media: MediaStore,
        easel: Easel,
        *,
        asked: Protocol | None,
        environment: Mapping[str, str],
    ) -> None:
        """Take the console for colours and sizes, where to write, the keys, and what draws.

        Args:
            console: of the terminal.
            out: the terminal.
            keys: of the person.
            media: for pictures of whole cases.
            easel: what draws the others; it is told how the terminal wants them.
            asked: how pictures are to be drawn; None: as well as the terminal can.
            environment: what the terminal says of itself.
        """
        self._console, self._out, self._keys, self._media = console, out, keys, media
        self._easel, self._asked, self._environment = easel, asked, environment
        self._message = ""
        self._again: Callable[[], None] = lambda: None
        self._case = 0  # number of the one that is seen

    @contextmanager
    def opened(self) -> Iterator[object]:
        """Take the whole terminal, and give it back as it was."""
        with self._keys:
            self._easel.protocol = self._asked or best_protocol(self._keys, self._environment)
            if self._easel.protocol in ("kitty", "sixel"):
                self._easel.cell = cell_size(self._keys, self._out.fileno())
            self._out.write("\x1b[?1049h\x1b[?25l\x1b[?7l")
            try:
                yield self
            finally:
                self._clear_pictures()
                self._out.write("\x1b[?7h\x1b[?25h\x1b[?1049l")
                self._out.flush()

    def case(self, dossier: Dossier, standing: Standing, draw: Draw, now: datetime) -> None:
        """Draw one case."""

        def again() -> None:
            width, rows = self._size()
            page = case_screen(dossier, self._console, draw, width=width, rows=rows - FOOT, now=now)
            more = f"  … {page.cut} more lines: o" if page.cut else ""
            self._draw(page, [self._status(standing.line() + more), _hints(standing, width)])

        self._again = again
        if dossier.detail.id != self._case:
            self._keys.forget()
            self._case = dossier.detail.id
        again()

    def whole(self, dossier: Dossier) -> str | None:
        """Page through all of a case; a key that means nothing here ends it and is returned."""
        drawn = self._easel.protocol != "none"
        place = 0
        while True:
            width, rows = self._size()
            body = rows - 1
            page = case_page(
                dossier.detail,
                self._media,
                pictures=drawn,
                items=len(dossier.detail.items),
                together=dossier.together,
                notices=dossier.notices,
            )
            lines = self._console.render_lines(page, self._console.options.update(width=width, height=None), pad=False)
            place = max(0, min(place, len(lines) - body))
            end = min(len(lines), place + body)
            foot = Text(f"lines {place + 1} to {end} of {len(lines)}   space on   b back   esc to the case", "reverse")
            self._draw(Page(lines=tuple(lines[place:end])), [foot])
            key = self._keys.read()
            if key in _ONWARD:
                if end == len(lines):
                    return None
                place += body - 1
            elif key in _BACK:
                place -= body - 1
            elif key in ("esc",):
                return None
            elif key not in _STAY:
                return key

    def over(self, standing: Standing) -> None:
        """Draw that there are no more cases."""

        def again() -> None:
            words = [Text("No more cases.", "bold"), Text(), Text("u takes the last judgement back")]
            words += [Text("f chooses other cases, v a saved view, g goes to one by number, p back"), Text("q ends")]
            self._draw(self._page(words), [self._status(standing.line())])

        self._again = again
        again()

    def say(self, line: str) -> None:
        """Tell what came of a key with the next drawing."""
        self._message = inert(line, limit=300)

    def tell(self, lines: Sequence[str]) -> None:
        """Draw lines until a key is pressed."""
        while True:
            width, rows = self._size()
            words = [inert(line) for line in lines]
            if len(words) > rows - FOOT:
                half = -(-len(words) // 2)
                words = [
                    f"{one:<{width // 2}}{other}"
                    for one, other in zip_longest(words[:half], words[half:], fillvalue="")
                ]
            page = self._page([Text(line, no_wrap=True, overflow="ellipsis") for line in words])
            self._draw(page, [Text("any key goes on", "reverse")])
            if self._keys.read() != RESIZED:
                return

    def picture(self, draw: Draw) -> None:
        """Draw the picture of a case over the whole terminal until a key is pressed."""
        while True:
            width, rows = self._size()
            if (found := draw(width, rows - FOOT)) is None:
                self.say("There is no picture to show.")
                return
            drawing, caption = found
            lines: list[Line] = []
            if drawing.blocks is not None:
                options = self._console.options.update(width=width, height=None)
                lines = self._console.render_lines(drawing.blocks, options, pad=False)[: drawing.rows]
            commands = ((0, 0, drawing.command),) if drawing.command else ()
            self._draw(Page(lines=tuple(lines), commands=commands), [Text(caption, "dim"), Text("any key goes back")])
            if self._keys.read() != RESIZED:
                return

    def key(self) -> str:
        """Return the next key; the terminal is drawn anew where its size has changed."""
        while True:
            key = self._keys.read()
            if key == RESIZED:
                self._again()
                continue
            if key == PASTE:
                self._message = "Pasted text is not taken for keys."
                self._again()
                continue
            self._message = ""
            return key if key != END else ""

    def ask(self, question: str) -> str | None:
        """Read a line at the bottom; None where it is left with Esc."""
        typed = ""
        while True:
            width, _ = self._size()
            shown = inert(typed)
            line = Text.assemble(("> ", "bold"), shown[-(width - 4) // 2 :], ("▏", "blink"))  # letters may be wide
            self._foot([Text(f"{inert(question)} (esc leaves it)", "bold", no_wrap=True, overflow="ellipsis"), line])
            key = self._keys.read()
            if key == "enter":
                return typed.strip() or None
            if key in ("esc", END):
                return None
            if key == RESIZED:
                self._again()
            elif key == "backspace":
                typed = typed[:-1]
            elif key == "\x15":
                typed = ""
            elif key == PASTE:
                typed += _CONTROL.sub(" ", self._keys.pasted)
            elif len(key) == 1:
                typed += key

    def choose(self, question: str, choices: Mapping[str, str]) -> str | None:
        """Show the choices at the bottom and read one key."""
        while True:
            words = Text.assemble((f"{question}: ", "bold"))
            for key, meaning in choices.items():
                words.append(f" {key}", "bold yellow").append(f" {meaning} ")
            options = self._console.options.update(width=self._size()[0], height=None)
            self._foot(self._console.render_lines(words, options, pad=False)[:FOOT])
            key = self._keys.read()
            if key == RESIZED:
                self._again()
                continue
            return key if key in choices else None

    def _size(self) -> tuple[int, int]:
        return max(LEAST[0], self._console.width), max(LEAST[1], self._console.height)

    def _status(self, line: str) -> Text:
        if self._message:
            return Text.assemble((f" {self._message} ", "bold reverse"), f"  {inert(line)}")
        return Text(inert(line), "bold")

    def _page(self, words: Sequence[Text]) -> Page:
        options = self._console.options.update(width=self._size()[0], height=None)
        lines = [line for text in words for line in self._console.render_lines(text, options, pad=False)]
        return Page(lines=tuple(lines[: self._size()[1] - FOOT]))

    def _draw(self, page: Page, foot: Sequence[Text]) -> None:
        """Draw a page, and lines at the bottom."""
        _, rows = self._size()
        out = ["\x1b[?2026h", "\x1b[H"]
        lines = self._written(page.lines[: rows - len(foot)])
        out += [f"\x1b[2K{line}\r\n" for line in lines]  # not erased behind it: the last column is no place to stand
        out.append("\x1b[J")
        self._clear_pictures()
        for row, column, command in page.commands:
            out.append(f"\x1b[{row + 1};{column + 1}H{command}")
        self._out.write("".join(out))
        self._foot(foot)
        self._out.write("\x1b[?2026l")
        self._out.flush()

    def _foot(self, lines: Sequence[Text | Line]) -> None:
        width, rows = self._size()
        first = rows - max(FOOT, len(lines))
        out = []
        for number in range(max(FOOT, len(lines))):
            line = lines[number] if number < len(lines) else Text()
            if isinstance(line, Text):
                line = self._console.render_lines(line, self._console.options.update(width=width, height=None))[0]
            out.append(f"\x1b[{first + number + 1};1H\x1b[2K{self._written([line])[0]}")
        self._out.write("".join(out))
        self._out.flush()

    def _written(self, lines: Sequence[Line]) -> list[str]:
        width = self._size()[0]
        cropped = [Segment.adjust_line_length(line, width, pad=False) for line in lines]
        with self._console.capture() as captured:
            self._console.print(SegmentLines(cropped, new_lines=True), end="")
        return captured.get().split("\n")[: len(lines)]

    def _clear_pictures(self) -> None:
        if self._easel.protocol == "kitty":
            self._out.write("\x1b_Ga=d,q=2\x1b\\")
        elif self._easel.protocol == "sixel":
            self._out.write("\x1b[2J")


def _hints(standing: Standing, width: int) -> Text:
    """Return the keys that fit a line, the likeliest first; the rest is behind `?`."""
    acts = {act.key: act.label for act in standing.acts}
    first = {key: acts.pop(key) for key in "cdsty" if key in acts}
    others = {"o": "open", "m": "mark", "n": "next", "u": "undo", "i": "mine", "q": "quit", **acts, **_MOVES}
    line = Text()
    for key, label in {"?": "keys", **first, **others}.items():
        if line.cell_len + len(key) + len(label) + 2 <= width:
            line.append(" " if line else "").append(key, "bold yellow").append(f" {label}", "dim")
    return line
