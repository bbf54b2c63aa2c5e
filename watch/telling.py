"""Telling: when a source falls silent, breaks, or is well again, the receivers hear of it, once for each change.

What was told last is kept in the database, and only after a receiver took it: a crash in between tells again. A round
that is tried again, because an outage or a kill has cut it short, counts when it is over: read to its end, or given up.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from alerts.dispatch import send_notice
from alerts.errors import AlertError
from alerts.notices import source_notice
from config import Config, Source
from spiders.slices import slices_of, steady
from storage.cursors import cursor, save_cursor
from storage.database import snapshot, transaction
from storage.media import MediaStore
from storage.rounds import latest_rounds
from storage.runs import RunRecord
from watch.health import Health, judge
from watch.healths import rounds_of
from watch.rounds import due_parts

TOLD = "health told"  # name of the cursor that holds the state told last


async def tell_changes(
    config: Config,
    engine: Engine,
    media: MediaStore,
    *,
    now: Callable[[], datetime],
    source: str | None = None,
    over: bool = False,
) -> list[str]:
    """Send a notice for each source whose state has changed; return one line for each notice that did not arrive.

    Args:
        source: key of the one to look at; None: all.
        over: a round that did not come to its end counts as it stands, for nobody tries it again.
    """
    problems: list[str] = []
    for health in await asyncio.to_thread(lambda: list(_changes(config, engine, now(), source, over))):
        state = "" if health.well else health.state
        language = config.alerting.language
        reached = False
        for receiver in config.alerting.sources or tuple(row.key for row in config.receiver):
            try:
                await send_notice(
                    config, receiver, media, source_notice(health.source, state, language, now()), now=now
                )
                reached = True
            except AlertError as error:
                problems.append(f"{error}; the notice that source {health.source} is {health.state} did not arrive")
        if reached:
            await asyncio.to_thread(_keep, engine, health.source, state, now())
    return problems


def _changes(config: Config, engine: Engine, now: datetime, only: str | None, over: bool) -> Iterator[Health]:
    """Yield the sources that are otherwise than was told last. A source that is fine, and always was, is no news."""
    if not config.receiver:
        return
    for source in [source for source in config.source if only in (None, source.key)]:
        with snapshot(engine) as session:
            told = cursor(session, source.key, TOLD) or ""
            rounds = rounds_of(config, source, session)
            goes_on = not over and _goes_on(config, source, rounds, session, now)
        health = judge(source, rounds[1:] if goes_on else rounds, now)
        if goes_on and health.well:  # the rounds before were; of this one nobody knows yet
            continue
        if ("" if health.well else health.state) != told:
            yield health


def _goes_on(config: Config, source: Source, rounds: Sequence[RunRecord], session: Session, now: datetime) -> bool:
    """Tell whether parts of the newest round are still to be read, or to be tried again."""
    latest = latest_rounds(session, [source.key]).get(source.key)
    if not rounds or latest is None or latest.at != (rounds[0].round_at or rounds[0].started_at):
        return False
    parts = due_parts(source, latest, steady(slices_of(config, source, session)), now, early=True)
    return any(part.round_at == latest.at for part in parts)


def _keep(engine: Engine, source: str, state: str, now: datetime) -> None:
    with transaction(engine) as session:
        save_cursor(session, source, TOLD, state, now)
