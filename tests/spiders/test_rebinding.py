"""A name that leads outside once and inside the next time, from one run to the next and within one answer."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.servers.crawling import Crawling, Report
from tests.servers.programs import ROOT
from tests.servers.web import WebServer

# The system's resolver, with answers of its own for one name; put in place before anything has imported it.
DRIVER = """
import json, socket, sys
system, answers = socket.getaddrinfo, json.loads(sys.argv[2])
def getaddrinfo(host, port, *more, **named):
    if host not in ("rebind.test", b"rebind.test"):
        return system(host, port, *more, **named)
    return [entry for address in answers for entry in system(address, port, *more, **named)]
socket.getaddrinfo = getaddrinfo
from tests.servers.crawl_driver import main
main(sys.argv[1], {})
"""
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"
# What the name resolves to in one run after the other, and whether a page may come.
RESTARTS: list[tuple[list[str], bool]] = [
    ([OUTSIDE], True),
    ([INSIDE], False),
    ([OUTSIDE, INSIDE], True),
    ([INSIDE, OUTSIDE], True),
    (["::1"], False),
    (["::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1"], False),
    ([OUTSIDE], True),
]


def test_a_name_that_changes_reaches_nothing_inside(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    with WebServer(address=OUTSIDE) as site, socket.create_server((INSIDE, site.port)) as inside:
        inside.setblocking(False)
        site.html("/", '<title>page</title><a href="/more">x</a><img src="/p.png" width=300>')
        site.html("/more", "<title>more</title>")
        url = f"http://rebind.test:{site.port}/"
        crawling.configure(
            f'[[source]]\nkey = "a"\nkind = "web"\nurls = ["{url}"]\nfollow = ["."]\ndelay = 0\n', allow=[site.allow]
        )
        for answers, comes in RESTARTS:
            site.hits.clear()
            command = [sys.executable, "-c", DRIVER, str(crawling.file), json.dumps(answers)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
            report = msgspec.json.decode(done.stdout, type=Report)["a"]
            assert bool(site.hits) is comes, (answers, report)
            if not comes:
                assert report.errors == {"refused_address": 1}, (answers, report)
        try:
            reached = inside.accept()
        except BlockingIOError:
            reached = None
        assert reached is None
