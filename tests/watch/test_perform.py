"""One job done, with real children."""

import asyncio
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from config import load
from spiders.pace import interface
from storage.cases import list_cases
from storage.cursors import cursor
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.media import MediaStore
from storage.runs import last_runs, start_run
from storage.schema import HostTurn, Run
from storage.turns import pause
from tests.servers.waiting import until
from tests.servers.web import WebServer
from watch.children.nursery import Nursery
from watch.children.processes import kill, processes
from watch.due import OURS, PRUNED, due_jobs
from watch.job import Job
from watch.perform import Done, Hands, JobFailed, perform

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["{allow}"]
[storage]
keep_items = "365d"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
format = "urls"
every = "1h"
[[source]]
key = "paper"
kind = "web"
urls = ["{site}/"]
every = "1h"
[[source]]
key = "secret"
kind = "feed"
urls = ["https://feeds.example/list.csv"]
headers = {{ Authorization = "env:MEKIKI_NO_SUCH_SECRET" }}
every = "1h"
"""
CRAWL = Job(kind="crawl", source="list")
T = TypeVar("T")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


@pytest.fixture(scope="module")
def nursery(runner: asyncio.Runner) -> Iterator[Nursery]:
    """One for all: its start takes longer than what is done here."""
    opened = Nursery(memory=2048, longest=timedelta(hours=1))
    yield opened
    runner.run(opened.close())


@pytest.fixture
def site() -> Iterator[WebServer]:
    with WebServer() as opened:
        opened.html("/", "<title>paper</title>", pause=20.0)
        yield opened


class Desk:
    """Hands in a folder of their own."""

    def __init__(self, folder: Path, runner: asyncio.Runner, nursery: Nursery, site: WebServer) -> None:
        (folder / "list.txt").write_text("https://hoshinodenki-outlet.test/login\n", "utf-8")
        (folder / "mekiki.toml").write_text(CONFIG.format(allow=site.allow, site=site.url), "utf-8")
        self.runner = runner
        self.said: list[str] = []
        self.engine = open_engine(f"sqlite:///{folder}/mekiki.db")
        upgrade(self.engine)
        self.hands = Hands(
            config=load(folder / "mekiki.toml"),
            engine=self.engine,
            media=MediaStore(folder / "media"),
            now=lambda: datetime.now(UTC),
            say=self.said.append,
            nursery=nursery,
        )

    def do(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(doing)

    def perform(self, job: Job) -> Done:
        return self.do(perform(job, self.hands))

    def due(self) -> list[Job]:
        return [one.job for one in due_jobs(self.hands.config, self.engine, self.hands.now())]


@pytest.fixture
def desk(tmp_path: Path, runner: asyncio.Runner, nursery: Nursery, site: WebServer) -> Iterator[Desk]:
    opened = Desk(tmp_path, runner, nursery, site)
    yield opened
    opened.engine.dispose()


def test_a_crawl_that_has_run_in_its_round_is_not_run_again(desk: Desk) -> None:
    assert CRAWL in desk.due()
    assert desk.perform(CRAWL).needed
    assert any(line.startswith("list: ok: 1 item") for line in desk.said)
    assert CRAWL not in desk.due()
    assert not desk.perform(CRAWL).needed
    with snapshot(desk.engine) as session:
        assert len(list_cases(session, now=datetime.now(UTC))) == 1
        [run] = last_runs(session, "list", 5)
    assert (run.outcome, run.round_at is not None) == ("ok", True)


def test_a_crawl_that_was_killed_is_due_at_once_and_goes_on_in_its_round(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        round_at = desk.hands.now() - timedelta(minutes=5)
        start_run(session, "list", round_at + timedelta(seconds=1), round_at=round_at)
    assert CRAWL in desk.due()
    assert desk.perform(CRAWL).needed
    with snapshot(desk.engine) as session:
        runs = last_runs(session, "list", 5)
    assert [(run.round_at, run.outcome) for run in runs] == [(round_at, "ok"), (round_at, None)]


def test_a_killed_child_fails_its_job_which_stays_due(desk: Desk, site: WebServer) -> None:
    paper = Job(kind="crawl", source="paper")
    ended = desk.do(_killed(desk, paper, site))
    assert str(ended) == "paper: the crawl was ended by SIGKILL"
    assert paper in desk.due()


async def _killed(desk: Desk, job: Job, site: WebServer) -> JobFailed:
    task = asyncio.create_task(perform(job, desk.hands))
    await asyncio.to_thread(until, lambda: bool(site.hits))
    process = desk.hands.nursery._process
    assert process is not None
    kill(one.pid for one in processes() if one.parent == process.pid)
    with pytest.raises(JobFailed) as failed:
        await task
    return failed.value


def test_a_crawl_that_takes_too_much_memory_is_given_up_for_its_round_and_told(desk: Desk, nursery: Nursery) -> None:
    nursery.memory = 64  # less than what is imported
    try:
        assert desk.perform(Job(kind="crawl", source="paper")).needed
    finally:
        nursery.memory = 2048
    assert "paper: the crawl was stopped, it took more memory than [watch] memory allows" in desk.said[-1]
    assert Job(kind="crawl", source="paper") not in desk.due()
    with snapshot(desk.engine) as session:
        run = session.scalars(select(Run)).one()
        assert (run.outcome, run.counts["error.memory"]) == ("failed", 1)


def test_a_source_that_could_not_be_read_at_all_fails_its_job_in_one_line(desk: Desk) -> None:
    with pytest.raises(JobFailed, match=r"^secret: the crawl ended with exit code 3$"):
        desk.perform(Job(kind="crawl", source="secret"))
    assert any("MEKIKI_NO_SUCH_SECRET" in line for line in desk.said)


def test_a_configuration_that_was_broken_meanwhile_is_told_and_read_anew_by_the_next_child(desk: Desk) -> None:
    whole = desk.hands.config.file.read_text("utf-8")
    desk.hands.config.file.write_text(whole + "[nonsense]\n", "utf-8")
    with pytest.raises(JobFailed, match=r"^list: the crawl ended with exit code 2: .*nonsense"):
        desk.perform(CRAWL)
    desk.hands.config.file.write_text(whole, "utf-8")
    assert desk.perform(CRAWL).needed


def test_a_source_whose_interface_wants_patience_takes_no_child_until_that_is_over(desk: Desk) -> None:
    name = interface("api.example", "list")
    with transaction(desk.engine) as session:
        pause(session, {name: 60.0})
    assert CRAWL not in desk.due()
    assert not desk.perform(CRAWL).needed  # it waited in the queue of workers
    with snapshot(desk.engine) as session:
        assert last_runs(session, "list", 5) == []
    with transaction(desk.engine) as session:
        session.get_one(HostTurn, name).paused_until = datetime.now(UTC)
    assert CRAWL in desk.due()
    assert desk.perform(CRAWL).needed


def test_pruning_is_noted_and_done_once(desk: Desk) -> None:
    prune = Job(kind="prune")
    assert prune in desk.due()
    assert desk.perform(prune).needed
    assert prune not in desk.due()
    assert not desk.perform(prune).needed
    with snapshot(desk.engine) as session:
        assert cursor(session, OURS, PRUNED) is not None
    assert any(line.startswith("removed") for line in desk.said)
