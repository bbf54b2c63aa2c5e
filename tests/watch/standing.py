"""Facts of an installation in which all is well, for what judges them."""

from datetime import UTC, datetime
from typing import Any

from alerts.health import DeliveryStatus
from storage.backlog import CaseBacklog, StampBacklog
from storage.outbox import OutboxTotals
from storage.room import Room
from watch.health import Health
from watch.many.queue_figures import QueueFigures
from watch.observability.facts import Facts

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def facts(**changes: Any) -> Facts:
    """Return them with some changed."""
    outbox = OutboxTotals(waiting=0, due=0, due_since=None, held=0, deliveries=0, dead=0, sent_last_day=9)
    well: dict[str, Any] = {
        "at": NOW,
        "sources": (Health(source="shop", state="ok", says=""),),
        "totals": {},
        "lags": (),
        "delivery": DeliveryStatus(receivers=(), outbox=outbox, problems=()),
        "cases": CaseBacklog(open={"high": 3, "normal": 0, "low": 0}, overdue=0, due_since=None),
        "notices": {"draft": 4},
        "stamps": StampBacklog(pending=0, wanted_since=None),
        "due": (),
        "queue": (),
        "workers": None,
        "room": Room(database=1 << 20, media=0, free={"media": 50 << 30}),
    }
    return Facts(**{**well, **changes})


def crawls(*, dead: int) -> QueueFigures:
    """Return how the queue of crawls stands."""
    return QueueFigures(
        queue="crawl", waiting=0, oldest_wait=0.0, later=0, running=0, workers=(), dead=dead, done=5, p50=1.0, p95=2.0
    )
