"""Settle: bring a case up to date with its log, for everybody who appends to that."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.actions import Standing, standing
from storage.errors import CaseConflict
from storage.priority import weigh
from storage.schema import Case, CaseLog


def log_of(session: Session, case_id: int) -> list[CaseLog]:
    """Return the log of a case, oldest entry first."""
    return list(session.scalars(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id)))


def check_seen(session: Session, case_id: int, expect: int) -> None:
    """Raise CaseConflict where the log of a locked case has grown since a person saw its last entry."""
    query = select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id.desc()).limit(1)
    check_unchanged(session.scalars(query).one(), expect)


def check_unchanged(last: CaseLog, expect: int) -> None:
    """Raise CaseConflict where the last entry of a case's log is another one than a person saw."""
    if last.id != expect:
        raise CaseConflict(f"case {last.case_id} has changed meanwhile ({last.action} by {last.who}); look again")


def settle(case: Case, now: Standing) -> None:
    """Write where its log leads to into a locked case, and weigh it anew."""
    case.state, case.assignee, case.judged_at = now.state, now.assignee, now.judged_at
    case.snoozed_until, case.suppressed_until = now.snoozed_until, now.suppressed_until
    case.merged_into, case.takedown_asked = now.merged_into, now.takedown_asked
    case.tags, case.held = list(now.tags), now.held
    case.harm_set, case.due_set = now.harm, now.due
    case.waiting_since = now.waiting_since or case.opened_at
    weigh(case)


def settle_anew(session: Session, case: Case) -> None:
    """Replay the log of a locked case, for whoever appended to it."""
    settle(case, standing(log_of(session, case.id)))
    session.flush()
