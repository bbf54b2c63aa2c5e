"""What hostile hosts, pages, pictures and texts cost, against the bars of the list of safety and reliability.

`python -m benchmarks.safety [PART ...]`: unpacking, slow, markup, pictures, patterns, soak, pace; all where none is
named.
Everything is served from loopback; each crawl runs in a process of its own (`benchmarks.safety.watched`).
"""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.safety import markup, pace, patterns, pictures, slow, soak, unpacking

PARTS = {
    "unpacking": unpacking.main,
    "slow": slow.main,
    "markup": markup.main,
    "pictures": pictures.main,
    "patterns": patterns.main,
    "soak": soak.main,
    "pace": pace.main,
}


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", metavar="PART", nargs="*", choices=[*PARTS, []])
    chosen = parser.parse_args().parts or list(PARTS)
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    load = os.getloadavg()[0]
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} x {model}, load {load:.1f} at the start", flush=True
    )
    for name in chosen:
        PARTS[name]()


if __name__ == "__main__":
    main()
