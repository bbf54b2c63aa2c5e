"""The queue on a real PostgreSQL: who is let in, what rests, what is dead and why, and what an outage does."""

import asyncio
import gc
import json
import re
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Thread
from uuid import UUID, uuid4

import pytest
from pgqueuer.domain.types import JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from rich.console import Console
from sqlalchemy import Engine, text

from console.status_page import status_page
from storage.database import Revision, open_engine, transaction
from storage.errors import DatabaseOutdated, StorageUnavailable
from tests.servers.postgres import database, needs_postgres, small_disk
from tests.watch.standing import facts
from watch.job import DueJob, Job, JobKind
from watch.many.fleet import Lane
from watch.many.link import Link, connect
from watch.many.queue import BOUND, CRAWL_REST, JOBS, LOG, REST, Queue, install, rests, session_of
from watch.many.queue_figures import QueueFigures, dead_jobs, queue_figures, retry

pytestmark = [pytest.mark.postgres, needs_postgres]

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SHOP = Job(kind="crawl", source="shop", slice="query=星野電機")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with database() as url:
        engine = open_engine(url)
        assert install(engine)
        engine.dispose()
        yield url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A database with an empty queue."""
    engine = open_engine(url)
    with transaction(engine) as session:
        session.execute(text(f"TRUNCATE {JOBS}, {LOG}"))
    yield engine
    engine.dispose()


@asynccontextmanager
async def linked(engine: Engine, say: Callable[[str], None] = lambda line: None) -> AsyncIterator[Link]:
    link = Link(lambda: connect(engine, "mekiki test"), say)
    try:
        yield link
    finally:
        await link.aclose()


def offered(engine: Engine, *jobs: Job, due_at: datetime = NOW, now: datetime = NOW) -> int:
    async def offer() -> int:
        async with linked(engine) as link:
            return await Queue(link).offer([DueJob(job=job, due_at=due_at) for job in jobs], now)

    return asyncio.run(offer())


def step(engine: Engine, number: int, status: str, *, ago: float = 0.0, why: str = "") -> None:
    """Note what happened to a job, as PgQueuer does."""
    with transaction(engine) as session:
        session.execute(
            text(
                f"INSERT INTO {LOG} (job_id, status, priority, entrypoint, created, traceback)"
                f" VALUES (:id, '{status}', 0, 'crawl', now() - :ago * interval '1 s', CAST(:why AS jsonb))"
            ),
            {"id": number, "ago": ago, "why": json.dumps({"exception_message": why})},
        )


def died(engine: Engine, why: str) -> None:
    """Let all jobs that wait die."""
    with transaction(engine) as session:
        query = f"UPDATE {JOBS} SET status = 'failed', updated = :at RETURNING id"
        numbers = list(session.scalars(text(query), {"at": NOW}))
    for number in numbers:
        step(engine, number, "failed", why=why)


def test_the_tables_are_made_once(engine: Engine) -> None:
    assert not install(engine)


def test_tables_of_an_older_pgqueuer_are_brought_up_with_their_rules() -> None:
    rules = text(f"SELECT count(*) FROM pg_constraint WHERE conname = '{BOUND}' AND convalidated")
    with database() as url:
        engine = open_engine(url)
        install(engine)
        with transaction(engine) as session:
            assert session.scalar(rules) == 2
            session.execute(text(f"ALTER TABLE {JOBS} DROP COLUMN attempts"))  # and with it the rule
        assert install(engine)
        with transaction(engine) as session:
            session.execute(text(f"SELECT attempts FROM {JOBS}"))
            assert session.scalar(rules) == 2
        engine.dispose()


def test_a_database_without_a_queue_says_what_to_type(tmp_path: Path) -> None:
    with database() as url:
        engine = open_engine(url)
        with pytest.raises(DatabaseOutdated, match="mekiki db upgrade"):
            queue_figures(engine)
        engine.dispose()
    with pytest.raises(DatabaseOutdated, match="mekiki watch"):
        queue_figures(open_engine(f"sqlite:///{tmp_path}/mekiki.db"))


def test_what_waits_or_runs_is_not_put_in_again(engine: Engine) -> None:
    other = Job(kind="crawl", source="shop", slice="query=hoshino")
    assert offered(engine, SHOP, SHOP) == 1
    assert offered(engine, SHOP, other) == 1
    with transaction(engine) as session:
        session.execute(text(f"UPDATE {JOBS} SET status = 'picked'"))
    assert offered(engine, SHOP, other) == 0


def test_payloads_are_json(engine: Engine) -> None:
    """Nothing is unpickled that lies in a database."""
    offered(engine, SHOP)
    with transaction(engine) as session:
        payload = bytes(session.scalars(text(f"SELECT payload FROM {JOBS}")).one())
    assert json.loads(payload) == {"kind": "crawl", "source": "shop", "slice": "query=星野電機"}


@pytest.mark.parametrize(
    ("kind", "due", "after", "rested"),
    [
        ("crawl", NOW, timedelta(0), True),
        ("crawl", NOW, REST, True),  # the round that it died of
        ("crawl", NOW, CRAWL_REST, False),  # which nothing else ends: it never began
        ("crawl", NOW + timedelta(minutes=1), timedelta(minutes=2), True),
        ("crawl", NOW + timedelta(minutes=1), REST, False),  # the next round
        ("deliver", NOW, timedelta(0), True),
        ("deliver", NOW, REST, False),  # there are no rounds of messages
    ],
)
def test_what_died_rests_for_a_while_and_not_for_ever(kind: str, due: datetime, after: timedelta, rested: bool) -> None:
    one = DueJob(job=Job(kind=kind), due_at=due)  # type: ignore[arg-type]
    assert rests(one, NOW, NOW + after) is rested
    assert not rests(one, None, NOW)


def test_a_dead_job_is_shown_with_its_reason_and_keeps_no_later_round_out(engine: Engine) -> None:
    offered(engine, SHOP)
    died(engine, "shop: \x1b[31mlost\u202e")
    [dead] = dead_jobs(engine)
    assert dead.job == SHOP
    assert dead.why == r"shop: \u{1B}[31mlost\u{202E}"
    assert offered(engine, SHOP, now=NOW + REST) == 0
    assert offered(engine, SHOP, due_at=NOW + REST, now=NOW + REST) == 1
    assert [one.dead for one in queue_figures(engine) if one.queue == "crawl"] == [1]


def test_a_later_success_or_death_takes_the_dead_one_away(engine: Engine) -> None:
    offered(engine, SHOP, Job(kind="prune"))
    died(engine, "lost")

    async def bury() -> None:
        async with linked(engine) as link:
            await Queue(link).bury_older(JobId(10**9), SHOP.identity)

    asyncio.run(bury())
    assert [dead.job for dead in dead_jobs(engine)] == [Job(kind="prune")]


def test_people_let_dead_jobs_run_again_once(engine: Engine) -> None:
    offered(engine, SHOP, Job(kind="prune"))
    died(engine, "lost")
    prune, shop = sorted((dead.number for dead in dead_jobs(engine)), reverse=True)
    offered(engine, SHOP, due_at=NOW + REST, now=NOW + REST)
    retried = retry(engine, [shop, prune, 10**9])
    assert (retried.queued, retried.already, retried.unknown) == ((prune,), (shop,), (10**9,))
    assert retry(engine, [prune]).unknown == (prune,)


def test_figures_tell_waits_and_times(engine: Engine) -> None:
    offered(engine, SHOP, Job(kind="crawl", source="list"))
    with transaction(engine) as session:
        for key, sign in (("shop", "-"), ("list", "+")):
            query = f"UPDATE {JOBS} SET execute_after = now() {sign} interval '90 s' WHERE dedupe_key LIKE :key"
            session.execute(text(query), {"key": f"%{key}%"})
    for number, status, ago in (
        (7, "picked", 300),
        (7, "picked", 200),
        (7, "successful", 190),
        (8, "picked", 100),
        (8, "successful", 80),
        (9, "picked", 9000),
        (9, "successful", 8000),
    ):
        step(engine, number, status, ago=ago)
    crawl = next(one for one in queue_figures(engine) if one.queue == "crawl")
    assert (crawl.waiting, crawl.later, crawl.running, crawl.dead, crawl.done) == (1, 1, 0, 0, 2)
    assert 90 <= crawl.oldest_wait < 150
    assert crawl.p50 == pytest.approx(15, abs=1)  # 10 and 20 s; the one that was taken over counts from the second pick


def shown(figures: tuple[QueueFigures, ...]) -> str:
    """Return the screen of `mekiki status`."""
    screen = Console(file=StringIO(), width=200)
    for part in status_page(facts(queue=figures, workers=2), Revision(current="1", head="1"), ()):
        screen.print(part)
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


def test_what_a_killed_or_hanging_worker_had_is_lost_and_does_not_run(engine: Engine) -> None:
    kinds: tuple[JobKind, ...] = ("crawl", "visit", "recheck")
    offered(engine, *(Job(kind=kind, source="shop") for kind in kinds))
    alive, hanging, killed = (uuid4() for _ in kinds)
    with transaction(engine) as session:
        for kind, worker, ago in zip(kinds, (alive, hanging, killed), (1, 60, 1), strict=True):
            query = f"""
                UPDATE {JOBS} SET status = 'picked', queue_manager_id = :worker,
                heartbeat = now() - :ago * interval '1 s' WHERE entrypoint = :kind
            """
            session.execute(text(query), {"worker": worker, "ago": ago, "kind": kind})

    async def look(*workers: UUID) -> list[QueueFigures]:
        async with AsyncExitStack() as stack:
            for worker in workers:
                link = await connect(engine, session_of(worker, timedelta(seconds=20)))
                stack.push_async_callback(link.close)
            return await asyncio.to_thread(queue_figures, engine)

    figures = {one.queue: one for one in asyncio.run(look(alive, hanging))}
    assert [(figures[kind].running, figures[kind].lost) for kind in kinds] == [(1, 0), (0, 1), (0, 1)]
    assert [len(figures[kind].workers) for kind in kinds] == [1, 0, 0]
    assert figures["crawl"].taken_over_in is None
    assert figures["visit"].taken_over_in == pytest.approx(5, abs=0.5)  # its lease is over: when somebody looks next
    assert figures["recheck"].taken_over_in == pytest.approx(24, abs=3)
    assert re.search(r"1 running, 2 lost \(taken over within 2\d s\), 0 dead", shown(tuple(figures.values())))
    nobody = asyncio.run(look())
    assert sum(one.lost for one in nobody) == 3
    assert "0 running, 3 lost (no worker is there to take over), 0 dead" in shown(tuple(nobody))


def test_a_worker_keeps_its_own_name_whatever_the_url_calls_its_sessions(url: str) -> None:
    engine = open_engine(f"{url}{'&' if '?' in url else '?'}application_name=mekiki-prod")

    async def name() -> str:
        link = await connect(engine, "mekiki test")
        try:
            [row] = await (await link.execute("SHOW application_name")).fetchall()
            return str(row[0])
        finally:
            await link.close()

    try:
        assert asyncio.run(name()) == "mekiki test"
    finally:
        engine.dispose()


def test_a_link_that_is_new_takes_nobody_for_dead(engine: Engine) -> None:
    """The server may have been away: those who live must be heard of first."""
    offered(engine, SHOP)
    with transaction(engine) as session:
        session.execute(text(f"UPDATE {JOBS} SET status = 'picked', heartbeat = now() - interval '1 hour'"))

    async def take(age: float) -> int:
        async with linked(engine) as link:
            lane = Lane(link, most=1)
            await link.fetch("SELECT 1")
            link.made_at -= age
            crawl = {QueueEntrypoint("crawl"): EntrypointExecutionParameter(concurrency_limit=0)}
            return len(await lane.dequeue(1, crawl, QueueManagerId(uuid4()), None, timedelta(seconds=10)))

    assert asyncio.run(take(9)) == 0
    assert asyncio.run(take(11)) == 1


def test_a_connection_is_closed_whose_worker_is_stopped_while_it_is_made(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "mekiki stopped meanwhile"
    monkeypatch.setattr("watch.many.link.ALIVE_THERE", "SELECT pg_sleep(60)")
    there = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND query LIKE '%pg_sleep%'")

    def seen() -> bool:
        with engine.connect() as connection:
            return bool(connection.scalar(there, {"name": name}))

    async def stopped() -> None:
        making = asyncio.create_task(connect(engine, name))
        while not await asyncio.to_thread(seen):
            await asyncio.sleep(0.05)
        making.cancel()
        with suppress(asyncio.CancelledError):
            await making

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(asyncio.wait_for(stopped(), 60))
        gc.collect()
    assert [str(one.message) for one in told if one.category is ResourceWarning] == []


def test_a_full_disk_is_said_and_nothing_is_lost_when_there_is_room_again() -> None:
    jobs = [Job(kind="visit", source="ways", slice=f"shop-{number:04}.test") for number in range(3000)]
    said: list[str] = []
    full = re.compile("No space left on device|could not write init file")  # the second where it takes no connection
    with small_disk() as disk, database(disk.server, where=f"TABLESPACE {disk.tablespace}") as url:
        engine = open_engine(url)
        install(engine)
        disk.fill()
        with pytest.raises(StorageUnavailable, match=full), transaction(engine) as session:
            session.execute(text("CREATE TABLE big AS SELECT generate_series(1, 100000)"))

        async def offer() -> int:
            def say(line: str) -> None:
                said.append(line)
                if full.search(line):
                    Thread(target=disk.free).start()

            async with linked(engine, say) as link:
                return await Queue(link).offer([DueJob(job=job, due_at=NOW) for job in jobs], NOW)

        put = asyncio.run(offer())
        waiting = next(one for one in queue_figures(engine) if one.queue == "visit").waiting
        engine.dispose()
    assert put == waiting == len(jobs)
    assert full.search(said[0])
    assert "can be used again" in said[-1]
