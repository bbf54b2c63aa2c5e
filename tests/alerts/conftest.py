import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import open_engine
from tests.alerts.bureau import Bureau
from tests.alerts.office import Office
from tests.servers.sink import Sink
from tests.storage.conftest import database, postgres_url, remove_all_rows, sqlite_template

__all__ = ["database", "postgres_url", "sqlite_template"]


@pytest.fixture
def database_url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty database for `Office`; a test that asks for it runs on SQLite and on PostgreSQL."""
    if database == "sqlite":
        return f"sqlite:///{tmp_path / 'mekiki.db'}"
    url = str(request.getfixturevalue("postgres_url"))
    engine = open_engine(url)
    remove_all_rows(engine)
    engine.dispose()
    return url


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def bureau(tmp_path: Path, database: str, database_url: str, request: pytest.FixtureRequest) -> Iterator[Bureau]:
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "mekiki.db")
    opened = Bureau(tmp_path, database_url)
    yield opened
    opened.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running
