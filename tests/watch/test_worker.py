"""The watch as a process: due sources run, a failing one does not stop the others, SIGTERM ends it cleanly."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from config import load
from storage.cases import list_cases
from storage.database import open_engine, snapshot, upgrade
from storage.media import MediaStore
from storage.runs import last_run, last_runs
from storage.schema import ItemRow
from tests.servers.programs import mekiki
from tests.servers.sink import Sink
from tests.servers.waiting import until
from tests.servers.web import WebServer
from watch.children.nursery import Nursery
from watch.children.processes import processes
from watch.claims import Claims
from watch.perform import Hands
from watch.worker import Watch

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["127.0.0.1:{port}"]
[alerting]
group_wait = "1s"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
[[source]]
key = "broken"
kind = "feed"
urls = ["http://127.0.0.1:1/list.csv"]
every = "1h"
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
format = "urls"
every = "1h"
[[source]]
key = "off"
kind = "feed"
paths = ["missing.txt"]
every = "1s"
enabled = false
[[receiver]]
key = "desk"
channel = "slack"
url = "file:hook"
[[route]]
receivers = ["desk"]
"""

SLOW = """
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["{allow}"]
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
[[source]]
key = "paper"
kind = "web"
urls = ["{site}/"]
follow = ["."]
delay = 0.1
every = "1h"
"""


def wait_for_end(database: str, source: str, seconds: float = 60.0) -> None:
    """Wait until the source's run has ended."""
    engine = open_engine(database)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with snapshot(engine) as session:
            run = last_run(session, source)
        if run is not None and run.finished_at is not None:
            break
        time.sleep(0.1)
    engine.dispose()


def test_watch_runs_what_is_due_alerts_and_stops_on_sigterm(tmp_path: Path) -> None:
    with Sink() as sink:
        (tmp_path / "hook").write_text(sink.url())
        (tmp_path / "list.txt").write_text("https://hoshinodenki-outlet.test/login\nhttps://garden.example/\n")
        config = tmp_path / "mekiki.toml"
        config.write_text(CONFIG.format(port=sink.port), "utf-8")
        command = [sys.executable, "-m", "cli", "watch", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                sink.wait_for(2, seconds=60)
                wait_for_end(f"sqlite:///{tmp_path}/mekiki.db", "list")  # the alert comes before it
            finally:
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors.rstrip().endswith("stopped"), errors
    assert "watching 2 sources;" in errors
    told = sorted(json.loads(body)["text"] for body in sink.bodies)
    assert len(told) == 2
    assert told[0] == "Source broken (cannot be read) needs a look"
    assert "hoshinodenki-outlet" in told[1]
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    with snapshot(engine) as session:
        cases = list_cases(session, now=datetime.now(UTC))
        broken, listed, off = (last_run(session, key) for key in ("broken", "list", "off"))
    assert [case.items for case in cases] == [1]
    assert broken is not None
    assert broken.outcome == "failed"
    assert listed is not None
    assert listed.outcome == "ok"
    assert off is None
    opened, sent = (next(line for line in errors.splitlines() if text in line) for text in ("case 1 opened", ": sent"))
    assert re.search(r"run=\d+ source=list job=crawl case=1$", opened)
    assert sent.endswith("first to desk: sent  job=deliver case=1")


def test_a_watch_without_any_schedule_says_what_to_add(tmp_path: Path) -> None:
    config = tmp_path / "mekiki.toml"
    config.write_text('[crawler]\ncontact = "brand@hoshino-denki.example"\n', "utf-8")
    done = mekiki("watch", "--config", config)
    assert done.returncode == 2
    assert 'add every = "1h"' in done.stderr


def test_a_team_that_only_imports_gets_its_alerts_and_reminders(tmp_path: Path) -> None:
    """Nothing is scheduled: what is brought in by hand is told all the same."""
    with Sink() as sink:
        (tmp_path / "hook").write_text(sink.url())
        (tmp_path / "list.txt").write_text("https://hoshinodenki-outlet.test/login\n")
        config = tmp_path / "mekiki.toml"
        kept = CONFIG.format(port=sink.port).replace('every = "1h"\n', "").replace('every = "1s"\n', "")
        config.write_text(kept, "utf-8")
        command = [sys.executable, "-m", "cli", "watch", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert mekiki("crawl", "--config", config, "--source", "list").returncode == 0
                sink.wait_for(1, seconds=60)
            finally:
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "no source has a schedule: sending alerts and reminders alone;" in errors
    assert "hoshinodenki-outlet" in json.loads(sink.bodies[0])["text"]


def test_a_crawl_that_cannot_be_started_does_not_end_the_watch(tmp_path: Path) -> None:
    """It is told once, and rests; nothing that is due beside it waits for it."""
    config = tmp_path / "mekiki.toml"
    config.write_text(CONFIG.format(port=1), "utf-8")
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    upgrade(engine)
    said: list[str] = []

    async def watch() -> None:
        async with Nursery(module="nothing_of_this_name", memory=1024, longest=timedelta(hours=1)) as nursery:
            hands = Hands(
                config=load(config),
                engine=engine,
                media=MediaStore(tmp_path / "media"),
                now=lambda: datetime.now(UTC),
                say=said.append,
                nursery=nursery,
            )
            with Claims(tmp_path / "mekiki.db") as claims:
                watching = asyncio.create_task(Watch(hands=hands, claims=claims).run())
                await asyncio.to_thread(until, lambda: len(said) > 2)
                await asyncio.sleep(2.5)  # looks again and again, and tries nothing of this before its rest is over
                signal.raise_signal(signal.SIGTERM)
                await watching

    asyncio.run(watch())
    engine.dispose()
    assert said[0].startswith("watching 2 sources;")
    assert sorted(line.partition(":")[0] for line in said[1:-1]) == ["broken", "list"]
    assert all("No module named 'nothing_of_this_name'); next try in 60 s" in line for line in said[1:-1])
    assert said[-1] == "stopped"


def test_a_killed_watch_loses_nothing_and_two_on_one_database_do_nothing_twice(tmp_path: Path) -> None:
    """Killed in the middle of a crawl, by signal 9: the other watch takes it up at once, not by its schedule."""
    with WebServer() as site:
        site.html("/", "<title>0</title>" + "".join(f'<a href="/{number}">x</a>' for number in range(1, 9)))
        for number in range(1, 9):
            site.html(f"/{number}", f"<title>{number}</title><p>Page {number} of the paper.</p>", pause=0.4)
        config = tmp_path / "mekiki.toml"
        config.write_text(SLOW.format(site=site.url, allow=site.allow), "utf-8")
        command = [sys.executable, "-m", "cli", "watch", "--config", str(config)]
        with (
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first,
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as second,
        ):
            try:
                assert until(lambda: len(site.paths()) > 3, 120)
                busy = first if _has_a_crawl(first.pid) else second
                other = second if busy is first else first
                assert not _has_a_crawl(other.pid)
                assert len(set(site.paths())) == len(site.paths())
                busy.kill()
                wait_for_end(f"sqlite:///{tmp_path}/mekiki.db", "paper", seconds=120)
            finally:
                other.send_signal(signal.SIGTERM)
                _, errors = other.communicate(timeout=60)
                busy.kill()
                busy.communicate()
    assert other.returncode == 0, errors
    engine = open_engine(f"sqlite:///{tmp_path}/mekiki.db")
    with snapshot(engine) as session:
        runs = last_runs(session, "paper", 10)
        items = session.scalars(select(ItemRow.external_id)).all()
    engine.dispose()
    assert [run.outcome for run in runs] == ["ok", None]
    assert runs[0].round_at == runs[1].round_at
    assert len(items) == len(set(items)) == 9


def _has_a_crawl(watch: int) -> bool:
    """Tell whether a watch has a nursery, and that a child."""
    parents = {process.pid: process.parent for process in processes()}
    return any(parents.get(parent) == watch for parent in parents.values())
