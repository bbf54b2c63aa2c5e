"""The stage, set once and copied for each test."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.takedown.stage import Stage, enter, set_stage


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, int]:
    """A filled folder, and its cases."""
    folder = tmp_path_factory.mktemp("stage")
    return folder, *set_stage(folder)


@pytest.fixture
def stage(set_up: tuple[Path, int, int], tmp_path: Path) -> Iterator[Stage]:
    """An installation of one's own with a confirmed case and another one."""
    folder, case, other = set_up
    copytree(folder, tmp_path / "stage")
    stage = enter(tmp_path / "stage", case, other)
    yield stage
    stage.engine.dispose()
