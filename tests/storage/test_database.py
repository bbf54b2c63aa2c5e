import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage import database as database_module
from storage.database import check_current, lock_name, open_engine, revision, snapshot, transaction, upgrade
from storage.errors import DatabaseOutdated, StorageError, StorageUnavailable
from storage.runs import last_run, start_run
from storage.schema import ItemRow
from tests.storage.examples import NOW, an_item, count, see

HEAD = max(file.name[:4] for file in (Path(database_module.__file__).parent / "migrations/versions").glob("0*.py"))
NEXT = f"{int(HEAD) + 1:04}"
NEXT_REVISION = f"""
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("ALTER TABLE items ADD COLUMN added INTEGER")
"""
BROKEN_REVISION = NEXT_REVISION + '    op.execute("ALTER TABLE nowhere ADD COLUMN x INTEGER")\n'


@pytest.fixture
def later_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The migrations of a program that is one revision ahead; returns the file of that revision."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(database_module.__file__).parent / "migrations", folder)
    file = folder / "versions" / f"{NEXT}_next.py"
    file.write_text(NEXT_REVISION)
    monkeypatch.setattr(database_module, "_MIGRATIONS", folder)
    return file


def test_an_empty_database_says_what_to_type(empty_engine: Engine) -> None:
    at = revision(empty_engine)
    assert (at.current, at.head) == (None, HEAD)
    with pytest.raises(DatabaseOutdated, match="type: mekiki db upgrade"):
        check_current(empty_engine)


def test_upgrade_is_done_once(empty_engine: Engine) -> None:
    assert upgrade(empty_engine) == [f"{number:04}" for number in range(1, int(HEAD) + 1)]
    check_current(empty_engine)
    assert upgrade(empty_engine) == []


def test_upgrade_keeps_every_row(empty_engine: Engine, request: pytest.FixtureRequest) -> None:
    engine = empty_engine
    upgrade(engine)
    see(engine, an_item())
    request.getfixturevalue("later_program")
    with pytest.raises(DatabaseOutdated, match=f"at revision {HEAD}, needed is {NEXT}"):
        check_current(engine)
    assert upgrade(engine) == [NEXT]
    assert count(engine, ItemRow) == 1
    check_current(engine)


def test_sqlite_is_backed_up_before_an_upgrade(tmp_path: Path, later_program: Path) -> None:
    later_program.rename(tmp_path / "aside")
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    upgrade(engine)
    assert list(tmp_path.glob("*.before-*")) == []
    see(engine, an_item())
    (tmp_path / f"mekiki.db.before-{NEXT}").touch()
    (tmp_path / "aside").rename(later_program)
    upgrade(engine)
    engine.dispose()
    backup = tmp_path / f"mekiki.db.before-{NEXT}-2"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT count(*) FROM items").fetchone() == (1,)
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_a_failing_upgrade_changes_nothing(engine: Engine, later_program: Path) -> None:
    later_program.write_text(BROKEN_REVISION)
    with pytest.raises((DBAPIError, StorageUnavailable)):
        upgrade(engine)
    assert revision(engine).current == HEAD
    assert "added" not in {column["name"] for column in inspect(engine).get_columns("items")}


def test_a_database_of_a_newer_program_is_left_alone(empty_engine: Engine) -> None:
    engine = empty_engine
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for call in (upgrade, revision, check_current):
        with pytest.raises(DatabaseOutdated, match="9999"):
            call(engine)


def test_sqlite_is_durable_and_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "mekiki.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
        files = list(file.parent.iterdir())
        assert {path.name for path in files} == {"mekiki.db", "mekiki.db-wal", "mekiki.db-shm"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    engine.dispose()
    for folder in (file.parent, file.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_transaction_is_all_or_nothing(engine: Engine) -> None:
    def fail_half_way(session: Session) -> None:
        start_run(session, "tips", NOW)
        raise KeyError

    with pytest.raises(KeyError), transaction(engine) as session:
        fail_half_way(session)
    with transaction(engine) as session:
        assert last_run(session, "tips") is None


def test_a_snapshot_sees_one_state_and_cannot_write(engine: Engine) -> None:
    with snapshot(engine) as reading:
        assert last_run(reading, "tips") is None
        with transaction(engine) as writing:
            start_run(writing, "tips", NOW)
        assert last_run(reading, "tips") is None
    with snapshot(engine) as reading:
        assert last_run(reading, "tips") is not None
    with pytest.raises(Exception, match=r"(?i)read-?only|cannot be used"), snapshot(engine) as reading:
        start_run(reading, "tips", NOW)
    with transaction(engine) as session:
        start_run(session, "tips", NOW)


def test_url_in_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKIKI_DATABASE", f"sqlite:///{tmp_path / 'mekiki.db'}")
    engine = open_engine("env:MEKIKI_DATABASE")
    assert upgrade(engine) == [f"{number:04}" for number in range(1, int(HEAD) + 1)]
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d", "hunter2"])
def test_urls_that_name_no_usable_database(url: str) -> None:
    with pytest.raises(StorageError, match="sqlite:///FILE") as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"mekiki\.db: cannot be opened"):
        open_engine(f"sqlite:///{tmp_path / 'file' / 'mekiki.db'}")


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    upgrade(engine)
    see(engine, an_item(1))
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageUnavailable, match="disk is full"):
        see(engine, an_item(2, raw={"x": "y" * 100_000}))
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert see(engine, an_item(2)).new
    assert count(engine, ItemRow) == 2
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()


def test_values_do_not_reach_error_messages(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:x)"), {"x": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.postgres
def test_a_lost_connection_is_reported_and_the_next_transaction_works(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    other = open_engine(engine.url.render_as_string(hide_password=False))

    def lose(session: Session) -> None:
        me = session.execute(text("SELECT pg_backend_pid()")).scalar()
        with other.begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:me)"), {"me": me})
        session.execute(text("SELECT 1"))

    with pytest.raises(StorageUnavailable), transaction(engine) as session:
        lose(session)
    assert see(engine, an_item()).new
    other.dispose()


@pytest.mark.postgres
def test_nothing_outlives_a_transaction_on_a_connection(engine: Engine) -> None:
    """So PgBouncer may give each transaction another connection of the server."""
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no server")
    with engine.connect() as connection:
        default = _of_connection(connection)
        connection.rollback()
        for number in range(10):  # psycopg prepares what it sees more often
            connection.execute(text("SELECT count(*) FROM items WHERE id > :n"), {"n": number})
        connection.rollback()
        for _ in range(2):
            with snapshot(engine) as session:
                session.execute(text("SELECT count(*) FROM items"))
        with transaction(engine) as session:
            lock_name(session, "custody")
        upgrade(engine)
        assert _of_connection(connection) == default
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            assert _of_connection(connection) == default


def _of_connection(connection: Connection) -> list[object]:
    asked = (
        "SELECT count(*) FROM pg_prepared_statements",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        "SHOW transaction_isolation",
        "SHOW transaction_read_only",
        "SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings "
        "WHERE source = 'session' AND name NOT LIKE 'transaction_%'",
    )
    return [connection.execute(text(one)).scalar() for one in asked]


@pytest.mark.postgres
def test_what_the_url_says_of_the_connection_holds(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection")
    named = open_engine(
        engine.url.update_query_dict({"application_name": "ours"}).render_as_string(hide_password=False)
    )
    for one, name in ((engine, "mekiki"), (named, "ours")):
        with one.connect() as connection:
            assert connection.execute(text("SHOW application_name")).scalar() == name
    named.dispose()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "mekiki.db").write_bytes(b"something else" * 100)
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    with pytest.raises(StorageUnavailable, match="not a database"):
        revision(engine)
    engine.dispose()
