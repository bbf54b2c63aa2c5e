"""The paces of two processes on one database: who waits for whom, and what happens where it does not answer."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from spiders.pace import AHEAD, PATIENCE, Pace, interface
from storage.database import open_engine, transaction
from storage.turns import Wanted, reserve
from tests.storage.conftest import sqlite_template

__all__ = ["sqlite_template"]

HOST = "shop.hoshino-denki.example"


@pytest.fixture
def engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copy(sqlite_template, tmp_path / "mekiki.db")
    opened = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    yield opened
    opened.dispose()


async def may(pace: Pace, delay: float, queued: int = 1) -> float:
    """Return for how long a request must wait, once the database has answered."""
    while True:
        answered = asyncio.Event()
        wait = pace.wait(HOST, delay, least=delay, queued=queued, ready=answered.set)
        if wait < PATIENCE / 2:
            return wait
        await asyncio.wait_for(answered.wait(), PATIENCE)


def test_whoever_comes_second_waits_for_the_turns_of_the_first(engine: Engine) -> None:
    async def scene() -> tuple[float, float]:
        first, second = Pace(engine), Pace(engine)
        waits = await may(first, 2.0), await may(second, 2.0)
        first.close()
        second.close()
        return waits

    first, second = asyncio.run(scene())
    assert (first, round(second)) == (0.0, 2)


def test_turns_in_hand_at_the_end_are_given_back(engine: Engine) -> None:
    delay = AHEAD / 10

    async def scene() -> float:
        first, second = Pace(engine), Pace(engine)
        await may(first, delay, queued=10)  # takes ten
        first.close()
        wait = await may(second, delay)
        second.close()
        return wait

    assert asyncio.run(scene()) < AHEAD / 2


def test_who_has_no_delay_keeps_to_the_one_that_another_process_wants(engine: Engine) -> None:
    async def scene() -> list[float]:
        quick = Pace(engine)
        alone = await may(quick, 0.0)
        with transaction(engine) as session:
            reserve(session, [Wanted(host=HOST, delay=3.0, count=1)])
        await quick.stands(HOST)
        later = Pace(engine)
        waits = [alone, await may(later, 0.0)]
        quick.close()
        later.close()
        return waits

    alone, beside = asyncio.run(scene())
    assert (alone, round(beside)) == (0.0, 3)


def test_a_pause_is_seen_before_the_first_request(engine: Engine) -> None:
    async def scene() -> tuple[float, float]:
        first, second = Pace(engine), Pace(engine)
        first.pause(HOST, 60.0)
        first.pause(interface(HOST, "meta"), 30.0)
        first.close()
        second.watch(HOST, interface(HOST, "meta"))
        await may(second, 0.0)
        second.close()
        return second.left(HOST), second.left(interface(HOST, "meta"))

    assert tuple(map(round, asyncio.run(scene()))) == (60, 30)


def test_without_the_database_a_process_keeps_its_own_pace_and_says_why(tmp_path: Path) -> None:
    empty = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")

    async def scene() -> tuple[float, float, str | None]:
        pace = Pace(empty)
        first = await may(pace, 2.0)
        pace.ask(HOST, pace._clock())
        second = await may(pace, 2.0)
        pace.close()
        return first, second, pace.trouble

    first, second, trouble = asyncio.run(scene())
    empty.dispose()
    assert (first, round(second)) == (0.0, 2)
    assert trouble is not None
    assert "host_turns" in trouble
