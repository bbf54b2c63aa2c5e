"""Scrapy's and Twisted's log lines: warnings and worse, on standard error, with hostile text made visible."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from safety.screen import screen
from safety.secret import redact

LOGGERS = ("scrapy", "scrapy-playwright", "twisted", "py.warnings")
# Each failed picture is counted in the report; its traceback says no more. Certificates are noted, not verified.
SILENT = ("scrapy.pipelines.media", "scrapy.core.downloader.tls")


class ScreenedFormatter(logging.Formatter):
    """Format a record, free it of secrets, then screen it: messages, arguments and tracebacks carry text of others."""

    def format(self, record: logging.LogRecord) -> str:
        return screen(redact(super().format(record)), lines=True)


@contextmanager
def screened_logging(level: int = logging.WARNING) -> Iterator[None]:
    """Send the crawler's log lines of that level and above to standard error, screened, and nowhere else."""
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(ScreenedFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
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
