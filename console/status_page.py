"""Status as one screen: what is well in a line each, what is not in a line of its own, and what to type next."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from console.queue_page import lost_jobs
from console.show import moment
from desk.counted import counted
from safety.screen import screen
from storage.database import Revision
from watch.observability.facts import Facts
from watch.observability.troubles import Trouble

LIMIT = 400  # characters of one trouble


def status_page(facts: Facts, revision: Revision, found: tuple[Trouble, ...]) -> Iterator[RenderableType]:
    """Yield the screen."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    areas = {trouble.area for trouble in found}
    for area, name, says in (
        ("jobs", "watch", _watch(facts)),
        ("sources", "sources", _sources(facts)),
        ("alerts", "alerts", _alerts(facts)),
        ("cases", "cases", _cases(facts)),
        ("notices", "notices", _notices(facts)),
        ("stamps", "time stamps", f"{facts.stamps.pending} to come" if facts.stamps.pending else ""),
        ("queue", "queue", _queue(facts)),
        ("disk", "database", _database(facts, revision)),
    ):
        if says:
            table.add_row(Text(name, "bold red" if area in areas else "bold"), Text(says))
    yield table
    if not found:
        yield Text("\nnobody has to look at anything", "green")
        return
    yield Text(f"\n{counted(len(found), 'thing')} somebody has to look at", "bold red")
    for trouble in found:
        yield Text(f"  {screen(trouble.says, limit=LIMIT)}")
        yield Text(f"      {screen(trouble.command)}", "bold")


def _watch(facts: Facts) -> str:
    runs = [one for one in facts.sources if one.last_run is not None]
    last = max(runs, key=lambda one: one.last_run or facts.at, default=None)
    told = max((one.view.last_ok_at for one in facts.delivery.receivers if one.view.last_ok_at), default=None)
    parts = [f"last run {_ago(facts, last.last_run)} ({last.source})" if last and last.last_run else "nothing ever ran"]
    if told is not None:
        parts.append(f"last message {_ago(facts, told)}")
    parts.append(f"{counted(len(facts.due), 'job')} to begin" if facts.due else "nothing is due")
    return ", ".join(parts)


def _sources(facts: Facts) -> str:
    if not facts.sources:
        return "none"
    well = sum(one.well for one in facts.sources)
    return f"{well} of {len(facts.sources)} well" + (f"; {_lag(facts)}" if facts.lags else "")


def _lag(facts: Facts) -> str:
    behind = sum(max(0, lag.behind) for lag in facts.lags)
    return f"{behind:,} certificate entries behind" if behind else "certificate logs read to their end"


def _alerts(facts: Facts) -> str:
    outbox = facts.delivery.outbox
    parts = [
        f"{outbox.waiting} to route",
        f"{outbox.held} held",
        f"{outbox.deliveries} to send",
        f"{outbox.sent_last_day} sent in the last day",
    ]
    well = sum(one.well for one in facts.delivery.receivers)
    return f"{', '.join(parts)}; {well} of {counted(len(facts.delivery.receivers), 'receiver')} well"


def _cases(facts: Facts) -> str:
    waiting = sum(facts.cases.open.values())
    if not waiting:
        return "none waits"
    classes = ", ".join(f"{count} {name}" for name, count in facts.cases.open.items() if count)
    return f"{waiting} to judge ({classes}), {facts.cases.overdue} overdue"


def _notices(facts: Facts) -> str:
    return ", ".join(f"{count} {why.replace('_', ' ')}" for why, count in facts.notices.items()) or "none waits"


def _queue(facts: Facts) -> str:
    if facts.workers is None:
        return ""
    waiting = sum(one.waiting for one in facts.queue)
    running, dead = sum(one.running for one in facts.queue), sum(one.dead for one in facts.queue)
    lost = f", {lost_jobs(facts.queue)}" if any(one.lost for one in facts.queue) else ""
    return f"{counted(facts.workers, 'worker')}, {waiting} waiting, {running} running{lost}, {dead} dead"


def _database(facts: Facts, revision: Revision) -> str:
    current = "current" if revision.current == revision.head else f"needed is {revision.head}"
    free = ", ".join(f"{size(left)} free for the {place}" for place, left in facts.room.free.items())
    return (
        f"revision {revision.current} ({current}), {size(facts.room.database)}; media {size(facts.room.media)}; {free}"
    )


def size(number: float) -> str:
    """Write bytes in the unit that fits."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def _ago(facts: Facts, at: datetime) -> str:
    length = facts.at - at
    if length < timedelta(minutes=2):
        return "just now"
    if length < timedelta(hours=2):
        return f"{length.total_seconds() // 60:.0f} minutes ago"
    return moment(at)
