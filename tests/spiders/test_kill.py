"""kill -9 in the middle of a crawl, five times, then a rerun: nothing lost, nothing twice."""

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tests.servers.crawling import Crawling
from tests.servers.web import WebServer

ROWS = 1500
FRAUDS = 30  # each on a host of its own, so each is a case
PAGES = 12


def test_five_kills_lose_nothing(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    with WebServer() as site:
        site.html("/0", "<title>0</title>" + "".join(f'<a href="/{number}">x</a>' for number in range(1, PAGES)))
        for number in range(1, PAGES):
            site.html(f"/{number}", f"<title>{number}</title><p>Page {number} of the paper.</p>")
        every = ROWS // FRAUDS
        hosts = (f"hoshino-denki-sale{n}.test" if n % every == 0 else f"shop{n}.test" for n in range(ROWS))
        (tmp_path / "list.csv").write_text("url\n" + "".join(f"http://{host}/\n" for host in hosts), "utf-8")
        crawling.configure(
            f"""
[[source]]
key = "list"
kind = "feed"
paths = ["list.csv"]
format = "csv"
item = "domain"
columns = {{ url = "url" }}

[[source]]
key = "paper"
kind = "web"
urls = ["{site.url}/0"]
follow = ["."]
delay = 0.02
""",
            allow=[site.allow],
        )
        kills = 0
        for more in (1, 200, 400, 600, 800):
            kills += _killed_after(crawling, more)
        report = crawling.crawl()
    assert kills == 5
    assert {source.outcome for source in report.sources} == {"ok"}
    assert crawling.rows("SELECT kind, count(*) FROM items GROUP BY 1 ORDER BY 1") == [
        ("domain", ROWS),
        ("page", PAGES),
    ]
    assert crawling.rows("SELECT count(DISTINCT identity) FROM items") == [(ROWS + PAGES,)]
    assert crawling.rows("SELECT count(*), count(DISTINCT campaign) FROM cases") == [(FRAUDS, FRAUDS)]
    assert crawling.rows("SELECT count(DISTINCT case_id) FROM alert_intents WHERE state = 'pending'") == [(FRAUDS,)]
    assert crawling.rows("SELECT count(*) FROM case_items") == [(FRAUDS,)]


def _killed_after(crawling: Crawling, more: int) -> bool:
    """Kill a crawl once it has stored so many sightings more; tell whether it was still at work."""
    goal = _sightings(crawling.folder) + more
    with crawling.start() as process:
        while process.poll() is None and _sightings(crawling.folder) < goal:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


def _sightings(folder: Path) -> int:
    if not (folder / "mekiki.db").exists():
        return 0
    with closing(sqlite3.connect(f"file:{folder / 'mekiki.db'}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM sightings").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # not made yet
