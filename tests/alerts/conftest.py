from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.office import Office
from tests.servers.sink import Sink


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running
