"""The watch as a process: due sources run, a failing one does not stop the others, SIGTERM ends it cleanly."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from config import load
from storage.cases import list_cases
from storage.database import open_engine, snapshot
from storage.media import MediaStore
from storage.runs import last_run
from tests.servers.programs import mekiki
from tests.servers.sink import Sink
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
    config = tmp_path / "mekiki.toml"
    config.write_text(CONFIG.format(port=1), "utf-8")
    said: list[str] = []
    watch = Watch(
        config=load(config),
        engine=open_engine(f"sqlite:///{tmp_path}/mekiki.db"),
        media=MediaStore(tmp_path / "media"),
        now=lambda: datetime.now(UTC),
        say=said.append,
        command=(str(tmp_path / "gone"),),
    )
    asyncio.run(watch._crawl("list"))
    assert "could not be started" in said[0]
