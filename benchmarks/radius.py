"""What does an exact radius search among 64-bit hashes cost, and from how many on do tables pay?

`python -m benchmarks.radius [--counts 10000 100000 1000000]` draws hashes (half of them a few bits from another, as
those of one picture's windows are), asks for 200 of them, changed in up to five bits, and prints CPU microseconds a
search: one pass over all, the tables of `detector.images.radius`, and, where `faiss-cpu` is installed, its exhaustive
binary index. All must return the same rows.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from detector.images.radius import RadiusIndex

ASKED = 200
Search = Callable[[np.uint64, int], list[tuple[int, int]]]


def hashes(count: int, draw: np.random.Generator) -> NDArray[np.uint64]:
    """Return hashes, each second one a few bits from the one before it."""
    values = draw.integers(0, 2**64, count, dtype=np.uint64)
    values[1::2] = values[::2][: len(values[1::2])] ^ flips(len(values[1::2]), draw)
    return values


def flips(count: int, draw: np.random.Generator) -> NDArray[np.uint64]:
    """Return patterns of up to five bits."""
    bits = np.uint64(1) << draw.integers(0, 64, (count, 5), dtype=np.uint64)
    return np.asarray(np.bitwise_xor.reduce(bits, axis=1))


def faiss_search(values: NDArray[np.uint64]) -> Search | None:
    """Return the search of faiss, or None where it is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(64)
    index.add(values.view(np.uint8).reshape(-1, 8))

    def search(value: np.uint64, most: int) -> list[tuple[int, int]]:
        _, distances, rows = index.range_search(np.array([value]).view(np.uint8).reshape(1, 8), most + 1)
        return sorted(zip(rows.tolist(), map(int, distances), strict=True))

    return search


def main() -> None:
    """Draw, search, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 5_000_000])
    options = parser.parse_args()
    draw = np.random.default_rng(1)
    print(f"{'hashes':>10} {'bits':>4} {'one pass':>10} {'tables':>10} {'faiss':>10}   microseconds a search")
    for count in options.counts:
        values = hashes(count, draw)
        asked = values[draw.integers(0, count, ASKED)] ^ flips(ASKED, draw)
        searches = {
            "one pass": RadiusIndex(values, least=count + 1).near,
            "tables": RadiusIndex(values, least=0).near,
            "faiss": faiss_search(values),
        }
        for most in (6, 8, 10):
            costs, found = [], []
            for search in searches.values():
                if search is None:
                    costs.append("-")
                    continue
                start = time.process_time()
                found.append([search(value, most) for value in asked])
                costs.append(f"{(time.process_time() - start) / ASKED * 1e6:.0f}")
            assert all(one == found[0] for one in found), "the searches disagree"
            print(f"{count:>10,} {most:>4} " + " ".join(f"{cost:>10}" for cost in costs), flush=True)


if __name__ == "__main__":
    main()
