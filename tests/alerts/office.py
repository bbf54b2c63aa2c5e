"""Office: a real database, a clock that tests move, and a configuration whose receivers are local servers."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.dispatch import dispatch_due
from alerts.gate import Gate
from alerts.report import DispatchReport
from config import Config
from detector.items import Advertiser, Text
from detector.verdict import Verdict
from safety.egress import EgressRule
from storage.case_views import DeliveryView
from storage.database import open_engine, transaction, upgrade
from storage.deliveries import list_deliveries
from storage.items import Observation, record_many
from storage.media import MediaStore
from storage.outbox import pending_intents
from tests.alerts.samples import EVIDENCE, NOW, config_of, item

SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()


class Office:
    """Where flagged items become alerts."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        """Take the folder of configuration and pictures, and the database's URL if that is not to be SQLite there."""
        self.folder = folder
        self.at = NOW
        self.chance = 0.5  # no jitter
        self.engine = open_engine(database or f"sqlite:///{folder / 'mekiki.db'}")
        upgrade(self.engine)
        self.media = MediaStore(folder / "media")
        self.receivers: list[dict[str, Any]] = []
        self.routes: list[dict[str, Any]] = []
        (folder / "secret").write_text(SECRET)

    def now(self) -> datetime:
        return self.at

    def wait(self, **length: float) -> None:
        """Let time pass."""
        self.at += timedelta(**length)

    def webhook(self, key: str, url: str, *, routed: bool = True, **route: Any) -> None:
        """Add a webhook receiver and a route to it."""
        (self.folder / f"url-{key}").write_text(url)
        row = {"key": key, "channel": "webhook", "url": f"file:url-{key}", "signing": ["file:secret"]}
        self.receivers.append(row)
        if routed:
            self.routes.append({"receivers": [key], **route})

    @property
    def config(self) -> Config:
        return config_of(self.folder, self.receivers, self.routes)

    def flag(self, number: int = 1, **fields: Any) -> int:
        """Record a flagged item of its own campaign; return its case."""
        return self.flag_all([number], **fields)[0]

    def flag_all(self, numbers: Sequence[int], *, host: str | None = None, **fields: Any) -> list[int]:
        """Record a flagged item for each number in one transaction, each of its own campaign; return their cases."""
        looks = []
        for number in numbers:
            at_host = host or f"hoshino-denki-sale{number}.test"
            mine = {"advertiser": Advertiser(id=at_host, name="Hoshino Denki Outlet 公式"), **fields}
            seen = item(
                id=f"ad-{number}-{self.at:%H%M%S}-{at_host}",
                links=(f"https://{at_host}/lp",),
                texts=(Text(role="body", text=f"星野電機 90%OFF {number}"),),
                images=(),
                **mine,
            )
            verdict = Verdict(
                id=seen.id,
                brand="hoshino",
                score=0.97,
                decision="impersonation",
                evidence=EVIDENCE[:2],
                policy="2026.1",
            )
            looks.append((Observation(item=seen, source="news-ads", run_id=None, seen_at=self.at), [verdict]))
        with transaction(self.engine) as session:
            recorded = record_many(
                session,
                looks,
                judged_by="f" * 64,
                now=self.at,
                group_wait=timedelta(seconds=30),
                group_interval=timedelta(minutes=5),
            )
        return [one.cases[0] for one in recorded]

    async def dispatch(self, *, seconds: float = 15.0, chance: Callable[[], float] | None = None) -> DispatchReport:
        """Make one pass at the clock's time."""
        gate = Gate(rule=EgressRule.parse(["127.0.0.1:*"]), timeout=timedelta(seconds=seconds))
        return await dispatch_due(
            self.config, self.engine, self.media, now=self.now, gate=gate, chance=chance or (lambda: self.chance)
        )

    def deliveries(self) -> Mapping[str, DeliveryView]:
        """Return every delivery by its id."""
        with transaction(self.engine) as session:
            return {row.id: row for row in list_deliveries(session)}

    def pending(self) -> int:
        """Return how many intents are due and unrouted."""
        with transaction(self.engine) as session:
            return len(pending_intents(session, self.at))

    def close(self) -> None:
        self.engine.dispose()
