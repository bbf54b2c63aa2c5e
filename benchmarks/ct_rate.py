"""How many entries of Certificate Transparency logs does one core read, judge and keep, with 500 brands?

`python -m benchmarks.ct_rate [--entries 100000] [--kinds data names rfc6962] [--database postgresql://…]` serves a log
from a process of its own and reads it by `mekiki crawl`: fetched, parsed in the sandbox, judged, kept, as always. CPU
seconds of all processes of the crawl are added, start included. Half of the entries are recorded ones
(`../shared/data/ct/static`), half are made, each with two new names; one entry of a hundred imitates a brand. Brands:
those of `brands.toml` and made-up ones. Resident memory of all processes is sampled. Peers judge the same names in the
same run: a substring scan, and dnstwist's permutations.
"""

import argparse
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dnstwist
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from detector.hosts import parse_host
from spiders.pages.ct_static import WIDTH
from storage.database import open_engine, snapshot, upgrade

HERE = Path(__file__).resolve().parent
TILES = HERE.parents[1] / "shared/data/ct/static/tile"
BRANDS = 500
SPAN = 30  # letters of a made name, so that a certificate can be made of a template
LIVE = 690  # entries a second of all logs together, measured by others in October 2026
FIRST = [
    "aka", "ao", "fuji", "haru", "hina", "hoshi", "ishi", "iwa", "kawa", "kita", "kuro", "mido", "mina", "mori",
    "naka", "nishi", "sakura", "shiro", "taka", "tomo", "yama", "yuki",
]  # fmt: skip
LAST = [
    "bashi", "gawa", "hara", "kawa", "matsu", "mine", "moto", "mura", "naka", "no", "oka", "saki", "sawa", "shima",
    "ta", "tani", "to", "ue", "ura", "wara", "yama", "zaki",
]  # fmt: skip
TRADES = [
    "denki", "shoji", "kasei", "bussan", "sangyo", "ginko", "hoken", "koubou", "shokuhin", "seiyaku", "kikai",
    "unyu",
]  # fmt: skip
WORDS = [
    "blue", "cloud", "craft", "daily", "data", "design", "east", "farm", "forest", "garden", "green", "home", "lake",
    "light", "media", "north", "ocean", "paper",
]  # fmt: skip


def made_brands(count: int) -> list[dict[str, Any]]:
    """Return brands that nobody has: name, spelling as in a host, domain."""
    draw = random.Random(7)
    names = list(itertools.islice((" ".join(pair) for pair in _names(draw)), count))
    return [
        {
            "key": name.replace(" ", "-"),
            "name": name.title(),
            "aliases": [name.replace(" ", "")],
            "domains": [f"{name.replace(' ', '-')}.example"],
        }
        for name in names
    ]


def _names(draw: random.Random) -> Iterator[tuple[str, str]]:
    known = set()
    while True:
        pair = (draw.choice(FIRST) + draw.choice(LAST), draw.choice(TRADES))
        if pair not in known:
            known.add(pair)
            yield pair


def made_name(index: int, brands: Sequence[str]) -> str:
    """Return the name of a made entry, `SPAN` letters long; with an index that ends in 00 it imitates a brand."""
    draw = random.Random(index)
    if index % 100 == 0:
        body = f"{draw.choice(brands)}-login{index:x}"
    else:
        body = f"{draw.choice(WORDS)}-{draw.choice(WORDS)}{index:x}"
    return f"{body[: SPAN - 5]:x<{SPAN - 5}}.shop"


class Log:
    """Makes tiles and ranges of any number."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.brands = [brand["aliases"][0] for brand in made_brands(BRANDS)]
        self._cut = self._template().split(b"@" * SPAN)
        self.lines = [line for tile in range(4) for line in (TILES / f"names/{tile:03}").read_bytes().splitlines()]
        self.leaves = [leaf for tile in range(2) for leaf in _leaves((TILES / f"data/{tile:03}").read_bytes())]

    @staticmethod
    def _template() -> bytes:
        """Return a certificate as large as those of today, in DER, with a mark where names stand."""
        key, began = rsa.generate_private_key(65537, 2048), datetime(2026, 11, 1, tzinfo=UTC)
        name = "@" * SPAN
        builder = x509.CertificateBuilder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Made CA")]),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            key.public_key(), 4711, began, began + timedelta(days=90),
        )  # fmt: skip
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName(f"www.{name}")]), critical=False
        )
        room = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.9"), b"s" * 245)  # room of SCTs
        return builder.add_extension(room, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def certificate(self, index: int) -> bytes:
        """Return a made certificate in DER."""
        return made_name(index, self.brands).encode().join(self._cut)

    def data(self, number: int) -> bytes:
        """Return a data tile."""
        parts = []
        for index in range(number * WIDTH, (number + 1) * WIDTH):
            if index % 2:
                parts.append(self.leaves[index % len(self.leaves)][0])
            else:
                der = self.certificate(index)
                parts.append((1_764_000_000_000 + index).to_bytes(8, "big") + b"\0\0" + _vector(3, der) + b"\0\0\0\0")
        return b"".join(parts)

    def names(self, number: int) -> bytes:
        """Return a names tile."""
        lines = []
        for index in range(number * WIDTH, (number + 1) * WIDTH):
            if index % 2:
                lines.append(self.lines[index % len(self.lines)])
            else:
                name = made_name(index, self.brands)
                row = {
                    "Timestamp": 1_764_000_000_000 + index,
                    "Subject": {"CommonName": name},
                    "DNS": [name, f"www.{name}"],
                }
                lines.append(json.dumps(row).encode())
        return b"\n".join(lines)

    def entries(self, start: int, end: int) -> bytes:
        """Return an answer of get-entries."""
        rows = []
        for index in range(start, min(end + 1, start + WIDTH)):
            der = self.leaves[index % len(self.leaves)][1] if index % 2 else self.certificate(index)
            head = b"\0\0" + (1_764_000_000_000 + index).to_bytes(8, "big") + b"\0\0"
            leaf = b64encode(head + _vector(3, der) + b"\0\0").decode()
            rows.append({"leaf_input": leaf, "extra_data": "AAAA"})
        return json.dumps({"entries": rows}).encode()


def _vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _leaves(tile: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each entry of a data tile, and its certificate or pre-certificate."""
    at = 0
    while at < len(tile):
        start, kind, at = at, tile[at + 8 : at + 10], at + 10

        def vector(size: int) -> bytes:
            nonlocal at
            length = int.from_bytes(tile[at : at + size], "big")
            at += size + length
            return tile[at - length : at]

        if kind == b"\0\1":
            at += 32
        der = vector(3)
        vector(2)
        if kind == b"\0\1":
            der = vector(3)
        vector(2)
        yield tile[start:at], der


def serve(size: int) -> None:
    """Serve the log; the first line of the output is the port."""
    log = Log(size)
    tile = cache(lambda kind, number: log.data(number) if kind == "data" else log.names(number))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if path == "/checkpoint":
                body = f"log.test/1\n{size}\nAAAA\n\n\N{EM DASH} x y\n".encode()
            elif path == "/ct/v1/get-sth":
                body = json.dumps({"tree_size": size, "timestamp": 1}).encode()
            elif path == "/ct/v1/get-entries":
                body = log.entries(int(query["start"][0]), int(query["end"][0]))
            else:
                _, _, kind, *digits = path.split("/")
                number = int("".join(digits).replace("x", ""))
                body = tile.__wrapped__(kind, number)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def resident(pid: int) -> float:
    """Return the resident memory of a process and all below it, in MB."""
    total = 0.0
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1]) / 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(resident(int(child)) for child in (task / "children").read_text().split())
    except OSError:
        pass
    return total


def crawl(folder: Path, kind: str, size: int, database: str) -> None:
    """Read a whole log, and print what it took."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.ct_rate", "--serve", str(size)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        own = tomllib.loads((HERE / "brands.toml").read_text("utf-8"))["brand"]
        brands = [*own, *made_brands(BRANDS - len(own))]
        url = database or f"sqlite:///{folder}/{kind}.db"
        text = (
            f'[crawler]\ncontact = "abuse@hoshino-denki.example"\n[egress]\nallow = ["127.0.0.1:{port}"]\n'
            f'[storage]\ndatabase = "{url}"\n[[source]]\nkey = "log"\nkind = "ct"\ndelay = 0\nmax_pages = 10000000\n'
            f'urls = ["http://127.0.0.1:{port}"]\nback = {size}\nmost = {size}\n'
            f'api = "{"rfc6962" if kind == "rfc6962" else "static"}"\nnames = {json.dumps(kind == "names")}\n'
        )
        for brand in brands:
            fields = {name: brand[name] for name in ("key", "name", "aliases", "ambiguous", "domains") if name in brand}
            text += "[[brand]]\n" + "".join(
                f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items()
            )
        file = folder / f"{kind}.toml"
        file.write_text(text, "utf-8")
        engine = open_engine(url)
        upgrade(engine)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "crawl", "--config", str(file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        samples = []
        while process.poll() is None:
            samples.append(resident(process.pid))
            time.sleep(1)
        wall = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        server.terminate()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with snapshot(engine) as session:
        read = json.loads(session.connection().exec_driver_sql("SELECT value FROM cursors").scalar_one())["next"]
        items = session.connection().exec_driver_sql("SELECT count(*) FROM items").scalar_one()
    engine.dispose()
    assert process.stderr is not None
    if process.returncode or read != size:
        print(f"exit code {process.returncode}, read {read} of {size}: {process.stderr.read()[-500:]}")
    curve = [samples[min(len(samples) - 1, len(samples) * tenth // 10)] for tenth in range(1, 11)]
    print(
        f"{kind}, {'PostgreSQL' if database else 'SQLite'}: {size:,} entries, {items:,} items; "
        f"{size / cpu:,.0f} entries/s/core ({cpu:.1f} s CPU of all processes, {wall:.0f} s wall), "
        f"{size / cpu / LIVE:.0f} times all logs; memory by tenths: {' '.join(f'{one:.0f}' for one in curve)} MB",
        flush=True,
    )


def peers(size: int) -> None:
    """Print how fast others judge the made names alone, without reading or keeping anything."""
    brands = made_brands(BRANDS)
    signs = [brand["aliases"][0] for brand in brands]
    twisted: set[str] = set()
    for brand in brands:
        fuzzer = dnstwist.Fuzzer(brand["domains"][0])
        fuzzer.generate()
        twisted.update(entry["domain"] for entry in fuzzer.domains)
    names = [made_name(index, signs) for index in range(0, size, 2)]

    def by_substring(name: str) -> bool:
        return any(sign in name for sign in signs)

    def by_permutation(name: str) -> bool:
        host = parse_host(name)
        return host is not None and host.registrable in twisted

    for label, judge in (("substring", by_substring), ("dnstwist", by_permutation)):
        began = time.process_time()
        hits = sum(judge(name) for name in names)
        rate = len(names) / (time.process_time() - began)
        print(f"{label} alone, {BRANDS} brands: {rate:,.0f} names/s, finds {hits} of {len(names):,}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="*", default=["data", "names", "rfc6962"])
    parser.add_argument(
        "--database", default="", help="PostgreSQL URL of an empty database, for one kind; default: SQLite"
    )
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    size = given.entries // WIDTH * WIDTH
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.kinds:
            crawl(Path(folder), kind, size, given.database)
    if not given.database:
        peers(min(size, 50_000))


if __name__ == "__main__":
    os.nice(5)
    main()
