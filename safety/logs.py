"""Logs: what the program tells whoever runs it, one event after another, for people or for a collector of logs.

An event is a sentence and some fields (`FIELDS`). Text of others may stand in any of them: secrets are masked, and
whatever could mislead a reader or forge a line is shown as an escape. What a child writes in JSON goes through its
parent's log, which adds what it knows (`relay`).
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from textwrap import indent
from typing import Any, Literal

import structlog
from structlog.typing import FilteringBoundLogger, ProcessorReturnValue

from safety.screen import screen, screen_json
from safety.secret import redact

Form = Literal["lines", "json"]
Log = FilteringBoundLogger

# What an event may be about, in the order in which it is written; of what a child says of itself no more is taken over.
FIELDS = ("run", "source", "slice", "job", "case", "worker", "logger", "trace", "traceback")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MOST_EVENT = 4000  # characters
MOST_FIELD = 500
MOST_TRACEBACK = 20_000
_INDENT = "  | "
LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def open_log(
    form: Form, write: Callable[[str], None] | None = None, *, level: int = logging.INFO, **bound: str | int
) -> Log:
    """Return a log.

    Args:
        form: "lines" for people, "json" for one JSON object a line.
        write: takes each line; default: standard error.
        level: what is less grave is left out.
        bound: fields of every event.
    """
    render = _as_line if form == "lines" else _as_json
    log: Log = structlog.wrap_logger(
        _Writer(write or _to_standard_error),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[structlog.contextvars.merge_contextvars, _with_level, _with_time, render],
        cache_logger_on_first_use=False,
    )
    return log.bind(**bound)


def relay(log: Log, line: str, **known: str | int) -> None:
    """Pass on a line that a child wrote: an event with what it says of itself, any other line as the event's text.

    Args:
        log: the parent's.
        line: one line, without its end.
        known: what the parent knows better than the child.
    """
    told = _told(line)
    if told is None:
        if line.strip():
            log.info(line, **known)
        return
    level = LEVELS.get(str(told.get("level")), logging.INFO)
    said = {name: told[name] for name in FIELDS if isinstance(told.get(name), str | int)}
    if isinstance(told["time"], str) and _TIME.fullmatch(told["time"]):
        said["time"] = told["time"]
    log.log(level, told["event"], **{**said, **known})


def event_of(line: str) -> str:
    """Return the sentence of a line that a child wrote; the line itself where it is no event."""
    told = _told(line)
    return line if told is None else str(told["event"])


def _told(line: str) -> dict[str, Any] | None:
    """Return the event that a line holds; None where it holds none."""
    if not line.startswith('{"time":'):
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("event"), str) else None


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Have every event of what runs within, in tasks and threads it starts too, carry these fields; empty ones not."""
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in fields.items() if value != ""}):
        yield


class LogHandler(logging.Handler):
    """Hands what libraries log to a log of ours."""

    def __init__(self, log: Log, level: int = logging.WARNING) -> None:
        super().__init__(level)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on; what it is about stands in its spider, where Scrapy names one."""
        try:
            fields: dict[str, Any] = {"logger": record.name, **getattr(record, "fields", {})}
            if record.exc_info:
                fields["exc_info"] = record.exc_info
            self._log.log(_known_level(record.levelno), _message(record), **fields)
        except Exception:  # noqa: BLE001  a log line that cannot be written must not end the work
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a line is lost; `logging` itself would write the words of others, and secrets, as they are."""
        with suppress(Exception):  # standard error may be what cannot be written to
            _to_standard_error(f"a log line of {screen(record.name)} could not be written: {_why()}")


@contextmanager
def library_lines(log: Log, level: int = logging.WARNING) -> Iterator[None]:
    """Send what libraries log, as far as nobody else takes it, to a log of ours."""
    handler, root = LogHandler(log, level), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def _known_level(number: int) -> int:
    """Return the gravest level of ours that is no graver than a library's own."""
    return max((level for level in LEVELS.values() if level <= number), default=logging.DEBUG)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  what a library logs wrongly, in any way, is told as far as it goes
        return f"{record.msg} {record.args}"


def _why() -> str:
    kind = sys.exc_info()[0]
    return kind.__name__ if kind is not None else "for no known reason"


class _Writer:
    """What structlog calls with a finished line, by the name of its level."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def __getattr__(self, name: str) -> Callable[[str], None]:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._write


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  this is where logs leave


def _with_level(logger: Any, method: str, event: MutableMapping[str, Any]) -> ProcessorReturnValue:  # noqa: ARG001
    return {**event, "level": "warning" if method == "warn" else "error" if method == "exception" else method}


def _with_time(logger: Any, method: str, event: MutableMapping[str, Any]) -> ProcessorReturnValue:  # noqa: ARG001
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": now, **event}


def _as_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:  # noqa: ARG001
    time, level, says, trace, rest = _parts(event)
    fields = "".join(f" {name}={_quoted(_text(value))}" for name, value in rest.items())
    says = screen(says, limit=MOST_EVENT)
    line = f"{time[:19]}Z {level} {says}{' ' if fields else ''}{fields}"
    # Lines of a traceback stand in from the edge, for an exception's own words may hold what looks like a line of ours.
    return f"{line}\n{indent(screen(trace, lines=True), _INDENT, lambda _: True)}" if trace else line


def _as_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:  # noqa: ARG001
    time, level, says, trace, rest = _parts(event)
    whole = {"time": time, "level": level, "event": says[:MOST_EVENT], **{name: _plain(rest[name]) for name in rest}}
    if trace:
        whole["traceback"] = trace
    text = redact(json.dumps(whole, ensure_ascii=False))
    try:
        return screen_json(text.encode()).decode()
    except UnicodeEncodeError:  # half a character: no UTF-8, so all of it in ASCII
        return redact(json.dumps(whole))


def _parts(event: MutableMapping[str, Any]) -> tuple[str, str, str, str, dict[str, Any]]:
    """Return time, level, sentence, traceback, and the other fields.

    Secrets are masked before anything is cut: half of one is no secret that `redact` knows.
    """
    places = {name: at for at, name in enumerate(FIELDS)}  # the fields of a job come in the order of their hashes
    known = sorted(event.items(), key=lambda field: places.get(field[0], len(places)))
    rest = {name: value for name, value in known if value is not None and value != ""}
    trace = _traceback(rest.pop("exc_info", None)) or str(rest.pop("traceback", ""))
    head = (str(rest.pop("time")), str(rest.pop("level")), redact(str(rest.pop("event"))))
    return (*head, redact(trace)[:MOST_TRACEBACK], rest)


def _traceback(info: Any) -> str:
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    return "".join(traceback.format_exception(*info)).rstrip() if info and info[0] else ""


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, bool | int | float) else _text(value)


def _text(value: Any) -> str:
    text = redact(value if isinstance(value, str) else value.isoformat() if isinstance(value, datetime) else str(value))
    return text if len(text) <= MOST_FIELD else text[: MOST_FIELD - 1] + "…"


def _quoted(text: str) -> str:
    """Return a value of a line, in quotation marks where it could be taken for more than one."""
    text = screen(text)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=\u3000') else text
