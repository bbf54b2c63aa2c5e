"""kill -9 of a dispatching process loses no alert; what goes out twice is the same message."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import text

from storage.database import transaction
from tests.alerts.office import Office
from tests.servers.sink import Received, Reply, Sink

ALERTS = 400
KILLS = 10
ROOT = Path(__file__).parents[2]


def unanswered(count: int) -> Callable[[Sequence[Received]], bool]:
    return lambda received: sum(1 for request in received if request.reply.after) == count


def test_a_killed_dispatcher_loses_nothing(database_url: str, tmp_path: Path) -> None:
    """Ten times, at work and while the receiver has not answered; a dispatcher that is started next goes on."""
    office = Office(tmp_path, database_url)
    chosen = random.Random(7)
    with Sink() as sink:
        office.webhook("siem", sink.url())
        for start in range(0, ALERTS, 100):
            office.flag_all(range(start, start + 100))
        command = [sys.executable, "-m", "tests.alerts.dispatching", str(tmp_path), sink.url(), database_url]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as parent:
            assert parent.stdin is not None
            assert parent.stdout is not None
            hung = 0
            for kill in range(KILLS):
                print(file=parent.stdin)
                child = int(parent.stdout.readline())
                if kill:  # the first one dies while it routes
                    sink.wait_for(len(sink.received) + chosen.randint(1, 50), seconds=60)
                if kill % 2:  # every second one while the receiver has not answered
                    sink.script.append(Reply(after=threading.Event()))
                    hung += 1
                    sink.wait_until(unanswered(hung), seconds=60)
                time.sleep(chosen.random() * 0.02)
                os.kill(child, signal.SIGKILL)
                assert parent.stdout.readline() == "ended\n"
                with transaction(office.engine) as session:  # the leases run out, without waiting for them
                    session.execute(text("UPDATE deliveries SET leased_until = NULL"))
        sent_before = len(sink.received)
        office.wait(days=365)
        asyncio.run(office.dispatch())
        bodies = defaultdict(set)
        for post in sink.received:
            bodies[post.headers["webhook-id"]].add(post.body)
        with transaction(office.engine) as session:
            states = session.execute(text("SELECT state, count(*) FROM deliveries GROUP BY state")).all()
        office.close()
    answered = {post.headers["webhook-id"] for post in sink.received if not post.reply.after}
    assert 0 < sent_before < ALERTS
    assert states == [("sent", ALERTS)]
    assert len(answered) == ALERTS
    assert all(len(same) == 1 for same in bodies.values())
    assert len(sink.received) - ALERTS <= 0.05 * ALERTS
