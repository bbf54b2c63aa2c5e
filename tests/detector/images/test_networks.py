"""Networks that are not as they were shipped are named in one line, and never run."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from detector.assess import Assessor
from detector.images.networks import check, version
from detector.items import Item
from tests.detector.hoshino import ON
from tests.detector.test_policy import BRAND, SHOWS_LOGO

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_shipped_is_whole() -> None:
    check()
    assert len(version()) == 8


def test_marks_of_other_networks_are_not_compared() -> None:
    item = Item(id="1", kind="ad", images=("a.jpg",))
    assert Assessor([BRAND]).assess(item, on=ON, pictures={"a.jpg": SHOWS_LOGO})
    assert Assessor([BRAND]).assess(item, on=ON, pictures={"a.jpg": replace(SHOWS_LOGO, eye="12345678")}) == ()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the program whose networks may be damaged."""
    folder = tmp_path / "program"
    packages = (
        "config",
        "safety",
        "detector",
        "storage",
        "spiders",
        "alerts",
        "watch",
        "desk",
        "board",
        "console",
        "demo",
    )
    for name in packages:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "cli.py", folder)
    return folder


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1000]), "is not as it was shipped"),
        (lambda file: file.unlink(), "is missing"),
    ],
    ids=["cut", "gone"],
)
def test_a_damaged_network_is_one_clear_line(copy: Path, damage: object, says: str) -> None:
    assert callable(damage)
    damage(copy / "detector/images/models/finder.onnx")
    (copy / "a.png").write_bytes(b"")
    config = '[crawler]\ncontact = "x@hoshino-denki.example"\n[[brand]]\nkey = "hoshino"\nname = "星野電機"\n'
    (copy / "mekiki.toml").write_text(config, "utf-8")
    command = [sys.executable, "-c", "from cli import main; main()", "scan", "a.png"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"mekiki: detector/images/models/finder.onnx {says}: install mekiki again\n"
