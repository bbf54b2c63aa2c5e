"""How many phishing hosts does the host eye find, how many popular hosts does it accuse, and how fast?

Run as `python -m benchmarks.hosts [FOLDER OF shared/data] [--show N]`. Ten brands of `brands.toml`; recall on the
JPCERT/CC list of 2023 (tuned on) and 2024 (not), false alarms on the even lines of benign_hosts_dev.txt (tuned
on) and the odd ones (not).
"""

import argparse
import csv
import resource
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import msgspec

from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.hosts import parse_host
from detector.items import Item
from detector.normalize import fold

# What the list calls the brands, by the key of brands.toml.
LABELS = {
    "えきねっと": "ekinet",
    "イオンカード": "aeoncard",
    "三井住友カード": "smbc-card",
    "メルカリ": "mercari",
    "エポスカード": "epos",
    "ヤマト運輸": "yamato",
    "Amazon": "amazon",
    "Apple ID": "appleid",
    "JCB": "jcb",
    "SAISON CARD": "saison",
    "クレディセゾン": "saison",
}
ON = date(2024, 12, 31)
LEAST_SIGN = 3  # letters of a name that counts as an exact sign


def load_brands(path: Path) -> list[BrandProfile]:
    """Read the brand profiles of a TOML file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["brand"]
    return msgspec.convert(rows, list[BrandProfile])


def phishing(folder: Path, year: int) -> Iterator[tuple[str, str]]:
    """Yield URL and brand key of one year's rows that name one of the brands."""
    for file in sorted((folder / "jpcert").glob(f"{year}*.csv")):
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            for row in csv.reader(lines):
                if len(row) >= 3 and row[2].strip() in LABELS:
                    yield row[1].strip(), LABELS[row[2].strip()]


def flagged(assessor: Assessor, url: str) -> list[str]:
    """Return the keys of the brands for which a bare URL is flagged, best first."""
    verdicts = assessor.assess(Item(id="0", kind="domain", url=url), on=ON)
    return [verdict.brand for verdict in verdicts if verdict.flagged]


def signs(brand: BrandProfile) -> list[str]:
    """Return the brand's names and aliases as a host spells them, from three letters."""
    folded = (fold(name).text for name in (brand.name, *brand.aliases, *brand.ambiguous))
    bare = ("".join(filter(str.isalnum, name)) for name in folded)
    return [name for name in bare if name.isascii() and len(name) >= LEAST_SIGN]


def carries_sign(url: str, names: list[str]) -> bool:
    """Tell whether a label of the host, dashes aside, contains one of the names exactly."""
    host = parse_host(url)
    labels = host.ascii.replace("-", "").split(".") if host else ()
    return any(name in label for label in labels for name in names)


def report_recall(assessor: Assessor, year: int, rows: Iterable[tuple[str, str]]) -> None:
    names = {brand.key: signs(brand) for brand in assessor.brands}
    total: Counter[str] = Counter()
    found: Counter[str] = Counter()
    signed: Counter[bool] = Counter()  # rows with an exact sign, by whether they were found
    named: Counter[bool] = Counter()
    seconds = 0.0
    for url, brand in rows:
        start = time.perf_counter()
        keys = flagged(assessor, url)
        seconds += time.perf_counter() - start
        total[brand] += 1
        found[brand] += bool(keys)
        if carries_sign(url, names[brand]):
            signed[bool(keys)] += 1
        if keys:
            named[brand in keys] += 1
    for brand in sorted(total):
        print(f"{year}  {brand:10} {found[brand]:6} / {total[brand]:6}  {found[brand] / total[brand]:.3f}")
    flagged_all = max(1, found.total())
    print(f"{year}  all        {found.total():6} / {total.total():6}  {found.total() / total.total():.3f}")
    share = signed[True] / max(1, signed.total())
    print(f"{year}  host carries an exact sign: {signed[True]} / {signed.total()}  {share:.3f}")
    print(
        f"{year}  brand right in {named[True] / flagged_all:.3f} of the flagged; {total.total() / seconds:,.0f} items/s"
    )


def report_benign(assessor: Assessor, title: str, hosts: list[str], show: int) -> None:
    wrong = []
    start = time.perf_counter()
    for host in hosts:
        keys = flagged(assessor, host)
        if keys:
            wrong.append((host, keys))
    seconds = time.perf_counter() - start
    print(
        f"benign, {title}: {len(wrong)} of {len(hosts)} flagged,"
        f" {len(wrong) / len(hosts) * 100_000:.1f} per 100,000; {len(hosts) / seconds:,.0f} items/s"
    )
    for host, keys in wrong[:show]:
        print(f"    {host}  {', '.join(keys)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path("../shared/data"))
    parser.add_argument("--show", type=int, default=0, help="false alarms to list")
    options = parser.parse_args()
    assessor = Assessor(load_brands(Path(__file__).with_name("brands.toml")))
    for year in (2023, 2024):
        report_recall(assessor, year, phishing(options.data, year))
    hosts = (options.data / "lists/benign_hosts_dev.txt").read_text(encoding="utf-8").split()
    report_benign(assessor, "even lines (tuned on)", hosts[::2], options.show)
    report_benign(assessor, "odd lines", hosts[1::2], 0)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
