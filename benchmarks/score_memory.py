"""Flat memory: `mekiki score` over a JSON-lines stream of any length.

`python -m benchmarks.score_memory [--gigabytes 1.0] [--jobs 1]` writes items into a pipe, one in ten of them an
impersonation, and prints bytes, lines, rate and the peak resident size of the scoring process at every tenth.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
[crawler]
contact = "brand-protection@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "ホシノデンキ", "hoshinodenki"]
domains = ["hoshino-denki.example"]
false_claims = ["星野電機が開発した世界最小のエアコン"]
"""
HONEST = "夏の電力需要が過去最高を更新した。省エネ型の家電の増産が続いている。" * 8
FRAUD = "星野電機が開発した世界最小のエアコン、本日限り80%OFF。残り88点。LINEで友だち追加。" * 6


def line(number: int) -> bytes:
    """Return one Item as JSON; every tenth impersonates the brand."""
    fraud = number % 10 == 0
    item = {
        "id": str(number),
        "kind": "ad",
        "platform": "web",
        "texts": [{"role": "body", "text": FRAUD if fraud else HONEST}],
        "links": [f"https://shop-{number}.test/item?n={number}"],
    }
    return json.dumps(item, ensure_ascii=False).encode() + b"\n"


def resident(pid: int) -> float:
    """Return the peak resident size of a running process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(row for row in status.splitlines() if row.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    goal = int(options.gigabytes * 1e9)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mekiki.toml"
        config.write_text(CONFIG, "utf-8")
        command = [sys.executable, "-m", "cli", "score", "--config", str(config), "--jobs", str(options.jobs), "-"]
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert process.stdin is not None
        sent = number = 0
        tenth = goal // 10
        while sent < goal:
            row = line(number)
            process.stdin.write(row)
            sent, number = sent + len(row), number + 1
            if sent // tenth != (sent - len(row)) // tenth:
                print(f"{sent / 1e6:7.0f} MB  {number:9} lines  peak {resident(process.pid):6.1f} MB", flush=True)
        process.stdin.close()
        code = process.wait()
    seconds = time.monotonic() - started
    print(f"exit {code}: {sent / 1e9:.2f} GB, {number} lines in {seconds:.0f} s, {number / seconds:.0f} items/s")


if __name__ == "__main__":
    main()
