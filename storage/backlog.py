"""Backlog: how much waits for people and for stamps, in numbers; and what is being read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from storage.actions import WAITING
from storage.priority import HIGH, LOW, PriorityClass
from storage.schema import Case, Run, StampRow

CLASSES: tuple[PriorityClass, ...] = get_args(PriorityClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBacklog:
    """Cases that wait for a person's judgement."""

    open: Mapping[PriorityClass, int]  # every class; a snooze that has run out waits again
    overdue: int  # of those: should have been judged by now
    due_since: datetime | None  # of those: since when the first one should have been


@dataclass(frozen=True, slots=True, kw_only=True)
class StampBacklog:
    """Time stamps that were asked for and have not come."""

    pending: int
    wanted_since: datetime | None  # the oldest


def case_backlog(session: Session, now: datetime) -> CaseBacklog:
    """Count the cases that wait for a person."""
    waits = or_(Case.state.in_(sorted(WAITING)), and_(Case.state == "snoozed", Case.snoozed_until <= now))
    rank = case((Case.priority >= HIGH, "high"), (Case.priority < LOW, "low"), else_="normal")
    late = case((Case.due_at <= now, Case.due_at))
    query = select(rank, func.count(), func.count(late), func.min(late)).where(waits).group_by(rank)
    rows = {name: (count, overdue, since) for name, count, overdue, since in session.execute(query)}
    return CaseBacklog(
        open={name: rows[name][0] if name in rows else 0 for name in CLASSES},
        overdue=sum(overdue for _, overdue, _ in rows.values()),
        due_since=min((since for _, _, since in rows.values() if since is not None), default=None),
    )


def stamp_backlog(session: Session) -> StampBacklog:
    """Count the time stamps that are still to come."""
    query = select(func.count(), func.min(StampRow.wanted_at)).where(StampRow.next_at.is_not(None))
    count, since = session.execute(query).one()
    return StampBacklog(pending=count, wanted_since=since)


def under_way(session: Session, sources: Collection[str], since: datetime) -> set[tuple[str, str]]:
    """Return source and slice of the runs that began since then and have no end: under way, or killed just now."""
    query = select(Run.source, Run.slice).where(
        Run.source.in_(sources), Run.started_at > since, Run.finished_at.is_(None)
    )
    return {(source, slice) for source, slice in session.execute(query)}
