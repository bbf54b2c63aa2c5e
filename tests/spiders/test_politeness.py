"""One host's pace holds over all processes that ask it, and what it says to one of them is heard by all."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spiders.pace import LOOK_EVERY
from storage.database import open_engine
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer
from tests.storage.conftest import DATABASES, postgres_url, remove_all_rows, sqlite_template

__all__ = ["postgres_url", "sqlite_template"]

DELAY = 0.2
REST = 6  # seconds that the host asks for
REACH = 4 * LOOK_EVERY  # until all have heard of it, on a busy machine


class Watched(WebServer):
    """Knows when it was asked; answers one page with 429 when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[tuple[float, str]] = []  # and by which source
        self.tired = False
        self.said: float | None = None

    def answer(self, hit: Hit) -> Answer:
        if hit.path == "/robots.txt":
            return Answer(status=404)
        self.times.append((time.monotonic(), hit.path.split("/")[1]))
        if self.tired:
            self.tired, self.said = False, time.monotonic()
            return Answer(status=429, headers={"Retry-After": str(REST)})
        return Answer(body=b"<title>page</title>")

    def until(self, happened: Callable[[], object]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < deadline, self.times[-5:]
            time.sleep(0.02)

    def askers(self, since: int = 0) -> set[str]:
        """Return which sources asked."""
        return {source for _, source in self.times[since:]}


class Party:
    """Some processes with one source each, all on one host: at work, one killed, the host tired."""

    def __init__(self, folder: Path, url: str | None, processes: int) -> None:
        crawling = Crawling(folder)
        with Watched() as site:
            keys = [f"part-{number}" for number in range(processes)]
            tables = [
                f'[[source]]\nkey = "{key}"\nkind = "web"\ndelay = {DELAY}\n'
                f"urls = {json.dumps([f'{site.url}/{key}/{page}' for page in range(400)])}\n"
                for key in keys
            ]
            storage = f'[storage]\ndatabase = "{url}"\n' if url else ""
            crawling.configure(storage + "".join(tables), allow=[site.allow])
            started = [crawling.start(sources=[key]) for key in keys]
            try:
                site.until(lambda: site.askers() == set(keys))
                began = len(site.times)
                site.until(lambda: len(site.times) > began + 25)
                self.together = [at for at, _ in site.times[began:]]
                self.askers = site.askers(began)
                os.kill(started[0].pid, signal.SIGKILL)
                killed = len(site.times)
                site.until(lambda: len(site.times) > killed + 15)
                self.after_kill = [at for at, _ in site.times[killed + 2 :]]
                site.tired = True
                site.until(lambda: site.said)
                said, asked = site.said or 0.0, len(site.times)
                site.until(lambda: site.askers(asked) == set(keys[1:]) and time.monotonic() > said + REST + 1)
                self.after_said = [at - said for at, _ in site.times[asked:]]
            finally:
                for process in started:
                    process.terminate()
                for process in started:
                    _, self.log = process.communicate()


@pytest.fixture(scope="module", params=DATABASES)
def party(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Party:
    folder = tmp_path_factory.mktemp("party")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "mekiki.db")
        return Party(folder, None, 3)
    url = str(request.getfixturevalue("postgres_url"))
    engine = open_engine(url)
    remove_all_rows(engine)
    engine.dispose()
    return Party(folder, url, 2)


def least_span(times: list[float], requests: int) -> float:
    """Return the shortest time in which so many requests came, beside the first."""
    return min(later - before for before, later in zip(times, times[requests:], strict=False))


def test_all_processes_together_keep_to_the_delay(party: Party) -> None:
    assert len(party.askers) > 1, "they work side by side"
    assert least_span(party.together, 10) > 0.85 * 10 * DELAY
    assert least_span(party.together, 25) > 0.92 * 25 * DELAY


def test_a_killed_process_leaves_the_turns_to_the_others(party: Party) -> None:
    assert len(party.after_kill) >= 13
    assert least_span(party.after_kill, 10) > 0.85 * 10 * DELAY


def test_what_a_host_says_to_one_process_is_heard_by_all(party: Party) -> None:
    assert not [after for after in party.after_said if REACH < after < REST - 0.2]
    assert [after for after in party.after_said if after >= REST - 0.2], "then it is asked again"
