"""What it costs to start a command: CPU seconds of the process, from nothing to its end.

`python -m benchmarks.start [--against CHECKOUT]` makes the demo's installation and runs commands in turn, each ROUNDS
times; of another checkout beside this one, in alternation. Output goes nowhere.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 7
COMMANDS = (
    ("--help",),
    ("triage", "--help"),
    ("config", "show", "-c"),
    ("cases", "list", "-c"),
    ("takedown", "list", "-c"),
    ("status", "-c"),
)


def spent(checkout: Path, words: tuple[str, ...], config: Path) -> float:
    """Run a command of a checkout with this Python; return user and system seconds."""
    line = [sys.executable, "-m", "cli", *words, *([str(config)] if words[-1] == "-c" else [])]
    with subprocess.Popen(line, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 4):
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode} in {checkout}")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Time, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another one, e.g. of the release before")
    chosen = parser.parse_args()
    checkouts = [Path.cwd(), *([chosen.against.resolve()] if chosen.against else [])]
    with tempfile.TemporaryDirectory() as name:
        demo = [sys.executable, "-m", "cli", "demo", "--dir", f"{name}/demo"]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        config = Path(name, "demo", "mekiki.toml")
        print(f"{'CPU s, least and median':<28}" + "".join(f"{checkout.name:>18}" for checkout in checkouts))
        for words in COMMANDS:
            rounds = [[spent(checkout, words, config) for checkout in checkouts] for _ in range(ROUNDS)]
            columns = [f"{min(times):.2f} {statistics.median(times):.2f}" for times in zip(*rounds, strict=True)]
            print(f"{' '.join(words).removesuffix(' -c'):<28}" + "".join(f"{one:>18}" for one in columns))


if __name__ == "__main__":
    main()
