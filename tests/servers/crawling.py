"""Crawl from a test: write a configuration, run the driver, read its report and its database."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from spiders.report import SourceReport
from storage.database import open_engine, transaction
from tests.servers.programs import ROOT, python

BRAND = """
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "hoshinodenki"]
domains = ["hoshino-denki.example"]
"""


class Report(msgspec.Struct):
    """A CrawlReport as the driver prints it."""

    sources: list[SourceReport]
    flagged: list[tuple[dict[str, Any], dict[str, Any]]]

    def __getitem__(self, key: str) -> SourceReport:
        return next(source for source in self.sources if source.key == key)


class Crawling:
    """A folder with a configuration, a database and a media store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "mekiki.toml"
        self.log = ""

    def configure(
        self, sources: str, *, allow: list[str], hosts: dict[str, str] | None = None, crawler: str = "timeout = 5"
    ) -> None:
        """Write the configuration; `sources` are [[source]] tables."""
        self.file.write_text(
            f"""
[crawler]
contact = "abuse@hoshino-denki.example"
{crawler}
[egress]
allow = {json.dumps(allow)}
hosts = {{ {", ".join(f'"{name}" = "{address}"' for name, address in (hosts or {}).items())} }}
{BRAND}
{sources}
""",
            "utf-8",
        )

    def start(self, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a crawl without waiting for it."""
        return subprocess.Popen(
            [sys.executable, *self.driver(options)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def crawl(self, stdin: bytes = b"", **options: Any) -> Report:
        """Crawl, and return the report."""
        done = python(*self.driver(options), stdin=stdin, cwd=ROOT)
        self.log = done.stderr.decode()
        assert done.returncode == 0, self.log
        return msgspec.json.decode(done.stdout, type=Report)

    def driver(self, options: dict[str, Any]) -> tuple[str, ...]:
        """Return what Python is to run."""
        return ("-m", "tests.servers.crawl_driver", str(self.file), json.dumps(options))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the database answers."""
        engine = open_engine(f"sqlite:///{self.folder / 'mekiki.db'}")
        try:
            with transaction(engine) as session:
                return [tuple(row) for row in session.execute(text(query))]
        finally:
            engine.dispose()
