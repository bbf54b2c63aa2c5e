"""What a job's child costs: forked by the nursery, against a Python that is started for it. CPU, on the same crawl.

python -m benchmarks.nursery
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from watch.children.nursery import Nursery

TIMES = 8
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["hoshinodenki"]
domains = ["hoshino-denki.example"]
[[source]]
key = "list"
kind = "feed"
paths = ["list.txt"]
format = "urls"
"""
_TICK = os.sysconf("SC_CLK_TCK")


def spent(pid: int) -> float:
    """Return the CPU seconds of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / _TICK


async def forked(commands: Sequence[Sequence[str]]) -> list[float]:
    """Return the CPU seconds of each command, in children of one nursery."""
    costs = []
    async with Nursery(memory=2048, longest=timedelta(hours=1)) as nursery:
        await nursery.run(["--version"], lambda _: None)
        assert nursery._process is not None
        for command in commands:
            before = spent(nursery._process.pid)
            for _ in range(TIMES):
                ended = await nursery.run(command, lambda _: None)
                assert ended.code == 0, ended
            costs.append((spent(nursery._process.pid) - before) / TIMES)
    return costs


def started(command: Sequence[str]) -> float:
    """Return the CPU seconds of a command, in a Python of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(TIMES):
        subprocess.run([sys.executable, "-m", "cli", *command], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / TIMES


def main() -> None:
    """Print a row for each command."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mekiki.toml"
        file.write_text(CONFIG, "utf-8")
        (file.parent / "list.txt").write_text("https://hoshinodenki-outlet.test/login\n", "utf-8")
        commands = (["--version"], ["crawl", "--config", str(file)])
        new = [started(command) for command in commands]
        for command, one, other in zip(commands, asyncio.run(forked(commands)), new, strict=True):
            print(f"{command[0]:10} forked {one:.2f} s   started {other:.2f} s   {other / one:.1f} x")


if __name__ == "__main__":
    main()
