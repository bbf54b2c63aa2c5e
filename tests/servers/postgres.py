"""PostgreSQL for tests that are more than queries: databases of their own, and a server that may be restarted."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

URL = os.environ.get("MEKIKI_TEST_POSTGRES")
SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "postgres"
needs_postgres = pytest.mark.skipif(not URL, reason="MEKIKI_TEST_POSTGRES is not set")


@contextmanager
def database(server: str | None = None, *, where: str = "") -> Iterator[str]:
    """Make an empty database on a server, give its URL, and drop it at the end. `where` as in CREATE DATABASE."""
    server = server or URL
    assert server
    name = f"mekiki_test_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} {where}"))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def plain_database() -> Iterator[str]:
    """Make an empty database that belongs to a role with no rights elsewhere; give that role's URL."""
    assert URL
    role, server = f"mekiki_test_{secrets.token_hex(6)}", make_url(URL)
    password = f"PASSWORD '{server.password}'" if server.password else ""
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN {password}"))
    try:
        with database(where=f"OWNER {role}") as url:
            yield make_url(url).set(username=role).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP ROLE {role}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of a test's own."""

    url: str
    folder: Path

    def kill(self) -> None:
        """End it as a crash does, with all of its connections."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it anew, where and as it was; return when it takes connections."""
        self._control("restart", "-m", "immediate", "-w", "-l", str(self.folder / "log"))

    def _control(self, *arguments: str) -> None:
        program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1]
        owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*owner, str(program), "-D", str(self.folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@contextmanager
def server() -> Iterator[Server]:
    """Start a server, and remove it at the end."""
    said = subprocess.run(["bash", str(SCRIPT)], check=True, capture_output=True, text=True).stdout
    url = re.search(r"MEKIKI_TEST_POSTGRES=(\S+)", said)
    folder = re.search(r"stop (\S+?)'", said)
    assert url is not None, said
    assert folder is not None, said
    try:
        yield Server(url=url[1], folder=Path(folder[1]))
    finally:
        subprocess.run(["bash", str(SCRIPT), "stop", folder[1]], check=True, stderr=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """A disk of 48 MiB with a tablespace on it."""

    server: str  # URL
    tablespace: str
    folder: Path

    def fill(self) -> None:
        """Leave no room on it."""
        with (self.folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 12))

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "ballast").unlink()


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """Mount a small disk and make a tablespace there; skips the test where that is not allowed.

    On a server of its own: while the disk is full no checkpoint succeeds, and no database can be dropped.
    """
    folder = Path(mkdtemp(prefix="mekiki-disk."))
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, check=False, capture_output=True)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a small disk cannot be mounted here")
    try:
        (folder / "tablespace").mkdir()
        shutil.chown(folder, "postgres")
        shutil.chown(folder / "tablespace", "postgres")
        with server() as own:
            engine = create_engine(own.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            disk = SmallDisk(server=own.url, tablespace=f"mekiki_{secrets.token_hex(6)}", folder=folder)
            with engine.connect() as connection:
                connection.execute(text(f"CREATE TABLESPACE {disk.tablespace} LOCATION '{folder}/tablespace'"))
            yield disk
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
