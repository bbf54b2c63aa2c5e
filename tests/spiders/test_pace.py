"""A host's pace is one for all sources of a process: how often it is asked, and when it is to be left alone."""

import json
import time
from pathlib import Path

import pytest

from spiders.pace import LONGEST_PAUSE, Pace
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer


def test_what_was_asked_last_and_how_long_to_wait() -> None:
    now = [100.0]
    pace = Pace(clock=lambda: now[0])
    assert (pace.asked("a.test"), pace.left("a.test")) == (0.0, 0.0)
    pace.ask("a.test", 99.0)
    pace.ask("a.test", 98.0)  # another source's note that came late
    assert (pace.asked("a.test"), pace.asked("b.test")) == (99.0, 0.0)
    pace.pause("a.test", 30.0)
    pace.pause("a.test", 10.0)
    now[0] = 120.0
    assert (pace.left("a.test"), pace.left("b.test")) == (10.0, 0.0)
    now[0] = 200.0
    assert pace.left("a.test") == 0.0


def test_a_host_that_asks_again_and_again_is_given_up() -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    for _ in range(int(LONGEST_PAUSE // 50)):
        pace.pause("a.test", 50.0)
        pace.pause("a.test", 50.0)  # of a second request that was under way
        assert pace.left("a.test") == 50.0
        now[0] += 60.0
    pace.pause("a.test", 50.0)
    assert pace.left("a.test") > LONGEST_PAUSE
    assert pace.left("b.test") == 0.0


def source(key: str, *urls: str) -> str:
    return f'[[source]]\nkey = "{key}"\nkind = "web"\ndelay = 0\nurls = {json.dumps(urls)}\n'


class Tired(WebServer):
    """Asks to be left alone with its first page."""

    def __init__(self, status: int, wait: str) -> None:
        super().__init__()
        self._asks = Answer(status=status, headers={"Retry-After": wait})

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        if hit.path == "/robots.txt":
            return Answer(status=404)
        if len(self.paths()) == 1:
            return self._asks
        return Answer(body=b"<title>page</title>")


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_to_wait_long_is_left_to_the_next_run_by_all_sources(status: int, tmp_path: Path) -> None:
    with Tired(status, str(10 * LONGEST_PAUSE)) as tired, WebServer(address="127.0.0.2") as other:
        other.html("/", "<title>other</title>")
        crawling = Crawling(tmp_path)
        urls = [f"{tired.url}/{number}" for number in range(6)]
        sources = [source("first", *urls[:3]), source("second", *urls[3:]), source("third", f"{other.url}/")]
        crawling.configure("".join(sources), allow=[tired.allow, other.allow], crawler="per_host = 1\ntimeout = 5")
        report = crawling.crawl()
    assert 1 <= len(tired.paths()) <= 2, "one that was on its way already may come through"
    told = [source for source in report.sources if "rate_limited" in source.errors]
    assert {source.key for source in told} == {"first", "second"}
    for one in told:
        assert one.errors["rate_limited"] == 1, "told once for the host"
        assert sum("asked to be left alone" in line for line in one.problems) == 1
    assert report["third"].outcome == "ok"


@pytest.mark.parametrize(("status", "kept"), [(429, 3), (503, 4)])
def test_who_asks_to_wait_a_moment_is_asked_again_then(status: int, kept: int, tmp_path: Path) -> None:
    """A page that was answered with 503 is asked for again; one with 429 is left to the next run."""
    with Tired(status, "1") as tired:
        crawling = Crawling(tmp_path)
        urls = [f"{tired.url}/{number}" for number in range(4)]
        crawling.configure(source("first", *urls), allow=[tired.allow], crawler="per_host = 1\ntimeout = 5")
        report = crawling.crawl()["first"]
    assert report.items == kept, report
    assert report.errors == ({} if status == 503 else {"http_429": 1})


def test_interfaces_wait_in_their_own_way(tmp_path: Path) -> None:
    """A key that is used up says nothing of another source's key at the same host."""
    with WebServer() as server:
        server.pages["/tired"] = Answer(status=429, headers={"Retry-After": "9999"}, kind="application/json")
        server.pages["/fresh"] = Answer(body=b'{"data": [{"id": "1"}]}', kind="application/json")
        table = 'kind = "json"\ndelay = 0\nitems = "data"\nfields = { id = "id" }\n'
        crawling = Crawling(tmp_path)
        crawling.configure(
            f'[[source]]\nkey = "tired"\n{table}url = "{server.url}/tired"\n'
            f'[[source]]\nkey = "fresh"\n{table}url = "{server.url}/fresh"\n',
            allow=[server.allow],
        )
        report = crawling.crawl()
    assert report["tired"].errors == {"rate_limited": 1}
    assert (report["fresh"].outcome, report["fresh"].items) == ("ok", 1)


def test_a_crawl_that_is_told_to_stop_does_not_wait_for_a_pause(tmp_path: Path) -> None:
    with Tired(503, str(LONGEST_PAUSE - 1)) as tired:
        crawling = Crawling(tmp_path)
        crawling.configure(source("first", f"{tired.url}/"), allow=[tired.allow])
        with crawling.start() as process:
            while not tired.paths():
                assert process.poll() is None
            time.sleep(0.5)  # the answer has arrived, and the page is to be asked for again after the pause
            process.terminate()
            _, errors = process.communicate(b"", timeout=LONGEST_PAUSE / 2)
    assert process.returncode == 0, errors
    assert crawling.rows("SELECT count(*) FROM runs WHERE finished_at IS NOT NULL") == [(1,)]


def test_the_next_run_leaves_a_tired_host_alone_too(tmp_path: Path) -> None:
    with Tired(503, str(10 * LONGEST_PAUSE)) as tired:
        crawling = Crawling(tmp_path)
        crawling.configure(source("first", f"{tired.url}/1"), allow=[tired.allow])
        crawling.crawl()
        assert tired.paths() == ["/1"]
        report = crawling.crawl()["first"]
        assert tired.paths() == ["/1"]
    assert (report.outcome, report.errors) == ("blocked", {"rate_limited": 1})


def test_a_tired_interface_is_left_alone_by_the_next_run_of_its_source_alone(tmp_path: Path) -> None:
    with WebServer() as server:
        server.pages["/items"] = Answer(status=429, headers={"Retry-After": "9999"}, kind="application/json")
        table = f'kind = "json"\ndelay = 0\nitems = "data"\nfields = {{ id = "id" }}\nurl = "{server.url}/items"\n'
        crawling = Crawling(tmp_path)
        crawling.configure(
            "".join(f'[[source]]\nkey = "{key}"\n{table}' for key in ("ours", "theirs")), allow=[server.allow]
        )
        for sources, asked in ((["ours"], 1), (["ours"], 1), (["theirs"], 2)):
            report = crawling.crawl(sources=sources)
            assert report[sources[0]].errors == {"rate_limited": 1}
            assert len(server.paths()) == asked, sources


def test_a_dry_run_keeps_its_own_pace_and_writes_nothing(tmp_path: Path) -> None:
    with Tired(503, str(10 * LONGEST_PAUSE)) as tired:
        crawling = Crawling(tmp_path)
        crawling.configure(
            source("first", f"{tired.url}/1", f"{tired.url}/2"), allow=[tired.allow], crawler="per_host = 1"
        )
        assert crawling.crawl(dry_run=True)["first"].errors == {"rate_limited": 1}
    assert crawling.rows("SELECT * FROM host_turns") == []
