"""The board as a process of its own: `mekiki serve` over a folder, on a free port, until the block ends."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.programs import ROOT
from tests.servers.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A board that answers."""

    url: str  # its origin
    log: Path  # what it said

    def said(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text("utf-8", "replace")


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Serving]:
    """Serve an installation; it must end in peace when it is told to."""
    log = folder / "serve.log"
    command = [sys.executable, "-m", "cli", "serve", "-c", str(folder / "mekiki.toml"), "--listen", f"127.0.0.1:{port}"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    found = Serving(url=f"http://127.0.0.1:{port}", log=log)
    try:
        ready = until(lambda: process.poll() is not None or "answers at" in found.said(), 180)
        assert ready, "it does not start"
        assert process.poll() is None, found.said()
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code in (0, -signal.SIGTERM), found.said()
    assert not re.search(r"Traceback|failed, told as", found.said()), found.said()
