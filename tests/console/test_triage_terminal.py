"""Triage in a real terminal: single keys, the whole screen, and the terminal given back."""

import codecs
import os
import pty
import select
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from struct import pack
from typing import Any

from tests.console.conftest import Store
from tests.console.triaging import detail, order, plain


class Terminal:
    """A pseudo terminal with the program in it."""

    def __init__(self, store: Store, columns: int, rows: int) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        command = [
            sys.executable,
            "-c",
            "from cli import main; main()",
            "triage",
            "-c",
            str(store.config),
            "--as",
            "aya",
        ]
        root = Path(__file__).resolve().parents[2]
        environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(root)}
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            cwd=root,
            env=environment,
            start_new_session=True,
        )
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.written = ""

    def until(self, words: str, seconds: float = 60) -> str:
        """Read until the program has written some words since the last time; return all of that."""
        found, deadline = "", time.monotonic() + seconds
        while words not in found:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{words!r} did not come: {found[-2000:]!r}"
            found += self._decoder.decode(os.read(self._master, 65536))
        self.written += found
        return found

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def after(self) -> tuple[int, str, list[Any]]:
        """Return exit code, messages, and how the terminal was left."""
        assert self._process.stderr is not None
        with self._process.stderr:
            told = self._process.stderr.read().decode()
        code = self._process.wait(30)
        left = termios.tcgetattr(self._slave)
        os.close(self._slave)
        os.close(self._master)
        return code, told, left


def test_a_person_at_a_terminal_judges_with_single_keys_and_gets_the_terminal_back(store: Store) -> None:
    terminal = Terminal(store, 80, 24)
    first, second, _ = order(store)
    terminal.until("\x1b[c")  # it asks the terminal what it can
    terminal.type("\x1b[?62;22c")
    screen = terminal.until("undo")
    assert f"Case {first}" in plain(screen)
    terminal.type("c")
    assert f"Case {first} confirmed." in plain(terminal.until("undo"))
    terminal.type("\x1b[200~ccc\x1b[201~")  # pasted: no keys
    terminal.until("Pasted text")
    terminal.type("wメモ\x7fモ\r")
    terminal.until("noted")
    terminal.type("q")
    terminal.until("\x1b[?1049l")
    code, told, left = terminal.after()
    assert code == 0, told
    assert "1 confirmed" in told
    assert left == terminal.before
    assert [entry.note for entry in detail(store, second).log if entry.action == "note"] == ["メモ"]
    assert detail(store, second).state == "open"
