"""Facts: how the whole installation stands, read from the database at one time; the same whoever asks.

`/metrics`, `/health` and `mekiki status` are three ways to show them.
"""

import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.health import DeliveryStatus, delivery_status
from config import Config
from storage.backlog import CaseBacklog, StampBacklog, case_backlog, stamp_backlog, under_way
from storage.database import snapshot
from storage.errors import DatabaseOutdated
from storage.media import MediaStore
from storage.notice_due import Attention, due_notices
from storage.outbox import outbox_totals
from storage.receivers import receiver_views
from storage.room import Room, room
from watch.due import due_jobs
from watch.health import Health
from watch.healths import healths
from watch.job import DueJob
from watch.lag import Lag, lags
from watch.many.queue_figures import QueueFigures, queue_figures, workers_connected
from watch.observability.totals import RunTotals, SourceTotals

FRESH = timedelta(seconds=10)  # scrapers ask every 15 s or more; several of them cost one look
ROOM_FRESH = timedelta(minutes=5)  # disks fill slowly, and files are many


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """How everything stands."""

    at: datetime
    sources: tuple[Health, ...]
    totals: Mapping[str, SourceTotals]  # by source, those that are not configured any more too
    lags: tuple[Lag, ...]
    delivery: DeliveryStatus
    cases: CaseBacklog
    notices: Mapping[Attention, int]  # that wait for somebody; without zeros
    stamps: StampBacklog
    due: tuple[DueJob, ...]  # jobs that should run now and that nobody has begun
    queue: tuple[QueueFigures, ...]  # none without workers, see `watch.many.queue`
    workers: int | None  # that are connected; None without a queue
    room: Room


class FactsReader:
    """Reads the facts, and keeps them for some seconds. Safe from several threads: one reads, the others wait."""

    def __init__(self, config: Config, engine: Engine, now: Callable[[], datetime]) -> None:
        self._config, self._engine, self._now = config, engine, now
        self._media = MediaStore(config.storage.media)
        self._lock = threading.Lock()
        self._totals = RunTotals()
        self._facts: Facts | None = None
        self._room: Room | None = None
        self._room_at: datetime | None = None

    def read(self, *, fresh: timedelta = FRESH) -> Facts:
        """Return the facts, not older than `fresh`.

        Raises:
            StorageUnavailable: the database cannot be used.
        """
        with self._lock:
            now = self._now()
            if self._facts is None or not timedelta(0) <= now - self._facts.at < fresh:
                self._facts = self._look(now)
            return self._facts

    def _look(self, now: datetime) -> Facts:
        config, engine = self._config, self._engine
        with snapshot(engine) as session:
            self._totals.update(session)
            views, totals = receiver_views(session, now), outbox_totals(session, now)
            cases, stamps = case_backlog(session, now), stamp_backlog(session)
            begun = under_way(session, [source.key for source in config.source], now - config.watch.longest)
            workers = workers_connected(session) if engine.dialect.name == "postgresql" else None
            approvals = config.takedown.second_approver
            notices = due_notices(session, now, approvals=approvals, limit=1).counts
        return Facts(
            at=now,
            sources=tuple(healths(config, engine, now)),
            totals=deepcopy(self._totals.by_source),  # whoever shows it reads on while the next look adds
            lags=tuple(lags(config, engine)),
            delivery=delivery_status([row.key for row in config.receiver], views, totals, now),
            cases=cases,
            notices=notices,
            stamps=stamps,
            due=tuple(one for one in due_jobs(config, engine, now) if (one.job.source, one.job.slice) not in begun),
            queue=self._queue(),
            workers=workers,
            room=self._room_of(now),
        )

    def _queue(self) -> tuple[QueueFigures, ...]:
        if self._engine.dialect.name != "postgresql":
            return ()
        try:
            return tuple(queue_figures(self._engine))
        except DatabaseOutdated:  # nobody has started a worker yet
            return ()

    def _room_of(self, now: datetime) -> Room:
        if self._room is None or self._room_at is None or now - self._room_at >= ROOM_FRESH:
            self._room, self._room_at = room(self._engine, self._media), now
        return self._room
