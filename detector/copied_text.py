"""Text copied from a brand's official pages, found again in somebody else's.

1. Of an official page the sentences that many sites share (cookies, scripts, the law) are left out; the rest becomes a
   skeleton (`detector.normalize`).
2. It is cut into blocks of `BLOCK` characters, all in one dictionary; a block that two brands' pages share counts for
   none.
3. A text is searched at every place for one of the blocks. Each find is drawn out to both sides as far as both agree:
   a run is exact, there is no hash that could be wrong.
4. Only long runs count. Their share of the text says how much of it is copied.

Every run of at least two blocks less one character holds a whole block, so none of `LEAST_RUN` is missed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector.brands import BrandProfile
from detector.normalize import Folded, skeleton

BLOCK: int = 24  # characters of a skeleton
LEAST_LETTERS: int = 8  # different ones in a block; a line of one sign is no text
# Characters of a skeleton that must agree without a gap. Origin: 13 news pages of 13 sites and 3 others
# (../shared/data), pair by pair without the sentences below: the longest run of two of them is 32; 77 and 48 where
# both carry the same ad.
LEAST_RUN: int = 60
MOST_TEXT: int = 50_000  # characters of a text that are searched
MOST_PAGES: int = 200  # official pages of one brand
MOST_SOURCES: int = 4  # places of the same block in official pages that are tried
MOST_SHOWN: int = 160  # characters of a passage that evidence shows

_SENTENCE = re.compile(r"(?:[^。．！？!?.\n]|\.(?!\s))*+(?:[。．！？!?\n]|\.\s)?")
_SHARED_BY_MANY = re.compile(
    r"(?i)cookie|クッキー|javascript|ブラウザ|browser|プライバシー|privacy|個人情報|personal (?:data|information)"
    r"|特定商取引|利用規約|terms of (?:use|service)|著作権|copyright|all rights reserved|無断転載|免責"
    r"|disclaimer|ssl|暗号化|登録商標|trademark|adobe (?:acrobat )?reader|internet explorer|captcha"
)


@dataclass(frozen=True, slots=True)
class CopiedText:
    """What a text has in common with official pages of one brand."""

    page: str  # the official page with the longest run
    text: int  # index into the texts
    span: tuple[int, int]  # of the longest run
    seen: str  # its beginning, as the text has it
    run: int  # characters of its skeleton
    share: float  # of the text's skeleton that stands in runs


@dataclass(frozen=True, slots=True)
class _Source:
    brand: int
    name: str
    words: str  # skeleton


class CopyIndex:
    """The official pages of all brands."""

    def __init__(self, brands: Sequence[BrandProfile]) -> None:
        self._sources = [
            _Source(index, page.name, own_words(page.text))
            for index, brand in enumerate(brands)
            for page in brand.pages[:MOST_PAGES]
        ]
        self._blocks: dict[str, list[tuple[int, int]]] = {}  # block -> sources and places in them
        owners: dict[str, set[int]] = {}
        for number, source in enumerate(self._sources):
            for start in range(0, len(source.words) - BLOCK + 1, BLOCK):
                block = source.words[start : start + BLOCK]
                if len(set(block)) < LEAST_LETTERS or "\n" in block:
                    continue
                owners.setdefault(block, set()).add(source.brand)
                places = self._blocks.setdefault(block, [])
                if len(places) < MOST_SOURCES:
                    places.append((number, start))
        for block, brands_of in owners.items():
            if len(brands_of) > 1:
                del self._blocks[block]

    def __bool__(self) -> bool:
        """Tell whether there is anything to compare with."""
        return bool(self._blocks)

    def find(self, text: int, folded: Folded) -> Iterator[tuple[int, CopiedText]]:
        """Yield brand index and what is copied, for every brand from whose pages a long run is in a text."""
        words = folded.text[:MOST_TEXT]
        runs: dict[int, list[tuple[int, int, int]]] = {}  # brand -> start, end, source
        for start, end, number in self._runs(words):
            runs.setdefault(self._sources[number].brand, []).append((start, end, number))
        for brand, found in runs.items():
            start, end, number = max(found, key=lambda run: run[1] - run[0])
            first, last = folded.span(start, end)
            last = min(last, first + MOST_SHOWN)
            yield (
                brand,
                CopiedText(
                    page=self._sources[number].name,
                    text=text,
                    span=(first, last),
                    seen=folded.original[first:last],
                    run=end - start,
                    share=sum(end - start for start, end, _ in found) / len(words),
                ),
            )

    def _runs(self, words: str) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and source of each run, from left to right, none over another."""
        blocks = self._blocks
        done = place = 0
        while place <= len(words) - BLOCK:
            sources = blocks.get(words[place : place + BLOCK])
            if sources is None:
                place += 1
                continue
            start, end, number = max(
                (self._drawn(words, place, done, number, at) for number, at in sources), key=lambda run: run[1] - run[0]
            )
            if end - start >= LEAST_RUN:
                yield start, end, number
                done = place = end
            else:
                place += 1

    def _drawn(self, words: str, place: int, done: int, number: int, at: int) -> tuple[int, int, int]:
        """Draw a block out to both sides, as far as text and source agree."""
        source = self._sources[number].words
        start, left = place, at
        while start > done and left > 0 and words[start - 1] == source[left - 1] != "\n":
            start, left = start - 1, left - 1
        end, right = place + BLOCK, at + BLOCK
        while end < len(words) and right < len(source) and words[end] == source[right] != "\n":
            end, right = end + 1, right + 1
        return start, end, number


def own_words(text: str) -> str:
    """Return the skeleton of an official page, with a line break in place of what many sites say."""
    kept: list[str] = []
    for match in _SENTENCE.finditer(text):
        folded = "\n" if _SHARED_BY_MANY.search(match[0]) else skeleton(match[0]).text
        if folded != "\n" or kept[-1:] != ["\n"]:
            kept.append(folded)
    return "".join(kept)
