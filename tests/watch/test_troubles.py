"""What a person has to look at: only what does not mend itself, with a command that can be typed."""

import shlex
from datetime import timedelta

import click
import pytest

from alerts.health import delivery_status
from cli import main
from storage.backlog import CaseBacklog, StampBacklog
from storage.outbox import OutboxTotals
from storage.receivers import ReceiverView
from storage.room import Room
from tests.watch.standing import NOW, crawls, facts
from watch.health import Health
from watch.job import DueJob, Job
from watch.observability.facts import Facts
from watch.observability.troubles import troubles

HOUR = timedelta(hours=1)
OUTBOX = OutboxTotals(waiting=1, due=1, due_since=NOW - HOUR, held=0, deliveries=0, dead=0, sent_last_day=0)


def due(ago: timedelta) -> tuple[DueJob, ...]:
    return (DueJob(job=Job(kind="crawl", source="shop"), due_at=NOW - ago),)


def receiver(**view: object) -> Facts:
    views = {"desk": ReceiverView(key="desk", last_ok_at=NOW, **view)}  # type: ignore[arg-type]
    quiet = OutboxTotals(waiting=0, due=0, due_since=None, held=0, deliveries=0, dead=0, sent_last_day=0)
    return facts(delivery=delivery_status(["desk"], views, quiet, NOW))


TROUBLES = {
    "a disk that fills": (facts(room=Room(database=1, media=1, free={"media": 1 << 30})), "mekiki db prune --dry-run"),
    "no watch": (facts(due=due(HOUR)), "mekiki watch"),
    "no worker": (facts(due=due(HOUR), workers=0), "mekiki worker"),
    "too few workers": (facts(due=due(HOUR), workers=2), "mekiki queue status"),
    "dead jobs": (facts(queue=(crawls(dead=4),), workers=1), "mekiki queue dead"),
    "a source": (facts(sources=(Health(source="shop", state="blocked", says="403"),)), "mekiki sources test shop"),
    "a receiver that fails": (receiver(failing_since=NOW - HOUR, dead=3), "mekiki alerts test desk"),
    "a receiver that was switched off": (receiver(disabled_at=NOW), "mekiki alerts test desk"),
    "messages given up": (receiver(dead=3), "mekiki alerts replay --receiver desk"),
    "a message that nobody sends": (receiver(waiting=1, due_since=NOW - HOUR), "mekiki alerts status"),
    "alerts that nobody routes": (
        facts(delivery=delivery_status([], {}, OUTBOX, NOW)),
        "mekiki alerts pending",
    ),
    "cases": (facts(cases=CaseBacklog(open={"high": 1}, overdue=1, due_since=NOW - HOUR)), "mekiki triage"),
    "notices": (facts(notices={"lost": 1, "draft": 2}), "mekiki takedown due"),
    "time stamps": (
        facts(stamps=StampBacklog(pending=2, wanted_since=NOW - timedelta(days=2, hours=1))),
        "mekiki verify",
    ),
}


@pytest.mark.parametrize(("standing", "command"), TROUBLES.values(), ids=TROUBLES.keys())
def test_each_trouble_is_told_once_with_a_command_that_can_be_typed(standing: Facts, command: str) -> None:
    (found,) = troubles(standing)
    assert found.command == command
    taken: click.Command = main
    words = shlex.split(command)[1:]
    while isinstance(taken, click.Group) and (words or not taken.invoke_without_command):
        _, below, words = taken.resolve_command(click.Context(taken), words)
        assert below is not None
        taken = below
    taken.parse_args(click.Context(taken), words)  # raises for options and arguments that it does not have


@pytest.mark.parametrize(
    "standing",
    [
        facts(),
        facts(due=due(timedelta(minutes=15)), workers=0),
        facts(queue=(crawls(dead=0),), workers=1),
        facts(stamps=StampBacklog(pending=2, wanted_since=NOW - timedelta(days=2))),
        facts(notices={"draft": 2, "approval": 1}),
        facts(sources=(Health(source="shop", state="shaky", says="mends itself"),)),
        receiver(waiting=1, due_since=NOW - timedelta(minutes=15)),
    ],
)
def test_what_mends_itself_or_is_everyday_work_troubles_nobody(standing: Facts) -> None:
    assert troubles(standing) == ()


def test_what_stops_everything_else_is_told_first() -> None:
    standing = facts(
        room=Room(database=1, media=1, free={"media": 1}),
        due=due(HOUR),
        sources=(Health(source="shop", state="failing", says=""),),
        notices={"lost": 1},
    )
    assert [one.area for one in troubles(standing)] == ["disk", "jobs", "sources", "notices"]
