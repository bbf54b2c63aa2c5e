"""Log lines: one event each, whoever's words it carries; secrets masked; a child's joined with what is known."""

import json
import logging
import threading

import pytest

from safety.logs import Form, LogHandler, about, event_of, library_lines, open_log, relay
from safety.secret import MASK, remember

HOSTILE = "星野電機\u202etxt.exe\x1b]0;pwned\x07\n2026-11-30T00:00:00Z info forged line"
SECRET = 'kanarie-ö\\"-geheim'


def only(lines: list[str]) -> str:
    (line,) = lines
    return line


def test_a_line_is_time_level_sentence_and_fields() -> None:
    lines: list[str] = []
    open_log("lines", lines.append).warning("list: 3 items", run=17, source="list", slice="query=a b")
    time, level, rest = only(lines).split(" ", 2)
    assert time.endswith("Z")
    assert len(time) == 20
    assert level == "warning"
    assert rest == 'list: 3 items  run=17 source=list slice="query=a b"'


def test_json_is_one_object_a_line_that_reads_back() -> None:
    lines: list[str] = []
    open_log("json", lines.append, worker="a:1").info(HOSTILE, run=17, source=HOSTILE, slice="")
    found = json.loads(only(lines))
    assert found["event"] == found["source"] == HOSTILE
    assert (found["level"], found["run"], found["worker"]) == ("info", 17, "a:1")
    assert "slice" not in found


@pytest.mark.parametrize("form", ["lines", "json"])
def test_words_of_others_forge_no_line_and_turn_no_terminal(form: Form) -> None:
    lines: list[str] = []
    open_log(form, lines.append).info(HOSTILE, source=HOSTILE)
    line = only(lines)
    assert "\n" not in line
    assert "星野電機" in line
    assert not set(line) & set("\u202e\x1b\x07")


@pytest.mark.parametrize("form", ["lines", "json"])
def test_half_a_character_is_written_all_the_same(form: Form) -> None:
    lines: list[str] = []
    open_log(form, lines.append).info("\ud800 x")
    assert only(lines).encode()


@pytest.mark.parametrize("form", ["lines", "json"])
def test_secrets_are_masked_in_sentences_fields_and_tracebacks(form: Form) -> None:
    remember(SECRET)
    lines: list[str] = []
    try:
        raise ValueError(f"refused: {SECRET}")
    except ValueError:
        open_log(form, lines.append).error(f"asked with {SECRET}", source=f"x {SECRET}", exc_info=True)
    line = only(lines)
    assert line.count(MASK) == 3
    assert "geheim" not in line
    if form == "json":
        assert "ValueError" in json.loads(line)["traceback"]


def test_what_a_child_says_is_joined_with_what_its_parent_knows() -> None:
    said: list[str] = []
    open_log("json", said.append).warning("broken: failed", run=4, source="mine", worker="child")
    lines: list[str] = []
    relay(open_log("json", lines.append, worker="parent"), said[0], job="crawl", source="broken", slice="")
    found, first = json.loads(only(lines)), json.loads(said[0])
    assert found["time"] == first["time"]
    assert (found["level"], found["event"], found["run"]) == ("warning", "broken: failed", 4)
    assert (found["job"], found["source"]) == ("crawl", "broken")


@pytest.mark.parametrize(
    "line",
    ["mekiki: could not read", '{"time":', '{"time": "x"}', '{"time": "x", "event": 7}', '{"time":' + "[" * 100_000],
)
def test_a_line_that_is_no_event_is_its_text(line: str) -> None:
    lines: list[str] = []
    relay(open_log("json", lines.append), line, job="crawl")
    found = json.loads(only(lines))
    assert found["event"] == line[:4000]
    assert (found["level"], found["job"]) == ("info", "crawl")
    assert event_of(line) == line


def test_a_child_cannot_say_what_it_likes() -> None:
    lines: list[str] = []
    forged = '{"time": "x\\u202e", "event": "e", "level": "none", "self": 1, "exc_info": 1, "job": "prune", "run": {}}'
    relay(open_log("lines", lines.append), forged, job="crawl")
    line = only(lines)
    assert line.endswith(" info e  job=crawl")
    assert "\u202e" not in line


def test_an_empty_line_says_nothing() -> None:
    lines: list[str] = []
    relay(open_log("lines", lines.append), "  ")
    assert lines == []


def test_fields_of_a_job_stand_on_every_event_within_and_no_other() -> None:
    lines: list[str] = []
    log = open_log("lines", lines.append)
    with about(job="crawl", source="list", slice=""):
        log.info("within", run=1)
    log.info("after")
    assert lines[0].endswith("within  run=1 source=list job=crawl")
    assert lines[1].endswith("after")


def test_a_library_writes_to_the_same_log_and_less_grave_things_nowhere() -> None:
    lines: list[str] = []
    library = logging.getLogger("a.library.of.others")
    with library_lines(open_log("json", lines.append)):
        library.info("chatter")
        library.warning("%s broke", HOSTILE)
        try:
            raise OSError("gone")
        except OSError:
            library.exception("failed")
    library.error("later", extra={"x": 1})
    first, second = (json.loads(line) for line in lines)
    assert first["event"] == f"{HOSTILE} broke"
    assert (first["logger"], first["level"]) == ("a.library.of.others", "warning")
    assert second["level"] == "error"
    assert second["traceback"].endswith("OSError: gone")


def test_a_record_that_cannot_be_written_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def full(line: str) -> None:
        raise OSError(line)

    remember(SECRET)
    handler = LogHandler(open_log("lines", full))
    handler.emit(logging.LogRecord("x", logging.ERROR, "f", 1, f"{HOSTILE} {SECRET}", (), None))
    assert capsys.readouterr().err == "a log line of x could not be written: OSError\n"


def test_many_threads_write_whole_lines() -> None:
    lines: list[str] = []
    log = open_log("json", lines.append)
    threads = [threading.Thread(target=lambda n=n: [log.info("x", run=n) for _ in range(50)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([json.loads(line) for line in lines]) == 200


def test_without_anywhere_else_lines_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    open_log("lines").info("hello")
    assert capsys.readouterr().err.endswith("info hello\n")
