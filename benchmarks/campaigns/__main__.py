"""`python -m benchmarks.campaigns labelled [--file FILE]… [--misses]` and `python -m benchmarks.campaigns speed`."""

import argparse
from pathlib import Path

from benchmarks.campaigns import labelled, speed


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaigns", description=__doc__)
    which = parser.add_subparsers(required=True)
    grouping = which.add_parser("labelled", help="pairwise precision and recall on tests/cases/campaigns")
    grouping.add_argument("--file", type=Path, default=labelled.SETS / "campaigns_dev.jsonl")
    grouping.add_argument("--misses", action="store_true", help="show what is wrong")
    grouping.set_defaults(run=lambda chosen: labelled.report(chosen.file, misses=chosen.misses))
    timing = which.add_parser("speed", help="the time to join one item")
    timing.add_argument("--items", type=int, default=1_000_000)
    timing.add_argument("--database", metavar="URL", help="an empty one; default a new SQLite file")
    timing.set_defaults(run=lambda chosen: speed.report(chosen.items, chosen.database))
    chosen = parser.parse_args()
    chosen.run(chosen)


if __name__ == "__main__":
    main()
