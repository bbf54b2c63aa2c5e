"""Compare: what visitors were told, side by side, word by word; texts of any length, in time that is bounded."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from desk.marked import Piece, pieces

MOST = 600  # characters of a text that are compared and shown
MOST_WORDS = 400
_WORD = re.compile(r"[a-z0-9]+|\s+|.", re.IGNORECASE | re.DOTALL)  # Japanese by characters

Compared = tuple[Piece, ...]  # `matched` where another visitor was told something else


def compared(texts: Sequence[str | None]) -> list[Compared]:
    """Return texts in pieces, marked where they differ: each from the first, and the first from any other.

    Args:
        texts: what each visitor was told; None where there was nothing to tell.
    """
    some = [None if text is None else text[: MOST + 1] for text in texts]
    words = [
        None if text is None else [match.span() for match in _WORD.finditer(text[:MOST])][:MOST_WORDS] for text in some
    ]
    spans: list[list[tuple[int, int]]] = [[] for _ in some]
    first = next((number for number, text in enumerate(some) if text is not None), None)
    for number, text in enumerate(some):
        if first is None or number <= first or text is None:
            continue
        mine, theirs = words[first] or [], words[number] or []
        base = some[first] or ""
        matcher = SequenceMatcher(
            None, [base[start:end] for start, end in mine], [text[start:end] for start, end in theirs], autojunk=False
        )
        for tag, left, left_end, right, right_end in matcher.get_opcodes():
            if tag != "equal":
                spans[first] += [(mine[left][0], mine[left_end - 1][1])] if left < left_end else []
                spans[number] += [(theirs[right][0], theirs[right_end - 1][1])] if right < right_end else []
    return [() if text is None else tuple(pieces(text, spans[number], most=MOST)) for number, text in enumerate(some)]
