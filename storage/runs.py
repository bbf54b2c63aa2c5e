"""Runs of sources, and what servers said for conditional requests.

A run without an end was killed or is still going. Fetch states hold only while items would be judged as they
were then: with another policy or profile the page must be fetched in full again, or an unchanged page would
never be judged anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.schema import FetchStateRow, Run, RunOutcome
from storage.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One crawl of one source."""

    id: int
    source: str
    started_at: datetime
    finished_at: datetime | None  # None while it runs, or after it was killed
    outcome: RunOutcome | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What a server said of a URL."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


def start_run(session: Session, source: str, now: datetime) -> int:
    """Note that a source is being crawled; return the run's id."""
    run = Run(source=source, started_at=now, counts={})
    session.add(run)
    session.flush()
    return run.id


def finish_run(session: Session, run_id: int, now: datetime, outcome: RunOutcome, counts: Mapping[str, int]) -> None:
    """Note how a run ended."""
    session.execute(update(Run).where(Run.id == run_id).values(finished_at=now, outcome=outcome, counts=dict(counts)))


def last_run(session: Session, source: str) -> RunRecord | None:
    """Return the latest run of a source, finished or not."""
    return next(iter(last_runs(session, source, 1)), None)


def last_runs(session: Session, source: str, most: int) -> list[RunRecord]:
    """Return the latest runs of a source, finished or not, the newest first."""
    query = select(Run).where(Run.source == source).order_by(Run.started_at.desc(), Run.id.desc()).limit(most)
    return [
        RunRecord(
            id=run.id,
            source=run.source,
            started_at=run.started_at,
            finished_at=run.finished_at,
            outcome=run.outcome,
            counts=run.counts,
        )
        for run in session.scalars(query)
    ]


def fetch_state(session: Session, source: str, url: str, judged_by: str) -> FetchState | None:
    """Return what is known of a URL, or None when nothing is or its items were judged with other profiles."""
    row = session.scalar(
        select(FetchStateRow).where(
            FetchStateRow.source == source,
            FetchStateRow.identity == _identity(url),
            FetchStateRow.judged_by == judged_by,
        )
    )
    return None if row is None else FetchState(url=row.url, etag=row.etag, last_modified=row.last_modified)


def save_fetch_states(
    session: Session, source: str, states: Sequence[FetchState], judged_by: str, now: datetime
) -> None:
    """Keep what servers said.

    Call it once the items of these pages are recorded, in their transaction or later: a state without its
    items would hide them for good.
    """
    rows = {
        _identity(state.url): {
            "source": source,
            "identity": _identity(state.url),
            "url": state.url,
            "etag": state.etag,
            "last_modified": state.last_modified,
            "judged_by": judged_by,
            "saved_at": now,
        }
        for state in states
    }
    if not rows:
        return
    statement = insert(session, FetchStateRow)
    kept = ("url", "etag", "last_modified", "judged_by", "saved_at")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "identity"],
            set_={name: statement.excluded[name] for name in kept},
        ),
        [rows[identity] for identity in sorted(rows)],
    )


def _identity(url: str) -> str:
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
