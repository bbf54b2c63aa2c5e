"""What a visit costs: plain visits beside a bare Scrapy spider that fetches the same pages, and visits with a browser.

    python -m benchmarks.visits [--pages 1000] [--browser 10]

CPU is that of the process and its children; a run with few pages is taken off, so that starting up does not count. The
pages are shops of 7 kB that differ in their goods, served by a process of its own. `fetch` is a bare spider, `parse` a
bare spider that takes title, text and links with parsel. `visit` is one plain visitor with one brand: fetched, read in
the sandbox, judged, kept as evidence (WARC, manifest, custody) and stored; `read` is that without keeping (a dry run),
`hops` without reading, either (the pages come as files). `browser` draws the page and looks at the drawing for logos,
`browser-words` reads what is written in it, too.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FEW = 20


def shop(number: int) -> bytes:
    """Return a page of about 7 kB."""
    draw = random.Random(number)
    goods = "".join(
        f'<li class="card"><a href="/item/{draw.randrange(10**6)}"><img src="/i/{draw.randrange(999)}.jpg" alt="">'
        f"<h3>扇風機 {draw.randrange(100, 999)}型</h3></a><p>静かな風で眠れる夜を。"
        f"{draw.randrange(3, 9)},800円</p></li>"
        for _ in range(45)
    )
    return (
        f"<!doctype html><html lang=ja><head><meta charset=utf-8><title>家電のやまだ {number}</title></head><body>"
        f"<nav><a href=/>ホーム</a></nav><h1>夏の家電</h1><p>各社の扇風機と冷風機を取りそろえています。</p>"
        f"<ul>{goods}</ul><footer><a href=/law>特定商取引法に基づく表記</a></footer></body></html>"
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = shop(int(self.path.rpartition("/")[2] or 0)) if self.path.startswith(("/p/", "/f/")) else b""
        self.send_response(200 if body else 404)
        kind = "application/octet-stream" if self.path.startswith("/f/") else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def serve() -> None:
    """Serve until killed; print the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def pages_of(port: int, pages: int, folder: str = "p") -> list[str]:
    """Return the addresses of so many pages."""
    return [f"http://127.0.0.1:{port}/{folder}/{number}" for number in range(pages)]


def bare(port: int, pages: int, parse: bool) -> None:
    """Fetch the pages with a spider of a few lines."""
    from scrapy import Spider
    from scrapy.crawler import AsyncCrawlerProcess

    class Bare(Spider):
        name = "bare"
        start_urls = pages_of(port, pages)

        def parse(self, response: Any) -> Any:
            if parse:
                texts = " ".join(response.css("body ::text").getall())
                yield {
                    "title": response.css("title::text").get(),
                    "text": texts,
                    "links": response.css("a::attr(href)").getall(),
                }

    process = AsyncCrawlerProcess(
        {"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 16}
    )
    process.crawl(Bare)
    process.start()


def visit(
    port: int, pages: int, *, browser: bool = False, kept: bool = True, read: bool = True, words: bool = False
) -> None:
    """Follow the pages as one visitor."""
    import config as configuration
    from config.sources.visits import VisitsSource
    from safety.sandbox import Sandbox
    from spiders.crawl import CrawlOptions, Store, run_crawl
    from storage.database import open_engine, upgrade
    from storage.media import MediaStore
    from storage.profiles import build_profiles

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mekiki.toml"
        file.write_text(
            '[crawler]\ncontact = "abuse@hoshino-denki.example"\nper_host = 16\n'
            f'[egress]\nallow = ["127.0.0.1:{port}"]\n[detector]\nwords = {str(words).lower()}\n'
            '[[brand]]\nkey = "hoshino"\nname = "星野電機"\ndomains = ["hoshino-denki.example"]\n'
            f'[[visitor]]\nkey = "one"\nuser_agent = "Mozilla/5.0"\nbrowser = {str(browser).lower()}\n',
            "utf-8",
        )
        config = configuration.load(file)
        engine = open_engine(config.storage.database)
        upgrade(engine)
        links = tuple(pages_of(port, pages, "p" if read else "f"))
        source = VisitsSource(key="visits", kind="visits", links=links, most=pages, pictures=False, max_pages=10**6)
        with Sandbox() as sandbox:
            profiles = build_profiles(config, sandbox)
        report = run_crawl(
            config.model_copy(update={"source": (source,)}),
            CrawlOptions(),
            profiles=profiles,
            store=Store(engine=engine, media=MediaStore(config.storage.media)) if kept else None,
        )
        assert report.sources[0].items == (pages if read else 0), report.sources[0]
        assert report.sources[0].requests >= pages


def measure(kind: str, port: int, pages: int) -> dict[str, float]:
    """Run one kind in a process of its own; return CPU and wall seconds, and the peak memory of its tree in MB."""
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.visits", "--run", kind, str(port), str(pages)], cwd=ROOT
    )
    peak = _Peak(process.pid)
    assert process.wait() == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "wall": time.monotonic() - start, "peak": peak.stop()}


class _Peak:
    """Looks at the memory of a process and all its descendants, five times a second (PSS, MB)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._most = max(self._most, sum(map(_pss, _tree(self._pid))))


def _tree(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, _, rest = stat.read_text().partition(" (")
            parents.setdefault(int(rest.rpartition(") ")[2].split()[1]), []).append(int(number))
        except (OSError, ValueError):
            continue
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += parents.get(one, [])
    return found


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--browser", type=int, default=10)
    parser.add_argument("--run", nargs=3)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve()
    elif options.run:
        kind, port, pages = options.run[0], int(options.run[1]), int(options.run[2])
        runs = {
            "fetch": lambda: bare(port, pages, parse=False),
            "parse": lambda: bare(port, pages, parse=True),
            "hops": lambda: visit(port, pages, kept=False, read=False),
            "read": lambda: visit(port, pages, kept=False),
            "visit": lambda: visit(port, pages),
            "browser": lambda: visit(port, pages, browser=True),
            "browser-words": lambda: visit(port, pages, browser=True, words=True),
        }
        runs[kind]()
    else:
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.visits", "--serve"], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            compare(port, options.pages, options.browser)
        finally:
            server.kill()
            server.wait()


def compare(port: int, pages: int, browser: int) -> None:
    """Print what each kind takes for a page, beside the bare spider."""
    found = {}
    for kind, many in (
        ("fetch", pages),
        ("parse", pages),
        ("hops", pages),
        ("read", pages),
        ("visit", pages),
        ("browser", browser),
        ("browser-words", browser),
    ):
        if not many:
            continue
        few = 2 if kind.startswith("browser") else FEW
        small, large = measure(kind, port, few), measure(kind, port, many)
        found[kind] = {
            "pages": many,
            "cpu_ms_a_page": 1000 * (large["cpu"] - small["cpu"]) / (many - few),
            "wall_ms_a_page": 1000 * (large["wall"] - small["wall"]) / (many - few),
            "peak_mb": large["peak"],
        }
        found[kind]["times_fetch"] = found[kind]["cpu_ms_a_page"] / found["fetch"]["cpu_ms_a_page"]
        print(kind, json.dumps({name: round(value, 2) for name, value in found[kind].items()}), flush=True)


if __name__ == "__main__":
    main()
