"""How many texts a second does one core judge, for 500 brands with 10 names each?

Run as `python -m benchmarks.speed_texts [--texts N] [--worst] [--profile]`. Names and texts are made up with a fixed
seed: Latin names of syllables, katakana and kanji names; texts of 300 characters, half Japanese with katakana and kanji
words and half English, every third with words of an offer. Measured is the CPU time of the whole `Assessor.assess`,
evidence included, where 10 % of the texts name a brand and where every text does (half of the names hidden in some way
of `obfuscation`), and that of `rapidfuzz.process.extract` over the same names on some of the same texts; of three runs
the best, since machines are shared. `--worst`: how long reading one text of 200,000 characters takes that is made to be
slow.
"""

import argparse
import cProfile
import pstats
import resource
import time
from collections.abc import Sequence
from datetime import date
from itertools import product
from random import Random
from typing import Any

from rapidfuzz import fuzz, process

from benchmarks.obfuscation import WAYS
from detector.assess import Assessor
from detector.brands import BrandProfile
from detector.items import Item, Text
from detector.normalize import MAX_TEXT
from detector.reading import TextIndex

SEED = 20261123
BRANDS = 500
NAMES = 10
LENGTH = 300  # characters of a text
PEER_TEXTS = 40
RUNS = 3
ON = date(2026, 11, 23)
_SYLLABLES = [*map("".join, product("kstnhmr", "aiueo")), "shi", "chi", "tsu", "fu", "ya", "yu", "yo"]
_KATAKANA = (
    "アイウエオカキクケコサシスセソタチツテトナニノハヒフヘホマミムメモヤユヨラリルレロ"
    "ガギグゲゴザジズダデドバビブボパピプポンー"
)
_KANJI = "山川田中村石松竹梅青赤白黒金銀東西南北大小高長新古光星月日海空風花鳥電機工業商事物産通信銀行証券保険製薬食品"
_HIRAGANA = "のにはをたがでてとしれさるいもなこらうよあきめそじわりつかまけくせ"
_WORDS = (
    "the of and to in for with on that this from have been will about which when more other people time work made "
    "over "
    "after first also many where before should through great small house water world still every between another "
    "report market system number public company office morning evening picture letter travel garden kitchen"
)
_ENGLISH = _WORDS.split()
_OFFERS = ("期間限定", "送料無料", "今だけ半額", "limited offer", "free shipping", "閉店セール", "本人確認のお願い")


def make_name(draw: Random, kind: str) -> str:
    if kind == "latin":
        words = [
            "".join(draw.choices(_SYLLABLES, k=draw.randint(2, 3))).capitalize() for _ in range(draw.randint(1, 2))
        ]
        return " ".join(words)
    if kind == "katakana":
        return "".join(draw.choices(_KATAKANA[:-2], k=2)) + "".join(draw.choices(_KATAKANA, k=draw.randint(2, 5)))
    return "".join(draw.choices(_KANJI, k=draw.randint(3, 6)))


def make_brands(draw: Random) -> list[BrandProfile]:
    """Return the brands: four Latin, three katakana and three kanji names each."""
    kinds = ("latin",) * 4 + ("katakana",) * 3 + ("kanji",) * 3
    brands = []
    for number in range(BRANDS):
        names = [make_name(draw, kind) for kind in draw.sample(kinds, NAMES)]
        host = f"brand-{number}.example"
        brands.append(BrandProfile(key=f"b{number}", name=names[0], aliases=tuple(names[1:]), domains=(host,)))
    return brands


def make_text(draw: Random) -> str:
    parts: list[str] = [draw.choice(_OFFERS) + " "] if draw.random() < 1 / 3 else []
    japanese = draw.random() < 0.5
    while sum(map(len, parts)) < LENGTH:
        if japanese:
            parts.append("".join(draw.choices(_KANJI, k=draw.randint(1, 3))))
            parts.append("".join(draw.choices(_HIRAGANA, k=draw.randint(1, 5))))
            if draw.random() < 0.2:
                parts.append("".join(draw.choices(_KATAKANA, k=draw.randint(3, 7))))
            if draw.random() < 0.1:
                parts.append("。")
        else:
            parts.append(draw.choice(_ENGLISH) + " ")
    return "".join(parts)[:LENGTH]


def make_items(draw: Random, brands: Sequence[BrandProfile], count: int, share: float) -> list[Item]:
    """Return advertisements of which a share names a brand, every other one in a hidden way."""
    items = []
    for number in range(count):
        text = make_text(draw)
        if draw.random() < share:
            brand = draw.choice(brands)
            name = draw.choice((brand.name, *brand.aliases))
            if number % 2:
                ways = [way for way in WAYS.values() if way(name, Random(0))]
                name = draw.choice(ways)(name, draw) or name
            at = draw.randrange(LENGTH - len(name))
            text = f"{text[:at]} {name} {text[at:]}"[:LENGTH]
        links = (f"https://shop-{draw.randrange(10**6)}.test/p/{number}",)
        items.append(Item(id=str(number), kind="ad", texts=(Text(role="body", text=text),), links=links))
    return items


def rate(assessor: Assessor, items: Sequence[Item]) -> tuple[float, int]:
    """Return texts a second of CPU time in the best of some runs, and how many texts got a verdict."""
    best, judged = 0.0, 0
    for _ in range(RUNS):
        start = time.process_time()
        judged = sum(bool(assessor.assess(item, on=ON)) for item in items)
        best = max(best, len(items) / (time.process_time() - start))
    return best, judged


def peer_rate(items: Sequence[Item], names: Sequence[str], **options: Any) -> float:
    """Return texts a second of CPU time that rapidfuzz compares with all names."""
    start = time.process_time()
    for item in items:
        process.extract(item.texts[0].text, names, **options)
    return len(items) / (time.process_time() - start)


def worst_texts(brands: Sequence[BrandProfile], draw: Random) -> dict[str, str]:
    """Return texts that are made to be slow, by what they are made of."""
    names = [name for brand in brands for name in (brand.name, *brand.aliases)]
    japanese = next(name for name in names if not name.isascii())
    latin = next(name for name in names if len(name) > 10 and name.isascii())
    pieces = {
        "one name": japanese,
        "one name, hidden in one way": "\u200b".join(japanese) + " ",
        "one Latin name with a slip": latin[:3] + latin[4:] + " ",
        "one name without its end": japanese[:-1],
        "separators": " .・-_|",
        "marks": "\u0301\u3099\u0335",
        "digits": "1057",
        "spaces inside a name": japanese[0] + " " * 500 + japanese[1:],
        "lexicon words": "期間限定セール",
    }
    texts = {title: (piece * (MAX_TEXT // len(piece) + 1))[:MAX_TEXT] for title, piece in pieces.items()}
    texts["all names"] = (" ".join(names) * 9)[:MAX_TEXT]
    texts["all names, hidden"] = "".join(_hide(draw.choice(names), draw) for _ in range(30_000))[:MAX_TEXT]
    texts["one name, hidden in every way"] = "".join(_hide(japanese, draw) for _ in range(40_000))[:MAX_TEXT]
    texts["ordinary"] = "".join(make_text(draw) for _ in range(MAX_TEXT // LENGTH + 1))[:MAX_TEXT]
    return texts


def _hide(name: str, draw: Random) -> str:
    way = draw.choice(list(WAYS.values()))
    return (way(name, draw) or name) + " "


def worst(brands: Sequence[BrandProfile], draw: Random) -> None:
    """Print how long reading takes in the worst cases, names and words."""
    index = TextIndex(brands)
    for title, text in worst_texts(brands, draw).items():
        item = Item(id="0", kind="ad", texts=(Text(role="body", text=text),))
        times = []
        for _ in range(RUNS):
            start = time.process_time()
            reading = index.read(item)
            found = sum(map(len, reading.names.values()))
            read = time.process_time() - start
            words = sum(map(len, reading.words.values()))
            times.append((read * 1000, (time.process_time() - start - read) * 1000))
        names_ms, words_ms = min(times)
        print(f"    {title:32} names {names_ms:6.1f} ms, {found:5} found; words {words_ms:6.1f} ms, {words} found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--worst", action="store_true", help="time the longest texts that are made to be slow")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()
    draw = Random(SEED)
    brands = make_brands(draw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    assessor = Assessor(brands)
    seconds = time.process_time() - start
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{BRANDS} brands, {BRANDS * NAMES} names: compiled in {seconds:.2f} s, +{memory:.0f} MB")
    some = make_items(draw, brands, options.texts, 0.1)
    every = make_items(draw, brands, options.texts, 1.0)
    rate(assessor, some[:200])  # fills the tables of characters
    fastest = 0.0
    for title, items in (("10 % with a name", some), ("all with a name", every)):
        speed, judged = rate(assessor, items)
        fastest = fastest or speed
        print(f"{title}: {speed:,.0f} texts/s, {judged} of {len(items)} with a verdict")
        if options.profile:
            with cProfile.Profile() as profile:
                rate(assessor, items)
            pstats.Stats(profile).sort_stats("tottime").print_stats(22)
    names = [name for brand in brands for name in (brand.name, *brand.aliases)]
    some = some[:PEER_TEXTS]
    peer = peer_rate(some, names, scorer=fuzz.partial_ratio, score_cutoff=85)
    default = peer_rate(some, names)
    print(f"rapidfuzz.process.extract: partial_ratio {peer:,.0f} texts/s, default scorer {default:,.0f} texts/s")
    print(f"ratio at 10 %: {fastest / peer:,.0f} to partial_ratio, {fastest / default:,.0f} to the default scorer")
    if options.worst:
        worst(brands, draw)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
