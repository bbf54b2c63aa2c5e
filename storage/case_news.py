"""What has happened to cases since somebody looked at a list of them: which came in, which changed; never a count."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.case_list import fitting
from storage.case_views import LogEntry
from storage.schema import CaseLog
from storage.views import CaseFilters

COMES = ("opened", "relapse", "reopen")  # actions with which a case comes to those that wait
MOST_ENTRIES = 5000  # of the log that are looked through, the latest


def last_entry(session: Session) -> int:
    """Return the id of the latest entry of all logs; 0 where there is none."""
    return session.scalar(select(func.max(CaseLog.id))) or 0


def newcomers(
    session: Session, filters: CaseFilters, *, since: int, known: Collection[int], who: str, most: int, now: datetime
) -> list[int]:
    """Return cases that came into a list since an entry was the latest, the latest first.

    Args:
        filters: of the list, `CaseFilters.of` the person.
        since: the entry, of `last_entry`.
        known: cases that are seen already.
        who: the person; what they reopened themselves is no news.
        most: how many, at most.
        now: for states.
    """
    begin = max(since, last_entry(session) - MOST_ENTRIES)
    query = select(CaseLog.case_id).where(CaseLog.id > begin, CaseLog.action.in_(COMES), CaseLog.who != who)
    found = dict.fromkeys(session.scalars(query.order_by(CaseLog.id.desc())))
    asked = [case_id for case_id in found if case_id not in known][: 4 * most]
    fits = fitting(session, filters, asked, now=now)
    return [case_id for case_id in asked if case_id in fits][:most]


def last_entries(session: Session, case_ids: Sequence[int]) -> dict[int, LogEntry]:
    """Return the last entry of each case's log."""
    last = select(func.max(CaseLog.id)).where(CaseLog.case_id.in_(case_ids)).group_by(CaseLog.case_id)
    rows = session.scalars(select(CaseLog).where(CaseLog.id.in_(session.scalars(last).all())))
    return {
        row.case_id: LogEntry(
            id=row.id, at=row.at, who=row.who, action=row.action, reason=row.reason, note=row.note, data=row.data
        )
        for row in rows
    }
