"""How many phishing hosts does the host eye find, and how many popular hosts does it accuse, beside other methods?

Run as `python -m benchmarks.hosts [--urls FILE] [--peers] [--show N]`. The brands of `brands.toml`; recall on the
JPCERT/CC list of 2023 (tuned on) and 2024 (not), by where the URL carries an exact sign of the brand; false alarms
on the even lines of benign_hosts_dev.txt (tuned on) and the odd ones (not), and on the half of the ordinary URLs
that `host_training` left out. Peers judge the same rows in the same run: dnstwist's permutations, Levenshtein and
Jaro-Winkler on the registrable label (as openSquat does), rapidfuzz `partial_ratio`, plain substring.
"""

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import dnstwist
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler, Levenshtein

from benchmarks.host_data import ON, kind_of, load_brands, phishing, popular, signs
from benchmarks.host_training import ordinary
from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.hosts import parse_host
from detector.items import Item

Method = Callable[[str], Sequence[str]]  # URL -> keys of the brands that it is flagged for, best first
PEER_ROWS = 3000  # of each list, drawn with a fixed seed


def ours(assessor: Assessor) -> Method:
    """Judge a bare URL as `mekiki score --format urls` does."""

    def judge(url: str) -> Sequence[str]:
        verdicts = assessor.assess(Item(id="0", kind="domain", url=url), on=ON)
        return [verdict.brand for verdict in verdicts if verdict.flagged]

    return judge


def peers(brands: Sequence[BrandProfile]) -> dict[str, Method]:
    """Return the other methods, with the thresholds their authors give."""
    names = [(brand.key, name) for brand in brands for name, whole in signs(brand) if len(name) >= 6 and not whole]
    official = {domain for brand in brands for domain in brand.domains}
    twisted: dict[str, str] = {}
    for brand in brands:
        for domain in brand.domains[:1]:
            fuzzer = dnstwist.Fuzzer(domain)
            fuzzer.generate()
            twisted.update((entry["domain"], brand.key) for entry in fuzzer.domains if entry["domain"] != domain)

    def label(url: str) -> str:
        host = parse_host(url)
        return "" if host is None or host.registrable in official else host.label

    def left(url: str) -> str:
        host = parse_host(url)
        own = host is None or host.registrable in official
        return "" if own or host is None else f"{host.subdomain}.{host.label}"

    def twist(url: str) -> Sequence[str]:
        host = parse_host(url)
        found = twisted.get(host.registrable or "") if host else None
        return [found] if found else []

    def best(url: str, score: Callable[[str, str], float], least: float, text: Callable[[str], str]) -> Sequence[str]:
        seen = text(url)
        ranked = [(score(name, seen), key) for key, name in names] if seen else []
        value, key = max(ranked, default=(0.0, ""))
        return [key] if value >= least else []

    return {
        "dnstwist": twist,
        "Levenshtein <= 2": lambda url: best(url, lambda a, b: -Levenshtein.distance(a, b), -2, label),
        "Jaro-Winkler >= 0.9": lambda url: best(url, JaroWinkler.similarity, 0.9, label),
        "partial_ratio >= 85": lambda url: best(url, lambda a, b: fuzz.partial_ratio(a, b.replace("-", "")), 85, left),
        "substring": lambda url: best(url, lambda a, b: float(a in b.replace("-", "")), 1, left),
    }


def recall(
    title: str, method: Method, rows: Sequence[tuple[str, list[str]]], signs_of: dict[str, list[tuple[str, bool]]]
) -> None:
    """Print recall by where the sign stands, and how often the best brand is right."""
    found, total, named = Counter[str](), Counter[str](), Counter[bool]()
    start = time.process_time()
    judged = [(url, right, method(url)) for url, right in rows]
    seconds = time.process_time() - start
    for url, right, keys in judged:
        kind = kind_of(url, [sign for key in right for sign in signs_of[key]])
        total[kind] += 1
        found[kind] += bool(keys)
        if keys:
            named[keys[0] in right] += 1
    shares = ", ".join(
        f"{kind} {found[kind]}/{total[kind]} {found[kind] / max(1, total[kind]):.3f}"
        for kind in ("host", "path", "neither")
    )
    together = found.total() / max(1, total.total())
    best = named[True] / max(1, named.total())
    print(f"{title}: {shares}, all {together:.3f}, right brand {best:.3f}; {len(rows) / seconds:,.0f}/s")


def alarms(title: str, method: Method, urls: Sequence[str], show: int) -> None:
    """Print how many ordinary URLs are flagged."""
    start = time.process_time()
    wrong = [(url, keys) for url in urls if (keys := method(url))]
    seconds = time.process_time() - start
    share = len(wrong) / len(urls) * 1e5
    print(f"{title}: {len(wrong)} of {len(urls)} flagged, {share:.1f} per 100,000; {len(urls) / seconds:,.0f}/s")
    for url, keys in wrong[:show]:
        print(f"    {url}  {', '.join(keys)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=Path, help="ordinary URLs, one a line")
    parser.add_argument("--domains", type=Path, help="more ordinary domains, one a line")
    parser.add_argument("--peers", action="store_true", help="run the other methods, too")
    parser.add_argument("--years", type=int, nargs="*", default=[2023, 2024])
    parser.add_argument("--show", type=int, default=0, help="false alarms to list")
    options = parser.parse_args()
    brands = load_brands()
    signs_of = {brand.key: signs(brand) for brand in brands}
    method = ours(Assessor(brands))
    print(f"{len(brands)} brands")
    for year in options.years:
        recall(f"{year}", method, list(phishing(year)), signs_of)
    hosts = popular()
    alarms("popular hosts, even lines (tuned on)", method, hosts[::2], options.show)
    if 2024 in options.years:
        alarms("popular hosts, odd lines", method, hosts[1::2], options.show)
        if options.urls:
            alarms("ordinary URLs, the other half", method, ordinary(options.urls, training=False), options.show)
    if options.domains:
        alarms("more domains", method, options.domains.read_text(encoding="utf-8").split(), options.show)
    if options.peers:
        draw = random.Random(2024)
        rows = draw.sample(list(phishing(2024)), PEER_ROWS)
        odd = draw.sample(hosts[1::2], PEER_ROWS)
        for name, peer in ({"mekiki": method} | peers(brands)).items():
            recall(f"2024, {PEER_ROWS} rows, {name}", peer, rows, signs_of)
            alarms(f"odd lines, {PEER_ROWS}, {name}", peer, odd, 0)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
