"""How surprising a stretch of letters is in host names: tells `epos` from `kuroneko`, and a thrown-away name from a word.

A letter pair model with borders, its costs in tenths of a bit in `lexicon/host_letters.txt`; made by
`benchmarks/host_training.py` from the even lines of a list of popular hosts.
"""

from functools import lru_cache
from importlib import resources

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_PLACE = {character: at for at, character in enumerate(ALPHABET, 1)}  # 0 is a border, or any other character


def _table() -> list[list[float]]:
    text = resources.files("detector").joinpath("lexicon/host_letters.txt").read_text(encoding="ascii")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return [[int(cost) / 10 for cost in row] for row in rows]


# First row: a letter at a border's place or anywhere; then one row for each letter before it.
_ANYWHERE, *_AFTER = _table()


def surprisal(name: str) -> float:
    """Return in bits how unlikely a name is to stand somewhere in a host name by chance."""
    places = [_PLACE.get(character, 0) for character in name]
    return _ANYWHERE[places[0]] + sum(map(_cost, places, places[1:])) if places else 0.0


@lru_cache(maxsize=65536)
def strangeness(label: str) -> float:
    """Return the bits per letter of a whole label: about 4 for words, above 5.5 for random letters."""
    places = [0, *(_PLACE.get(character, 0) for character in label), 0]
    return sum(map(_cost, places, places[1:])) / (len(places) - 1)


def _cost(before: int, after: int) -> float:
    return _AFTER[before][after]
