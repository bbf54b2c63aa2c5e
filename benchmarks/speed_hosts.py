"""How fast is the host eye with 500 brands of ten aliases each? One core, CPU time.

`python -m benchmarks.speed_hosts [--hosts N]`: names made with a fixed seed; ordinary hosts are the popular ones
and made-up words; in the second set every host carries a name. Beside it, in the same run:
`rapidfuzz.process.extract` over all names, and the public suffix split alone.
"""

import argparse
import random
import resource
import time
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process

from benchmarks.host_data import ON, popular
from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.host_names import HostIndex
from detector.hosts import plain_host

SYLLABLES = [
    consonant + vowel
    for consonant in ("k", "s", "t", "n", "h", "m", "r", "g", "z", "d", "b", "p", "ky", "sh", "ry", "j", "w")
    for vowel in "aiueo"
] + ["tek", "max", "lux", "vex"]
BLOCK = 5000


def made_brands(count: int, aliases: int) -> list[BrandProfile]:
    """Return brands with made-up names, always the same."""
    draw = random.Random(500)

    def name() -> str:
        return "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(3, 5)))

    return [
        BrandProfile(key=f"b{number}", name=(first := name()), aliases=tuple(name() for _ in range(aliases - 1)),
                     domains=(f"{first}.example",))
        for number in range(count)
    ]  # fmt: skip


def rate(work: Callable[[Sequence[str]], object], hosts: Sequence[str]) -> float:
    """Return hosts per CPU second."""
    start = time.process_time()
    for at in range(0, len(hosts), BLOCK):
        work(hosts[at : at + BLOCK])
    return len(hosts) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200_000)
    options = parser.parse_args()
    draw = random.Random(1)
    brands = made_brands(500, 10)
    names = [name for brand in brands for name in (brand.name, *brand.aliases)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    index = HostIndex(brands)
    print(f"compile {time.process_time() - start:.2f} s, {len(index.patterns)} patterns")
    assessor = Assessor(brands)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {memory / 1024:.0f} MB, {(memory - before) / 1024:.0f} MB more than before (two indexes)")
    ordinary = draw.choices(popular(), k=options.hosts)
    hits = [f"{draw.choice(names)}-{draw.choice(('login', 'shop', 'x'))}.{draw.choice(('abc', 'k3x', 'test'))}{number}."
            f"{draw.choice(('com', 'cn', 'top', 'co.jp'))}" for number in range(options.hosts // 4)]  # fmt: skip
    print(f"ordinary: find {rate(index.candidates, ordinary):,.0f}/s, judge {rate(index.scan, ordinary):,.0f}/s, "
          f"verdicts {rate(lambda block: assessor.assess_hosts(block, on=ON), ordinary):,.0f}/s")  # fmt: skip
    print(f"every host a hit: judge {rate(index.scan, hits):,.0f}/s, "
          f"verdicts {rate(lambda block: assessor.assess_hosts(block, on=ON), hits):,.0f}/s")  # fmt: skip
    slow = ordinary[:300]
    extract = rate(lambda block: [process.extract(host, names, scorer=fuzz.WRatio, limit=1) for host in block], slow)
    print(f"rapidfuzz process.extract: {extract:,.0f}/s")
    split = rate(lambda block: [plain_host(host) for host in block], ordinary[:50_000])
    print(f"public suffix split alone: {split:,.0f}/s")


if __name__ == "__main__":
    main()
