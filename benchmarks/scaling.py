"""What more workers bring: pages a second and CPU a page with 1, 2 and 4 of `mekiki worker` on one PostgreSQL.

`python -m benchmarks.scaling --database URL [--pages 2000] [--workers 1,2,4]`: URL names an empty database that may be
emptied again and again. The pages are those of `benchmarks.pipeline`, as eight sources on eight hosts. Every worker
takes one crawl at a time. Meanwhile the database is asked, ten times a second, what its connections wait for, and
/proc, which processes use the CPU: workers, their nurseries, the crawls forked there, the parsers that those start, the
server of the database, and that of the pages.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from benchmarks.pipeline import CONFIG, OTHERS, ROOT

SOURCES = 8
KINDS = ("workers", "nurseries", "crawls", "parsers")  # by how far they stand below a worker
WAITS = """
SELECT CASE WHEN state = 'active' THEN coalesce(wait_event_type || ':' || wait_event, 'running') ELSE state END
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()
  AND state IN ('active', 'idle in transaction')
"""


def configure(folder: Path, port: int, pages: int, database: str) -> Path:
    """Write a configuration of eight sources that are all due."""
    file = folder / "mekiki.toml"
    brands = "".join(f'[[brand]]\nkey = "b{n}"\nname = "{name}"\n' for n, name in enumerate(OTHERS))
    sources = "".join(
        f'[[source]]\nkey = "s{n}"\nkind = "web"\nevery = "7d"\ndelay = 0\npictures = false\nurls = ['
        + ", ".join(f'"http://h{n}.test:{port}/p/{number}"' for number in range(n, pages, SOURCES))
        + "]\n"
        for n in range(SOURCES)
    )
    hosts = ", ".join(f'"h{n}.test" = "127.0.0.1"' for n in range(SOURCES))
    storage = f'[storage]\ndatabase = "{database}"\nmedia = "{folder}/media"\n'
    file.write_text(storage + CONFIG.format(port=port, hosts=hosts, brands=brands, sources=sources), "utf-8")
    return file


class Shares:
    """CPU seconds by kind of process, last seen of each."""

    def __init__(self, workers: Sequence[int], pages: int, backend: int) -> None:
        """Take process ids: of workers, of the server of the pages, and of one backend of the database's server."""
        self._kinds = dict.fromkeys(workers, 0)  # how far below a worker
        self._pages = pages
        self._server = _stat(Path("/proc") / str(backend))[0]
        self._before: dict[int, float] = {}
        self._last: dict[int, tuple[str, float]] = {}

    def look(self) -> None:
        """Read /proc once."""
        found = {int(folder.name): _stat(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()}
        for pid, (parent, name, cpu) in sorted(found.items()):
            if parent in self._kinds and pid not in self._kinds:
                self._kinds[pid] = self._kinds[parent] + 1
            if pid in self._kinds:
                kind = KINDS[min(self._kinds[pid], len(KINDS) - 1)]
            elif pid == self._pages:
                kind = "server of the pages"
            elif name == "postgres" and self._server in (pid, parent):
                kind = "PostgreSQL"
            else:
                continue
            if kind in ("server of the pages", "PostgreSQL"):
                self._before.setdefault(pid, cpu)
            self._last[pid] = kind, cpu - self._before.get(pid, 0.0)

    def told(self) -> str:
        """Return the shares, the greatest first."""
        kinds: Counter[str] = Counter()
        for kind, cpu in self._last.values():
            kinds[kind] += cpu  # type: ignore[assignment]  # seconds
        whole = sum(kinds.values()) or 1
        return ", ".join(f"{kind} {cpu / whole:.0%} ({cpu:.1f} s)" for kind, cpu in kinds.most_common())


def _stat(folder: Path) -> tuple[int, str, float]:
    """Return parent, name and CPU seconds of a process; of one that is gone nothing."""
    try:
        name, _, rest = (folder / "stat").read_text().partition(" (")[2].rpartition(") ")
    except OSError:
        return 0, "", 0.0
    fields = rest.split()
    return int(fields[1]), name, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(file: Path, database: str, pages: int, workers: int, site: int) -> str:
    """Let so many workers read all sources of a fresh database; return a line of figures."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    subprocess.run([sys.executable, "-m", "cli", "db", "upgrade", "-c", str(file)], cwd=ROOT, check=True)
    command = [sys.executable, "-m", "cli", "worker", "--queues", "crawl", "--jobs", "1", "-c", str(file)]
    waits: Counter[str] = Counter()
    began = time.monotonic()
    running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(workers)]
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        shares = Shares([process.pid for process in running], site, backend)
        first = None
        while True:
            shares.look()
            waits.update(row[0] for row in connection.execute(text(WAITS)))
            started, ended = connection.execute(text("SELECT count(*), count(finished_at) FROM runs")).one()
            first = first or (time.monotonic() if started else None)
            if ended == SOURCES:
                break
            assert time.monotonic() - began < 1200, (started, ended)
            time.sleep(0.1)
        seconds = time.monotonic() - (first or began)
        items = connection.scalar(text("SELECT count(*) FROM items"))
    cpu = 0.0
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        cpu += usage.ru_utime + usage.ru_stime
    engine.dispose()
    seen = ", ".join(f"{name} {count}" for name, count in waits.most_common(6))
    return (
        f"{workers} workers: {pages / seconds:5.1f} pages/s, {cpu / pages * 1000:5.1f} ms CPU a page, {items} items; "
        f"connections were seen: {seen}\n  CPU: {shares.told()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Pages a second with more and more workers")
    parser.add_argument("--database", required=True, help="an empty PostgreSQL database, emptied before each run")
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--workers", default="1,2,4")
    options = parser.parse_args()
    database = make_url(options.database).render_as_string(hide_password=False)
    server = [sys.executable, "-m", "benchmarks.pipeline", "--serve", "--pages", str(options.pages)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(server, cwd=ROOT, stdout=subprocess.PIPE, text=True) as served,
    ):
        assert served.stdout is not None
        port = int(served.stdout.readline().split()[0])
        file = configure(Path(folder), port, options.pages, database)
        for workers in map(int, options.workers.split(",")):
            print(measured(file, database, options.pages, workers, served.pid), flush=True)
        served.terminate()


if __name__ == "__main__":
    main()
