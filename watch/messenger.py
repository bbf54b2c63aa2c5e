"""The messenger: reminds and dispatches the outbox again and again, and says each problem once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.dispatch import dispatch_due
from config import Config
from storage.errors import StorageUnavailable
from storage.media import MediaStore
from watch.reminders import remind_due

PAUSE = 1.0  # seconds between two passes
LOOK_AGAIN = timedelta(minutes=5)  # between two looks at alerts that no route wants; thousands of them take a while


@dataclass(slots=True, kw_only=True)
class Messenger:
    """Runs until cancelled."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]
    say: Callable[[str], None]  # one line for the operator
    _told: frozenset[str] = frozenset()  # problems already said
    _unrouted: frozenset[int] = frozenset()  # intents that reached nobody when looked at last
    _look_again: datetime | None = None

    async def run(self) -> None:
        """Dispatch for ever."""
        while True:
            try:
                await self.look()
            except StorageUnavailable as error:
                self.say(f"alerts: trying again: {error}")
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        """Remind and dispatch once."""
        await asyncio.to_thread(remind_due, self.engine, self.now())
        whole = self._look_again is None or self.now() >= self._look_again
        if whole:  # what no route wanted, one may want once its case has grown
            self._unrouted, self._look_again = frozenset(), self.now() + LOOK_AGAIN
        report = await dispatch_due(self.config, self.engine, self.media, now=self.now, skip=self._unrouted)
        self._unrouted |= report.unrouted_ids
        if report.sent or report.dead:
            self.say(f"alerts: {report.sent} sent, {report.retried} to be tried again, {report.dead} dead")
        problems = frozenset(report.problems)
        for problem in sorted(problems - self._told):
            self.say(f"alerts: {problem}")
        self._told = problems if whole else self._told | problems
