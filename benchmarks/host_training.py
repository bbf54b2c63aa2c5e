"""Make the numbers behind the host eye: `detector/lexicon/host_weights.toml`, `host_letters.txt`, and suffix odds.

`python -m benchmarks.host_training --urls FILE [--write]` reads the phishing URLs of 2023, the even lines of the
popular hosts, the hosts of easylist, and ordinary URLs with paths, one a line (collected from Debian's package
descriptions, /usr/share/doc and installed Python packages: half of their domains is used here, the other half by
`benchmarks.hosts`). Without `--years` nothing of 2024, and never the odd lines.

Every place where a name may stand is one sample: of the brand that the list names 1, of an ordinary host 0. A
registrable domain of the phishing list weighs as the inverse square root of its hosts, an ordinary host `BENIGN`:
found by cross-fitting (1, 3, 10, 30, 100, 300 were tried), because only the few most suspicious ordinary hosts
matter. A place that shows another brand than the list's counts little against, an exact name not at all; what is
never flagged alone (`customer`, `ordinary`) is left out. Ridge logistic regression. Alarms and finds are
cross-fitted: each half of the domains is judged by weights of the other.
"""

import argparse
import json
import math
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.host_data import DATA, kind_of, labels, load_brands, phishing, popular, signs
from detector.host_letters import ALPHABET
from detector.host_names import HostIndex
from detector.host_words import HostWords
from detector.hosts import Host, is_carried, parse_host
from detector.register import Register, Registers

BENIGN = {"host": 100.0, "path": 30.0}
RIDGE = {"host": 10.0, "path": 5.0}
OTHER_BRAND = 0.15
# Log-odds above which an ordinary host is flagged: between the second and the first cross-fitted alarm.
THRESHOLD = {"host": 0.2, "path": 1.5}
# Given, not learned, because the lists cannot show it: ambiguous names of other brands mean other things, a platform's
# accounts are many.
GIVEN = {"ambiguous": -0.7, "platform": -6.0}
# What is believed where the lists say little: a long, rare name in somebody's own domain is no accident.
PRIOR = {
    "rare:whole:own": 3.0,
    "rare:edge:own": 1.5,
    "rare:shape:own": 3.5,
    "rare:slip:own": 5.0,
    "rare:shape:sub": 1.5,
    "rare:slip:sub": 1.5,
}
LEAST_SUFFIX = 12  # domains below a suffix from which its odds are told
MOST_ODDS = 2.0
WEIGHTS_FILE = Path(__file__).parent.parent / "detector" / "lexicon" / "host_weights.toml"
Floats = npt.NDArray[np.float64]
Measures = dict[str, float]


@dataclass
class Samples:
    """Places as rows: measures, answer, weight, group for cross-fitting, URL they stand in."""

    rows: list[Measures] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    benign: list[bool] = field(default_factory=list)

    def add(self, row: Measures, answer: bool, weight: float, group: int, url: str, *, benign: bool) -> None:
        """Append one place."""
        self.rows.append(row)
        self.answers.append(int(answer))
        self.weights.append(weight)
        self.groups.append(group)
        self.urls.append(url)
        self.benign.append(benign)


Places = Callable[[Host], Iterator[tuple[int, bool, Measures]]]  # brand, exact, measures


def advertising() -> list[str]:
    """Return the hosts of advertising services: many names, many subdomains that name a customer."""
    text = (DATA / "lists/easylist.txt").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^\|\|([a-z0-9.-]+\.[a-z]+)\^", text, re.MULTILINE)))


def ordinary(file: Path, *, training: bool) -> list[str]:
    """Return the ordinary URLs that have a path, of one half of their domains."""
    found = []
    for url in file.read_text(encoding="utf-8", errors="replace").split():
        host = parse_host(url)
        if host and (host.path.strip("/") or host.query) and (half(host) == 0) is training:
            found.append(url)
    return found


def half(host: Host) -> int:
    """Return which half a host's domain belongs to."""
    return zlib.crc32((host.registrable or host.ascii).encode()) % 2


def letters(hosts: Sequence[str]) -> str:
    """Return the letter pair costs as the text of the data file."""
    place = {character: at for at, character in enumerate(ALPHABET, 1)}
    counts = np.full((37, 37), 0.5)
    for host in set(hosts):
        for label in host.replace("-", ".").split("."):
            before = 0
            for character in label:
                counts[before, place.get(character, 0)] += 1
                before = place.get(character, 0)
            counts[before, 0] += 1
    single = counts.sum(0) / counts.sum()
    pairs = (counts + 20 * single) / (counts + 20 * single).sum(1, keepdims=True)
    lines = [" ".join(str(round(float(-cost) * 10)) for cost in row) for row in (np.log2(single), *np.log2(pairs))]
    title = "# Costs in tenths of a bit, made by host_training.py: any letter, then after a border, a to z, 0 to 9."
    return "\n".join((title, *lines, ""))


def suffix_odds() -> dict[str, float]:
    """Return how much more often a suffix stands among the phishing domains of 2023 than among popular hosts."""
    hosts = (parse_host(url) for url, _ in phishing(2023))
    bad = Counter(suffix for suffix, _ in {(host.suffix, host.registrable) for host in hosts if host})
    hosts = (parse_host(url) for url in popular()[::2])
    good = Counter(suffix for suffix, _ in {(host.suffix, host.registrable) for host in hosts if host})
    odds = {}
    for suffix in bad | good:
        if bad[suffix] + good[suffix] >= LEAST_SUFFIX:
            ratio = (bad[suffix] + 1.5) / (bad.total() + 100) / (good[suffix] + 1.5) * (good.total() + 100)
            odds[suffix] = round(max(-MOST_ODDS, min(MOST_ODDS, math.log(ratio))) * 2) / 2
    return {suffix: value for suffix, value in odds.items() if value}


def gather(
    kind: str,
    places: Places,
    known: Registers,
    keys: list[str],
    years: Sequence[int],
    benign: Iterable[tuple[str, float]],
) -> Samples:
    """Gather the places of one kind in both lists."""
    samples = Samples()
    at = {key: place for place, key in enumerate(keys)}
    families: dict[str, list[tuple[Host, frozenset[int]]]] = defaultdict(list)
    for url, right in chain.from_iterable(map(phishing, years)):
        host = parse_host(url)
        if host and not known.of_host(host):
            families[host.registrable or host.ascii].append((host, frozenset(at[key] for key in right)))
    for number, (_, hosts) in enumerate(sorted(families.items())):
        for host, right_brands in hosts:
            for brand, exact, row in places(host):
                own = brand in right_brands
                if own or not exact:
                    weight = len(hosts) ** -0.5 * (1.0 if own else OTHER_BRAND)
                    samples.add(row, own, weight, number % 2, host.raw, benign=False)
    for number, (url, weight) in enumerate(benign):
        ordinary_host = parse_host(url)
        if ordinary_host and not known.of_host(ordinary_host):
            group = number % 2 if kind == "host" else zlib.crc32((ordinary_host.registrable or url).encode()) // 2 % 2
            for _, _, row in places(ordinary_host):
                samples.add(row, False, weight, group, url, benign=weight == BENIGN[kind])
    return samples


def host_places(index: HostIndex) -> Places:
    """Return what lists the places in a host."""

    def look(host: Host) -> Iterator[tuple[int, bool, Measures]]:
        left = f"{host.subdomain}.{host.label}".lstrip(".")
        matches = index.candidates([host.ascii]).get(0, [])
        if left and matches and host.suffix and not is_carried(host):
            for place in index.suspects(host, HostWords(left, own=bool(host.label)), matches):
                if not place.customer:
                    yield place.token.brand, place.slip is None, dict(place.measures())

    return look


def path_places(index: HostIndex) -> Places:
    """Return what lists the places in a path."""

    def look(host: Host) -> Iterator[tuple[int, bool, Measures]]:
        for hit in index.paths.find(host):
            if not hit.ordinary:
                yield hit.token.brand, True, dict(hit.measures)

    return look


def fit(matrix: Floats, answers: Floats, weights: Floats, names: Sequence[str], ridge: float) -> Floats:
    """Return ridge logistic weights (IRLS); the last column is the bias, which is not shrunk."""
    beta = np.zeros(matrix.shape[1])
    penalty = np.full(matrix.shape[1], ridge)
    penalty[-1] = 1e-6
    for name in set(names) & set(PRIOR):
        beta[names.index(name)] = PRIOR[name]
    for name in set(names) & set(GIVEN):
        beta[names.index(name)], penalty[names.index(name)] = GIVEN[name], 1e9
    prior = beta.copy()
    for _ in range(80):
        chance = 1 / (1 + np.exp(-np.clip(matrix @ beta, -30, 30)))
        slope = matrix.T @ (weights * (chance - answers)) + penalty * (beta - prior)
        curve = (matrix * (weights * chance * (1 - chance))[:, None]).T @ matrix + np.diag(penalty)
        step = np.clip(np.linalg.solve(curve, slope), -2, 2)
        beta -= step
        if np.abs(step).max() < 1e-6:
            break
    return beta


def strongest(samples: Samples, odds: Floats, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the largest log-odds of each URL among the chosen rows."""
    best: dict[str, float] = {}
    for url, value in zip(np.array(samples.urls, object)[chosen], odds[chosen], strict=True):
        best[url] = max(best.get(url, -99.0), float(value))
    return best


def learn(kind: str, samples: Samples, lines: int, show: int) -> tuple[list[str], dict[str, float]]:
    """Fit one kind of place; print the cross-fitted figures; return the TOML lines and the finds by URL."""
    names = sorted({name for row in samples.rows for name in row} | set(GIVEN))
    column = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(samples.rows), len(names) + 1))
    matrix[:, -1] = 1.0
    for place, row in enumerate(samples.rows):
        for name, value in row.items():
            matrix[place, column[name]] = value
    answers, weights = np.array(samples.answers, float), np.array(samples.weights)
    groups, benign = np.array(samples.groups), np.array(samples.benign)
    crossed = np.zeros(len(answers))
    for half_ in (0, 1):
        train = groups != half_
        crossed[~train] = matrix[~train] @ fit(matrix[train], answers[train], weights[train], names, RIDGE[kind])
    alarms = sorted(strongest(samples, crossed, benign).items(), key=lambda pair: -pair[1])
    found = strongest(samples, crossed, answers == 1)
    print(f"{kind}: {len(answers)} places, {int(answers.sum())} right, {int(benign.sum())} in {lines} ordinary lines")
    for allowed in [count for count in (0, 1, 2, 3, 5, 10) if count < len(alarms)]:
        level = alarms[allowed][1]
        hits = sum(value > level for value in found.values())
        print(f"  {allowed} alarms ({allowed / lines * 1e5:.1f} per 100,000) above {level:.2f}: {hits} of {len(found)}")
    for url, value in alarms[:show]:
        print(f"    {value:6.2f}  {url}")
    beta = fit(matrix, answers, weights, names, RIDGE[kind])
    table = [f"[{kind}]", f"bias = {beta[-1]:.2f}", f"threshold = {THRESHOLD[kind]}", f"[{kind}.weights]"]
    table += [f"{json.dumps(name)} = {value:.2f}" for name, value in zip(names, beta[:-1], strict=True)]
    return table, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=Path, required=True, help="ordinary URLs, one a line")
    parser.add_argument("--years", type=int, nargs="+", default=[2023], help="of the phishing list")
    parser.add_argument("--show", type=int, default=0, help="strongest alarms to list")
    parser.add_argument("--letters", action="store_true", help="print the letter costs instead")
    parser.add_argument("--suffixes", action="store_true", help="print the suffix odds instead")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    options = parser.parse_args()
    if options.letters or options.suffixes:
        sys.stdout.write(letters(popular()[::2]) if options.letters else json.dumps(suffix_odds(), indent=1))
        return
    brands = load_brands()
    index = HostIndex(brands)
    known = Registers([Register(brand, index.tokens(place)) for place, brand in enumerate(brands)])
    keys = [brand.key for brand in brands]
    assert set().union(*labels().values()) <= set(keys)
    even = popular()[::2]
    hosts = [(url, BENIGN["host"]) for url in even] + [(url, BENIGN["host"] / 3) for url in advertising()]
    urls = ordinary(options.urls, training=True)
    host_table, host_found = learn(
        "host", gather("host", host_places(index), known, keys, options.years, hosts), len(even), options.show
    )
    behind = [(url, BENIGN["path"]) for url in urls]
    path_table, path_found = learn(
        "path", gather("path", path_places(index), known, keys, options.years, behind), len(urls), options.show
    )
    kinds = Counter[tuple[str, bool]]()
    signs_of = {brand.key: signs(brand) for brand in brands}
    for url, right in chain.from_iterable(map(phishing, options.years)):
        hit = host_found.get(url, -99.0) > THRESHOLD["host"] or path_found.get(url, -99.0) > THRESHOLD["path"]
        kinds[kind_of(url, [sign for key in right for sign in signs_of[key]]), hit] += 1
    for kind in ("host", "path", "neither"):
        total = kinds[kind, True] + kinds[kind, False]
        print(f"cross-fitted, sign in {kind}: {kinds[kind, True]} of {total}, {kinds[kind, True] / total:.3f}")
    if options.write:
        title = "# Log-odds of what stands in hosts and paths, made by `python -m benchmarks.host_training`.\n"
        WEIGHTS_FILE.write_text("\n".join((title, *host_table, "", *path_table, "")), encoding="utf-8")


if __name__ == "__main__":
    main()
