"""(21) The disk is full in mid-work: a clear error, a sound database, and nothing lost once there is room."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import Engine, text

from storage.database import open_engine, transaction
from tests.servers.postgres import database, needs_postgres, small_disk
from tests.servers.programs import mekiki
from tests.servers.waiting import until
from watch.many.queue_figures import dead_jobs

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
"""
ROWS = 3000
EVERY = 60  # one host of so many imitates the brand
SOURCES = 6


def rows(first: int, count: int) -> str:
    """Return a list of hosts."""
    names = (f"hoshinodenki-sale{n}.test" if n % EVERY == 0 else f"shop{n}.test" for n in range(first, first + count))
    return "".join(f"https://{name}/\n" for name in names)


def source(key: str) -> str:
    """Return a source that reads such a list."""
    return f'[[source]]\nkey = "{key}"\nkind = "feed"\npaths = ["{key}.txt"]\nformat = "urls"\nevery = "1d"\n'


@contextmanager
def disk(megabytes: int) -> Iterator[Path]:
    """Mount a small disk; skips the test where that is not allowed."""
    folder = Path(mkdtemp(prefix="mekiki-disk."))
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted here")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        folder.rmdir()


def fill(folder: Path, *, leaving: int) -> Path:
    """Fill a disk but for so many bytes; return the file that does it."""
    file = folder / "ballast"
    room = os.statvfs(folder)
    with file.open("wb", buffering=0) as ballast, suppress(OSError):
        for _ in range((room.f_bavail * room.f_frsize - leaving) // 4096):
            ballast.write(bytes(4096))
    return file


def test_a_crawl_that_fills_the_disk_of_its_sqlite_file_says_so_and_the_next_one_goes_on() -> None:
    with disk(24) as folder:
        config = folder / "mekiki.toml"
        config.write_text(CONFIG + source("list"), "utf-8")
        (folder / "list.txt").write_text(rows(0, ROWS), "utf-8")
        assert mekiki("db", "upgrade", "--config", config).returncode == 0
        ballast = fill(folder, leaving=2_000_000)
        full = mekiki("crawl", "--config", config)
        said = full.stdout + full.stderr
        assert full.returncode not in (0, -signal.SIGKILL), said
        assert "full" in said, said
        assert "Traceback" not in said, said
        with closing(sqlite3.connect(folder / "mekiki.db")) as stored:
            assert stored.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            [before] = stored.execute("SELECT count(*) FROM items").fetchone()
        assert 0 < before < ROWS
        ballast.unlink()
        again = mekiki("crawl", "--config", config)
        assert again.returncode == 0, again.stderr
        engine = open_engine(f"sqlite:///{folder / 'mekiki.db'}")
        assert _counted(engine) == (ROWS, ROWS // EVERY, ROWS // EVERY)
        engine.dispose()


@pytest.mark.postgres
@needs_postgres
def test_two_workers_whose_database_has_no_room_say_so_and_do_all_of_it_later(tmp_path: Path) -> None:
    config = tmp_path / "mekiki.toml"
    keys = [f"list{number}" for number in range(SOURCES)]
    for number, key in enumerate(keys):
        (tmp_path / f"{key}.txt").write_text(rows(number * ROWS // SOURCES, ROWS // SOURCES), "utf-8")
    config.write_text('[storage]\ndatabase = "env:MEKIKI_FULL"\n' + CONFIG + "".join(map(source, keys)), "utf-8")
    with small_disk() as small, database(small.server, where=f"TABLESPACE {small.tablespace}") as url:
        environment = {**os.environ, "MEKIKI_FULL": url}
        assert mekiki("db", "upgrade", "--config", config, env=environment).returncode == 0
        ballast = fill(small.folder, leaving=1_500_000)
        command = [sys.executable, "-m", "cli", "worker", "--jobs", "1", "--lease", "2", "--config", str(config)]
        logs = [tmp_path / "one.log", tmp_path / "two.log"]
        workers = [_started(command, environment, log) for log in logs]
        engine = open_engine(url)
        try:
            assert until(lambda: any("No space left" in log.read_text() for log in logs), 120), logs[0].read_text()
            assert _counted(engine)[0] < ROWS
            ballast.unlink()
            assert until(lambda: _counted(engine)[0] == ROWS and _read(engine) == SOURCES, 240), logs[0].read_text()
            assert [worker.poll() for worker in workers] == [None, None], "both live"
            assert _counted(engine) == (ROWS, ROWS // EVERY, ROWS // EVERY)
            assert dead_jobs(engine) == []
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait()
            engine.dispose()
        assert not any("Traceback" in log.read_text() for log in logs)


def _started(command: list[str], environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as errors:
        return subprocess.Popen(command, env=environment, stderr=errors)


def _counted(engine: Engine) -> tuple[int, int, int]:
    """Return how many items there are, how many of them in a case, and of how many cases somebody is to be told."""
    with transaction(engine) as session:
        items, flagged, told = session.execute(
            text(
                "SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM case_items), "
                "(SELECT count(DISTINCT case_id) FROM alert_intents)"
            )
        ).one()
        return items, flagged, told


def _read(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalar(text("SELECT count(DISTINCT source) FROM runs WHERE outcome = 'ok'")) or 0
