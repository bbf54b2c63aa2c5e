"""Tracing as `[watch] trace` has it; a process that cannot trace says so once, and works."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from config import Config
from safety.traces import UNTRACED, Trace, TracingMissing, open_trace


@contextmanager
def traced(config: Config, environment: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Trace]:
    """Give a trace for what a process does, and send what is left at its end.

    Args:
        config: says whether there are traces.
        environment: of this process, by which a child goes on where its parent is.
        say: one line for the operator, where OpenTelemetry is missing.
    """
    trace: Trace = UNTRACED
    if config.watch.trace:
        try:
            trace = open_trace(environment)
        except TracingMissing as error:
            say(f"{error}; nothing is traced")
    try:
        yield trace
    finally:
        trace.end()
