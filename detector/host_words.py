"""A host name as a reader takes it apart: labels and words, where in them a name stands, and what keeps it company.

Positions count the letters of the host without dots and dashes, because that is what names are searched in.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from detector.hosts import IMITATED, LURES, Host

Position = Literal["registrable", "tenant", "subdomain"]
# A whole label, a word between dashes, glued to lure words only, its outer letter doubled, at a word's edge, inside.
Fit = Literal["label", "word", "glued", "doubled", "edge", "inside"]
# What stands around a name. `before_suffix`: directly before an imitated `co.jp`, `before_com`: before `com`, `jp`,
# `co`, `net`; the other two of the kind: the same elsewhere in the host.
Company = Literal["before_suffix", "before_com", "has_suffix", "has_com", "lure", "lures"]

TRIVIAL: frozenset[str] = frozenset(("www", "www1", "www2", "com", "co", "net", "in", "web", "home", "mail"))
_FULL: frozenset[str] = frozenset(
    ("cojp", "comjp", "nejp", "orjp", "gojp", "coojp", "jplogin", "coip", "cojplogin", "cnjp", "comcn")
)
_SHORT: frozenset[str] = frozenset(("com", "jp", "co", "net"))


@dataclass(frozen=True, slots=True)
class Word:
    """What stands between two dots or dashes."""

    text: str
    start: int  # position of its first letter
    label: int  # index of its label, from the left

    @property
    def end(self) -> int:
        """Position after its last letter."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Label:
    """One label without its dashes."""

    text: str
    start: int
    position: Position

    @property
    def end(self) -> int:
        """Position after its last letter."""
        return self.start + len(self.text)


class HostWords:
    """The part of a host left of its public suffix, taken apart."""

    __slots__ = ("_begins", "_starts", "bare", "labels", "left", "words")

    def __init__(self, host: Host) -> None:
        self.left = f"{host.subdomain}.{host.label}".lstrip(".")
        self.bare = self.left.replace("-", "").replace(".", "")
        own: Position = "tenant" if host.shared else "registrable"
        names = self.left.split(".")
        labels, words, start = [], [], 0
        for index, name in enumerate(names):
            last = index == len(names) - 1 and bool(host.label)
            text = name.replace("-", "")
            labels.append(Label(text, start, own if last else "subdomain"))
            for part in name.split("-"):
                if part:
                    words.append(Word(part, start, index))
                    start += len(part)
        self.labels, self.words = labels, words
        self._starts = [word.start for word in words]
        self._begins = [label.start for label in labels]

    def label_at(self, start: int) -> Label:
        """Return the label that a position belongs to."""
        return self.labels[bisect_right(self._begins, start) - 1]

    def fit(self, start: int, end: int) -> Fit | None:
        """Tell how a name from `start` to `end` stands in its label; None if it runs across a dot."""
        label = self.label_at(start)
        if end > label.end:
            return None
        if label.start == start and label.end == end:
            return "label"
        before, after = self._rest(start, end)
        if not before and not after:
            return "word"
        if _doubles(before, self.bare[start], after, self.bare[end - 1]):
            return "doubled"
        if _lure(before) and _lure(after):
            return "glued"
        return "edge" if not before or not after else "inside"

    def _rest(self, start: int, end: int) -> tuple[str, str]:
        """Return what shares a word with the name, before and after it."""
        first = self.words[bisect_right(self._starts, start) - 1]
        last = self.words[bisect_right(self._starts, end - 1) - 1]
        return self.bare[first.start : start], self.bare[end : last.end]

    def company(self, start: int, end: int) -> list[Company]:
        """Return what stands around a name from `start` to `end`."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        tail = self.bare[end : self.words[last].end]
        following = [tail] if tail else []
        following += [word.text for word in self.words[last + 1 : last + 3]]
        others = [word.text for at, word in enumerate(self.words) if not first <= at <= last]
        found: list[Company] = []
        if _is_suffix(following):
            found.append("before_suffix")
        elif following and following[0] in _SHORT:
            found.append("before_com")
        elif any(_is_suffix(others[at : at + 2]) for at in range(len(others))):
            found.append("has_suffix")
        elif any(word in _SHORT for word in others):
            found.append("has_com")
        lures = sum(word in LURES and word not in TRIVIAL for word in others)
        if lures:
            found.append("lure" if lures == 1 else "lures")
        return found

    def before_imitated(self) -> str | None:
        """Return the word before an official-looking suffix that stands inside the host name, else None."""
        padded = f".{self.left.replace('_', '-')}."
        for suffix in IMITATED:
            for form in (f".{suffix}.", f"-{suffix}.", f"-{suffix.replace('.', '-')}.", f"-{suffix.replace('.', '-')}-"):
                at = padded.find(form)
                if at > 0:
                    return padded[:at].rpartition(".")[2].replace("-", "")
        for label in self.labels:
            for glued in ("comjp", "cojp"):
                if label.text.endswith(glued) and len(label.text) > len(glued) + 2:
                    return label.text.removesuffix(glued)
        return None

    def pieces(self) -> list[tuple[str, int]]:
        """Return every label and word with its position; what imitates a suffix or `www` is also left away."""
        found: dict[tuple[str, int], None] = {}
        for label in self.labels:
            found[label.text, label.start] = None
        for word in self.words:
            found[word.text, word.start] = None
        for text, start in list(found):
            bare = text.removeprefix("www")
            tail = next((tail for tail in ("comjp", "cojp", "com", "jp") if bare.endswith(tail)), "")
            peeled = bare.removesuffix(tail)
            if peeled and peeled != text:
                found[peeled, start + len(text) - len(bare)] = None
        return list(found)


def _is_suffix(words: list[str]) -> bool:
    """Tell whether words, or the first of them, are an imitated public suffix of two parts."""
    return bool(words) and (words[0] in _FULL or "".join(words[:2]) in _FULL)


def _doubles(before: str, first: str, after: str, last: str) -> bool:
    return (not before and after == last) or (not after and before == first)


@lru_cache(maxsize=65536)
def _lure(text: str) -> bool:
    """Tell whether glued text is one or two lure words, digits aside."""
    text = text.strip("0123456789")
    return not text or text in LURES or any(text[:at] in LURES and text[at:] in LURES for at in range(2, len(text) - 1))
