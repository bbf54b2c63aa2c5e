"""Log lines of Scrapy and Twisted: warnings and worse, in a log of ours, with source and run that they are about."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from safety.logs import Log, LogHandler, open_log
from spiders.run import SourceRun

LOGGERS = ("scrapy", "scrapy-playwright", "twisted", "py.warnings")
# Each failed picture is counted in the report; its traceback says no more. Certificates are noted, not verified.
SILENT = ("scrapy.pipelines.media", "scrapy.core.downloader.tls")


@contextmanager
def screened_logging(level: int = logging.WARNING, *, log: Log | None = None) -> Iterator[None]:
    """Send the crawler's log lines of that level and above to a log, and nowhere else.

    Args:
        level: of `logging`.
        log: default: lines on standard error.
    """
    handler = LogHandler(log or open_log("lines", level=level), level)
    handler.addFilter(_about)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    silent = [logging.getLogger(name) for name in SILENT]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    for logger in silent:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True
        for logger in silent:
            logger.setLevel(logging.NOTSET)


def _about(record: logging.LogRecord) -> bool:
    """Note what a record is about, where Scrapy says which spider wrote it."""
    run = getattr(getattr(record, "spider", None), "run", None)
    if isinstance(run, SourceRun):
        fields: dict[str, Any] = {"source": run.source.key, "run": run.tally.run}
        record.fields = fields
    return True
