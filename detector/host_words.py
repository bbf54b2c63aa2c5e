"""A host name as a reader takes it apart: labels and words, where in them a name stands, and what keeps it company.

Positions count the letters of the host without dots and dashes, because that is what names are searched in.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from detector.hosts import IMITATED, IMITATED_WEAKLY, LURES, Host

Position = Literal["registrable", "tenant", "subdomain"]
# A whole label, a word between dashes, glued to lure words only, its outer letter doubled, at a word's edge, inside.
Fit = Literal["label", "word", "glued", "doubled", "edge", "inside"]
# What stands around a name. `before_suffix`: directly before an imitated `co.jp`, `before_com`: before `com`, `jp`,
# `co`, `net`; the other two of the kind: the same elsewhere in the host.
Company = Literal["before_suffix", "before_com", "has_suffix", "has_com", "lure", "lures"]

TRIVIAL: frozenset[str] = frozenset(("www", "www1", "www2", "com", "co", "net", "in", "web", "home", "mail"))
# Imitated suffixes that are also looked for glued to a word's end.
_TAILS: tuple[str, ...] = ("comjp", "cojp", "com", "jp")
_GLUED: tuple[str, ...] = ("comjp", "cojp")


class Word(NamedTuple):
    """What stands between two dots or dashes."""

    text: str
    start: int  # position of its first letter
    end: int  # position after its last letter


class Label(NamedTuple):
    """One label without its dashes."""

    text: str
    start: int
    end: int
    position: Position


class HostWords:
    """The part of a host left of its public suffix, taken apart."""

    __slots__ = ("bare", "labels", "left", "words")

    def __init__(self, host: Host) -> None:
        self.left = f"{host.subdomain}.{host.label}".lstrip(".")
        self.bare = self.left.replace("-", "").replace(".", "")
        own: Position = "tenant" if host.shared else "registrable"
        names = self.left.split(".")
        labels: list[Label] = []
        words: list[Word] = []
        end = 0
        for index, name in enumerate(names):
            begin = end
            for part in name.split("-"):
                if part:
                    words.append(Word(part, end, end + len(part)))
                    end += len(part)
            position = own if host.label and index == len(names) - 1 else "subdomain"
            labels.append(Label(self.bare[begin:end], begin, end, position))
        self.labels, self.words = labels, words

    def label_at(self, start: int) -> Label:
        """Return the label that a position belongs to."""
        return next(label for label in self.labels if start < label.end)

    def _word_at(self, start: int) -> int:
        return next(index for index, word in enumerate(self.words) if start < word.end)

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
        first = self.words[self._word_at(start)]
        last = self.words[self._word_at(end - 1)]
        return self.bare[first.start : start], self.bare[end : last.end]

    def company(self, start: int, end: int) -> list[Company]:
        """Return what stands around a name from `start` to `end`."""
        first = self._word_at(start)
        last = self._word_at(end - 1)
        tail = self.bare[end : self.words[last].end]
        following = [tail] if tail else []
        following += [word.text for word in self.words[last + 1 : last + 3]]
        others = [word.text for at, word in enumerate(self.words) if not first <= at <= last]
        found: list[Company] = []
        if _is_suffix(following):
            found.append("before_suffix")
        elif following and following[0] in IMITATED_WEAKLY:
            found.append("before_com")
        elif any(_is_suffix(others[at : at + 2]) for at in range(len(others))):
            found.append("has_suffix")
        elif any(word in IMITATED_WEAKLY for word in others):
            found.append("has_com")
        lures = sum(word in LURES and word not in TRIVIAL for word in others)
        if lures:
            found.append("lure" if lures == 1 else "lures")
        return found

    def word_at(self, start: int) -> str:
        """Return the word that a position belongs to."""
        return self.words[self._word_at(start)].text

    def borders(self, start: int, end: int) -> tuple[bool, bool]:
        """Tell whether a word begins at `start`, and whether one ends at `end`."""
        before, after = self._rest(start, end)
        return not before, not after

    def before_imitated(self) -> tuple[str, int] | None:
        """Return what stands before an official-looking suffix inside the host, and where it starts; else None."""
        for at, word in enumerate(self.words):
            following = [one.text for one in self.words[at + 1 : at + 3]]
            if _is_suffix(following):
                start = self.label_at(word.start).start
                return self.bare[start : word.end], start
            tail = next((tail for tail in _GLUED if word.text.endswith(tail) and len(word.text) > len(tail) + 2), None)
            if tail:
                start = self.label_at(word.start).start
                return self.bare[start : word.end - len(tail)], start
        return None

    def pieces(self) -> list[tuple[str, int]]:
        """Return every label and word with its position; what imitates a suffix or `www` is also left away."""
        found = [(label.text, label.start) for label in self.labels]
        if len(self.words) > len(self.labels):
            found += [(word.text, word.start) for word in self.words]
        for text, start in tuple(found):
            bare = text.removeprefix("www")
            tail = next((tail for tail in _TAILS if bare.endswith(tail)), "")
            if (tail or len(bare) < len(text)) and len(bare) > len(tail):
                found.append((bare.removesuffix(tail), start + len(text) - len(bare)))
        return found


def _is_suffix(words: list[str]) -> bool:
    """Tell whether words, or the first of them, are an imitated public suffix of two parts."""
    return bool(words) and (words[0] in IMITATED or "".join(words[:2]) in IMITATED)


def _doubles(before: str, first: str, after: str, last: str) -> bool:
    return (not before and after == last) or (not after and before == first)


@lru_cache(maxsize=65536)
def _lure(text: str) -> bool:
    """Tell whether glued text is one or two lure words, digits aside."""
    text = text.strip("0123456789")
    return not text or text in LURES or any(text[:at] in LURES and text[at:] in LURES for at in range(2, len(text) - 1))
