"""The wheel: all of ours, nothing else."""

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from desk.doctor import OURS

BUILT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = tuple(name for name in BUILT["only-include"] if name != "cli.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_tracked_file_of_our_packages_and_nothing_else(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES, "cli.py"],
        check=True,
        capture_output=True,
        text=True,
    )
    expected = set(listed.stdout.split())
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected
    assert {"console/starter.toml", "demo/pages/shop.html"} <= names


def test_the_wheel_cannot_be_uploaded_and_carries_its_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("METADATA"))
        text = archive.read(metadata).decode()
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert "Classifier: Private :: Do Not Upload" in text
    assert "License-Expression: Apache-2.0" in text


def test_the_doctor_looks_for_each_of_them() -> None:
    assert {"cli", *PACKAGES} == set(OURS)
