"""The phishing and popular hosts that the host benchmarks read, and what counts as a sign of a brand in them."""

import csv
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from detector.brands import BrandProfile
from detector.host_tokens import ascii_token
from detector.hosts import parse_host

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
ON = date(2024, 12, 31)
LEAST_INSIDE = 4  # letters of a name that is a sign wherever it stands in a label; shorter ones as a word only


def load_brands(path: Path = HERE / "brands.toml") -> list[BrandProfile]:
    """Read the brand profiles of a TOML file."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["brand"]
    return msgspec.convert(rows, list[BrandProfile])


def labels() -> dict[str, list[str]]:
    """Return label of the list -> keys of the brands that are right for it, the main one first."""
    found: dict[str, list[str]] = tomllib.loads((HERE / "labels.toml").read_text(encoding="utf-8"))["labels"]
    return found


def phishing(year: int) -> Iterator[tuple[str, list[str]]]:
    """Yield URL and right brand keys of one year's rows that name one of the brands."""
    known = labels()
    for file in sorted((DATA / "jpcert").glob(f"{year}*.csv")):
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            for row in csv.reader(lines):
                if len(row) >= 3 and row[2].strip() in known:
                    yield row[1].strip(), known[row[2].strip()]


def popular() -> list[str]:
    """Return the popular hosts, in the order of the list."""
    return (DATA / "lists/benign_hosts_dev.txt").read_text(encoding="utf-8").split()


def signs(brand: BrandProfile) -> list[tuple[str, bool]]:
    """Return the names of a brand as a host spells them; second: the name counts as a whole word only."""
    names = dict.fromkeys((brand.name, *brand.aliases, *brand.ambiguous))
    spelt = [(token, name in brand.ambiguous) for name in names if len(token := ascii_token(name)) >= 2]
    return [(token, len(token) < LEAST_INSIDE or ambiguous) for token, ambiguous in spelt]


def sign_in(text: str, names: list[tuple[str, bool]]) -> bool:
    """Tell whether one of the names stands in a text of labels or path segments, dashes aside."""
    labels = text.lower().replace("_", "-").replace("?", "/").replace("=", "/").replace("&", "/")
    parts = labels.replace("/", ".").split(".")
    bare = [part.replace("-", "") for part in parts]
    words = {word for part in parts for word in part.split("-")} | set(bare)
    return any(name in words if whole else any(name in part for part in bare) for name, whole in names)


def kind_of(url: str, names: list[tuple[str, bool]]) -> str:
    """Say where a URL carries an exact sign of a brand: `host`, `path` only, or `neither`."""
    host = parse_host(url)
    if host is None:
        return "neither"
    if sign_in(host.ascii, names):
        return "host"
    return "path" if sign_in(f"{host.path}?{host.query}", names) else "neither"
