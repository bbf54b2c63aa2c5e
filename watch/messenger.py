"""The messenger: reminds and dispatches the outbox, and says each problem once, however often it is asked to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.dispatch import dispatch_due
from config import Config
from storage.media import MediaStore
from watch.reminders import remind_due

LOOK_AGAIN = timedelta(minutes=5)  # between two looks at alerts that no route wants; thousands of them take a while


@dataclass(slots=True, kw_only=True)
class Messenger:
    """One for each process: it remembers what nobody wanted, and what it has said."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]
    say: Callable[[str], None]  # one line for the operator
    _told: frozenset[str] = frozenset()  # problems already said
    _unrouted: frozenset[int] = frozenset()  # intents that reached nobody when looked at last
    _look_again: datetime | None = None

    async def remind(self) -> None:
        """Put into the outbox what time alone makes worth telling.

        Raises:
            StorageUnavailable: the database cannot be used; nothing is lost.
        """
        await asyncio.to_thread(remind_due, self.engine, self.now())

    async def deliver(self) -> None:
        """Route and send what is due.

        Raises:
            StorageUnavailable: the outbox cannot be read; what was sent is recorded.
        """
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
