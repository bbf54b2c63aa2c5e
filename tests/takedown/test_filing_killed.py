"""kill -9 while a notice is filed: it leaves once at most until a person has looked, and what is filed is proved."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from storage.custody import chain, check_chain
from storage.database import snapshot, transaction
from storage.notices import history, sending_failed
from takedown.filing import file_notice
from tests.servers.mail import MailSink
from tests.takedown.desk import LATER, desk_of, drafted, view_of
from tests.takedown.stage import Stage

KILLS = 12
ROOT = Path(__file__).parents[2]
Kill = Callable[[int, Callable[[], bool]], None]


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as running:
        yield running


@pytest.fixture(scope="module")
def parent() -> Iterator[subprocess.Popen[str]]:
    """What starts processes that file."""
    command = [sys.executable, "-m", "tests.takedown.filing_child"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


@pytest.fixture
def kill(stage: Stage, sink: MailSink, parent: subprocess.Popen[str]) -> Kill:
    """Files a notice in a process of its own, and kills that as soon as something is true."""

    def one(number: int, met: Callable[[], bool]) -> None:
        assert parent.stdin is not None
        assert parent.stdout is not None
        print(number, sink.port, stage.folder, file=parent.stdin)
        child = int(parent.stdout.readline())
        for _ in range(10_000):
            if met():
                break
            time.sleep(0.002)
        else:
            raise AssertionError("waited in vain")
        with suppress(ProcessLookupError):  # it may have come to its end by itself
            os.kill(child, signal.SIGKILL)
        assert parent.stdout.readline() == "ended\n"

    return one


def begun(stage: Stage) -> int:
    """Return how often sending began: each time after a person had looked what became of the time before."""
    with snapshot(stage.engine) as session:
        return sum(step.step == "sending" for step in history(session, stage.case))


def test_a_notice_whose_sender_died_waits_for_a_person(stage: Stage, sink: MailSink, kill: Kill) -> None:
    number = drafted(stage)
    sink.mute = True
    kill(number, lambda: bool(sink.mails))
    view = view_of(stage, number)
    assert (view.state, view.sending_at) == ("draft", LATER)
    kill(number, lambda: True)  # nobody files it twice
    assert len(sink.mails) == 1
    with transaction(stage.engine) as session:
        sending_failed(session, number, who="keiko", now=LATER, note="it did not arrive")  # `mekiki takedown retry`
    sink.mute = False
    assert file_notice(desk_of(stage, sink.port), number, who="keiko").view.state == "filed"
    first, second = sink.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]  # whoever got both can tell that they are one


def test_wherever_it_dies_nothing_leaves_twice_and_nothing_filed_lacks_its_proof(
    stage: Stage, sink: MailSink, kill: Kill
) -> None:
    number = drafted(stage)
    chosen = random.Random(7)
    seen = set()
    for attempt in range(KILLS):
        until = time.monotonic() + (0.0 if attempt == 0 else chosen.random() * 0.4)
        kill(number, lambda: time.monotonic() >= until)  # noqa: B023 - it is called before the next turn
        view = view_of(stage, number)
        seen.add((view.state, view.sending_at is not None))
        assert len(sink.mails) <= begun(stage)
        if view.state == "filed":
            break
        if view.sending_at is not None:
            with transaction(stage.engine) as session:
                sending_failed(session, number, who="keiko", now=LATER, note="a person has looked")
    if view_of(stage, number).state != "filed":
        file_notice(desk_of(stage, sink.port), number, who="keiko")
    assert 1 <= len(sink.mails) <= begun(stage)
    view = view_of(stage, number)
    assert view.manifest is not None
    manifest = json.loads(stage.media.read(view.manifest))
    assert stage.media.read(manifest["files"][0]["sha256"]) in [mail.raw for mail in sink.mails]
    assert not list(check_chain(chain(stage.engine)))
    assert ("draft", False) in seen  # the first died before it began
