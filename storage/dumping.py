"""Dumps of PostgreSQL, made and read by its own client programs in their custom format.

Passwords go through the environment, never on a command line, where everybody on the machine can read them.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL, Engine, text

from storage.errors import CopyRefused

_DEBIAN = Path("/usr/lib/postgresql")  # where its packages of several versions lie beside each other
_MOST_WORDS = 300  # characters of what a program says


def dump(engine: Engine, file: Path, snapshot: str) -> None:
    """Write a dump of the state that a snapshot (`pg_export_snapshot`) shows.

    Raises:
        CopyRefused: `pg_dump` is missing, older than the server, or failed.
    """
    program = _program("pg_dump", engine)
    said = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}")
    _run(engine, [program, *said, f"--dbname={_address(engine)}"])


def undump(engine: Engine, file: Path) -> None:
    """Read a dump into an empty database, all of it or nothing.

    Raises:
        CopyRefused: `pg_restore` is missing, older than the server, or failed.
    """
    program = _program("pg_restore", engine)
    said = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run(engine, [program, *said, f"--dbname={_address(engine)}", str(file)])


def _program(name: str, engine: Engine) -> str:
    """Return the newest of the programs of this name, if it is not older than the server."""
    with engine.connect() as connection:
        server = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10000
    here = shutil.which(name)
    found = [*([here] if here else []), *map(str, _DEBIAN.glob(f"*/bin/{name}"))]
    by_version = {version: path for path in found if (version := _version(path)) is not None}
    if not by_version:
        raise CopyRefused(f"{name} is not on this machine; install PostgreSQL's client programs, {server} or newer")
    newest = max(by_version)
    if newest < server:
        raise CopyRefused(f"{name} is of version {newest}, the server of {server}; install its client programs")
    return by_version.get(server, by_version[newest])


def _version(path: str) -> int | None:
    said = subprocess.run(  # noqa: S603 - a program of this machine
        [path, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


def _address(engine: Engine) -> str:
    url = engine.url.difference_update_query(["password"])
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string(hide_password=False)


def _run(engine: Engine, command: Sequence[str]) -> None:
    environment = dict(os.environ)
    password = engine.url.query.get("password", engine.url.password)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run(  # noqa: S603 - no shell; the address is one argument
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = " ".join(done.stderr.split())[:_MOST_WORDS]
        raise CopyRefused(f"{Path(command[0]).name} failed: {words}")
