"""Workers as processes on a real PostgreSQL: killed, cut off from it, many at the same ad; nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, func, select, text

from storage.database import open_engine, snapshot
from storage.schema import Case, ItemRow, Run, Sighting
from tests.servers.postgres import database, needs_postgres, server
from tests.servers.programs import mekiki
from tests.servers.sink import Reply, Sink
from tests.servers.waiting import until
from watch.many.queue import LOG
from watch.many.queue_figures import dead_jobs, queue_figures

pytestmark = [pytest.mark.postgres, needs_postgres]

BASE = """
[storage]
database = "env:MEKIKI_FLEET_DATABASE"
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
[[receiver]]
key = "desk"
channel = "slack"
url = "file:hook"
[[route]]
receivers = ["desk"]
"""
TEXT = {"role": "title", "text": "星野電機 公式 閉店セール 90%OFF"}
AD = {"id": "4711", "kind": "ad", "platform": "meta", "texts": [TEXT]}
LEASE = 2  # seconds without a sign of life after which a worker is taken for dead
LOOKS = 10  # sources that show the ad


class Fleet:
    """Workers of one configuration."""

    def __init__(self, folder: Path, url: str, port: int, sources: str) -> None:
        self.environment = {**os.environ, "MEKIKI_FLEET_DATABASE": url}
        self.file = folder / "mekiki.toml"
        self.file.write_text(BASE.format(port=port) + sources, "utf-8")
        done = mekiki("db", "upgrade", "--config", self.file, env=self.environment)
        assert done.returncode == 0, done.stderr
        self.engine = open_engine(url)
        self.workers: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        """Start a worker that is soon taken for dead."""
        words = ("worker", "--jobs", "1", "--lease", str(LEASE), "--config", str(self.file))
        command = [sys.executable, "-m", "cli", *words]
        worker = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self.workers.append(worker)
        return worker

    def stop(self) -> list[str]:
        """Let every worker that lives end; return what they wrote."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        return [worker.communicate(timeout=60)[1] for worker in self.workers]

    def ended(self) -> int:
        """Count the runs that were read to their end."""
        with snapshot(self.engine) as session:
            return session.scalar(select(func.count()).where(Run.outcome == "ok")) or 0

    def count(self, model: type[ItemRow | Sighting | Case]) -> int:
        with snapshot(self.engine) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0


@contextmanager
def fleet(folder: Path, url: str, sink: Sink, sources: str) -> Iterator[Fleet]:
    (folder / "hook").write_text(sink.url("/hook"))
    one = Fleet(folder, url, sink.port, sources)
    try:
        yield one
    finally:
        for worker in one.workers:
            if worker.poll() is None:
                worker.kill()
                worker.communicate()
        one.engine.dispose()


def told(sink: Sink) -> list[str]:
    """Return the messages that have arrived."""
    return [json.loads(one.body)["text"] for one in sink.received if one.path == "/hook"]


def reached(workers: Fleet, runs: int) -> bool:
    return workers.ended() >= runs


def crawls(engine: Engine) -> int:
    """Count the crawls that workers hold."""
    return sum(one.running for one in queue_figures(engine) if one.queue == "crawl")


def test_one_ad_seen_ten_times_by_four_workers_through_two_crashes_of_the_server_is_one_item_and_one_alert(
    tmp_path: Path,
) -> None:
    (tmp_path / "ads.jsonl").write_text(json.dumps(AD) + "\n", "utf-8")
    sources = "".join(
        f'[[source]]\nkey = "look{number}"\nkind = "import"\npath = "ads.jsonl"\nevery = "1d"\n'
        for number in range(LOOKS)
    )
    with server() as postgres, Sink() as sink, fleet(tmp_path, postgres.url, sink, sources) as workers:
        for _ in range(4):
            workers.start()
        for crash in (1, 4):
            assert until(partial(reached, workers, crash), seconds=90)
            postgres.kill()
            postgres.start()
            workers.engine.dispose()
        assert until(lambda: workers.ended() == LOOKS and bool(told(sink)), seconds=90)
        assert [one.returncode for one in workers.workers] == [None] * 4
        lines = workers.stop()
        assert [one.returncode for one in workers.workers] == [0] * 4, lines
        assert workers.count(ItemRow) == 1
        assert workers.count(Sighting) == LOOKS
        assert workers.count(Case) == 1
        assert dead_jobs(workers.engine) == []
        assert len(told(sink)) == 1
    assert any("can be used again" in line for line in lines)


def taken_after(engine: Engine) -> float:
    """Return by the server's clock in how many seconds a lost crawl was taken, once there was a worker for it."""
    with snapshot(engine) as session:
        query = f"""
            SELECT extract(epoch FROM max(picked.created) - (
                SELECT min(backend_start) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'mekiki worker %'
            ))::float8 AS seconds, count(*) AS times
            FROM {LOG} picked WHERE picked.status = 'picked' AND picked.entrypoint = 'crawl'
        """
        found = session.execute(text(query)).one()
    assert found.times == 2
    return float(found.seconds)


def test_a_worker_that_is_killed_loses_its_crawl_to_another(tmp_path: Path) -> None:
    gate, no_rules = Event(), Reply(status=404)
    page = Reply(headers={"Content-Type": "text/plain"}, body=b"https://hoshinodenki-outlet.test/login\n", after=gate)
    with database() as url, Sink(no_rules, page, no_rules, page) as sink:
        source = f"""
[[source]]
key = "list"
kind = "feed"
urls = ["{sink.url("/list.txt")}"]
format = "urls"
delay = 0
every = "1d"
"""
        with fleet(tmp_path, url, sink, source) as workers:
            first = workers.start()
            sink.wait_until(lambda received: any(one.path == "/list.txt" for one in received), 60)
            assert crawls(workers.engine) == 1
            first.kill()
            first.wait()
            assert until(
                lambda: [one.lost for one in queue_figures(workers.engine) if one.running or one.lost] == [1], 60
            )
            workers.start()
            sink.wait_until(lambda received: sum(one.path == "/list.txt" for one in received) == 2, 60)
            assert taken_after(workers.engine) <= LEASE + 5
            gate.set()
            assert until(lambda: workers.ended() == 1 and bool(told(sink)), seconds=60)
            workers.stop()
            assert workers.count(ItemRow) == 1
            assert len(told(sink)) == 1
            with snapshot(workers.engine) as session:
                assert list(session.scalars(select(Run.outcome).order_by(Run.id))) == [None, "ok"]
            assert crawls(workers.engine) == 0
