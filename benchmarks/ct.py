"""How fast are entries of Certificate Transparency logs read and judged, beside a substring scan and dnstwist's names?

Run as `python -m benchmarks.ct [--repeat N]`. Reads the tiles of `../shared/data/ct/static` with the brands of
`brands.toml`; CPU seconds, one process. Peers judge the names that our own reader took out of the same tiles.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dnstwist

from benchmarks.host_data import ON, load_brands, signs
from detector.assess import Assessor
from detector.hosts import is_plain, parse_host
from spiders.pages.ct_static import parse_data_tile, parse_names_tile

TILES = Path(__file__).resolve().parents[2] / "shared/data/ct/static/tile"
LIVE = 690  # entries a second of all logs together, measured by others in October 2026


def timed(work: Callable[[], int], repeat: int) -> tuple[int, float]:
    """Return what the work counted, and its CPU seconds a run."""
    began = time.process_time()
    for _ in range(repeat):
        counted = work()
    return counted, (time.process_time() - began) / repeat


def read(parse: Callable[..., dict[str, Any]], bodies: Sequence[bytes]) -> int:
    """Parse tiles; return how many entries they held."""
    return sum(parse(body, first=0)["count"] for body in bodies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    brands = load_brands()
    assessor = Assessor(brands)
    files = {kind: sorted(path for path in (TILES / kind).rglob("*") if path.is_file()) for kind in ("names", "data")}
    bodies = {kind: [path.read_bytes() for path in paths] for kind, paths in files.items()}
    parsers = {"names": parse_names_tile, "data": parse_data_tile}
    for kind, parse in parsers.items():
        count, seconds = timed(partial(read, parse, bodies[kind]), repeat)
        size = sum(map(len, bodies[kind]))
        print(f"{kind} tiles: {count} entries, {size / count:.0f} bytes each, {count / seconds:,.0f} entries/s parsed")
    entries = [entry for body in bodies["names"] for entry in parse_names_tile(body, first=0)["entries"]]
    names = [name for entry in entries for name in entry["names"] if is_plain(name)]
    signed = [name for brand in brands for name, whole in signs(brand) if len(name) >= 6 and not whole]
    twisted: set[str] = set()
    for brand in brands:
        for domain in brand.domains[:1]:
            fuzzer = dnstwist.Fuzzer(domain)
            fuzzer.generate()
            twisted.update(entry["domain"] for entry in fuzzer.domains)
    methods: dict[str, Callable[[], int]] = {
        "ours": lambda: sum(
            any(verdict.flagged for verdict in verdicts) for verdicts in assessor.assess_hosts(names, on=ON)
        ),
        "substring": lambda: sum(any(sign in name for sign in signed) for name in names),
        "dnstwist": lambda: sum(((host := parse_host(name)) and host.registrable) in twisted for name in names),
    }
    print(f"{len(brands)} brands, {len(signed)} names, {len(twisted):,} permutations; {len(names)} host names")
    for label, method in methods.items():
        hits, seconds = timed(method, repeat)
        print(
            f"{label}: {hits} names, {len(names) / seconds:,.0f} names/s, "
            f"{len(entries) / seconds:,.0f} entries/s, {len(entries) / seconds / LIVE:.0f} times all logs together"
        )


if __name__ == "__main__":
    main()
