"""Whether a process is worth keeping: judged by what a restart would mend, and by nothing else."""

from collections.abc import Collection
from datetime import timedelta

import pytest

from alerts.health import DeliveryStatus
from storage.errors import StorageUnavailable
from storage.room import Room
from tests.watch.standing import NOW, crawls, facts
from watch.health import Health
from watch.job import KINDS, DueJob, Job, JobKind
from watch.observability.facts import Facts
from watch.observability.liveness import Liveness
from watch.observability.meter import Meter


def reasons(standing: Facts, idle: float, kinds: Collection[JobKind] = KINDS) -> tuple[str, ...]:
    """Judge a process whose loop goes round and that has done nothing for some seconds."""
    clock = [0.0]
    meter = Meter(kinds, clock=lambda: clock[0])
    clock[0] = idle
    meter.turn()
    return Liveness(lambda: standing, meter).whole().reasons


def due(kind: JobKind, minutes: float) -> Facts:
    return facts(due=(DueJob(job=Job(kind=kind), due_at=NOW - timedelta(minutes=minutes)),))


def test_a_process_is_stuck_when_a_job_is_due_and_it_has_done_nothing_both_for_a_quarter_of_an_hour() -> None:
    assert reasons(due("crawl", 15.1), 901) == (
        "nothing is done, while 1 job is due, the first (crawl) since 2026-11-23 08:44Z",
    )
    assert reasons(due("crawl", 15), 901) == ()
    assert reasons(due("crawl", 15.1), 900) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_counts_for_the_processes_that_do_it_alone(kind: JobKind) -> None:
    assert reasons(due(kind, 60), 3600, [kind])
    assert reasons(due(kind, 60), 3600, [other for other in KINDS if other != kind]) == ()


def test_what_a_new_start_would_not_mend_is_no_reason() -> None:
    ill = facts(
        sources=(Health(source="shop", state="blocked", says="403"),),
        delivery=DeliveryStatus(receivers=(), outbox=facts().delivery.outbox, problems=("nothing is routed",)),
        notices={"lost": 9},
        room=Room(database=1, media=1, free={"media": 0}),
        queue=(crawls(dead=9),),
        workers=0,
    )
    assert reasons(ill, 10 * 3600) == ()


def test_a_loop_that_stands_is_told_beside_a_database_that_is_gone() -> None:
    clock = [0.0]
    meter = Meter(clock=lambda: clock[0])

    def gone() -> Facts:
        raise StorageUnavailable("the database cannot be used: gone")

    judge = Liveness(gone, meter)
    clock[0] = 30.0
    assert judge.loop().well
    assert judge.whole().reasons == ("the database cannot be used: gone",)
    clock[0] = 31.0
    assert judge.loop().reasons == ("the loop has not gone round for 31 s",)
    assert judge.whole().reasons == (*judge.loop().reasons, "the database cannot be used: gone")
