"""The same tests on both databases: every test that asks for `engine` runs on SQLite and on PostgreSQL."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from storage.database import open_engine, upgrade
from storage.schema import Base

POSTGRES = os.environ.get("MEKIKI_TEST_POSTGRES")
DATABASES = [
    "sqlite",
    pytest.param(
        "postgresql",
        marks=[
            pytest.mark.postgres,
            pytest.mark.skipif(not POSTGRES, reason="MEKIKI_TEST_POSTGRES is not set"),
        ],
    ),
]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the whole schema and no rows."""
    file = tmp_path_factory.mktemp("template") / "mekiki.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database with the whole schema, for tests that leave the schema alone."""
    with postgres_database() as url:
        engine = open_engine(url)
        upgrade(engine)
        engine.dispose()
        yield url


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_engine(database: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without a schema."""
    if database == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()
        return
    with postgres_database() as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with the whole schema and no rows."""
    if database == "sqlite":
        file = tmp_path / "mekiki.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        engine = open_engine(f"sqlite:///{file}")
    else:
        engine = open_engine(request.getfixturevalue("postgres_url"))
        remove_all_rows(engine)
    yield engine
    engine.dispose()


def remove_all_rows(engine: Engine) -> None:
    """Empty a PostgreSQL database with triggers off, and let ids start at 1 again."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(";".join(f"DELETE FROM {table}" for table in Base.metadata.tables)))
        connection.execute(text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"))


@contextmanager
def postgres_database() -> Iterator[str]:
    """Make a PostgreSQL database, give its URL, and drop it at the end."""
    assert POSTGRES
    name = f"mekiki_test_{secrets.token_hex(6)}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
