"""Reminders: what is told because time has passed, and what silences that are over kept back.

Found in the database by indexes, noted and told in one transaction: two watches, a kill in between or a clock that is
late tell it once. What comes of it goes through the routes like everything else.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from storage.database import snapshot, transaction
from storage.notice_due import remind_of_notices
from storage.reminders import anything_due, escalate_due, lock_routes_due, remind
from storage.silences import wake

AT_ONCE = 200  # cases in one transaction; other writers wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """What one look put into the outbox."""

    repeated: int = 0  # cases
    escalated: int = 0  # cases
    notices: int = 0  # that somebody has to look at
    woken: int = 0  # cases, by route, that silences had kept back


def remind_due(engine: Engine, now: datetime) -> Reminders:
    """Put into the outbox what is to be told again, told to others, or told after a silence.

    Raises:
        StorageUnavailable: the database cannot be used; nothing is lost.
    """
    repeated = escalated = notices = woken = 0
    while True:
        with snapshot(engine) as session:
            if not anything_due(session, now):
                return Reminders(repeated=repeated, escalated=escalated, notices=notices, woken=woken)
        with transaction(engine) as session:
            lock_routes_due(session, now)
            again = remind(session, "repeat", now, limit=AT_ONCE)
            others = remind(session, "escalate", now, limit=AT_ONCE)
            late = escalate_due(session, now, limit=AT_ONCE)
            asked = remind_of_notices(session, now, limit=AT_ONCE)
            woken += wake(session, now)
        repeated += len(again.cases)
        escalated += len(others.cases) + len(late.cases)
        notices += asked
        if not (again.looked or others.looked or late.looked or asked):
            return Reminders(repeated=repeated, escalated=escalated, notices=notices, woken=woken)
