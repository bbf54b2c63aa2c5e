"""A host name as a reader takes it apart: labels and words, how a name stands in them, and what keeps it company.

Positions count the characters of the part left of the public suffix without its dashes, because that is what names are
searched in.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from detector.hosts import IMITATED, IMITATED_WEAKLY, LURES

# A whole label, a word between dashes, glued to lure words only, its outer letter doubled, at a word's edge, inside.
Fit = Literal["label", "word", "glued", "doubled", "edge", "inside"]
WHOLE: frozenset[Fit] = frozenset(("label", "word", "glued", "doubled"))
# What stands around a name. `before_suffix`: directly before an imitated `co.jp`, `before_com`: before `com`, `jp`,
# `co`, `net`; the other two of the kind: the same elsewhere in the host.
Company = Literal["before_suffix", "before_com", "has_suffix", "has_com", "lure", "lures"]

TRIVIAL: frozenset[str] = frozenset(("www", "www1", "www2", "com", "co", "net", "in", "web", "home", "mail"))
TELLING: frozenset[str] = LURES - TRIVIAL
# Words beside which a garbled name is looked for.
BECKONING: frozenset[str] = frozenset(
    (
        "login",
        "card",
        "bank",
        "update",
        "accout",
        "account",
        "meisai",
        "member",
        "support",
        "verify",
        "userlogin",
        "jplogin",
    )
)
# Imitated suffixes that are also looked for glued to a word's end.
_TAILS: tuple[str, ...] = ("comjp", "cojp", "com", "jp")
_GLUED: tuple[str, ...] = ("comjp", "cojp")


class HostWords:
    """The part of a host left of its public suffix, taken apart."""

    __slots__ = ("bare", "borders", "ends", "label_of", "left", "own", "starts", "words", "www")

    def __init__(self, left: str, *, own: bool = True) -> None:
        """Take apart what stands left of the public suffix; `own`: its last label is the registrable domain's."""
        self.left = left
        self.bare = left.replace("-", "")
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.label_of: list[int] = []  # of each word
        labels = left.split(".")
        self.borders: list[tuple[int, int]] = []  # of each label
        at = 0
        for index, label in enumerate(labels):
            begin = at
            for part in label.split("-") if "-" in label else (label,):
                if part:
                    self.words.append(part)
                    self.starts.append(at)
                    at += len(part)
                    self.ends.append(at)
                    self.label_of.append(index)
            self.borders.append((begin, at))
            at += 1
        self.own = len(labels) - 1 if own else len(labels)  # index of the registrable domain's label
        self.www = labels[0] == "www"

    def word_at(self, place: int) -> int:
        """Return the index of the word that a position belongs to."""
        return bisect_right(self.starts, place) - 1

    def is_own(self, word: int) -> bool:
        """Tell whether a word stands in the registrable domain's own label."""
        return self.label_of[word] == self.own

    def own_label(self) -> str:
        """Return the registrable domain's own label without dashes; empty where there is none."""
        if self.own >= len(self.borders):
            return ""
        start, end = self.borders[self.own]
        return self.bare[start:end]

    def fit(self, start: int, end: int) -> tuple[Fit, int, int] | None:
        """Tell how a name from `start` to `end` stands, and its first and last word; None if it crosses a dot."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        label = self.label_of[first]
        if label != self.label_of[last]:
            return None
        before, after = self.bare[self.starts[first] : start], self.bare[end : self.ends[last]]
        if not before and not after:
            return ("label" if self.borders[label] == (start, end) else "word"), first, last
        if (not before and after == self.bare[end - 1]) or (not after and before == self.bare[start]):
            return "doubled", first, last
        if _lure(before) and _lure(after):
            return "glued", first, last
        return ("edge" if not before or not after else "inside"), first, last

    def company(self, first: int, last: int, end: int) -> list[Company]:
        """Return what stands around a name that takes the words `first` to `last` and ends at `end`."""
        words = self.words
        following = words[last + 1 : last + 3]
        tail = self.bare[end : self.ends[last]]
        if tail:
            following = [tail, *following]
        others = words[:first] + words[last + 1 :]
        found: list[Company] = []
        if following and (following[0] in IMITATED or "".join(following[:2]) in IMITATED):
            found.append("before_suffix")
        elif following and following[0] in IMITATED_WEAKLY:
            found.append("before_com")
        elif others:
            if has_suffix(others):
                found.append("has_suffix")
            elif not IMITATED_WEAKLY.isdisjoint(others):
                found.append("has_com")
        lures = sum([word in TELLING for word in others])
        if lures:
            found.append("lure" if lures == 1 else "lures")
        return found

    def starts_and_ends(self, start: int, end: int) -> tuple[bool, bool]:
        """Tell whether a word begins at `start`, and whether one ends at `end`."""
        return start in self.starts, end in self.ends

    def pieces(self) -> list[tuple[str, int, int]]:
        """Return every label and word with its borders; what imitates a suffix or `www` is also left away."""
        found = [(self.bare[start:end], start, end) for start, end in self.borders]
        if len(self.words) > len(self.borders):
            found += zip(self.words, self.starts, self.ends, strict=True)
        for text, _, end in tuple(found):
            bare = text.removeprefix("www")
            tail = next((tail for tail in _TAILS if bare.endswith(tail)), "")
            if (tail or len(bare) < len(text)) and len(bare) > len(tail):
                found.append((bare.removesuffix(tail), end - len(bare), end - len(tail)))
        return found

    def beckons(self) -> bool:
        """Tell whether a word beside which names are garbled stands in the host."""
        return not BECKONING.isdisjoint(self.words) or any(word.endswith("card") for word in self.words)

    def imitates_suffix(self) -> bool:
        """Tell whether an official-looking suffix (`co.jp`) stands inside the host."""
        return has_suffix(self.words) or any(word.endswith(_GLUED) for word in self.words)


def has_suffix(words: list[str]) -> bool:
    """Tell whether words that follow each other are an imitated public suffix of two parts."""
    return not IMITATED.isdisjoint(words) or any(one + two in IMITATED for one, two in pairwise(words))


@lru_cache(maxsize=65536)
def _lure(text: str) -> bool:
    """Tell whether glued text is one or two lure words, digits aside."""
    text = text.strip("0123456789")
    return not text or text in LURES or any(text[:at] in LURES and text[at:] in LURES for at in range(2, len(text) - 1))
