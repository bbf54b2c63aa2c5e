"""A package adds a source kind through an entry point; a broken one is told and takes nothing along."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULE = '''
from typing import ClassVar, Literal
from config.sources.base import SourceBase


class VendorSource(SourceBase):
    """Ads of the vendor."""

    spider: ClassVar[str] = "vendor_plug_spider:VendorSpider"
    kind: Literal["vendor"]
    region: str = "JP"
'''
SPIDER = """
from detector.items import Item
from spiders.base import SourceSpider


class VendorSpider(SourceSpider):
    async def seek(self):
        yield await self.part([Item(id=self.run.source.region, kind="domain", url="hoshino-denki-sale.test")])
"""
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshino-denki"]
domains = ["hoshino-denki.example"]
[[source]]
key = "vendor"
kind = "vendor"
region = "TW"
"""


def mekiki(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), str(folder)])
    command = [sys.executable, "-m", "cli", *arguments, "--config", str(folder / "mekiki.toml")]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})


def install(folder: Path, entry: str) -> None:
    """Do what an installer does: the modules, and what its distribution says of itself."""
    (folder / "vendor_plug.py").write_text(MODULE, "utf-8")
    (folder / "vendor_plug_spider.py").write_text(SPIDER, "utf-8")
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    info = folder / "vendor_plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor-plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mekiki.sources]\nvendor = {entry}\n")


def test_an_installed_kind_is_read(tmp_path: Path) -> None:
    install(tmp_path, "vendor_plug:VendorSource")
    result = mekiki(tmp_path, "crawl", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "hoshino-denki-sale" in result.stdout


def test_a_kind_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    install(tmp_path, "vendor_plug:Nothing")
    result = mekiki(tmp_path, "config", "check")
    assert result.returncode == 2
    assert "'vendor'" in result.stderr
