"""One bundle of the stage, made once, copied for each test."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.takedown.bundle.bundles import make, unpack
from tests.takedown.stage import enter


@pytest.fixture(scope="session")
def made(set_up: tuple[Path, int, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle as a ZIP file; beside it, in `unpacked`, what it holds."""
    folder, case, other = set_up
    place = tmp_path_factory.mktemp("bundle")
    copytree(folder, place / "stage")
    stage = enter(place / "stage", case, other)
    make(stage, place / "earlier.zip", language="en")  # a bundle that a later one tells of
    make(stage, place / "bundle.zip")
    stage.engine.dispose()
    unpack(place / "bundle.zip", place / "unpacked")
    return place / "bundle.zip"


@pytest.fixture
def unpacked(made: Path, tmp_path: Path) -> Path:
    """An unpacked bundle of one's own."""
    copytree(made.parent / "unpacked", tmp_path / "unpacked")
    return tmp_path / "unpacked"
