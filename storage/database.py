"""The database: engine, transactions, schema version.

SQLite by default: write-ahead log, every commit on the disk before it returns, writers queue for the lock up
to ten seconds instead of failing. PostgreSQL by URL. Both behave alike to everything above this file.
"""

import glob
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from safety.secret import Secret
from storage.errors import DatabaseOutdated, StorageError, StorageUnavailable
from storage.partitions import make_months

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MILLISECONDS = 30_000  # how long a writer waits for others; SQLite lets them wait in no order
_POOL, _POOL_MORE = 2, 8  # connections that a process keeps open, and how many more it opens for a while
_POOL_SECONDS = 30  # how long a thread waits for one
_RECYCLE_SECONDS = 1800  # so that a process finds a server that took over, and none keeps its memory for ever
_CONNECTION = {  # libpq's words, seconds; a server that is gone is noticed within a minute
    "application_name": "mekiki",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_UPGRADE_LOCK = 0x6D656B696B69  # PostgreSQL advisory lock: one upgrade at a time
_READING = "mekiki_reading"  # execution option of an engine that only reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Where a database's schema stands."""

    current: str | None  # None: empty database
    head: str  # what this program needs


def open_engine(url: str) -> Engine:
    """Open `sqlite:///FILE`, a PostgreSQL URL, or the URL that `env:NAME` holds. Connects when first used.

    A new SQLite file gets mode 0600, folders made for it 0700.

    Raises:
        SecretError: the variable is not set.
        StorageError: the URL names no database that can be used, or the file cannot be made.
    """
    try:
        parsed = make_url(Secret(url).reveal() if url.startswith("env:") else url)
    except ArgumentError:
        raise StorageError("the database URL is not of the form sqlite:///FILE or postgresql+psycopg://…") from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return _open_sqlite(parsed, Path(parsed.database))
        case "postgresql":
            return _open_postgresql(parsed)
    raise StorageError(f"expected sqlite:///FILE or postgresql+psycopg://…, got {parsed.get_backend_name()}")


def _open_postgresql(url: URL) -> Engine:
    """Open a pool for one process; what the URL itself says of the connection holds.

    Nothing outlives a transaction on a connection (no prepared statement, no setting, no lock), so that PgBouncer may
    give each transaction another one. The queue's own connections (`watch.many.link`) are not of this pool: they need
    a session.
    """
    said = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        connect_args={"prepare_threshold": None, **said},
        pool_size=_POOL,
        max_overflow=_POOL_MORE,
        pool_timeout=_POOL_SECONDS,
        pool_recycle=_RECYCLE_SECONDS,
        pool_pre_ping=True,  # the server may have been started anew
    )


def _open_sqlite(url: URL, file: Path) -> Engine:
    try:
        _make_folder(file.absolute().parent)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StorageError(f"{file}: cannot be opened for writing: {error.strerror}") from error
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_MILLISECONDS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, each 0700 (`mkdir(parents=True)` gives parents the default mode)."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001
    connection.isolation_level = None  # the driver begins nothing on its own; _begin_sqlite does
    for pragma in (
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer half-way fails without waiting."""
    reading = bool(connection.get_execution_options().get(_READING))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Give a session whose writes are committed together at the end, or not at all on any error.

    Raises:
        StorageUnavailable: disk full, database locked for too long, connection lost.
    """
    with _telling_what_is_wrong(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Give a session that reads one state of the database, cannot write, and makes no writer wait.

    Raises:
        StorageUnavailable: as in `transaction`.
    """
    options: dict[str, Any] = {_READING: True}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _telling_what_is_wrong(), Session(engine.execution_options(**options)) as session, session.begin():
        yield session


def lock_name(session: Session, name: str) -> None:
    """Let nobody else have the lock of this name until the transaction ends; SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


@contextmanager
def _telling_what_is_wrong() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if type(error) not in {OperationalError, InterfaceError, DatabaseError}:  # the last: a damaged SQLite file
            raise
        reason = str(error.orig).strip().partition("\n")[0]
        raise StorageUnavailable(f"the database cannot be used: {reason}") from error


def upgrade(engine: Engine) -> list[str]:
    """Bring the schema to what this program needs; return the revisions applied, oldest first.

    An SQLite file that already has a schema is copied beside itself first (`FILE.before-REVISION`). All
    revisions are applied in one transaction, so a failure leaves the database as it was.

    Raises:
        DatabaseOutdated: the database was made by a newer program.
        StorageUnavailable: as in `transaction`.
    """
    from alembic import command  # here: it takes a fifth of a second, which nothing else has to wait for
    from alembic.config import Config as AlembicConfig

    with _telling_what_is_wrong(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        at = _revision(connection)
        if at.current == at.head:
            _prepare_months(connection)
            return []
        applied = [step for step in revisions() if at.current is None or step > at.current]
        if at.current is not None and engine.url.database and connection.dialect.name == "sqlite":
            _back_up(Path(engine.url.database), before=applied[0])
        config = AlembicConfig()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _prepare_months(connection)
        return applied


def _prepare_months(connection: Connection) -> None:
    """Make the tables of the months to come, by the server's clock."""
    if connection.dialect.name == "postgresql":
        make_months(connection, connection.execute(select(func.now())).scalar_one())


def revision(engine: Engine) -> Revision:
    """Return where the schema stands and where it should stand.

    Raises:
        DatabaseOutdated: the database was made by a newer program.
        StorageUnavailable: as in `transaction`.
    """
    with snapshot(engine) as session:
        return _revision(session.connection())


def check_current(engine: Engine) -> None:
    """Make sure that the schema is the one this program needs.

    Raises:
        DatabaseOutdated: it is not; the message says what to type.
        StorageUnavailable: as in `transaction`.
    """
    at = revision(engine)
    if at.current is None:
        raise DatabaseOutdated("the database is empty; type: mekiki db upgrade")
    if at.current != at.head:
        raise DatabaseOutdated(
            f"the database is at revision {at.current}, needed is {at.head}; type: mekiki db upgrade"
        )


def check_revision(current: str | None) -> None:
    """Make sure that this program knows a revision.

    Raises:
        DatabaseOutdated: it does not.
    """
    if current is not None and current not in revisions():
        raise DatabaseOutdated(
            f"the database is at revision {current}, which this program does not know; "
            "install the newer mekiki that made it"
        )


def revisions() -> list[str]:
    """Return the revisions that this program knows, oldest first: its files begin with them, each follows the last."""
    return sorted(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database says it has; None: it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _revision(connection: Connection) -> Revision:
    current = revision_of(connection)
    check_revision(current)
    return Revision(current=current, head=revisions()[-1])


def backups(engine: Engine) -> list[Path]:
    """Return the copies of an SQLite database that upgrades left beside it."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return []
    file = Path(engine.url.database)
    return sorted(file.parent.glob(f"{glob.escape(file.name)}.before-*"))


def _back_up(file: Path, *, before: str) -> Path:
    """Copy a live SQLite database beside itself, mode 0600, never over an older copy."""
    target = file.with_name(f"{file.name}.before-{before}")
    number = 1
    while target.exists():
        number += 1
        target = file.with_name(f"{file.name}.before-{before}-{number}")
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target
