"""Hosts that say nothing, drip or never end: each is ended and named, and the others of the same source do not wait."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from spiders.handler import HEADER_BYTES, MOST_CHUNKS
from tests.servers.crawling import Crawling, Report
from tests.servers.programs import ROOT
from tests.servers.rude import WAYS, RudeServer
from tests.servers.web import Answer, Hit, WebServer

HEALTHY = 50
SLOW_NAMES = 40
# The system's resolver, to which some names are slow: they wait for a file, but not for ever.
DRIVER = """
import pathlib, socket, sys, time
system, flag = socket.getaddrinfo, pathlib.Path(sys.argv[2])
def getaddrinfo(host, port, *more, **named):
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not name.endswith(".resolved.test"):
        return system(host, port, *more, **named)
    until = time.monotonic() + 30
    while name.startswith("slow") and not flag.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return system("127.0.0.1", port, *more, **named)
socket.getaddrinfo = getaddrinfo
from tests.servers.crawl_driver import main
main(sys.argv[1], {})
"""
ENDS = {
    "silent": {"timeout": 1},
    "slow-headers": {"timeout": 1},
    "slow-body": {"timeout": 1},
    "endless-body": {"too_large": 1},
    "endless-chunks": {"too_large": 1},
    "endless-headers": {"too_large": 1},
    "endless-interim": {"too_large": 1},
    "endless-line": {"connection": 1},
}


@pytest.fixture
def rude() -> Iterator[RudeServer]:
    with RudeServer("127.0.0.2") as server:
        yield server


def test_every_way_of_not_ending_is_ended_and_named(tmp_path: Path, rude: RudeServer) -> None:
    crawling = Crawling(tmp_path)
    crawling.configure(
        "".join(
            f'[[source]]\nkey = "{way}"\nkind = "web"\ndelay = 0\nurls = ["http://{way}.test:{rude.port}/{way}"]\n'
            for way in ENDS
        ),
        allow=[rude.allow],
        hosts={f"{way}.test": rude.address for way in ENDS},
        crawler="timeout = 3\nmax_bytes = 1048576",
    )
    report = crawling.crawl()
    assert set(ENDS) == {"silent", *WAYS}
    assert {source.key: dict(source.errors) for source in report.sources} == ENDS, report.sources
    assert f"more than {HEADER_BYTES} bytes of headers" in report["endless-headers"].problems[0]
    assert f"more than {MOST_CHUNKS} chunks" in report["endless-chunks"].problems[0]
    asked = {way: rude.paths.count(f"/{way}") for way in ENDS}
    assert {way: count for way, count in asked.items() if count > 1} == {"endless-line": 3}  # a broken connection


@pytest.mark.parametrize("layout", ["one source", "a source each"])
def test_slow_hosts_do_not_stand_before_others(layout: str, tmp_path: Path, rude: RudeServer) -> None:
    """Fifty hosts answer only once fifty others were asked; were those made to wait, the fifty would time out."""
    left = set(range(HEALTHY))
    lock = threading.Lock()

    def page(hit: Hit) -> Answer:
        with lock:
            left.discard(int(hit.path.rpartition("/")[2]))
            if not left:
                rude.release.set()
        return Answer(body=b"<title>page</title><p>words</p>")

    with WebServer({"/page/" + str(number): page for number in range(HEALTHY)}) as site:
        urls = [
            url
            for number in range(HEALTHY)
            for url in (
                f"http://slow{number}.test:{rude.port}/held",
                f"http://healthy{number}.test:{site.port}/page/{number}",
            )
        ]
        groups = [urls] if layout == "one source" else [[url] for url in urls]
        crawling = Crawling(tmp_path)
        crawling.configure(
            "".join(
                f'[[source]]\nkey = "s{number}"\nkind = "web"\ndelay = 0\nurls = {json.dumps(group)}\n'
                for number, group in enumerate(groups)
            ),
            allow=[site.allow, rude.allow],
            hosts={
                **{f"slow{number}.test": rude.address for number in range(HEALTHY)},
                **{f"healthy{number}.test": site.address for number in range(HEALTHY)},
            },
            crawler="timeout = 40",
        )
        report = crawling.crawl()
    assert len(rude.paths) == HEALTHY
    assert {source.outcome for source in report.sources} == {"ok"}, report.sources
    assert sum(source.items for source in report.sources) == 2 * HEALTHY


def test_names_that_are_slow_to_resolve_do_not_stand_before_others(tmp_path: Path) -> None:
    """Forty names resolve only once twenty others were asked; after thirty seconds they would, too, but too late."""
    resolved = tmp_path / "resolved"
    left = set(range(20))
    late: list[bool] = []
    lock = threading.Lock()

    def page(hit: Hit) -> Answer:
        name = hit.host.partition(".")[0]
        with lock:
            if name.startswith("healthy"):
                left.discard(int(name.removeprefix("healthy")))
                if not left:
                    resolved.touch()
            else:
                late.append(resolved.exists())
        return Answer(body=b"<title>page</title><p>words</p>")

    with WebServer({"/page": page}) as site:
        names = [*(f"slow{number}" for number in range(SLOW_NAMES)), *(f"healthy{number}" for number in range(20))]
        urls = [f"http://{name}.resolved.test:{site.port}/page" for name in names]
        crawling = Crawling(tmp_path)
        crawling.configure(
            f'[[source]]\nkey = "a"\nkind = "web"\ndelay = 0\nurls = {json.dumps(urls)}\n',
            allow=[site.allow],
            crawler="timeout = 60\nconcurrency = 64",
        )
        command = [sys.executable, "-c", DRIVER, str(crawling.file), str(resolved)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=150)
    report = msgspec.json.decode(done.stdout, type=Report)["a"]
    assert report.items == len(names), report
    assert late == [True] * SLOW_NAMES
