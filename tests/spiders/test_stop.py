"""A crawl seen from outside: nothing listens; after SIGTERM what was fetched is stored, and the report says so."""

import signal
import time
from pathlib import Path

import msgspec
import pytest

from tests.servers.crawling import Crawling, Report
from tests.servers.web import WebServer


def test_nothing_listens_and_sigterm_stops_cleanly(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    with WebServer() as site:
        site.html("/0", "<title>0</title>" + "".join(f'<a href="/{number}">x</a>' for number in range(1, 200)))
        for number in range(1, 200):
            site.html(f"/{number}", f"<title>{number}</title>", pause=0.05)
        crawling.configure(
            f'[[source]]\nkey = "a"\nkind = "web"\nurls = ["{site.url}/0"]\nfollow = ["."]\ndelay = 0',
            allow=[site.allow],
        )
        with crawling.start() as process:
            while len(site.paths()) < 6:
                assert process.poll() is None
                time.sleep(0.01)
            family = [process.pid, *_children(process.pid)]
            listening = [name for pid in family for name in _listening(pid)]
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(b"", timeout=30)
    assert len(family) > 1, "pages are read in processes of their own, which are looked at too"
    assert listening == []
    assert process.returncode == 0, errors
    report = msgspec.json.decode(output, type=Report)["a"]
    assert report.outcome == "partial"
    assert 5 <= report.items < 200
    assert "stopped before its end" in report.problems
    assert crawling.rows("SELECT count(*) FROM items") == [(report.items,)]
    assert crawling.rows("SELECT outcome FROM runs") == [("partial",)]


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _listening(pid: int) -> list[str]:
    """Return the sockets of a process that anybody can reach: listening TCP, bound UDP, and named local ones."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        inodes |= {row[9] for row in _table(pid, name) if row[3] == "0A"}
    for name in ("udp", "udp6"):
        inodes |= {row[9] for row in _table(pid, name) if row[2].endswith(":0000")}  # not asking a server of names
    inodes |= {row[6] for row in _table(pid, "unix") if len(row) > 7}
    try:
        links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except PermissionError:
        pytest.skip("a crawl is closed to its own user (safety.confinement): only root sees what it has open")
    return [link for link in links if link.removeprefix("socket:[").removesuffix("]") in inodes]


def _table(pid: int, name: str) -> list[list[str]]:
    return [line.split() for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
