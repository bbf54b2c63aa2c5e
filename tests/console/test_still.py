"""`mekiki db copy` beside an idle watch or worker: refused, for what that writes later would stay behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.copying import copy_database, counts
from storage.database import open_engine, snapshot, upgrade
from storage.errors import CopyRefused
from tests.servers.postgres import database, needs_postgres
from tests.servers.programs import mekiki
from tests.servers.waiting import until
from watch.many.queue_figures import workers_connected

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[storage]
database = "env:MEKIKI_STILL_DATABASE"
[[receiver]]
key = "desk"
channel = "slack"
url = "env:MEKIKI_STILL_HOOK"
[[route]]
receivers = ["desk"]
"""
THEN = "copy, name the new database in [storage] database, start it again"


@contextmanager
def running(folder: Path, verb: str) -> Iterator["subprocess.Popen[str]"]:
    """Let a process wait for work that does not come."""
    command = [sys.executable, "-m", "cli", verb, "--config", str(folder / "mekiki.toml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert "stop with Ctrl-C" in process.stderr.readline()
            yield process
        finally:
            process.terminate()
            process.communicate()


def configure(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "MEKIKI_STILL_DATABASE", url)
    monkeypatch.setitem(os.environ, "MEKIKI_STILL_HOOK", "http://127.0.0.1:1/")
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    assert mekiki("db", "upgrade", cwd=folder).returncode == 0


def refused(folder: Path, target: str, who: str) -> None:
    done = mekiki("db", "copy", target, cwd=folder)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr == f"mekiki: {who} the database: stop it, {THEN}\n"


def test_nothing_is_copied_beside_an_idle_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, f"sqlite:///{tmp_path / 'mekiki.db'}", monkeypatch)
    target = f"sqlite:///{tmp_path / 'other.db'}"
    with running(tmp_path, "watch"):
        refused(tmp_path, target, "a `mekiki watch` uses")
    assert not (tmp_path / "other.db").stat().st_size
    done = mekiki("db", "copy", target, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@needs_postgres
@pytest.mark.postgres
@pytest.mark.parametrize("verb", ["worker", "watch"])
def test_nothing_is_copied_beside_an_idle_worker(tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with database() as url:
        configure(tmp_path, url, monkeypatch)
        engine = open_engine(url)

        def connected() -> bool:
            with snapshot(engine) as session:
                return workers_connected(session) == 1

        target = f"sqlite:///{tmp_path / 'other.db'}"
        with running(tmp_path, verb):
            assert until(connected)
            refused(tmp_path, target, "1 worker uses")
        assert until(lambda: not connected())
        done = mekiki("db", "copy", target, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        engine.dispose()


def test_a_worker_that_comes_while_the_copy_is_made_undoes_it(tmp_path: Path) -> None:
    source, target = (open_engine(f"sqlite:///{tmp_path / name}") for name in ("mekiki.db", "other.db"))
    upgrade(source)

    def comes() -> None:
        raise CopyRefused("1 worker uses the database")

    with pytest.raises(CopyRefused, match="1 worker"):
        list(copy_database(source, target, check=comes))
    with target.connect() as connection:
        assert set(counts(connection).values()) == {0}
    for one in (source, target):
        one.dispose()
