"""A process that is killed while it reads a page costs that page; the crawl goes on, and the next one reads it."""

import os
import signal
import threading
import time
from pathlib import Path
from subprocess import Popen

import msgspec

from tests.servers.crawling import Crawling, Report
from tests.servers.web import Answer, Hit, WebServer

LONG = "".join(f'<a href="https://shop{number}.test/">xxxx</a>' for number in range(60_000))  # two seconds to read
BUSY_SECONDS = 0.8  # of one reading process; pages for people take 0.01, and to begin takes 0.5


def test_a_killed_reader_costs_its_page_only(tmp_path: Path) -> None:
    killed = threading.Event()

    def after(hit: Hit) -> Answer:
        killed.wait(20)
        return Answer(body=f"<title>{hit.path}</title><p>words</p>".encode())

    with WebServer() as site:
        site.html("/before", "<title>before</title><p>words</p>")
        site.html("/long", f"<title>long</title>{LONG}")
        for number in range(5):
            site.pages[f"/after/{number}"] = after
        urls = [f"{site.url}/before", f"{site.url}/long", *(f"{site.url}/after/{number}" for number in range(5))]
        crawling = Crawling(tmp_path)
        crawling.configure(
            f'[[source]]\nkey = "a"\nkind = "web"\ndelay = 0\nurls = {msgspec.json.encode(urls).decode()}\n',
            allow=[site.allow],
            crawler="per_host = 1\ntimeout = 90",
        )
        with crawling.start() as process:
            _kill_who_reads(process, site)
            killed.set()
            output, errors = process.communicate(b"", timeout=90)
        assert process.returncode == 0, errors
        first = msgspec.json.decode(output, type=Report)["a"]
        again = crawling.crawl()["a"]
    assert first.errors == {"parse_crash": 1}, first
    assert first.problems == (f"{site.url}/long: reading it needed too much memory or crashed",)
    assert (first.items, first.outcome) == (6, "partial")
    assert (again.items, again.new, dict(again.errors)) == (7, 1, {"parse_degraded": 1}), again


def _kill_who_reads(process: Popen[bytes], site: WebServer) -> None:
    """Kill the child that has worked for some time since the long page was asked for."""
    while "/long" not in site.paths():
        assert process.poll() is None
        time.sleep(0.005)
    began = {pid: _worked(pid) for pid in _children(process.pid)}
    while True:
        assert process.poll() is None
        for pid in _children(process.pid):
            if _worked(pid) - began.get(pid, 0.0) > BUSY_SECONDS:
                os.kill(pid, signal.SIGKILL)
                return
        time.sleep(0.005)


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _read(task / "children").split()]


def _worked(pid: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""
