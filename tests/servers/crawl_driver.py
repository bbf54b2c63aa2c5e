"""Run one crawl in a process of its own, because Twisted's reactor starts only once, and print the report as JSON.

python -m tests.servers.crawl_driver CONFIG [OPTIONS-AS-JSON]
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

import config as configuration
from safety.sandbox import Sandbox
from spiders.crawl import CrawlOptions, Store, run_crawl
from storage.database import open_engine, upgrade
from storage.media import MediaStore
from storage.profiles import build_profiles


def main(path: str, given: dict[str, Any]) -> None:
    config = configuration.load(Path(path))
    engine = open_engine(config.storage.database)
    upgrade(engine)
    with Sandbox() as sandbox:
        profiles = build_profiles(config, sandbox)
    options = CrawlOptions(
        sources=tuple(given.get("sources", ())),
        limit=given.get("limit"),
        since=date.fromisoformat(given["since"]) if "since" in given else None,
        slice=given.get("slice", ""),
    )
    report = run_crawl(
        config,
        options,
        profiles=profiles,
        store=None if given.get("dry_run") else Store(engine=engine, media=MediaStore(config.storage.media)),
        stdin=sys.stdin.buffer,
    )
    sys.stdout.buffer.write(msgspec.json.encode(report))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
