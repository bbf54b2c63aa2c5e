"""How surprising letters are in host names: tells `epos` from `kuroneko`, and a throw-away name from a word.

A letter pair model with borders, its costs in tenths of a bit in `lexicon/host_letters.txt`; made by
`benchmarks/host_training.py` from the even lines of a list of popular hosts.
"""

from functools import lru_cache
from importlib import resources

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_BORDER = "."
_PLACE = {character: at for at, character in enumerate(ALPHABET, 1)}  # 0 is a border, or any other character


def _table() -> list[list[float]]:
    text = resources.files("detector").joinpath("lexicon/host_letters.txt").read_text(encoding="ascii")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return [[int(cost) / 10 for cost in row] for row in rows]


# First row: a letter anywhere; then one row for each letter before it.
_ANYWHERE, *_AFTER = _table()
_COSTS: dict[str, float] = {
    before + after: _AFTER[place][at]
    for before, place in (_PLACE | {_BORDER: 0}).items()
    for after, at in (_PLACE | {_BORDER: 0}).items()
}


def surprisal(name: str) -> float:
    """Return in bits how unlikely a name is to stand somewhere in a host name by chance."""
    return _ANYWHERE[_PLACE.get(name[0], 0)] + _cost(name) if name else 0.0


@lru_cache(maxsize=65536)
def strangeness(label: str) -> float:
    """Return the bits per letter of a whole label: about 4 for words, above 5.5 for random letters."""
    return _cost(_BORDER + label + _BORDER) / (len(label) + 1)


def _cost(text: str) -> float:
    try:
        return sum([_COSTS[text[at : at + 2]] for at in range(len(text) - 1)])
    except KeyError:  # a character that is no letter of hosts counts as a border
        return _cost("".join(letter if letter in _PLACE else _BORDER for letter in text))
