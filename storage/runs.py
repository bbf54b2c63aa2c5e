"""Runs of sources, and what servers said for conditional requests.

A run without an end was killed or is still going. Fetch states hold only while items would be judged as they
were then: with another policy or profile the page must be fetched in full again, or an unchanged page would
never be judged anew.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Select, case, or_, select, update
from sqlalchemy.orm import Session, aliased

from storage.schema import FetchStateRow, Run, RunOutcome
from storage.upsert import insert

AT_ONCE = 200  # rows read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One crawl of one source, or of a part of it."""

    id: int
    source: str
    started_at: datetime
    finished_at: datetime | None  # None while it runs, or after it was killed
    outcome: RunOutcome | None
    counts: Mapping[str, int]
    slice: str = ""  # "": the whole source
    round_at: datetime | None = None  # when its round was due; None: a round of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What a server said of a URL."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


def start_run(
    session: Session, source: str, now: datetime, *, slice: str = "", round_at: datetime | None = None
) -> int:
    """Note that a source, or a part of it, is being crawled; return the run's id.

    It begins with its round at the earliest: the clock of this machine may be behind that of whoever began the round.
    """
    began = now if round_at is None else max(now, round_at)
    run = Run(source=source, slice=slice, round_at=round_at, started_at=began, counts={})
    session.add(run)
    session.flush()
    return run.id


def tried_before(session: Session, run_id: int) -> list[int]:
    """Return the runs that this one does again: of the same part in the same round, all without an end or stopped."""
    run, before = aliased(Run), aliased(Run)
    query = select(before.id).join(
        run,
        (run.source == before.source) & (run.slice == before.slice) & (run.round_at == before.round_at),
    )
    return list(session.scalars(query.where(run.id == run_id, before.id < run_id)))


def finish_run(session: Session, run_id: int, now: datetime, outcome: RunOutcome, counts: Mapping[str, int]) -> None:
    """Note how a run ended; not before it began, as `start_run` has noted that."""
    ended = case((Run.started_at > now, Run.started_at), else_=now)
    session.execute(update(Run).where(Run.id == run_id).values(finished_at=ended, outcome=outcome, counts=dict(counts)))


def last_run(session: Session, source: str, slice: str | None = None) -> RunRecord | None:
    """Return the latest run of a source, or of one part of it, finished or not."""
    return next(iter(last_runs(session, source, 1, slice)), None)


def last_ended(session: Session, source: str, slice: str) -> RunRecord | None:
    """Return the latest run of one part of a source that has an end."""
    run = session.scalar(_latest(source, slice).where(Run.finished_at.is_not(None)).limit(1))
    return None if run is None else run_record(run)


def last_runs(session: Session, source: str, most: int, slice: str | None = None) -> list[RunRecord]:
    """Return the latest runs of a source, or of one part of it, finished or not, the newest first."""
    return [run_record(run) for run in session.scalars(_latest(source, slice).limit(most))]


def last_rounds(session: Session, source: str, most: int, steady: Sequence[str] = ("",)) -> list[RunRecord]:
    """Return the latest rounds of a source, the newest first, each as if it were one run.

    Of each part the last run that ended counts, and a run of the whole source counts for all parts. Counts are added;
    `parts` and `parts.failed` say how many parts there were, and how many gave nothing. The newest round is going on
    until each steady part has ended. A part that a person has read by hand is no round.

    Args:
        source: its key.
        most: rounds.
        steady: parts that every round has.
    """
    rounds: dict[datetime, list[Run]] = {}
    query = _latest(source).where(or_(Run.round_at.is_not(None), Run.slice == ""))
    with session.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        for (run,) in rows:  # as far back as it takes, and no further: a year has millions
            moment = run.round_at or run.started_at
            if moment not in rounds and len(rounds) == most:
                break
            rounds.setdefault(moment, []).append(run)
    return [
        _round(rounds[moment][::-1], steady if number == 0 else ())
        for number, moment in enumerate(sorted(rounds, reverse=True))
    ]


def _round(runs: Sequence[Run], steady: Sequence[str]) -> RunRecord:
    ended = {run.slice: run for run in runs if run.outcome is not None}
    if "" in ended:
        return run_record(ended[""])
    first = runs[0]
    record = RunRecord(
        id=runs[-1].id,
        source=first.source,
        started_at=first.started_at,
        finished_at=None,
        outcome=None,
        counts={},
        round_at=first.round_at,
    )
    if not ended or not ended.keys() >= set(steady):
        return record
    outcomes = {run.outcome for run in ended.values()}
    useless = [run for run in ended.values() if run.outcome in ("failed", "blocked")]
    counts = Counter[str]()
    for run in ended.values():
        counts.update(run.counts)
    return replace(
        record,
        finished_at=max(run.finished_at for run in ended.values() if run.finished_at is not None),
        outcome=outcomes.pop() if len(outcomes) == 1 else "failed" if len(useless) == len(ended) else "partial",
        counts={**counts, "parts": len(ended), "parts.failed": len(useless)},
    )


def last_starts(session: Session, source: str, slices: Iterable[str]) -> dict[str, datetime]:
    """Return when each of these parts was last begun; a run of the whole source is one of every part."""
    whole = last_run(session, source, "")
    found = {}
    for slice in slices:
        run = last_run(session, source, slice)
        starts = [one.started_at for one in (run, whole) if one is not None]
        if starts:
            found[slice] = max(starts)
    return found


def requests_since(session: Session, source: str, round_at: datetime) -> int:
    """Return how many requests the ended runs of a round have sent."""
    rows = session.scalars(
        select(Run.counts).where(
            Run.source == source, Run.started_at >= round_at, Run.round_at == round_at, Run.finished_at.is_not(None)
        )
    )
    return sum(counts.get("requests", 0) for counts in rows)


def _latest(source: str, slice: str | None = None) -> Select[Run]:
    query = select(Run).where(Run.source == source).order_by(Run.started_at.desc(), Run.id.desc())
    return query if slice is None else query.where(Run.slice == slice)


def run_record(run: Run) -> RunRecord:
    """Return a row as a value."""
    return RunRecord(
        id=run.id,
        source=run.source,
        started_at=run.started_at,
        finished_at=run.finished_at,
        outcome=run.outcome,
        counts=run.counts,
        slice=run.slice,
        round_at=run.round_at,
    )


def fetch_state(session: Session, source: str, url: str, judged_by: str) -> FetchState | None:
    """Return what is known of a URL, or None when nothing is or its items were judged with other profiles."""
    row = session.execute(
        select(FetchStateRow.url, FetchStateRow.etag, FetchStateRow.last_modified).where(
            FetchStateRow.source == source,
            FetchStateRow.identity == _identity(url),
            FetchStateRow.judged_by == judged_by,
        )
    ).one_or_none()
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
