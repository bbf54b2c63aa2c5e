"""Compare: what visitors were told, side by side, word by word; texts of any length, in time that is bounded.

Each text is compared with the one of the others that is most like it, so that a price that was changed is seen beside
a page that is another one altogether.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from desk.marked import Piece, pieces

MOST = 600  # characters of a text that are compared and shown
MOST_WORDS = 400
LEAST_SAME = 3  # characters in a row between two differences; fewer are the same by chance
ANOTHER = 0.3  # part of the words that must be the same; below it is another text
_WORD = re.compile(r"[a-z0-9]+|\s+|.", re.IGNORECASE | re.DOTALL)  # Japanese by characters

Compared = tuple[Piece, ...]  # `matched` where another visitor was told something else
_Span = tuple[int, int]


def compared(texts: Sequence[str | None]) -> list[Compared]:
    """Return texts in pieces, marked where they differ from the most similar other one.

    Args:
        texts: what each visitor was told; None where there was nothing to tell.
    """
    shown = [None if text is None else text[: MOST + 1] for text in texts]
    different = list(dict.fromkeys(text for text in shown if text is not None))
    spans = {text: _differences(text, different) for text in different}
    return [() if text is None else tuple(pieces(text, spans[text], most=MOST)) for text in shown]


def _differences(text: str, others: Sequence[str]) -> list[_Span]:
    """Return where a text differs from the most similar one of the others."""
    mine = _words(text)
    bag = {text[start:end] for start, end in mine}
    best, likeness = None, -1.0
    for other in others:
        if other == text:
            continue
        theirs = {other[start:end] for start, end in _words(other)}
        share = len(bag & theirs) / max(1, len(bag | theirs))
        if share > likeness:
            best, likeness = other, share
    if best is None or not mine:
        return []
    matcher = SequenceMatcher(
        None, [best[start:end] for start, end in _words(best)], [text[start:end] for start, end in mine], autojunk=False
    )
    same = [(block.b, block.b + block.size) for block in matcher.get_matching_blocks() if block.size]
    if sum(last - first for first, last in same) < ANOTHER * len(mine):
        return [(mine[0][0], mine[-1][1])]
    return _between(mine, same)


def _between(words: Sequence[_Span], same: Sequence[tuple[int, int]]) -> list[_Span]:
    """Return the characters outside what is the same; what is the same by chance, between two differences, is not."""
    kept = [
        (first, last)
        for first, last in same
        if first == 0 or last == len(words) or words[last - 1][1] - words[first][0] >= LEAST_SAME
    ]
    found: list[_Span] = []
    position = 0
    for first, last in [*kept, (len(words), len(words))]:
        if position < first:
            found.append((words[position][0], words[first - 1][1]))
        position = last
    return found


def _words(text: str) -> list[_Span]:
    return [match.span() for match in _WORD.finditer(text[:MOST])][:MOST_WORDS]
