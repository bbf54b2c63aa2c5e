"""Troubles: what of the facts a person has to look at, each with the command to type next. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storage.notice_due import Attention
from watch.observability.facts import Facts

WAITS = timedelta(minutes=15)  # of a job that is due and that nobody has begun, as long as nothing is wrong
STAMPS_WAIT = timedelta(days=2)  # authorities are asked again daily at the latest
LEAST_FREE = 2 * 2**30  # bytes; an upgrade copies an SQLite file, a picture store grows by gigabytes a day
PRESSING: tuple[Attention, ...] = ("sending", "lost", "back", "information_requested", "refused", "overdue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that does not mend itself."""

    area: str  # jobs, sources, alerts, cases, notices, stamps, disk
    says: str
    command: str  # to type next
    kind: str  # what it is, for who words it in another language
    about: Mapping[str, object] = field(default_factory=dict)  # the names, numbers and times in it


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Return what somebody has to look at, what stops everything else first."""
    return tuple(trouble for find in (_disk, _jobs, _sources, _alerts, _people, _stamps) for trouble in find(facts))


def _disk(facts: Facts) -> Iterator[Trouble]:
    for place, left in facts.room.free.items():
        if left < LEAST_FREE:
            says = f"{left / 2**30:.1f} GiB are left where the {place} lies"
            about = {"place": place, "left": f"{left / 2**30:.1f}"}
            yield Trouble(area="disk", says=says, command="mekiki db prune --dry-run", kind="full", about=about)


def _jobs(facts: Facts) -> Iterator[Trouble]:
    late = [one for one in facts.due if facts.at - one.due_at > WAITS]
    if late:
        first = min(late, key=lambda one: one.due_at)
        what = first.job.source or first.job.kind
        says = f"{_are(len(late), 'job')} due and not begun, the first ({what}) since {minute(first.due_at)}"
        about = {"count": len(late), "first": what, "since": first.due_at}
        if facts.workers is None:
            says += ": is `mekiki watch` running, and has it room?"
            yield Trouble(area="jobs", says=says, command="mekiki watch", kind="late", about=about)
        else:
            says += f": {_are(facts.workers, 'worker')} connected"
            command = "mekiki queue status" if facts.workers else "mekiki worker"
            about["workers"] = facts.workers
            yield Trouble(area="jobs", says=says, command=command, kind="late_of_workers", about=about)
    dead = sum(one.dead for one in facts.queue)
    if dead:
        says = f"{_are(dead, 'job')} given up"
        yield Trouble(area="jobs", says=says, command="mekiki queue dead", kind="dead", about={"count": dead})


def _sources(facts: Facts) -> Iterator[Trouble]:
    for one in facts.sources:
        if not one.well:
            command = f"mekiki sources test {one.source}"
            says = f"{one.source} is {one.state}: {one.says.removesuffix(f'; try `{command}`')}"
            about = {"source": one.source, "state": one.state}
            yield Trouble(area="sources", says=says, command=command, kind="source", about=about)


def _alerts(facts: Facts) -> Iterator[Trouble]:
    for one in facts.delivery.receivers:
        if not one.well:
            revive = f"mekiki alerts replay --receiver {one.view.key}" if one.view.dead else "mekiki alerts status"
            command = f"mekiki alerts test {one.view.key}" if one.view.failing_since or one.view.disabled_at else revive
            says, about = f"{one.view.key} is {one.health}: {one.says}", {"receiver": one.view.key, "state": one.health}
            yield Trouble(area="alerts", says=says, command=command, kind="receiver", about=about)
    unrouted = {"count": facts.delivery.outbox.due, "since": facts.delivery.outbox.due_since}
    for problem in facts.delivery.problems:
        yield Trouble(area="alerts", says=problem, command="mekiki alerts pending", kind="outbox", about=unrouted)


def _people(facts: Facts) -> Iterator[Trouble]:
    if facts.cases.overdue:
        since = f", the first since {minute(facts.cases.due_since)}" if facts.cases.due_since else ""
        says = f"{_are(facts.cases.overdue, 'case')} overdue{since}"
        about = {"count": facts.cases.overdue}
        yield Trouble(area="cases", says=says, command="mekiki triage", kind="overdue", about=about)
    pressing = {why: facts.notices[why] for why in PRESSING if facts.notices.get(why)}
    if pressing:
        says = ", ".join(f"{count} {why.replace('_', ' ')}" for why, count in pressing.items())
        yield Trouble(
            area="notices",
            says=f"notices wait for somebody: {says}",
            command="mekiki takedown due",
            kind="notices",
            about={"count": sum(pressing.values())},
        )


def _stamps(facts: Facts) -> Iterator[Trouble]:
    since = facts.stamps.wanted_since
    if since is not None and facts.at - since > STAMPS_WAIT:
        says = f"{_are(facts.stamps.pending, 'time stamp')} missing, the first since {minute(since)}"
        yield Trouble(
            area="stamps",
            says=f"{says}: does the authority answer?",
            command="mekiki verify",
            kind="stamps",
            about={"count": facts.stamps.pending, "since": since},
        )


def minute(at: datetime) -> str:
    """Write a time in UTC to the minute."""
    return f"{at:%Y-%m-%d %H:%M}Z"


def _are(number: int, thing: str) -> str:
    return f"1 {thing} is" if number == 1 else f"{number} {thing}s are"
