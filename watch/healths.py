"""Healths: how the sources are, as the database tells it. Sends nothing: `watch.telling` does."""

from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import Config, Source
from spiders.slices import slices_of, steady
from storage.database import snapshot
from storage.runs import RunRecord, last_rounds
from watch.health import HISTORY, Health, judge


def healths(config: Config, engine: Engine, now: datetime, only: str | None = None) -> list[Health]:
    """Judge every source of the configuration, or that one."""
    with snapshot(engine) as session:
        wanted = [source for source in config.source if only in (None, source.key)]
        return [judge(source, rounds_of(config, source, session), now) for source in wanted]


def rounds_of(config: Config, source: Source, session: Session) -> list[RunRecord]:
    """Return the rounds by which a source is judged, the newest first."""
    return last_rounds(session, source.key, HISTORY + 1, steady(slices_of(config, source, session)))
