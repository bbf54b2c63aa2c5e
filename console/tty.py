"""The terminal as a keyboard: single keys, lines, pasted text, a changed size, and what it answers when it is asked.

While `TerminalKeys` is open the terminal hands over every key at once and shows none. Pasted text comes as one piece
(bracketed paste), never as keys: nobody judges by pasting.
"""

import codecs
import os
import re
import select
import signal
import termios
import tty
from collections.abc import Mapping
from contextlib import AbstractContextManager
from fcntl import ioctl
from struct import unpack
from time import monotonic
from types import FrameType, TracebackType

from console.picture import Protocol

ESCAPE_WAIT = 0.03  # seconds after which ESC is a key, not the beginning of a sequence
SEQUENCE_WAIT = 1.0  # seconds in which the rest of a sequence comes; what is left of it is never taken for keys
ANSWER_WAIT = 0.3  # seconds in which a terminal says what it can; those over a slow line get half blocks
CELL = (10, 20)  # pixels of a character cell where the terminal does not say
PASTE = "paste"
RESIZED = "resized"
END = ""

_NAMES: Mapping[str, str] = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
    "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b[H": "home", "\x1b[F": "end", "\x1b[3~": "delete",
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x04": END, "\x03": END,
}  # fmt: skip
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[_P\]X^].*?(?:\x1b\\|\x07)|[^\[OP_\]X^])", re.DOTALL)
_PASTED = re.compile(r"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)
_BEGIN_PASTE = "\x1b[200~"
_MOST_PENDING = 1_000_000  # characters of an unfinished sequence; more is no terminal's


class TerminalKeys(AbstractContextManager["TerminalKeys"]):
    """Keys of a person, one at a time."""

    def __init__(self, source: int, target: int) -> None:
        """Take the file descriptors to read keys from and to ask the terminal on."""
        self._source, self._target = source, target
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._owed = False  # the terminal may still answer a question
        self.pasted = ""  # what came with the last PASTE

    def __enter__(self) -> "TerminalKeys":
        self._before = termios.tcgetattr(self._source)
        tty.setcbreak(self._source)
        raw = termios.tcgetattr(self._source)
        raw[3] &= ~termios.ISIG  # Ctrl-C is a key: it ends in order; Ctrl-Z would leave the screen behind
        termios.tcsetattr(self._source, termios.TCSANOW, raw)
        self._woken, self._wake = os.pipe()
        self._handler = signal.signal(signal.SIGWINCH, self._resized)
        self._write("\x1b[?2004h")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("\x1b[?2004l")
        signal.signal(signal.SIGWINCH, self._handler)
        os.close(self._woken)
        os.close(self._wake)
        termios.tcsetattr(self._source, termios.TCSAFLUSH, self._before)

    def read(self) -> str:
        """Return the next key: a character, a name ("up", "enter", "esc" ...), PASTE, RESIZED; END when it is over."""
        while True:
            if (key := self._taken()) is not None:
                return key
            ready, _, _ = select.select([self._source, self._woken], [], [], self._patience())
            if self._woken in ready:
                os.read(self._woken, 4096)
                return RESIZED
            if not ready:
                alone, self._pending = self._pending == "\x1b", ""
                if alone:
                    return "esc"
            elif not self._more():
                return END

    def forget(self) -> None:
        """Drop what was typed before this moment: it was meant for something else."""
        termios.tcflush(self._source, termios.TCIFLUSH)
        self._pending = ""

    def ask(self, question: str, answer: re.Pattern[str]) -> re.Match[str] | None:
        """Ask the terminal itself, and return what it said, or None when it did not in time."""
        self._write(question)
        until = monotonic() + ANSWER_WAIT
        while (match := answer.search(self._pending)) is None:
            ready, _, _ = select.select([self._source], [], [], max(0.0, until - monotonic()))
            if not ready or not self._more():
                self._owed = True
                return None
        self._pending = self._pending[: match.start()] + self._pending[match.end() :]
        return match

    def _patience(self) -> float | None:
        """Return how long to wait for more of what is pending, seconds; None for as long as it takes."""
        if not self._pending:
            return None
        return ESCAPE_WAIT if self._pending == "\x1b" and not self._owed else SEQUENCE_WAIT

    def _taken(self) -> str | None:
        """Take one key off what is pending; None when there is no whole one."""
        while self._pending:
            if pasted := _PASTED.match(self._pending):
                self._pending, self.pasted = self._pending[pasted.end() :], pasted[1]
                return PASTE
            if self._pending.startswith("\x1b"):
                sequence = _SEQUENCE.match(self._pending)
                if sequence is None or self._pending.startswith(_BEGIN_PASTE):
                    return None
                self._pending = self._pending[sequence.end() :]
                if (name := _NAMES.get(sequence[0])) is not None:
                    return name
                continue  # a key or an answer that means nothing here
            key, self._pending = self._pending[0], self._pending[1:]
            if key in _NAMES or key.isprintable() or key in "\x15":
                return _NAMES.get(key, key)
        return None

    def _more(self) -> bool:
        data = os.read(self._source, 65536)
        self._pending = (self._pending + self._decoder.decode(data))[:_MOST_PENDING]
        return bool(data)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        os.write(self._wake, b"!")

    def _write(self, text: str) -> None:
        os.write(self._target, text.encode("ascii"))


_ATTRIBUTES = re.compile(r"(?P<kitty>\x1b_Gi=31;OK\x1b\\)?[^\x1b]*\x1b\[\?(?P<device>[0-9;]*)c")
_CELL_SIZE = re.compile(r"\x1b\[6;(\d{1,4});(\d{1,4})t")


def best_protocol(keys: TerminalKeys, environment: Mapping[str, str]) -> Protocol:
    """Say how a terminal can draw pictures; it is asked unless its environment tells.

    Kitty answers to a graphics query; who speaks Sixel has 4 among its primary device attributes. Every terminal
    answers to the latter, so that a missing answer to the former is known without waiting.
    """
    if environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb":
        return "none"
    outer = "TMUX" not in environment and not environment["TERM"].startswith(("screen", "tmux"))
    if outer and ("KITTY_WINDOW_ID" in environment or environment["TERM"] == "xterm-kitty"):
        return "kitty"
    if environment["TERM"] == "linux":
        return "blocks"
    answer = keys.ask("\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c", _ATTRIBUTES)
    if answer is None:
        return "blocks"
    if answer["kitty"]:
        return "kitty"
    return "sixel" if "4" in answer["device"].split(";") else "blocks"


def cell_size(keys: TerminalKeys, target: int) -> tuple[int, int]:
    """Return width and height of a character cell in pixels, as the terminal says it; CELL where it does not."""
    try:
        rows, columns, width, height = unpack("HHHH", ioctl(target, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return CELL
    if rows and columns and width >= columns and height >= rows:
        return width // columns, height // rows
    answer = keys.ask("\x1b[16t", _CELL_SIZE)
    size = (int(answer[2]), int(answer[1])) if answer else CELL
    return size if 2 <= size[0] <= 100 and 2 <= size[1] <= 200 else CELL
