"""Dumps of PostgreSQL, made and read by its own client programs in their custom format.

Passwords go through the environment, never on a command line, where everybody on the machine can read them; of the rest
of our environment, where other secrets are, those programs are given no more than they need.

A dump that is read is code: what it makes runs at the server, as the role that reads it. So that role must not be one
that may leave the database, and the dump must hold nothing but our own tables and what belongs to them.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from sqlalchemy import URL, Engine, text

from safety.screen import screen
from storage.errors import CopyRefused

_DEBIAN = Path("/usr/lib/postgresql")  # where its packages of several versions lie beside each other
_MOST_WORDS = 300  # characters of what a program says
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "TMPDIR", "PG", "KRB5", "SSL")  # of our environment
_QUEUE = "mekiki_queue"  # schema of `watch.many.queue`, which lies above us
# Kinds of what a dump of ours holds, and a name within ours: of the table first, or of what has no table.
_TABLES = (
    "TABLE DATA",
    "TABLE ATTACH",
    "TABLE",
    "FK CONSTRAINT",
    "CHECK CONSTRAINT",
    "CONSTRAINT",
    "DEFAULT",
    "TRIGGER",
)
_FREE = ("INDEX ATTACH", "INDEX", "SEQUENCE OWNED BY", "SEQUENCE SET", "SEQUENCE", "STATISTICS")
_NAMED = {
    ("SCHEMA", "-"): {"public", _QUEUE},
    ("COMMENT", "-"): {"SCHEMA public"},
    ("FUNCTION", "public"): {"case_log_is_append_only()", "custody_is_append_only()"},
    ("FUNCTION", _QUEUE): {"fn_pgqueuer_changed()"},
    ("TYPE", _QUEUE): {"pgqueuer_status"},
}
_KINDS = (*_TABLES, *_FREE, *(kind for kind, _ in _NAMED))
_ENTRY = re.compile(rf"\d+; \d+ \d+ ({'|'.join(_KINDS)}) (\S+) (.+) \S+")
_PARTITION = re.compile(r"(.+)_(?:[0-9]{6}|default)")
_POWERS = text("""
SELECT current_user AS role, rolsuper OR pg_has_role('pg_execute_server_program', 'member')
    OR pg_has_role('pg_write_server_files', 'member') OR pg_has_role('pg_read_server_files', 'member') AS powerful
FROM pg_roles WHERE rolname = current_user
""")


def dump(engine: Engine, file: Path, snapshot: str) -> None:
    """Write a dump of the state that a snapshot (`pg_export_snapshot`) shows.

    Raises:
        CopyRefused: `pg_dump` is missing, older than the server, or failed.
    """
    program = _program("pg_dump", engine)
    said = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={file}")
    _run(engine, [program, *said, f"--dbname={_address(engine)}"])


def check_role(engine: Engine) -> None:
    """Make sure that reading a dump cannot reach out of the database, whoever made it.

    Raises:
        CopyRefused: the role may run programs at the server, or read or write files there.
    """
    with engine.connect() as connection:
        found = connection.execute(_POWERS).one()
    if found.powerful:
        raise CopyRefused(
            f"the database role {screen(found.role)} may run programs at the server, and so could a forged backup: "
            "let [storage] database name a role that is no superuser and owns the empty database"
        )


def check_contents(engine: Engine, file: Path, tables: Collection[str]) -> None:
    """Make sure that a dump holds nothing but tables of these names and what belongs to them.

    Raises:
        CopyRefused: it holds something else, or `pg_restore` cannot read it; as `undump`.
    """
    for line in _run(engine, [_program("pg_restore", engine), "--list", str(file)]).splitlines():
        if line and not line.startswith(";") and not _ours(line, tables):
            named = screen(line.partition(" ")[2], limit=100)
            raise CopyRefused(
                f"{file}: holds what is not mekiki's ({named}), nothing was restored: do not trust this backup, "
                "or, where you made that yourself, restore it with pg_restore"
            )


def _ours(line: str, tables: Collection[str]) -> bool:
    found = _ENTRY.fullmatch(line)
    if found is None:
        return False
    kind, schema, name = found.groups()
    if (kind, schema) in _NAMED:
        return name in _NAMED[kind, schema]
    if schema == _QUEUE:
        return kind in _FREE or (kind in _TABLES and name.partition(" ")[0].startswith("pgqueuer"))
    if schema != "public" or kind not in (*_TABLES, *_FREE):
        return False
    table = name.partition(" ")[0]
    part = _PARTITION.fullmatch(table)
    return kind in _FREE or table in tables or (part is not None and part[1] in tables)


def undump(engine: Engine, file: Path) -> None:
    """Read a dump into an empty database, all of it or nothing. Before: `check_role`, `check_contents`.

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


def _run(engine: Engine, command: Sequence[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    password = engine.url.query.get("password", engine.url.password)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run(  # noqa: S603 - no shell; the address is one argument
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        words = " ".join(done.stderr.split())[:_MOST_WORDS]
        raise CopyRefused(f"{Path(command[0]).name} failed: {words}")
    return done.stdout
