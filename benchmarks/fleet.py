"""What a fleet loses when its workers are killed and its database falls over: nothing, and how long it stands still.

`python -m benchmarks.fleet [--jobs 300] [--workers 4] [--kills 20] [--crashes 5]`

So many sources of one fraud each, each a job, are read by `mekiki worker` processes on a PostgreSQL of the benchmark's
own; each fraud is a case, and told to a webhook here. At even distances a worker that has a job in hand is ended by
kill -9 and another is started in its place; in between, PostgreSQL is ended as a crash does (`pg_ctl -m immediate`) and
started anew. Counted: items, cases and alerts that are not there (lost), what is there twice, jobs that a worker took
up a second time. Measured: from kill -9 until another worker had the job, where PostgreSQL stayed up meanwhile, and
where it did not, from the moment in which it took connections again; from that moment until every worker has its own.
"""

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, text

from storage.database import open_engine
from tests.servers.postgres import Server, server
from tests.servers.sink import Sink
from watch.many.queue import JOBS, LOG

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """
[storage]
database = "{database}"
[crawler]
contact = "brand@hoshino-denki.example"
[egress]
allow = ["127.0.0.1:{port}"]
[alerting]
group_wait = "1s"
[[receiver]]
key = "desk"
channel = "webhook"
url = "file:hook"
signing = ["file:secret"]
[[route]]
receivers = ["desk"]
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
"""
HELD = f"""
SELECT session.application_name AS name, job.id FROM {JOBS} job
JOIN pg_stat_activity session ON session.application_name LIKE 'mekiki worker % %'
AND split_part(session.application_name, ' ', 4) = left(job.queue_manager_id::text, 8)
WHERE job.status = 'picked' AND job.entrypoint = 'crawl'
"""
TAKEN_AFTER = f"""
SELECT extract(epoch FROM min(created) - CAST(:at AS timestamptz))::float8 FROM {LOG}
WHERE job_id = :id AND status = 'picked' AND created > :at
"""
CRAWLS = f"SELECT count(*) FROM {JOBS} WHERE entrypoint = 'crawl'"
UNTOLD = """
SELECT (SELECT count(*) FROM alert_intents WHERE state = 'pending') +
       (SELECT count(*) FROM deliveries WHERE state = 'pending')
"""
LEASE = 10.0  # seconds, as workers have it where nothing else is said
TWICE = f"""
SELECT count(*) FROM (
    SELECT FROM {LOG} WHERE status = 'picked' AND entrypoint = 'crawl' GROUP BY job_id HAVING count(*) > 1
) again
"""
CONNECTED = (
    "SELECT DISTINCT split_part(application_name, ' ', 3) FROM pg_stat_activity WHERE application_name LIKE :name"
)


@dataclass(slots=True)
class Fleet:
    """Workers, and what was done to them."""

    file: Path
    postgres: Server
    engine: Engine
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    kills: list[tuple[int, datetime]] = field(default_factory=list)  # job in hand, time of the database
    starts: list[datetime] = field(default_factory=list)  # of PostgreSQL, after a crash
    reconnected: list[float] = field(default_factory=list)  # seconds, one for each crash

    def start(self) -> None:
        """Start one more worker, with a log beside the configuration."""
        log = (self.file.parent / f"worker-{len(self.workers)}.log").open("wb")
        command = [sys.executable, "-m", "cli", "worker", "--jobs", "1", "-c", str(self.file)]
        self.workers.append(subprocess.Popen(command, cwd=ROOT, stderr=log))

    def alive(self) -> set[int]:
        """Return the process ids of workers that run."""
        return {worker.pid for worker in self.workers if worker.poll() is None}

    def kill(self) -> bool:
        """End a worker that has a job in hand and start another; False where none has one now."""
        with self.engine.connect() as connection:
            held = connection.execute(text(HELD)).all()
            pids = {int(row.name.split()[2].rpartition(":")[2]): row.id for row in held}
            victims = sorted(set(pids) & self.alive())
            if not victims:
                return False
            victim = random.choice(victims)
            killed = next(worker for worker in self.workers if worker.pid == victim)
            killed.kill()
            killed.wait()
            self.kills.append((pids[victim], connection.execute(text("SELECT clock_timestamp()")).scalar_one()))
        self.start()
        return True

    def crash(self) -> bool:
        """End PostgreSQL as a crash does, start it, and wait until every worker has a connection again."""
        waited_for = self.connected() & self.alive()
        self.postgres.kill()
        self.postgres.start()
        began = time.monotonic()
        self.starts.append(datetime.now(UTC))
        while not waited_for <= self.connected():
            time.sleep(0.02)
        self.reconnected.append(time.monotonic() - began)
        return True

    def connected(self) -> set[int]:
        """Return the process ids of workers that have a connection."""
        self.engine.dispose()
        with self.engine.connect() as connection:
            names = connection.scalars(text(CONNECTED), {"name": "mekiki worker %"})
            return {int(name.rpartition(":")[2]) for name in names}

    def number(self, query: str) -> int:
        """Return the answer to a query for a number."""
        with self.engine.connect() as connection:
            return connection.scalar(text(query)) or 0


def configure(folder: Path, database: str, jobs: int, sink: Sink) -> Path:
    """Write a configuration of so many sources with a fraud each, all due."""
    (folder / "hook").write_text(sink.url())
    (folder / "secret").write_text("whsec_" + base64.b64encode(b"s" * 24).decode())
    sources = []
    for number in range(jobs):
        item = {
            "id": str(number),
            "kind": "ad",
            "platform": "meta",
            "texts": [{"role": "title", "text": f"星野電機 公式 閉店セール 90%OFF {number}"}],
            "links": [f"https://hoshinodenki-sale{number}.test/"],
        }
        (folder / f"{number}.jsonl").write_text(json.dumps(item, ensure_ascii=False) + "\n", "utf-8")
        sources.append(f'[[source]]\nkey = "s{number}"\nkind = "import"\npath = "{number}.jsonl"\nevery = "7d"\n')
    file = folder / "mekiki.toml"
    file.write_text(CONFIG.format(database=database, port=sink.port) + "".join(sources), "utf-8")
    return file


@contextmanager
def fleet(jobs: int, sink: Sink) -> Iterator[Fleet]:
    """Give a database with nothing in it, and no worker yet."""
    with tempfile.TemporaryDirectory() as folder, server() as postgres:
        file = configure(Path(folder), postgres.url, jobs, sink)
        subprocess.run([sys.executable, "-m", "cli", "db", "upgrade", "-c", str(file)], cwd=ROOT, check=True)
        one = Fleet(file, postgres, open_engine(postgres.url))
        try:
            yield one
        finally:
            for worker in one.workers:
                worker.terminate()
            for worker in one.workers:
                worker.wait()
            one.engine.dispose()


def disturb(one: Fleet, jobs: int, kills: int, crashes: int) -> None:
    """Kill and crash at even distances while jobs are done; return when all are."""
    ended = "SELECT count(DISTINCT source) FROM runs WHERE outcome = 'ok'"
    plan: list[tuple[float, Callable[[], bool]]] = [
        *(((n + 1) * jobs / (kills + 1), one.kill) for n in range(kills)),
        *(((n + 0.5) * jobs / crashes, one.crash) for n in range(crashes)),
    ]
    plan.sort(key=lambda step: step[0])
    while (done := one.number(ended)) < jobs or one.number(CRAWLS) or one.number(UNTOLD):
        if plan and done >= plan[0][0] and plan[0][1]():
            plan.pop(0)
        time.sleep(0.05)


def report(one: Fleet, jobs: int, sink: Sink) -> Iterator[str]:
    """Yield the figures, a line each."""
    yield f"jobs {jobs}, workers killed {len(one.kills)}, crashes of PostgreSQL {len(one.reconnected)}"
    yield f"items lost {jobs - one.number('SELECT count(*) FROM items')}"
    yield f"flagged items in no case {jobs - one.number('SELECT count(*) FROM case_items')}"
    yield f"items or sightings twice {one.number('SELECT count(*) FROM sightings') - jobs}"
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for post in sink.received:
        bodies[post.headers["webhook-id"]].add(post.body)
    cases = one.number(
        "SELECT count(DISTINCT case_id) FROM alert_intents JOIN deliveries ON intent_id = alert_intents.id"
    )
    yield f"cases {one.number('SELECT count(*) FROM cases')}, told {cases}, by {len(bodies)} messages"
    yield f"messages sent twice {len(sink.received) - len(bodies)}, with another body {_others(bodies.values())}"
    yield f"jobs dead or left {one.number(CRAWLS)}"
    yield f"jobs taken up twice {one.number(TWICE)}"
    yield f"runs begun {one.number('SELECT count(*) FROM runs')}"
    up, down = _taken_over(one)
    yield _spread("from kill -9 until another worker has the job, PostgreSQL up all the while", up)
    yield _spread(f"  where it crashed in less than {LEASE:.0f} s after or before: from its start", down)
    yield _spread("from PostgreSQL's start until all workers are connected", one.reconnected)


def _others(bodies: Iterable[set[bytes]]) -> int:
    return sum(len(same) - 1 for same in bodies)


def _taken_over(one: Fleet) -> tuple[list[float], list[float]]:
    """Return how long jobs waited for another worker: with the server up all the while, and else since its start."""
    up, down = [], []
    with one.engine.connect() as connection:
        for job, at in one.kills:
            seconds = connection.scalar(text(TAKEN_AFTER), {"at": at, "id": job})
            if seconds is None:
                continue  # it had ended before its worker was killed
            again = at + timedelta(seconds=seconds)
            late = [start for start in one.starts if at - timedelta(seconds=LEASE) < start < again]
            if late:
                down.append((again - max(late)).total_seconds())
            else:
                up.append(seconds)
    return up, down


def _spread(name: str, seconds: Sequence[float]) -> str:
    if not seconds:
        return f"{name}: never"
    return f"{name}: {len(seconds)} times, median {median(seconds):.1f} s, most {max(seconds):.1f} s"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    for name, usual in (("jobs", 300), ("workers", 4), ("kills", 20), ("crashes", 5)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    random.seed(4711)
    with Sink() as sink, fleet(asked.jobs, sink) as one:
        for _ in range(asked.workers):
            one.start()
        began = time.monotonic()
        disturb(one, asked.jobs, asked.kills, asked.crashes)
        print(f"{time.monotonic() - began:.0f} s with {asked.workers} workers")
        for line in report(one, asked.jobs, sink):
            print(line)


if __name__ == "__main__":
    main()
