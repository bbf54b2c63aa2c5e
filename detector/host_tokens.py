"""What stands for a brand in host names: ASCII tokens and their misspellings, whole official hosts, other scripts."""

from collections.abc import Iterator
from dataclasses import dataclass

from detector.brands import BrandProfile
from detector.host_letters import surprisal
from detector.hosts import LURES, parse_host
from detector.normalize import fold, skeleton

# Letters from which an official host without its dots is looked for inside other names.
LEAST_OFFICIAL: int = 7
LEAST_UNICODE: int = 3
LEAST_MISSPELT: int = 5  # shorter tokens are one letter away from too many words


@dataclass(frozen=True, slots=True)
class Token:
    """An ASCII word that stands for a brand in host names."""

    brand: int
    text: str
    ambiguous: bool
    expected: str  # what the brand really uses
    bits: float  # how surprising the letters are in hosts


def ascii_token(name: str) -> str:
    """Return a name as hosts spell it, without separators; empty if it is not written in ASCII."""
    folded = fold(name).text
    squeezed = "".join(character for character in folded if character.isalnum())
    return squeezed if squeezed.isascii() else ""


def tokens_of(index: int, brand: BrandProfile) -> Iterator[Token]:
    """Yield the brand's names as they are written in hosts, and the labels of official hosts that show a name."""
    expected = brand.domains[0] if brand.domains else brand.name
    hosts = [host for domain in brand.domains if (host := parse_host(domain))]
    ambiguous = {ascii_token(name) for name in brand.ambiguous}
    sure = [ascii_token(name) for name in (brand.name, *brand.aliases)]
    labels = [host.label.replace("-", "") for host in hosts if host.label and host.label.isascii()]
    stems = [text for text in (*sure, *ambiguous) if len(text) >= 3]
    sure += [label for label in labels if label == labels[0] or any(stem in label for stem in stems)]
    for text in dict.fromkeys(sure):
        if len(text) >= 2 and text not in ambiguous:
            yield Token(index, text, False, expected, surprisal(text))
    for text in sorted(ambiguous):
        if len(text) >= 2:
            yield Token(index, text, True, expected, surprisal(text))


def officials_of(index: int, brand: BrandProfile) -> Iterator[tuple[str, int, str]]:
    """Yield every official host as it stands inside a longer name: without dashes, each dot kept or left out."""
    for domain in brand.domains:
        host = parse_host(domain)
        if host and host.registrable:
            first, *others = host.ascii.replace("-", "").split(".")
            forms = [first]
            for label in others[:3]:
                forms = [form + dot + label for form in forms for dot in (".", "")]
            if len(forms[-1]) >= LEAST_OFFICIAL:
                yield from ((form, index, host.ascii) for form in forms)


def unicode_names_of(index: int, brand: BrandProfile) -> Iterator[tuple[int, str, str]]:
    """Yield brand, name and skeleton of every name that is not ASCII, for international domain names."""
    for name in (brand.name, *brand.aliases):
        key = skeleton(name).text
        if not key.isascii() and len(key) >= LEAST_UNICODE:
            yield index, name, key


def excluded_of(brand: BrandProfile) -> tuple[str, ...]:
    """Return the words that contain a name and mean something else, as they are written in hosts."""
    return tuple(text for word in brand.exclude if (text := ascii_token(word)))


# Letters and digits that are taken for each other at a glance, and what a hand confuses: neighbours on a keyboard,
# vowels for vowels.
_SHAPES: dict[str, tuple[str, ...]] = {
    "o": ("0",), "l": ("1", "i"), "i": ("1", "l"), "m": ("rn", "nn"), "w": ("vv",), "e": ("3",), "s": ("5",),
    "a": ("4",), "d": ("cl",), "g": ("q", "9"), "q": ("g",), "b": ("6",), "z": ("2",), "u": ("v",), "v": ("u",),
    "n": ("m",), "c": ("e",),
}  # fmt: skip
_NEIGHBOURS: dict[str, str] = {
    "a": "eiouqs", "b": "vnp", "c": "xvks", "d": "sft", "e": "aiouwr", "f": "dgp", "g": "fhk", "h": "gjn", "i": "aeouy",
    "j": "hkg", "k": "jlc", "l": "kr", "m": "n", "n": "bmh", "o": "aeiup", "p": "ob", "q": "wa", "r": "etl",
    "s": "adzc",
    "t": "ryd", "u": "aeioy", "v": "cbf", "w": "qe", "x": "zc", "y": "tui", "z": "xs",
}  # fmt: skip


def shapes(text: str) -> Iterator[str]:
    """Yield spellings that look like the text: one letter, or all of a kind, drawn as another."""
    for at, letter in enumerate(text):
        for drawn in _SHAPES.get(letter, ()):
            yield text[:at] + drawn + text[at + 1 :]
            if text.count(letter) > 1:
                yield text.replace(letter, drawn)


def slips(text: str) -> Iterator[str]:
    """Yield spellings one slip of the hand away: a letter left out, doubled, swapped, or hit beside.

    The first letter stays: otherwise `cloud` is a misspelt `icloud`.
    """
    for at in range(1, len(text)):
        before, letter, after = text[:at], text[at], text[at + 1 :]
        yield before + after
        yield before + letter + letter + after
        if after and letter != after[0]:
            yield before + after[0] + letter + after[1:]
        for beside in _NEIGHBOURS.get(letter, ""):
            yield before + beside + after


def is_lure(text: str) -> bool:
    """Tell whether a spelling is an ordinary word of hosts, so that it says nothing about a name."""
    return text in LURES
