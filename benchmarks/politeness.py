"""Does one host's rate hold over several processes, and do all leave it alone when it asks one of them to?

`python -m benchmarks.politeness [--database postgresql://…] [--delay 0.1] [--seconds 30]` runs `mekiki crawl` in 1, 2
and 4 processes with one database against one local server; requests are counted by the server's clock while all
processes are at work. Peer in the same run: as many processes of bare Scrapy with DOWNLOAD_DELAY, which count for
themselves. Then the server answers one request with 429 and Retry-After.
"""

import argparse
import contextlib
import itertools
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

CONFIG = """
[crawler]
contact = "abuse@hoshino-denki.example"
[egress]
allow = ["127.0.0.1:{port}"]
[storage]
database = "{database}"
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
"""
SOURCE = """
[[source]]
key = "part-{number}"
kind = "web"
delay = {delay}
max_pages = 10000
urls = [{urls}]
"""
BARE = """
import sys, scrapy
from scrapy.crawler import CrawlerProcess
class Bare(scrapy.Spider):
    name = "bare"
    async def start(self):
        for number in range({pages}):
            yield scrapy.Request("http://127.0.0.1:{port}/{number}/" + str(number), dont_filter=True)
    def parse(self, response):
        pass
process = CrawlerProcess({{"DOWNLOAD_DELAY": {delay}, "RANDOMIZE_DOWNLOAD_DELAY": False, "LOG_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 2}})
process.crawl(Bare)
process.start()
"""


class Site:
    """Counts requests by path; answers the `tired`th with 429."""

    def __init__(self) -> None:
        self.hits: list[tuple[float, str]] = []
        self.tired: int | None = None  # answer 429 from this request on, once
        self.rested = 5
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status = 404 if self.path == "/robots.txt" else 200
                site.hits.append((time.monotonic(), self.path))
                if site.tired is not None and len(site.hits) == site.tired:
                    status = 429
                body = b"<title>page</title><p>words</p>"
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", str(site.rested))
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def ours(folder: Path, port: int, processes: int, pages: int, delay: float, database: str) -> list[list[str]]:
    """Return the commands of some processes, each with a source of its own on the same host."""
    text = CONFIG.format(port=port, database=database or f"sqlite:///{folder}/mekiki.db")
    for number in range(processes):
        urls = ", ".join(f'"http://127.0.0.1:{port}/{number}/{page}"' for page in range(pages))
        text += SOURCE.format(number=number, delay=delay, urls=urls)
    file = folder / "mekiki.toml"
    file.write_text(text, "utf-8")
    mekiki = [sys.executable, "-m", "cli"]
    subprocess.run([*mekiki, "db", "upgrade", "--config", str(file)], check=True, capture_output=True)
    return [[*mekiki, "crawl", "--config", str(file), "--source", f"part-{number}"] for number in range(processes)]


def bare(port: int, processes: int, pages: int, delay: float) -> list[list[str]]:
    """Return the commands of as many processes of Scrapy."""
    return [
        [sys.executable, "-c", BARE.format(port=port, number=number, pages=pages, delay=delay)]
        for number in range(processes)
    ]


@contextlib.contextmanager
def running(commands: Sequence[list[str]]) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run commands side by side; end what still runs."""
    started = [subprocess.Popen(one, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for one in commands]
    try:
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def cpu() -> float:
    """Return the CPU seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rate(site: Site, commands: Sequence[list[str]], delay: float, seconds: float) -> None:
    """Print the rate while all processes are at work."""
    site.hits.clear()
    before = cpu()
    with running(commands):
        while len({path.split("/")[1] for _, path in list(site.hits)} - {"robots.txt"}) < len(commands):
            time.sleep(0.1)
        time.sleep(1)
        began = time.monotonic()
        time.sleep(seconds)
        ended = time.monotonic()
    spent = cpu() - before
    times = [at for at, _ in site.hits if began <= at < ended]
    gaps = sorted(after - before for before, after in itertools.pairwise(times))
    shares = sorted(
        sum(path.startswith(f"/{number}/") for at, path in site.hits if began <= at < ended)
        for number in range(len(commands))
    )
    had = (len(times) - 1) / (times[-1] - times[0])
    print(
        f"{had:.2f} requests/s, {had * delay:.1%} of the configured rate; {len(times)} requests, gaps: least "
        f"{gaps[0] * 1000:.0f} ms, 1 % {gaps[len(gaps) // 100] * 1000:.0f} ms, median {median(gaps) * 1000:.0f} ms; "
        f"shares {shares}; {spent / max(1, len(site.hits)) * 1000:.0f} ms CPU a request, start included"
    )


def quiet(site: Site, commands: Sequence[list[str]]) -> None:
    """Print when the last request came after one was answered with 429, and when the first did after the pause."""
    site.hits.clear()
    site.tired = None
    with running(commands):
        while len({path.split("/")[1] for _, path in list(site.hits)} - {"robots.txt"}) < len(commands):
            time.sleep(0.1)
        time.sleep(1)
        site.tired = len(site.hits) + 5
        while len(site.hits) < site.tired:
            time.sleep(0.01)
        said = site.hits[site.tired - 1][0]
        time.sleep(site.rested + 4)
    after = [at - said for at, _ in site.hits[site.tired :]]
    middle = [at for at in after if at < site.rested - 0.05]
    later = [at for at in after if at >= site.rested - 0.05]
    print(
        f"429 to one of {len(commands)}: {len(middle)} requests after it, the last {max(middle, default=0.0):.2f} s "
        f"later; Retry-After {site.rested} s, the next request {min(later, default=float('nan')):.2f} s later"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="PostgreSQL URL of an empty database; default: SQLite")
    parser.add_argument("--delay", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--no-peer", action="store_true")
    given = parser.parse_args()
    site = Site()
    kind = "PostgreSQL" if given.database else "SQLite"
    pages = int((given.seconds + 15) / given.delay) + 50
    for processes in given.processes:
        with tempfile.TemporaryDirectory() as name:
            commands = ours(Path(name), site.port, processes, pages, given.delay, given.database)
            print(f"{kind}, delay {given.delay} s, {processes} processes: ", end="", flush=True)
            rate(site, commands, given.delay, given.seconds)
        if not given.no_peer:
            print(f"bare Scrapy, delay {given.delay} s, {processes} processes: ", end="", flush=True)
            rate(site, bare(site.port, processes, pages, given.delay), given.delay, min(10.0, given.seconds))
    for delay in (given.delay, 0.0):
        with tempfile.TemporaryDirectory() as name:
            commands = ours(Path(name), site.port, max(given.processes), 10_000, delay, given.database)
            print(f"{kind}, delay {delay} s: ", end="", flush=True)
            quiet(site, commands)


if __name__ == "__main__":
    os.nice(5)
    main()
