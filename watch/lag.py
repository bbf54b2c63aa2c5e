"""Lag: how far behind the end of each Certificate Transparency log the crawls are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from config import Config
from config.sources.ct import CtSource
from spiders.pages.ct_names import logged_at
from storage.cursors import cursors
from storage.database import snapshot
from storage.ranges import open_ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """One log, as it was left by the last run that read some of it."""

    source: str
    log: str  # its address
    read: int  # entries up to which it was read
    behind: int  # entries that were not read, of those that it had when they were counted
    logged_at: datetime | None  # when the log took the last entry that was read
    read_at: datetime


def lags(config: Config, engine: Engine) -> list[Lag]:
    """Return every log that was read, by source and address."""
    found = []
    with snapshot(engine) as session:
        for source in config.source:
            if not isinstance(source, CtSource):
                continue
            ranges = open_ranges(session, source.key)
            for name, value, saved_at in cursors(session, source.key):
                if isinstance(value, dict) and "size" in value:
                    logged = value["logged"]
                    unread = [one for one in ranges if one.log == name]
                    found.append(
                        Lag(
                            source=source.key,
                            log=name,
                            read=min([value["next"], *(one.next for one in unread)]),
                            behind=value["size"] - value["next"] + sum(one.end - one.next for one in unread),
                            logged_at=logged_at(logged) if logged else None,
                            read_at=saved_at,
                        )
                    )
    return found
