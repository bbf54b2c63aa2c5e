"""Template of a text: what stays when brand, numbers, prices, addresses and set phrases are taken out. Pure.

Two ads of one campaign sell other goods at other prices with the same words around them. The words that are left are
cut into runs of four letters; a MinHash (Broder 1997) of these is short and estimates how much two texts share
(Jaccard). Parts of it are looked up; what shares a part is compared in full.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from detector.items import Item
from detector.normalize import fold

SHINGLE: int = 4  # letters
LEAST_LETTERS: int = 32  # that are left of a text; with fewer it is a slogan that anybody may have
LONGEST: int = 4000  # characters of a text that are read
VALUES: int = 64  # of a MinHash; an estimate of 0.6 has a standard deviation of 0.06
ROWS: int = 4  # values of one part: texts that share 0.6 have a part in common at 0.89, those that share 0.3 at 0.12
# Share of the runs from which two texts follow one template; benchmarks/campaigns labelled.
ALIKE: float = 0.6

LEAST_LEGAL: int = 3  # labels from which a text has a legal notice
_SENTENCE = re.compile(r"[。\n\u3000]+")
ADDRESS = re.compile(r"(?:https?://|www\.)\S{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}|@[\w.-]{2,40}")
HOST = re.compile(r"(?<![a-z0-9])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24}(?:/[\w./?=&%~-]{0,500})?")
_NUMBER = re.compile(
    r"[¥\\$€]?\s?\d[\d,.]*\s?(?:円|万円|億円|万|%|パーセント|割|名様?|人|台|個|点|本|時間|分|秒|日|月|年|倍|yen|usd|jpy|off)*"
)


def template(item: Item, names: Sequence[str] = ()) -> str | None:
    """Return the MinHash of an item's own words, 4 hex digits for each of `VALUES`; None where they mean too little.

    Args:
        item: what was seen; what is written in its pictures is left out.
        names: of the brand and its products: everybody who speaks of it has those.
    """
    words = "\n".join(text.text for text in item.texts if text.role not in ("ocr", "name"))
    letters = masked(_without_legal(words[:LONGEST]), names)
    if len(letters) < LEAST_LETTERS:
        return None
    return minhash(letters)


def _without_legal(text: str) -> str:
    """Leave out the sentences of a legal notice, which shops copy from each other word for word."""
    if sum(label in text for label in _LEGAL) < LEAST_LEGAL:
        return text
    return "\n".join(part for part in _SENTENCE.split(text) if not any(label in part for label in _LEGAL))


def masked(text: str, names: Sequence[str] = ()) -> str:
    """Return the letters of a text that could be a template's: folded, without names, numbers and set phrases."""
    folded = _NUMBER.sub(" ", HOST.sub(" ", ADDRESS.sub(" ", fold(text).text)))
    for name in sorted((fold(name).text for name in names), key=len, reverse=True):
        if len(name) > 1:
            folded = folded.replace(name, " ")
    folded = _PHRASES.sub(" ", folded)
    return "".join(letter for letter in folded if letter.isalpha())


def minhash(letters: str) -> str:
    """Return the MinHash of a text's runs of letters."""
    codes = np.array([ord(letter) for letter in letters], dtype=np.uint64)
    runs = np.zeros(max(1, len(codes) - SHINGLE + 1), dtype=np.uint64)
    for place in range(min(SHINGLE, len(codes))):
        runs = runs * _STEP + codes[place : place + len(runs)]
    least = _mixed(np.unique(runs)[None, :] ^ _SEEDS[:, None]).min(axis=1)
    digits: str = (least & np.uint64(0xFFFF)).astype(">u2").tobytes().hex()
    return digits


def shared(one: str, other: str) -> float:
    """Estimate which share of their runs two texts have in common, 0-1, from their MinHashes."""
    left, right = (np.frombuffer(bytes.fromhex(digits), ">u2") for digits in (one, other))
    return float((left == right).mean())


def alike(one: str, other: str) -> float:
    """Return how alike two texts are, 0-1; 0 where they do not follow one template."""
    likeness = shared(one, other)
    return likeness if likeness >= ALIKE else 0.0


def near_parts(digits: str) -> Iterator[str]:
    """Yield the parts under which alike texts are kept."""
    return parts(digits)


def parts(digits: str) -> Iterator[str]:
    """Yield the parts under which a MinHash is kept."""
    width = 4 * ROWS
    yield from (f"{start // width}:{digits[start : start + width]}" for start in range(0, len(digits), width))


def _lines() -> list[str]:
    """Read what honest shops and frauds say alike."""
    text = resources.files("detector").joinpath("lexicon/set_phrases.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


_LEGAL = tuple(line[1:] for line in _lines() if line.startswith("§"))
_PHRASES = re.compile(
    "|".join(sorted({re.escape(fold(line).text) for line in _lines() if line[0] != "§"}, key=len, reverse=True))
)
_STEP = np.uint64(0x100000001B3)  # the prime of FNV-1a


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit values evenly (the finaliser of SplitMix64, Steele 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_SEEDS = _mixed(np.arange(1, VALUES + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
