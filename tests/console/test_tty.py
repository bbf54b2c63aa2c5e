"""The terminal as a keyboard: keys, pastes, answers; what came too late is never a key."""

import os
import pty
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from console.tty import END, PASTE, TerminalKeys, best_protocol, cell_size

TERM = {"TERM": "xterm-256color"}


@contextmanager
def keyboard() -> Iterator[tuple[TerminalKeys, int]]:
    """Give keys, and where to type them."""
    master, slave = pty.openpty()
    with TerminalKeys(slave, slave) as keys:
        yield keys, master
    os.close(slave)
    os.close(master)


def typed(text: str, count: int) -> list[str]:
    with keyboard() as (keys, master):
        os.write(master, text.encode())
        return [keys.read() for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cd1", ["c", "d", "1"]),
        ("\x1b[A\x1bOB\x1b[5~\x1b[6~", ["up", "down", "pageup", "pagedown"]),
        ("\r\x7f", ["enter", "backspace"]),
        ("目利き", ["目", "利", "き"]),
        ("\x1b[31;4;9zq", ["q"]),  # a sequence that means nothing here
        ("\x1bcq", ["q"]),  # Alt and a key
        ("\x03", [END]),
        ("\x1b", ["esc"]),
    ],
)
def test_keys_have_names(text: str, expected: list[str]) -> None:
    assert typed(text, len(expected)) == expected


def test_pasted_text_is_one_piece() -> None:
    with keyboard() as (keys, master):
        os.write(master, b"\x1b[200~confirm\nall\x1b[201~q")
        assert keys.read() == PASTE
        assert keys.pasted == "confirm\nall"
        assert keys.read() == "q"


def test_what_was_typed_before_is_forgotten() -> None:
    with keyboard() as (keys, master):
        os.write(master, b"ccc")
        time.sleep(0.1)
        keys.forget()
        os.write(master, b"q")
        assert keys.read() == "q"


@contextmanager
def answering(master: int, answer: bytes, after: float = 0.0) -> Iterator[None]:
    """Be a terminal that answers once it is asked."""

    def answers() -> None:
        asked = b""
        while not asked.endswith((b"\x1b[c", b"t")):
            asked += os.read(master, 1000)
        time.sleep(after)
        os.write(master, answer)

    thread = threading.Thread(target=answers)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize(
    ("answer", "protocol"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[?62;22c", "kitty"),
        (b"\x1b[?62;4;22c", "sixel"),
        (b"\x1b[?62;22c", "blocks"),
        (b"\x1b_Gi=31;ENOTSUP\x1b\\\x1b[?62;22c", "blocks"),
        (b"\x1b[?64c", "blocks"),  # 64 is not 4
    ],
)
def test_the_terminal_is_asked_what_it_can(answer: bytes, protocol: str) -> None:
    with keyboard() as (keys, master), answering(master, answer):
        assert best_protocol(keys, TERM) == protocol


def test_an_answer_that_comes_too_late_is_no_key() -> None:
    with keyboard() as (keys, master):
        with answering(master, b"\x1b[?62;22c", after=0.5):
            assert best_protocol(keys, TERM) == "blocks"
        os.write(master, b"q")
        assert keys.read() == "q"  # not the c that ends the answer: that would confirm a case


def test_an_answer_that_comes_in_pieces_is_no_key() -> None:
    with keyboard() as (keys, master):
        os.write(master, b"\x1b[?62")

        def rest() -> None:
            time.sleep(0.2)
            os.write(master, b";22cq")

        thread = threading.Thread(target=rest)
        thread.start()
        assert keys.read() == "q"
        thread.join()


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, "none"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "none"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "linux"}, "blocks"),
    ],
)
def test_the_environment_tells_without_asking(environment: dict[str, str], protocol: str) -> None:
    with keyboard() as (keys, _):
        assert best_protocol(keys, environment) == protocol


def test_inside_tmux_the_terminal_around_it_does_not_count() -> None:
    environment = {"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}
    with keyboard() as (keys, master), answering(master, b"\x1b[?1;2c"):
        assert best_protocol(keys, environment) == "blocks"


@pytest.mark.parametrize(
    ("answer", "size"), [(b"\x1b[6;17;8t", (8, 17)), (b"\x1b[6;9999;1t", (10, 20)), (b"\x1b[6;0;0t", (10, 20))]
)
def test_the_size_of_a_cell_is_asked_for_and_must_make_sense(answer: bytes, size: tuple[int, int]) -> None:
    with keyboard() as (keys, master), answering(master, answer):
        assert cell_size(keys, master) == size
