"""The logs of a source of kind "ct", and how they are put into parts; for who plans, without network or sandbox."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from config.sources.ct import CtSource
from spiders.pages.ct_logs import parse_log_list
from spiders.parts import parted

LOGS = 4  # of which one run reads the ends side by side, where there are many: in between they grow by little


def logs_of(source: CtSource, now: datetime, known: Callable[[], Iterable[str]]) -> list[str]:
    """Return the addresses of the logs.

    Args:
        source: its `log_list` is read.
        now: decides which of its logs are open.
        known: returns logs that were read before. They stand for a list file that cannot be read, which is told by the
            run that reads it: one that is being written anew must not turn parts into a whole, which others would read
            beside it.
    """
    listed: Iterable[str] = ()
    if source.log_list is not None:
        try:
            state = source.log_list.stat()
            listed = _listed(source.log_list, state.st_mtime_ns, state.st_size, source.api, f"{now:%Y-%m-%dT%H:00%z}")
        except (OSError, ValueError):
            listed = known()
    return list(dict.fromkeys([*(url.rstrip("/") for url in source.urls), *listed]))


@lru_cache(maxsize=16)
def _listed(file: Path, changed: int, size: int, api: Literal["static", "rfc6962"], hour: str) -> tuple[str, ...]:  # noqa: ARG001
    """Return the logs of a list file; read again only when it, or the hour, has changed."""
    return tuple(log["url"] for log in parse_log_list(file.read_bytes(), api=api, now=hour))


def parts_of(logs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return part -> logs whose ends it reads: each for itself, or some together where there are many."""
    units = [f"log={log}" for log in logs]
    parts = parted(units, word="logs", least=LOGS)
    if "" in parts:
        return {unit: (log,) for unit, log in zip(units, logs, strict=True)}
    return {
        part: tuple(log for unit, log in zip(units, logs, strict=True) if unit in wanted)
        for part, wanted in parts.items()
    }
