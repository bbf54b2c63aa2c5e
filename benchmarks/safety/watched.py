"""One crawl in a process of its own, watched: its memory, and how long its event loop stood still.

`crawl` is called by the parts of this benchmark; `python -m benchmarks.safety.watched CONFIG` is the process.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

import config as configuration
from safety.sandbox import Sandbox
from spiders.crawl import CrawlOptions, Store, run_crawl
from spiders.report import Progress, SourceReport
from storage.database import open_engine, upgrade
from storage.media import MediaStore
from storage.profiles import build_profiles
from tests.servers.crawling import Crawling

ROOT = Path(__file__).resolve().parents[2]
BEAT_SECONDS = 0.01


class Watched(msgspec.Struct):
    """What was seen of one crawl."""

    sources: list[SourceReport]
    seconds: float  # of the crawl itself, the start of Python left out
    before: float  # MB resident before it
    peak: float  # MB resident at most
    stall: float  # longest time in which the event loop did nothing else, seconds

    def errors(self) -> dict[str, int]:
        """Return the errors of all sources together."""
        found: dict[str, int] = {}
        for source in self.sources:
            for kind, count in source.errors.items():
                found[kind] = found.get(kind, 0) + count
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a crawl is told beside its sources."""

    allow: tuple[str, ...]
    hosts: Mapping[str, str]
    crawler: str = "timeout = 30"


def source(key: str, urls: list[str], *, delay: float = 0, more: str = "", kind: str = "web") -> str:
    """Return a [[source]] table."""
    shown = msgspec.json.encode(urls).decode()
    return f'[[source]]\nkey = "{key}"\nkind = "{kind}"\ndelay = {delay}\nmax_pages = 1000000\nurls = {shown}\n{more}\n'


@contextmanager
def started(sources: str, setting: Setting) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a crawl."""
    with tempfile.TemporaryDirectory() as folder:
        crawling = Crawling(Path(folder))
        crawling.configure(sources, allow=list(setting.allow), hosts=dict(setting.hosts), crawler=setting.crawler)
        command = [sys.executable, "-m", "benchmarks.safety.watched", str(crawling.file)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            yield process


def crawl(sources: str, setting: Setting) -> Watched:
    """Crawl, and return what was seen."""
    with started(sources, setting) as process:
        return finished(process)


def finished(process: "subprocess.Popen[bytes]") -> Watched:
    """Wait for a crawl, and return what was seen."""
    output, _ = process.communicate()
    return msgspec.json.decode(output, type=Watched)


def resident(pid: int | str = "self", field: str = "VmHWM") -> float:
    """Return the resident memory of a process in MB, the highest so far (VmHWM) or now (VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith(field)).split()[1]) / 1024


class _Heart:
    """Beats in the event loop, and remembers the longest pause."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self, _: Progress) -> None:
        """Begin with the first call in which the loop runs."""
        if self._task is None:
            try:
                self._task = asyncio.get_running_loop().create_task(self._beat())
            except RuntimeError:  # it has not begun yet
                return

    async def _beat(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.monotonic()
            self.longest = max(self.longest, now - last - BEAT_SECONDS)
            last = now


def main(path: str) -> None:
    """Run one crawl and print what was seen."""
    config = configuration.load(Path(path))
    engine = open_engine(config.storage.database)
    upgrade(engine)
    with Sandbox() as sandbox:
        profiles = build_profiles(config, sandbox)
    heart = _Heart()
    before, began = resident(), time.monotonic()
    progress: Callable[[Progress], None] = heart.start
    store = Store(engine=engine, media=MediaStore(config.storage.media))
    report = run_crawl(config, CrawlOptions(), profiles=profiles, store=store, progress=progress)
    seen = Watched(
        sources=list(report.sources),
        seconds=time.monotonic() - began,
        before=before,
        peak=resident(),
        stall=heart.longest,
    )
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(sys.argv[1])
