"""Words of others in the log where they could get away: where text is cut, in tracebacks, in a library's mistake."""

import logging

import pytest

from safety.logs import MOST_EVENT, MOST_FIELD, MOST_TRACEBACK, Form, LogHandler, open_log
from safety.secret import MASK, remember

SECRET = "kanarie-7f3a9c-geheim"
FORGED = "2026-11-30T00:00:00Z info alerts: delivered to everybody"


@pytest.mark.parametrize("form", ["lines", "json"])
@pytest.mark.parametrize("left", [8, 15])
def test_where_text_is_cut_no_part_of_a_secret_is_left(form: Form, left: int) -> None:
    remember(SECRET)
    lines: list[str] = []
    log = open_log(form, lines.append)
    log.info("e" * (MOST_EVENT - left) + SECRET, source="f" * (MOST_FIELD - left) + SECRET)
    try:
        raise ValueError("t" * (MOST_TRACEBACK - 2 * MOST_FIELD) + f" {SECRET}" * 40)
    except ValueError:
        log.error("x", exc_info=True)
    assert not [line for line in lines if "kanarie" in line]
    assert MASK in lines[1]


def test_an_exception_forges_no_line_in_its_traceback() -> None:
    lines: list[str] = []
    try:
        raise ValueError(f"refused\n{FORGED}\r{FORGED}\x85{FORGED}\u2028{FORGED}")
    except ValueError:
        open_log("lines", lines.append).error("x", exc_info=True)
    head, *rest = lines[0].splitlines()
    assert head.endswith("Z error x")
    assert len([line for line in rest if FORGED in line]) == 2
    assert all(line.startswith("  | ") for line in rest)


@pytest.mark.parametrize(
    ("level", "words", "arguments"),
    [
        (logging.WARNING, "%d \x1b[2J", (SECRET,)),
        (35, f"\x1b[2J {SECRET}", ()),
        (logging.ERROR, "%s %s \x1b", (SECRET,)),
    ],
)
def test_what_a_library_logs_wrongly_is_told_as_safely(
    level: int, words: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    remember(SECRET)
    lines: list[str] = []
    record = logging.LogRecord("a.library", level, "a.py", 1, words, arguments, None)
    LogHandler(open_log("lines", lines.append)).handle(record)
    (line,) = lines
    assert MASK in line
    assert "\x1b" not in line
    assert SECRET not in line
    assert capsys.readouterr().err == ""
