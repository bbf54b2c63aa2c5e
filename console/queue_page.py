"""The queues and their dead jobs as people at a terminal read them."""

from collections.abc import Sequence
from math import ceil

from rich.table import Table

from console.show import moment
from safety.screen import screen
from watch.many.queue_figures import DeadJob, QueueFigures, RunningOn


def queue_table(figures: Sequence[QueueFigures]) -> Table:
    """Return a line for each queue."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("queue", "waiting", "oldest", "later", "running", "dead", "done in 1 h", "p50", "p95", "on"):
        table.add_column(name, justify="left" if name in ("queue", "on") else "right", overflow="fold")
    for one in figures:
        table.add_row(
            one.queue,
            str(one.waiting),
            _length(one.oldest_wait) if one.waiting else "-",
            str(one.later),
            str(one.running),
            str(one.dead),
            str(one.done),
            _length(one.p50),
            _length(one.p95),
            ", ".join((*map(_worker, one.workers), *([lost_jobs([one])] if one.lost else ()))),
            style="red" if one.dead else None,
        )
    return table


def lost_jobs(figures: Sequence[QueueFigures]) -> str:
    """Say how many jobs of some queues were lost with their worker, and what becomes of them."""
    left = [one.taken_over_in for one in figures if one.lost]
    within = [seconds for seconds in left if seconds is not None]
    then = f"taken over within {ceil(max(within))} s" if within else "no worker is there to take over"
    return f"{sum(one.lost for one in figures)} lost ({then})"


def _worker(one: RunningOn) -> str:
    return one.worker + (f" x{one.jobs}" if one.jobs > 1 else "")


def dead_table(dead: Sequence[DeadJob]) -> Table:
    """Return a line for each dead job."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("id", "job", "died", "tries", "why"):
        table.add_column(name, overflow="fold")
    for one in dead:
        table.add_row(str(one.number), _called(one), moment(one.died_at), str(one.tries), one.why)
    return table


def _called(one: DeadJob) -> str:
    if one.job is None:
        return "of another version"
    return " ".join(screen(part, limit=80) for part in (one.job.kind, one.job.source, one.job.slice) if part)


def _length(seconds: float | None) -> str:
    """Write a length of time with about two figures."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
