"""Jobs that no worker can do: they are given up, and say why."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from config import load
from storage.database import open_engine, transaction, upgrade
from storage.media import MediaStore
from storage.rounds import STOPPED
from storage.schema import Run
from tests.servers.postgres import database, needs_postgres
from tests.servers.sink import Sink
from watch.children.nursery import Nursery
from watch.job import Job, JobKind
from watch.many.fleet import MOST_DEATHS, Worker
from watch.many.queue import BOUND, JOBS, LOG, install
from watch.many.queue_figures import DeadJob, dead_jobs, retry
from watch.perform import Hands

pytestmark = [pytest.mark.postgres, needs_postgres]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with database() as url:
        engine = open_engine(url)
        upgrade(engine)
        install(engine)
        yield engine
        engine.dispose()


def queued(engine: Engine, payload: bytes, *, taken: int = 0, queue: JobKind = "stamp", identity: str = "it") -> None:
    """Put in a job that so many workers have taken, and died with."""
    with transaction(engine) as session:
        insert = (
            f"INSERT INTO {JOBS} (priority, status, entrypoint, dedupe_key, payload)"
            " VALUES (0, 'queued', :queue, :identity, :payload) RETURNING id"
        )
        number = session.scalar(text(insert), {"payload": payload, "queue": queue, "identity": identity})
        for status in ("queued", *("picked" for _ in range(taken))):
            step = f"INSERT INTO {LOG} (job_id, status, priority, entrypoint) VALUES (:id, '{status}', 0, :queue)"
            session.execute(text(step), {"id": number, "queue": queue})


def worked(engine: Engine, folder: Path, *, dead: int, queue: JobKind = "stamp", more: str = "") -> list[DeadJob]:
    """Let a worker work until so many jobs are dead and nothing waits; return these."""
    file = folder / "mekiki.toml"
    file.write_text(f'[crawler]\ncontact = "brand@hoshino-denki.example"\n{more}', "utf-8")

    async def work() -> None:
        nursery = Nursery(memory=512, longest=timedelta(minutes=1))
        hands = Hands(
            config=load(file),
            engine=engine,
            media=MediaStore(folder / "media"),
            now=lambda: datetime.now(UTC),
            say=lambda line: None,
            nursery=nursery,
        )
        worker = asyncio.create_task(Worker(hands=hands, queues=[queue]).run())
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                while len(await asyncio.to_thread(dead_jobs, engine)) != dead or _waiting(engine, queue):
                    await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        await worker

    asyncio.run(work())
    return dead_jobs(engine)


def _waiting(engine: Engine, queue: JobKind) -> int:
    query = text(f"SELECT count(*) FROM {JOBS} WHERE entrypoint = :queue AND status <> 'failed'")
    with transaction(engine) as session:
        return session.scalar(query, {"queue": queue}) or 0


@pytest.mark.parametrize(
    "payload",
    [
        b'{"kind": "stamps"}',
        b"",
        b'{"kind": "stamp", "source": "\xff"}',
        b'{"kind": "stamp", "more": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
    ids=["kind", "nothing", "no text", "nested"],
)
def test_what_is_no_job_is_dead_and_says_so(engine: Engine, tmp_path: Path, payload: bytes) -> None:
    queued(engine, payload)
    [dead] = worked(engine, tmp_path, dead=1)
    assert dead.job is None
    assert dead.why.startswith("not a job of this version of mekiki")


POISON = (  # by who may write rows of the queue and no more
    "created = '-infinity', execute_after = '-infinity'",
    "updated = 'infinity', heartbeat = 'infinity'",
    "updated = '4000-01-01 BC', status = 'failed'",
    "payload = convert_to(repeat('x', 65537), 'UTF8')",
    "headers = CAST(repeat('[', 1500) || repeat(']', 1500) AS jsonb)",
)


@pytest.mark.parametrize("poison", POISON)
def test_a_row_that_would_end_its_readers_is_refused(engine: Engine, poison: str) -> None:
    queued(engine, Job(kind="stamp").to_json())
    with pytest.raises(IntegrityError, match=BOUND), transaction(engine) as session:
        session.execute(text(f"UPDATE {JOBS} SET {poison}"))


def test_rows_that_would_end_their_readers_and_are_there_already_are_dead_and_say_so(
    engine: Engine, tmp_path: Path
) -> None:
    with transaction(engine) as session:
        for table in (JOBS, LOG):
            session.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {BOUND}"))
    job = Job(kind="stamp").to_json()
    for number, poison in enumerate(POISON):
        queued(engine, job, identity=str(number))
        with transaction(engine) as session:
            session.execute(text(f"UPDATE {JOBS} SET {poison} WHERE dedupe_key = '{number}'"))
            session.execute(text(f"UPDATE {LOG} SET created = 'infinity'"))
    assert install(engine)
    assert not install(engine)
    found = worked(engine, tmp_path, dead=len(POISON))
    assert {one.why.partition(":")[0] for one in found} == {"not written by mekiki"}
    assert len(retry(engine, [one.number for one in found]).queued) == len(POISON)
    [left] = worked(engine, tmp_path, dead=1)  # the others can be done
    assert left.why.startswith("not a job of this version of mekiki")


def test_a_job_that_workers_die_of_is_given_up_until_somebody_wants_it_again(engine: Engine, tmp_path: Path) -> None:
    queued(engine, Job(kind="stamp").to_json(), taken=MOST_DEATHS)
    [dead] = worked(engine, tmp_path, dead=1)
    assert dead.why == "5 workers died while they did it"
    assert retry(engine, [dead.number]).queued == (dead.number,)
    assert worked(engine, tmp_path, dead=0) == []


SOURCE = """
[egress]
allow = ["127.0.0.1:{port}"]
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
every = "1d"
[[receiver]]
key = "desk"
channel = "slack"
url = "file:hook"
"""


def test_a_source_whose_crawl_is_given_up_is_told_though_its_round_has_no_end(engine: Engine, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with transaction(engine) as session:
        counts = {STOPPED: 1, "error.storage": 1}
        session.add(Run(source="list", round_at=now, started_at=now, finished_at=now, outcome="failed", counts=counts))
    with Sink() as sink:
        (tmp_path / "hook").write_text(sink.url())
        crawl = Job(kind="crawl", source="list")
        queued(engine, crawl.to_json(), taken=MOST_DEATHS, queue="crawl", identity=crawl.identity)
        more = SOURCE.format(port=sink.port)
        [dead] = worked(engine, tmp_path, dead=1, queue="crawl", more=more)
        sink.wait_for(1)
    assert dead.job == crawl
    assert json.loads(sink.bodies[0])["text"] == "Source list (cannot be read) needs a look"
