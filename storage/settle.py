"""Settle: bring a case up to date with its log, for everybody who appends to that."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.actions import Standing, standing
from storage.priority import weigh
from storage.schema import Case, CaseLog


def log_of(session: Session, case_id: int) -> list[CaseLog]:
    """Return the log of a case, oldest entry first."""
    return list(session.scalars(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id)))


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
