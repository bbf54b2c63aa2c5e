"""Health: is a source still seeing what it should? Judged from the history of its own runs, without a clock or I/O.

An empty run is not a good run: a source that gave something and now gives nothing, a field that was filled and is not
any more, a planted item that does not come back are faults, although every request was answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from config import Source
from storage.rounds import STOPPED
from storage.runs import RunRecord
from watch.schedule import next_start

HealthState = Literal["ok", "new", "off", "shaky", "late", "silent", "broken", "canary", "blocked", "failing"]

HISTORY = 20  # earlier runs that a run is compared with
FEWEST_RUNS = 3  # earlier runs with items, before a missing one means anything
FEWEST_ROWS = 10  # of a run, before its fill-rates mean anything
USUAL_RATE = 0.5  # a field filled in that share of the rows is one that the source has
FALLEN = 0.5  # of its usual rate: less is a miss
LATE = 3  # intervals of its schedule without a good run


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source is."""

    source: str
    state: HealthState
    says: str  # what is wrong and what to do; "" when nothing is
    last_run: datetime | None = None
    last_success: datetime | None = None
    items: int = 0  # of the last run
    usual_items: float = 0.0  # median of the earlier runs with items
    partial: str = ""  # how much of the last run was not read; "" when all was, or nothing
    filled: Mapping[str, float] | None = None  # field -> share of the last run's rows; None without rows

    @property
    def well(self) -> bool:
        """Tell whether nobody has to look."""
        return self.state in ("ok", "new", "off", "shaky")


def judge(source: Source, runs: Sequence[RunRecord], now: datetime) -> Health:
    """Judge a source.

    Args:
        source: as configured.
        runs: its last rounds (`storage.runs.last_rounds`), the newest first; about `HISTORY` of them.
        now: UTC.
    """
    ended = [run for run in runs if run.outcome is not None]
    good = [run for run in ended if run.outcome in ("ok", "partial")]
    state, says = _state(source, ended, good, now)
    last = ended[0] if ended else None
    return Health(
        source=source.key,
        state=state,
        says=says,
        last_run=runs[0].started_at if runs else None,
        last_success=good[0].finished_at if good else None,
        items=last.counts.get("items", 0) if last else 0,
        usual_items=_usual(ended[1:]),
        partial=_partial(last) if last else "",
        filled=_rates(last) if last else None,
    )


def _state(
    source: Source, ended: Sequence[RunRecord], good: Sequence[RunRecord], now: datetime
) -> tuple[HealthState, str]:
    if not source.enabled:
        return "off", ""
    if not ended:
        return "new", ""
    last = ended[0]
    errors = ", ".join(sorted(name.removeprefix("error.") for name in last.counts if name.startswith("error.")))
    if last not in good and len(ended) > 1 and ended[1] in good:
        return (
            "shaky",
            f"the last run failed ({errors}), the one before did not; receivers hear of a second one",
        )
    if last.outcome == "blocked":
        return "blocked", f"the site turned us away ({errors}); look at it by hand, then slow down or change the source"
    if last.outcome == "failed":
        return "failing", f"nothing could be read ({errors}); try `mekiki sources test {source.key}`"
    unread, before = (run.counts.get("parts.failed", 0) for run in (last, ended[1] if len(ended) > 1 else last))
    if unread:
        says = f"{unread} of {last.counts['parts']} parts could not be read ({errors}); see `mekiki sources parts`"
        return ("failing" if before and len(ended) > 1 else "shaky"), says
    if source.canary is not None and last.counts.get("canary", 0) == 0:
        return "canary", f"the planted item {source.canary!r} was not found; try `mekiki sources test {source.key}`"
    failed = sum(count for name, count in last.counts.items() if name.startswith("error."))
    if last.outcome == "partial" and failed * 2 > last.counts.get("requests", 0) > 0:
        return "shaky", f"{failed} of {last.counts['requests']} requests failed ({errors}); only a part was seen"
    seen = last.counts.get("items", 0) + last.counts.get("unchanged", 0)
    if not seen and _usual(ended[1:]):
        return "silent", f"no item, where {_usual(ended[1:]):.0f} were usual; try `mekiki sources test {source.key}`"
    missing = _missing(last, ended[1:])
    if missing:
        return "broken", f"fields that used to be filled are empty: {', '.join(missing)}; the source may have changed"
    late = _late(source, good, now)
    return ("late", f"no good run for {late}; is `mekiki watch` or the scheduler running?") if late else ("ok", "")


def _partial(run: RunRecord) -> str:
    if run.outcome != "partial":
        return ""
    errors = {name.removeprefix("error."): count for name, count in run.counts.items() if name.startswith("error.")}
    parts, unread = run.counts.get("parts", 0), run.counts.get("parts.failed", 0)
    reasons = [f"{unread} of {parts} parts could not be read"] if unread else []
    if errors:
        count, requests = sum(errors.values()), run.counts.get("requests", 0)
        among = f" in {requests} request{'' if requests == 1 else 's'}" if requests else ""
        reasons.append(f"{count} error{'' if count == 1 else 's'}{among} ({', '.join(sorted(errors))})")
    if run.counts.get(STOPPED):
        reasons.append("it ended before the source was read to its end")
    return "; ".join(reasons) or "not all was read"


def _usual(runs: Sequence[RunRecord]) -> float:
    counts = [count for run in runs[:HISTORY] if (count := run.counts.get("items", 0))]
    return float(median(counts)) if len(counts) >= FEWEST_RUNS else 0.0


def _rates(run: RunRecord) -> dict[str, float] | None:
    """Return the share of a run's rows that had each field; None where there were too few rows to tell."""
    rows = run.counts.get("items", 0)
    if rows < FEWEST_ROWS:
        return None
    return {
        name.removeprefix("filled."): min(1.0, count / rows)
        for name, count in run.counts.items()
        if name.startswith("filled.")
    }


def _missing(last: RunRecord, earlier: Sequence[RunRecord]) -> list[str]:
    """Name the fields that fell below half of their own usual rate."""
    now = _rates(last)
    history = [rates for run in earlier[:HISTORY] if (rates := _rates(run)) is not None]
    if now is None or len(history) < FEWEST_RUNS:
        return []
    missing = []
    for name in sorted({name for rates in history for name in rates}):
        usual = median(rates.get(name, 0.0) for rates in history)
        if usual >= USUAL_RATE and now.get(name, 0.0) < FALLEN * usual:
            missing.append(f"{name} {now.get(name, 0.0):.0%} instead of {usual:.0%}")
    return missing


def _late(source: Source, good: Sequence[RunRecord], now: datetime) -> timedelta | None:
    """Return how long a scheduled source has had no good run, when that is too long."""
    if not good or not (source.every or source.schedule):
        return None
    last = good[0].started_at
    due = next_start(source, last, now)
    if due is None:
        return None
    gone = now - last
    too_long = gone > LATE * max(due - last, timedelta(minutes=1))
    return timedelta(seconds=round(gone.total_seconds())) if too_long else None
