"""Rounds: the runs by which a source is read once, whole or in parts, and how far the latest round of each has come.

A round is named by when it was due (`Run.round_at`). A whole run that somebody started by hand is a round of its own.
What was stopped before its end, or has none, is to be done again: nothing here says whether it is still under way.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import String, and_, column, func, or_, select, values
from sqlalchemy.orm import Session, aliased

from storage.schema import Run, RunOutcome

STOPPED = "stopped"  # among a run's counts: it ended before the source, or its part, was read to its end
FAULT = "error.storage"  # beside it: because the database was away; without it, somebody had it stop
LATEST = (
    16  # runs among which is one of the latest round: one of an older round may have begun later, or on a fast clock
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What became of one part in one round."""

    outcome: RunOutcome | None = None  # of the run that was read to its end; None: there is none
    unfinished: int = 0  # runs that have no end, or an outage of the database ended; not those that were told to stop
    last_start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The latest round of a source."""

    at: datetime  # when it was due; of one by hand: when it began
    began: datetime
    by_hand: bool  # a person has seen to it
    tries: Mapping[str, Tries]  # part -> its runs; "": the whole

    def of(self, slice: str) -> Tries:
        """Return the tries of a part; a run of the whole source is one of every part."""
        own, whole = self.tries.get(slice, Tries()), self.tries.get("", Tries())
        return own if own.outcome is not None or whole.outcome is None else whole


def latest_rounds(session: Session, sources: Collection[str]) -> dict[str, Round]:
    """Return the latest round of each source that has any; two statements, however many there are."""
    if not sources:
        return {}
    asked = values(column("source", String), name="asked").data([(key,) for key in sources]).cte()
    run = aliased(Run)
    some = (
        select(run.id, run.started_at, func.coalesce(run.round_at, run.started_at).label("due"))
        .where(run.source == asked.c.source, or_(run.round_at.is_not(None), run.slice == ""))
        .order_by(run.started_at.desc(), run.id.desc())
        .limit(LATEST)
        .correlate(asked)
        .subquery()
    )
    order = (some.c.due.desc(), some.c.started_at.desc(), some.c.id.desc())
    latest = select(some.c.id).order_by(*order).limit(1).scalar_subquery()
    ids = [id_ for id_ in session.scalars(select(latest).select_from(asked)) if id_ is not None]
    last = aliased(Run)
    due = func.coalesce(last.round_at, last.started_at)
    columns = (Run.source, Run.slice, Run.round_at, Run.started_at, Run.outcome, Run.counts)
    query = (
        select(*columns)
        .select_from(Run)
        .join(
            last,
            and_(
                Run.source == last.source,
                Run.started_at >= due,
                or_(Run.round_at == due, and_(Run.round_at.is_(None), Run.slice == "", Run.started_at == due)),
            ),
        )
        .where(last.id.in_(ids))
        .order_by(Run.started_at, Run.id)
    )
    runs: dict[str, list[_Row]] = {}
    for row in session.execute(query):
        runs.setdefault(row.source, []).append(row)
    return {source: _round(some) for source, some in runs.items()}


class _Row(Protocol):
    """What is read of a run."""

    slice: str
    round_at: datetime | None
    started_at: datetime
    outcome: RunOutcome | None
    counts: Mapping[str, int]


def _round(runs: Sequence[_Row]) -> Round:
    tries: dict[str, Tries] = {}
    for run in runs:
        before = tries.get(run.slice, Tries())
        read = run.outcome is not None and not run.counts.get(STOPPED)
        spared = run.outcome is not None and not run.counts.get(FAULT)
        tries[run.slice] = Tries(
            outcome=run.outcome if read else before.outcome,
            unfinished=before.unfinished + (not read and not spared),
            last_start=run.started_at,
        )
    by_hand = any(run.round_at is None for run in runs)
    return Round(at=runs[0].round_at or runs[0].started_at, began=runs[0].started_at, by_hand=by_hand, tries=tries)


def give_up(session: Session, source: str, slice: str, round_at: datetime, *, why: str, now: datetime) -> None:
    """Let what was not read to its end stand as it is in this round: it was ended because it took too much.

    Args:
        why: class of the error that is counted: "memory", "time".
    """
    runs = session.scalars(
        select(Run).where(
            Run.source == source, Run.slice == slice, Run.started_at >= round_at, Run.round_at == round_at
        )
    ).all()
    if not runs:  # it was ended before it had noted that it began
        run = Run(source=source, slice=slice, round_at=round_at, started_at=max(now, round_at), counts={})
        session.add(run)
        runs = [run]
    for run in runs:
        if run.outcome is not None and not run.counts.get(STOPPED):
            continue
        counts = {name: count for name, count in run.counts.items() if name != STOPPED}
        run.counts = {**counts, f"error.{why}": counts.get(f"error.{why}", 0) + 1}
        run.outcome = run.outcome or "failed"
        run.finished_at = run.finished_at or max(now, run.started_at)
