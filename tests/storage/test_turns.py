"""Turns at hosts are everybody's: none is given twice, none is lost for good, and whoever asks for quiet gets it."""

import itertools
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text, update

from storage.database import transaction
from storage.schema import HostTurn
from storage.turns import (
    KEPT,
    LONGEST_HELD,
    STILL_WANTED,
    Reserved,
    Wanted,
    clock,
    forget,
    give_back,
    look,
    pause,
    reserve,
)

HOST = "shop.hoshino-denki.example"


def take(engine: Engine, delay: float = 1.0, count: int = 1, host: str = HOST) -> Reserved:
    with transaction(engine) as session:
        (taken,) = reserve(session, [Wanted(host=host, delay=delay, count=count)])
    return taken


def times(*taken: Reserved) -> list[float]:
    """Return when all turns are, from the first on, in seconds."""
    first = taken[0].first
    return [round(one.first + number * one.delay - first, 1) for one in taken for number in range(one.count)]


def age(engine: Engine, by: timedelta) -> None:
    """Let time pass."""
    with transaction(engine) as session:
        row = session.get_one(HostTurn, HOST)
        row.free_at -= by
        row.wanted_until -= by
        if row.paused_until is not None:
            row.paused_until -= by


def test_turns_follow_each_other(engine: Engine) -> None:
    before = time.monotonic()
    taken = [take(engine, 2.0), take(engine, 2.0, 3), take(engine, 2.0)]
    assert before <= taken[0].first <= time.monotonic(), "the first one is at once"
    assert times(*taken) == [0, 2, 4, 6, 8]
    assert take(engine, 2.0, host="other.example").first < taken[0].first + 2, "each host has its own"


def test_turns_that_passed_unused_are_not_made_up_for(engine: Engine) -> None:
    take(engine, 5.0)
    age(engine, timedelta(minutes=1))
    taken = take(engine, 5.0, 2)
    assert taken.first <= time.monotonic()
    assert times(taken) == [0, 5]


def test_the_longest_delay_that_anybody_wants_holds_for_all(engine: Engine) -> None:
    taken = [take(engine, 5.0), take(engine, 20.0), take(engine, 5.0, 2), take(engine, 20.0)]
    assert times(*taken) == [0, 20, 40, 60, 80]
    with transaction(engine) as session:
        assert look(session, [HOST])[HOST].delay == 20.0


def test_a_delay_ends_with_the_last_turn_of_whoever_wanted_it(engine: Engine) -> None:
    take(engine, 20.0)
    age(engine, timedelta(seconds=20) + STILL_WANTED)
    assert times(take(engine, 5.0, 2)) == [0, 5]


def test_who_gives_back_gives_to_all_unless_somebody_stands_behind(engine: Engine) -> None:
    first = take(engine, 5.0, 4)
    with transaction(engine) as session:
        give_back(session, first, 3)
    second = take(engine, 5.0, 2)
    assert times(first, second)[-2:] == [5, 10]
    third = take(engine, 5.0)
    with transaction(engine) as session:
        give_back(session, second, 2)
    assert take(engine, 5.0).first - third.first == pytest.approx(5, abs=0.1), "third's turn stays third's"


def test_who_asks_for_quiet_gets_it(engine: Engine) -> None:
    with transaction(engine) as session:
        pause(session, {HOST: 60.0, "other.example": 5.0})
        pause(session, {HOST: 30.0})
    taken = take(engine)
    assert (taken.count, round(taken.pause)) == (0, 60)
    with transaction(engine) as session:
        standings = look(session, [HOST, "other.example", "unknown.example"])
    assert {name: round(standing.pause) for name, standing in standings.items()} == {HOST: 60, "other.example": 5}
    age(engine, timedelta(seconds=60))
    assert (take(engine).count, take(engine).pause) == (1, 0.0)


def test_nobody_can_ask_to_be_left_alone_for_good(engine: Engine) -> None:
    with transaction(engine) as session:
        pause(session, {HOST: 10.0**12})
    assert take(engine).pause == pytest.approx(LONGEST_HELD, abs=5)


def test_a_clock_that_was_wrong_stops_nobody(engine: Engine) -> None:
    take(engine)
    age(engine, timedelta(days=-30))
    assert take(engine).first <= time.monotonic()


def test_hosts_that_nobody_asks_are_forgotten(engine: Engine) -> None:
    take(engine)
    with transaction(engine) as session:
        assert forget(session) == 0
        pause(session, {"resting.example": LONGEST_HELD})
    with transaction(engine) as session:
        now = clock(session)
        session.execute(update(HostTurn).values(free_at=now - 2 * KEPT))
        assert forget(session) == 1
    with transaction(engine) as session:
        assert session.scalars(text("SELECT host FROM host_turns")).all() == ["resting.example"]


def test_many_at_once_get_different_turns(engine: Engine) -> None:
    """Eight threads, hosts in any order: every turn is one only, and nobody waits for another in a circle."""
    hosts = [f"{number}.example" for number in range(6)]
    taken: list[Reserved] = []

    def work(number: int) -> None:
        for step in range(10):
            wanted = [Wanted(host=host, delay=0.5, count=1) for host in (hosts[(number + step) % 6 :] + hosts)[:3]]
            with transaction(engine) as session:
                taken.extend(reserve(session, wanted))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 8 * 10 * 3
    for host in hosts:
        ends = sorted(one.end for one in taken if one.host == host)
        assert all(after - before >= timedelta(seconds=0.499) for before, after in itertools.pairwise(ends))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_time_is_this_machines_with_sqlite(engine: Engine) -> None:
    with transaction(engine) as session:
        assert abs(clock(session) - datetime.now(UTC)) < timedelta(seconds=1)
