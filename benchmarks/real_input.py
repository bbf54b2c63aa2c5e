"""The main job on real input: crawl the shared data files from a loopback server, as a brand protection team would.

`python -m benchmarks.real_input [--smoke]` serves 24 monthly phishing lists as a feed, 13 publisher pages and three
phishing pages under their own host names (pinned to loopback), runs `mekiki crawl`, and prints the summary, the cost of
the whole process tree, what was flagged for each brand, and how often the list's own label names another brand.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args
from urllib.parse import urlsplit

from storage.cases import case_detail, list_cases
from storage.database import open_engine, snapshot
from storage.schema import CaseState
from storage.views import CaseFilters

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
BRANDS = Path(__file__).with_name("brands.toml")
FEED_HOST = "lists.example"


class Pages(BaseHTTPRequestHandler):
    """Serves files by (host, path)."""

    files: dict[tuple[str, str], Path]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        found = self.files.get((host, urlsplit(self.path).path))
        body = found.read_bytes() if found else b""
        self.send_response(200 if found else 404)
        kind = "text/csv" if found and found.suffix == ".csv" else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@contextmanager
def served(files: dict[tuple[str, str], Path]) -> Iterator[int]:
    """Serve the files on a free loopback port."""
    handler = type("BoundPages", (Pages,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def listed(*, smoke: bool) -> tuple[dict[tuple[str, str], Path], list[str], list[str], list[str]]:
    """Return the files to serve, and the paths of feeds, publisher pages and phishing pages as host/path."""
    lists = sorted((DATA / "jpcert").glob("*.csv"))[: 1 if smoke else None]
    files = {(FEED_HOST, f"/{path.name}"): path for path in lists}
    publishers = sorted((DATA / "publisher_pages").glob("*.html"))
    for path in publishers:
        files[f"{path.stem.removesuffix('.html').split('-')[0]}.publisher.example".lower(), "/page"] = path
    publisher_urls = [f"{host}/page" for host, page in files if page == "/page"]
    phish_urls = []
    for folder in sorted((DATA / "phish_pages").iterdir()):
        parts = urlsplit((folder / "info.txt").read_text("utf-8").strip())
        files[parts.hostname or "", parts.path or "/"] = folder / "html.txt"
        phish_urls.append(f"{parts.hostname}{{port}}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else ""))
    return files, [f"{FEED_HOST}/{path.name}" for path in lists], publisher_urls, phish_urls


def configuration(
    folder: Path, port: int, hosts: set[str], feeds: list[str], pages: list[str], phish: list[str]
) -> Path:
    """Write the configuration of the run."""

    def urls(values: list[str]) -> str:
        placed = [
            value.replace("{port}", f":{port}") if "{port}" in value else _with_port(value, port) for value in values
        ]
        return "[" + ", ".join(f'"http://{value}"' for value in placed) + "]"

    pinned = ", ".join(f'"{host}" = "127.0.0.1"' for host in sorted(hosts))
    text = f"""
include = ["brands.toml"]
[crawler]
contact = "brand-protection@hoshino-denki.example"
[egress]
allow = ["127.0.0.1:{port}"]
hosts = {{ {pinned} }}
[[source]]
key = "jpcert"
kind = "feed"
urls = {urls(feeds)}
format = "csv"
columns = {{ url = "URL", seen_at = "date" }}
time_zone = "Asia/Tokyo"
delay = 0.0
[[source]]
key = "publishers"
kind = "web"
urls = {urls(pages)}
depth = 0
pictures = false
delay = 0.0
[[source]]
key = "phish-pages"
kind = "web"
urls = {urls(phish)}
depth = 0
pictures = false
delay = 0.0
"""
    shutil.copy(BRANDS, folder / "brands.toml")
    file = folder / "mekiki.toml"
    file.write_text(text, "utf-8")
    return file


def _with_port(value: str, port: int) -> str:
    host, slash, path = value.partition("/")
    return f"{host}:{port}{slash}{path}"


def labels() -> dict[str, set[str]]:
    """Return URL -> the brand names that the lists give it."""
    found: dict[str, set[str]] = {}
    for path in (DATA / "jpcert").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["URL"], set()).add(row["description"])
    return found


def names(brands: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    """Return brand key -> every name the profile carries, folded, to compare with labels."""
    return {
        key: {name.casefold() for name in (brand["name"], *brand.get("aliases", []), *brand.get("labels", []))}
        for key, brand in brands.items()
    }


def report(file: Path, database: str) -> None:
    """Print what was flagged for each brand, and where the lists' own label disagrees."""
    profiles = names({brand["key"]: brand for brand in tomllib.loads(BRANDS.read_text("utf-8"))["brand"]})
    labelled = labels()
    flagged: Counter[str] = Counter()
    right: Counter[str] = Counter()
    doubtful: list[str] = []
    without_evidence = 0
    with snapshot(open_engine(database)) as session:
        cases = list_cases(session, CaseFilters(states=get_args(CaseState)), limit=1_000_000, now=datetime.now(UTC))
        for case in cases:
            for view in case_detail(session, case.id, max_items=1_000_000).items:
                flagged[case.brand] += 1
                without_evidence += not all(e.observed and e.expected and e.says for e in view.verdict.evidence)
                given = {label.casefold() for label in labelled.get(view.item.url or "", set())}
                if any(label in name or name in label for label in given for name in profiles[case.brand]):
                    right[case.brand] += 1
                else:
                    why = view.verdict.evidence[0].says if view.verdict.evidence else ""
                    doubtful.append(f"{case.brand}\t{view.item.url}\tlabel: {', '.join(sorted(given)) or '-'}\t{why}")
    print(
        f"cases {len(cases)}, flagged items {sum(flagged.values())}, evidence without seen/expected {without_evidence}"
    )
    for brand, count in flagged.most_common():
        print(f"  {brand:12} {count:6} flagged, {right[brand]:6} with that brand's label")
    sample = file.with_name("doubtful.tsv")
    sample.write_text("\n".join(doubtful), "utf-8")
    print(f"{len(doubtful)} flagged items whose label names another brand or none: {sample}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one month only")
    parser.add_argument("--keep", type=Path, help="folder for database and configuration")
    options = parser.parse_args()
    if not DATA.exists():
        sys.exit(f"{DATA} is absent: nothing to measure")
    folder = options.keep or Path(tempfile.mkdtemp(prefix="mekiki-real-"))
    folder.mkdir(parents=True, exist_ok=True)
    files, feeds, pages, phish = listed(smoke=options.smoke)
    with served(files) as port:
        file = configuration(folder, port, {host for host, _ in files}, feeds, pages, phish)
        started = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "cli", "crawl", "--config", str(file)])
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    cpu = usage.ru_utime + usage.ru_stime
    code, peak = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
    print(f"exit {code}, wall {wall:.1f} s, CPU {cpu:.1f} s, peak RSS {peak:.0f} MB")
    report(file, f"sqlite:///{folder / 'mekiki.db'}")


if __name__ == "__main__":
    main()
