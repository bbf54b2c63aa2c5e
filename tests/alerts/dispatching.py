"""Dispatchers as processes of their own, for tests that kill them.

`python -m tests.alerts.dispatching FOLDER URL DATABASE`.

For each line on standard input one process is forked (so that the imports are paid once), which dispatches until it is
killed; its id is printed, and then "ended".
"""

import asyncio
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from alerts.dispatch import dispatch_due
from alerts.gate import Gate
from safety.egress import EgressRule
from tests.alerts.office import Office
from tests.alerts.samples import NOW


def now() -> datetime:
    return NOW + timedelta(hours=1, seconds=time.monotonic() - STARTED)


STARTED = time.monotonic()


async def dispatch(folder: Path, url: str, database: str) -> None:
    office = Office(folder, database)
    office.webhook("siem", url)
    gate = Gate(rule=EgressRule.parse(["127.0.0.1:*"]))
    while True:
        await dispatch_due(office.config, office.engine, office.media, now=now, gate=gate, lease=timedelta(seconds=30))
        await asyncio.sleep(0.02)


def main(folder: Path, url: str, database: str) -> None:
    for _ in sys.stdin:
        if not (child := os.fork()):
            asyncio.run(dispatch(folder, url, database))
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("ended", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
