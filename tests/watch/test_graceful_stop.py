"""A worker that is told to stop in the middle of a crawl: another goes on, nothing is lost, nothing is seen twice."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from config import load
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.media import MediaStore
from storage.rounds import FAULT, STOPPED
from storage.schema import HostTurn, ItemRow, Run, Sighting
from storage.upsert import table_of
from tests.servers.postgres import database, needs_postgres
from tests.servers.web import Answer, WebServer
from watch.children.nursery import Nursery
from watch.many.fleet import Worker
from watch.many.queue import JOBS, install
from watch.perform import Hands

pytestmark = [pytest.mark.postgres, needs_postgres]

LISTS = 4
CONFIG = """
[storage]
database = "env:MEKIKI_STOPPED_DATABASE"
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["{allow}"]
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
[[source]]
key = "lists"
kind = "feed"
urls = [{urls}]
format = "urls"
delay = {delay}
every = "1d"
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with database() as url:
        monkeypatch.setenv("MEKIKI_STOPPED_DATABASE", url)
        engine = open_engine(url)
        upgrade(engine)
        install(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def site() -> Iterator[WebServer]:
    with WebServer() as opened:
        for number in range(LISTS):
            line = f"https://hoshinodenki-outlet{number}.test/login\n"
            opened.pages[f"/list{number}.txt"] = Answer(body=line.encode(), kind="text/plain")
        yield opened


def worked(engine: Engine, folder: Path, site: WebServer, *, delay: float, until: Callable[[], bool]) -> list[str]:
    """Let a worker work until something holds, then tell it to stop; return what it said."""
    urls = ", ".join(f'"{site.url}/list{number}.txt"' for number in range(LISTS))
    file = folder / "mekiki.toml"
    file.write_text(CONFIG.format(allow=site.allow, urls=urls, delay=delay), "utf-8")
    said: list[str] = []

    async def work() -> None:
        async with Nursery(memory=2048, longest=timedelta(minutes=5)) as nursery:
            hands = Hands(
                config=load(file),
                engine=engine,
                media=MediaStore(folder / "media"),
                now=lambda: datetime.now(UTC),
                say=said.append,
                nursery=nursery,
            )
            worker = asyncio.create_task(Worker(hands=hands, queues=["crawl"], patience=0.0).run())
            with suppress(TimeoutError):
                await asyncio.wait_for(_held(until), 60)
            os.kill(os.getpid(), signal.SIGTERM)
            await worker

    asyncio.run(work())
    return said


async def _held(until: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(until):
        await asyncio.sleep(0.05)


def count(engine: Engine, model: type[ItemRow | Sighting]) -> int:
    with snapshot(engine) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def ended(engine: Engine) -> bool:
    with snapshot(engine) as session:
        return session.scalar(select(Run.id).where(Run.outcome == "ok")) is not None


def test_a_crawl_is_put_back_without_a_try_and_taken_by_another_worker(
    engine: Engine, tmp_path: Path, site: WebServer
) -> None:
    worked(engine, tmp_path, site, delay=2, until=lambda: count(engine, Sighting) > 0)
    seen = count(engine, Sighting)
    assert 0 < seen < LISTS
    with transaction(engine) as session:
        rows = session.execute(text(f"SELECT status::text, attempts FROM {JOBS} WHERE entrypoint = 'crawl'")).all()
        assert [tuple(row) for row in rows] == [("queued", 0)]
        session.execute(table_of(HostTurn).delete())  # the other one need not keep to the delay of the first
    worked(engine, tmp_path, site, delay=0, until=lambda: ended(engine))
    assert count(engine, ItemRow) == count(engine, Sighting) == LISTS
    with snapshot(engine) as session:
        first, second = session.scalars(select(Run).order_by(Run.id)).all()
        assert first.counts[STOPPED] == 1
        assert FAULT not in first.counts
        assert (second.outcome, second.round_at) == ("ok", first.round_at)
