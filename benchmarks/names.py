"""How many hidden brand names does the text eye find, and how many does it see in ordinary sentences?

Run as `python -m benchmarks.names [--sentences FOLDER] [--show N]`.

Found: every labelled text of tests/cases/texts*.jsonl that has a name of the fictitious brand is written anew, with one
of its names, and with one of the real brands of brands.toml, hidden in each way of `obfuscation` (fixed seed). Beside
us in the same run: plain substring, and rapidfuzz `partial_ratio` >= 85.

False mentions: FOLDER holds UTF-8 text files (`ja*` and `en*`), one sentence a line; 5,000 of each language are drawn.
Where such files come from without a download by this script: `apt-get download manpages-ja debian-reference-ja
debian-handbook fortunes`, `dpkg -x` into a folder, tags stripped, cut at full stops; none is part of this project.
What is written as the profile writes it may really be the brand, and is counted apart for a person to read.
"""

import argparse
import json
import resource
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from rapidfuzz import fuzz

from benchmarks.host_data import load_brands
from benchmarks.obfuscation import WAYS, Way, misspelt, mixed
from detector.brands import BrandProfile
from detector.items import Item, Text
from detector.reading import NameHit, TextIndex
from tests.detector.hoshino import HOSHINO

CASES = Path(__file__).parent.parent / "tests" / "cases"
SEED = 20261123
LEAST = 4  # letters of a name that is hidden; shorter ones are found as they are written only
SENTENCES = 5_000  # of each language
# Short or ordinary words that real companies are called by, beside those of brands.toml.
_SHORT = "au ANA JCB LINE JAL UFJ DHL NTT ソニー ニトリ イオン ビザ コジマ Visa Zoom Dell Suica"
ALL_WAYS: dict[str, Way] = {**WAYS, "two ways": mixed, "misspelt": misspelt}

Finder = Callable[[str, BrandProfile], bool]


def texts() -> Iterator[str]:
    """Yield the labelled texts."""
    for file in sorted(CASES.glob("texts*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            for text in json.loads(line)["item"].get("texts", ()):
                yield text["text"]


def written(brand: BrandProfile) -> list[str]:
    """Return the names of a brand that are long enough to be hidden."""
    return [name for name in (brand.name, *brand.aliases) if sum(map(str.isalnum, name)) >= LEAST]


def hidden(brands: Sequence[BrandProfile]) -> Iterator[tuple[str, str, BrandProfile, str]]:
    """Yield way, text, brand and the hidden name: each labelled text once per way and brand set."""
    draw = Random(SEED)
    for text in texts():
        names = [name for name in (HOSHINO.name, *HOSHINO.aliases, *HOSHINO.products) if name in text]
        if not names:
            continue
        for way, hide in ALL_WAYS.items():
            pairs = [(brand, name) for brand in brands for name in written(brand) if hide(name, Random(0))]
            if not pairs:
                continue
            brand, name = draw.choice(pairs)
            disguised = hide(name, draw)
            if disguised is None:
                continue
            changed = text
            for plain in names:
                changed = changed.replace(plain, disguised if name != disguised else "")
            yield way, changed, brand, disguised


def hits(index: TextIndex, text: str) -> dict[int, list[NameHit]]:
    return index.read(Item(id="0", kind="ad", texts=(Text(role="body", text=text),))).names


def report_found(title: str, brands: Sequence[BrandProfile], show: int) -> None:
    """Print the share found per way, ours and the peers'."""
    index = TextIndex(brands)
    numbers = {brand.key: number for number, brand in enumerate(brands)}

    def ours(text: str, brand: BrandProfile) -> bool:
        return numbers[brand.key] in hits(index, text)

    def substring(text: str, brand: BrandProfile) -> bool:
        return any(name.casefold() in text.casefold() for name in written(brand))

    def partial(text: str, brand: BrandProfile) -> bool:
        return any(fuzz.partial_ratio(name, text) >= 85 for name in written(brand))

    methods: dict[str, Finder] = {"mekiki": ours, "substring": substring, "partial_ratio": partial}
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    missed = []
    for way, text, brand, name in hidden(brands):
        total[way] += 1
        for method, finds in methods.items():
            found[way][method] += finds(text, brand)
        if not ours(text, brand):
            missed.append((way, brand.key, name))
    print(f"{title}: share found   {'  '.join(methods)}")
    for way in ALL_WAYS:
        if total[way]:
            shares = "  ".join(f"{found[way][method] / total[way]:.3f}" for method in methods)
            print(f"    {way:24} {total[way]:5}   {shares}")
    for label, ways in (("all but misspelt", [way for way in ALL_WAYS if way != "misspelt"]),):
        count = sum(total[way] for way in ways)
        shares = "  ".join(f"{sum(found[way][method] for way in ways) / count:.3f}" for method in methods)
        print(f"    {label:24} {count:5}   {shares}")
    for way, key, name in missed[:show]:
        print(f"        missed: {way}, {key}: {name!r}")


def sentences(folder: Path, language: str) -> list[str]:
    """Return the sentences drawn of one language."""
    lines = {
        line.strip()
        for file in sorted(folder.glob(f"{language}*"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if len(line.strip()) >= 15
    }
    return Random(SEED).sample(sorted(lines), min(SENTENCES, len(lines)))


def report_mentions(folder: Path, brands: Sequence[BrandProfile], show: int) -> None:
    """Print what is seen in ordinary sentences, as it stands and next to a lure, where unsure names count, too."""
    short = [BrandProfile(key=f"short-{name}", name=name) for name in _SHORT.split()]
    everyone = [*brands, *short]
    index = TextIndex(everyone)
    for language in ("ja", "en"):
        drawn = sentences(folder, language)
        for title, lure in (("as they stand", ""), ("each beside a lure", " 期間限定 limited offer")):
            seen = Counter[str]()
            false: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
            for sentence in drawn:
                for number, found in hits(index, sentence + lure).items():
                    for hit in found:
                        brand = everyone[number]
                        really = hit.seen in (brand.name, *brand.aliases, *brand.products, *brand.ambiguous)
                        if really:
                            seen[hit.seen] += 1
                        else:
                            false[brand.key, hit.seen, hit.likeness.disguises] += 1
            print(
                f"{language}, {len(drawn)} sentences {title}, {len(everyone)} brands: {false.total()} in another "
                f"writing, {seen.total()} as the profile writes it"
            )
            print(f"    as written: {', '.join(f'{name} {count}' for name, count in seen.most_common(show))}")
            for (key, name, how), count in false.most_common(show):
                print(f"    {key}: {name!r} {', '.join(how) or 'open'} {count}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=Path, help="folder with ja* and en* files, one sentence a line")
    parser.add_argument("--show", type=int, default=10, help="misses and false mentions to list")
    options = parser.parse_args()
    brands = load_brands()
    report_found("fictitious brand", [replace(HOSHINO, exclude=())], options.show)
    report_found(f"{len(brands)} real brands", brands, options.show)
    if options.sentences:
        report_mentions(options.sentences, brands, options.show)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
