"""Names with one slip of the pen: a letter wrong, missing, doubled or swapped with its neighbour.

Flow: cut the text into words (Latin), runs of katakana and runs of kanji -> a single run is looked up by deletions: two
words one slip apart have a deletion in common -> a name of several runs is looked for where one of its runs stands
unchanged -> the edit distance decides. Slips in kanji are left to `names.patterns`: one other kanji is nearly always
another company.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rapidfuzz.distance import OSA

from detector.confusables import SMALL_KANA, is_katakana
from detector.names import LONG_NAME, plain

# Letters from which one slip leaves a name recognisable; the project's issue asks for these.
LEAST_LATIN: int = 6
LEAST_KANA: int = 5
# Letters from which one run of a longer name may have the slip. Apple CD is no Apple ID.
LEAST_RUN = {"latin": 5, "kana": 3, "kanji": 99}
# Characters of a text that are searched: advertisements are shorter, and pages name a brand at the top.
MOST_SEARCHED: int = 20_000
_FIRST_KANJI = "一"
_LONG_RUNS = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]{5,}|[ァ-ヺーｦ-ﾟ]{3,}")
_RARE = re.compile("[À-ɏＡ-Ｚａ-ｚｦ-ﾟ]")
_RUNS = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]+|[ァ-ヺーｦ-ﾟ]+|[一-鿿]+")
_SMALL = str.maketrans(dict(SMALL_KANA))
_GAP: int = 2  # characters between the runs of one name


class MisspeltIndex:
    """The names that are long enough to be recognised with a slip; each with a number of the caller's."""

    def __init__(self, names: Sequence[tuple[int, str]]) -> None:
        self._keys: dict[int, str] = {}
        self._runs: dict[int, list[str]] = {}
        deletions: defaultdict[str, list[int]] = defaultdict(list)
        near: defaultdict[str, list[int]] = defaultdict(list)
        parts: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._known = {plain(name).replace(" ", "") for _, name in names}
        self._frames: set[str] = set()  # of everything that may have a slip, to ask first
        for number, name in names:
            runs = [_key(run) for run in _RUNS.findall(name)]
            key = "".join(runs)
            if not runs or not _long_enough(key) or len(key) != sum(map(str.isalnum, plain(name))):
                continue
            self._keys[number] = key
            self._runs[number] = runs
            if len({_kind(run) for run in runs}) == 1 and _kind(runs[0]) != "kanji":
                self._frames.update(_frames(key))
                for short in {key, *_shorter(key)}:
                    deletions[short].append(number)
                    near[short].append(number)
            if len(runs) > 1:
                for at, run in enumerate(runs):
                    if len(run) >= LEAST_RUN[_kind(run)]:
                        self._frames.update(_frames(run))
                        for short in {run, *_shorter(run)}:
                            near[short].append(number)
                    parts[run].append((number, at))
        self._near = dict(near)  # deletions of names and of their runs
        self._words = self._known.union(parts)
        self._deletions = dict(deletions)
        self._parts = dict(parts)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield number, start and exclusive end of every name that stands in the text with one slip."""
        text = text[:MOST_SEARCHED]
        if not self._may_hold(text):
            return
        places = [(match.start(), match.end(), _key(match[0])) for match in _RUNS.finditer(text)]
        for index, (start, end, run) in enumerate(places):
            for number in self._lookup(run):
                if self._slip(number, run, text[start]):
                    yield number, start, end
            for number, at in self._parts.get(run, ()):
                near = places[max(0, index - at) : index - at + len(self._runs[number])]
                if len(near) == len(self._runs[number]) and _together(near):
                    seen = "".join(part for _, _, part in near)
                    changed = [one for one, (_, _, other) in zip(self._runs[number], near, strict=True) if one != other]
                    if (
                        len(changed) == 1
                        and len(changed[0]) >= LEAST_RUN[_kind(changed[0])]
                        and self._slip(number, seen, text[near[0][0]])
                    ):
                        yield number, near[0][0], near[-1][1]

    def _may_hold(self, text: str) -> bool:
        """Tell cheaply whether some run of a text may be a name, or a part of one, with a slip."""
        frames = self._frames
        for key in _keys(set(_LONG_RUNS.findall(text))):
            if (
                (key[:2] + key[-1] in frames or key[0] + key[-2:].upper() in frames)
                and key not in self._words
                and any(self._fits(number, key, text) for number in self._candidates(key))
            ):
                return True
        return False

    def _candidates(self, key: str) -> set[int]:
        near = self._near
        return {number for short in (key, *_shorter(key)) if short in near for number in near[short]}

    def _fits(self, number: int, key: str, text: str) -> bool:
        """Tell whether a run is one slip from a name, or from a run of one whose other runs stand in the text."""
        if OSA.distance(self._keys[number], key, score_cutoff=1) == 1:
            return True
        runs = self._runs[number]
        changed = [run for run in runs if OSA.distance(run, key, score_cutoff=1) == 1]
        plain_text = text.lower().translate(_SMALL) if changed else ""
        return any(all(run in plain_text for run in runs if run != one) for one in changed)

    def _lookup(self, key: str) -> set[int]:
        """Return the names of one kind of letters that are one slip away, and some that are two."""
        if len(key) < LEAST_KANA - 1 or key[0] >= _FIRST_KANJI:
            return set()
        if self._frames.isdisjoint(_frames(key)) or key in self._known:
            return set()
        found = self._deletions
        numbers = set(found.get(key, ()))
        for short in _shorter(key):
            if short in found:
                numbers.update(found[short])
        return numbers

    def _slip(self, number: int, seen: str, initial: str) -> bool:
        key = self._keys[number]
        if seen[0] != key[0] or seen[-1] != key[-1] or seen in self._known:
            return False
        if key.isascii() and len(key) < LONG_NAME and not initial.isupper():
            return False
        return OSA.distance(key, seen, score_cutoff=1) == 1


def _key(run: str) -> str:
    """Return a run in the letters that honest ways of writing share."""
    if run.isascii():
        return run.lower()
    if run[0] >= _FIRST_KANJI:
        return run
    return run.translate(_SMALL) if min(run) >= "ァ" and max(run) <= "ー" else plain(run)


def _keys(runs: Iterable[str]) -> list[str]:
    """Return the keys of many runs; in one go, where nothing but case and small kana must be undone."""
    joined = " ".join(runs)
    if _RARE.search(joined):
        return [_key(run) for run in joined.split()]
    return joined.lower().translate(_SMALL).split()


def _frames(key: str) -> tuple[str, str]:
    """Return two letters of one end with one of the other: a slip inside the word leaves one of the two as it is.

    The second one has capitals, so that the two do not mix in Latin.
    """
    return key[:2] + key[-1], key[0] + key[-2:].upper()


def _shorter(key: str) -> list[str]:
    return [key[:at] + key[at + 1 :] for at in range(len(key))]


def _kind(run: str) -> str:
    return "kana" if is_katakana(run[0]) else "latin" if run[0] < _FIRST_KANJI else "kanji"


def _long_enough(key: str) -> bool:
    return len(key) >= (LEAST_LATIN if _kind(key) == "latin" else LEAST_KANA)


def _together(places: Sequence[tuple[int, int, str]]) -> bool:
    return all(0 <= after[0] - before[1] <= _GAP for before, after in pairwise(places))
