"""The messenger: reminds and dispatches the outbox, and says each problem once, however often it is asked to."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from alerts.dispatch import dispatch_due
from alerts.report import Tried
from config import Config
from safety.logs import Log
from storage.database import snapshot, transaction
from storage.errors import StorageUnavailable
from storage.intents import due_intents
from storage.media import MediaStore
from watch.due import LOOK_AGAIN, note_unwanted, unwanted
from watch.reminders import remind_due


@dataclass(slots=True, kw_only=True)
class Messenger:
    """One for each process: it remembers what nobody wanted, and what it has said."""

    config: Config
    engine: Engine
    media: MediaStore
    now: Callable[[], datetime]
    say: Callable[[str], None]  # one line for the operator
    warn: Callable[[str], None]  # the same, of what went wrong
    log: Log | None = None  # takes an event for each attempt, with its case
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
        """Route and send what is due. Cancelled, it ends once what is on its way is sent and recorded: else a restart
        would send it twice.

        Raises:
            StorageUnavailable: the outbox cannot be read; what was sent is recorded.
        """
        stop = asyncio.Event()
        delivering = asyncio.create_task(self._deliver(stop))
        try:
            await asyncio.shield(delivering)
        except asyncio.CancelledError:
            stop.set()
            with suppress(StorageUnavailable):  # what waits is as due as before
                await delivering
            raise

    async def _deliver(self, stop: asyncio.Event) -> None:
        began = self.now()
        whole = self._look_again is None or began >= self._look_again or await asyncio.to_thread(self._wanted, began)
        if whole:  # what no route wanted, one may want once its case has grown
            self._unrouted, self._look_again = frozenset(), began + LOOK_AGAIN
        report = await dispatch_due(self.config, self.engine, self.media, now=self.now, skip=self._unrouted, stop=stop)
        self._unrouted |= report.unrouted_ids
        if self.log is not None:
            for one in report.tried:
                _note(self.log, one)
        if report.unrouted_ids:
            await asyncio.to_thread(self._note_unwanted, began)
        if report.sent or report.dead:
            tell = self.warn if report.dead else self.say
            tell(f"alerts: {report.sent} sent, {report.retried} to be tried again, {report.dead} dead")
        problems = frozenset(report.problems)
        for problem in sorted(problems - self._told):
            self.warn(f"alerts: {problem}")
        self._told = problems if whole else self._told | problems

    def _wanted(self, now: datetime) -> bool:
        """Tell whether what no route wanted is to be looked at again."""
        if not self._unrouted:
            return False
        with snapshot(self.engine) as session:
            return unwanted(self.config, session, now) is None

    def _note_unwanted(self, began: datetime) -> None:
        with transaction(self.engine) as session:
            if self._unrouted.issuperset(due_intents(session, began)):  # else some were not tried in this pass
                note_unwanted(self.config, session, began)


def _note(log: Log, one: Tried) -> None:
    """Log an attempt; why it failed stands in the problems of the pass."""
    became = "sent" if one.ok else "given up" if one.dead else "not sent, to be tried again"
    log.info(f"alerts: {one.reason} to {one.receiver}: {became}", **({} if one.case is None else {"case": one.case}))
