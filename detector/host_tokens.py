"""What stands for a brand in host names: ASCII tokens, whole official hosts, names in other scripts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from detector.brands import BrandProfile
from detector.hosts import parse_host
from detector.normalize import fold, skeleton

# Letters from which an official host without its dots is looked for inside other names.
LEAST_OFFICIAL: int = 7
LEAST_UNICODE: int = 3


@dataclass(frozen=True, slots=True)
class Token:
    """An ASCII word that stands for a brand in host names."""

    brand: int
    text: str
    ambiguous: bool
    expected: str  # what the brand really uses


def _ascii_token(name: str) -> str:
    folded = fold(name).text
    squeezed = "".join(character for character in folded if character.isalnum())
    return squeezed if squeezed.isascii() else ""


def tokens_of(index: int, brand: BrandProfile) -> Iterator[Token]:
    """Yield the brand's names as they are written in hosts, and the labels of official hosts that show a name."""
    expected = brand.domains[0] if brand.domains else brand.name
    hosts = [host for domain in brand.domains if (host := parse_host(domain))]
    ambiguous = {_ascii_token(name) for name in brand.ambiguous}
    sure = [_ascii_token(name) for name in (brand.name, *brand.aliases)]
    labels = [host.label.replace("-", "") for host in hosts if host.label and host.label.isascii()]
    stems = [text for text in (*sure, *ambiguous) if len(text) >= 3]
    sure += [label for label in labels if label == labels[0] or any(stem in label for stem in stems)]
    for text in dict.fromkeys(sure):
        if len(text) >= 2 and text not in ambiguous:
            yield Token(index, text, False, expected)
    for text in sorted(ambiguous):
        if len(text) >= 2:
            yield Token(index, text, True, expected)


def officials_of(index: int, brand: BrandProfile) -> Iterator[tuple[str, int, str]]:
    """Yield every official host without dots and dashes, as it stands inside a longer name."""
    for domain in brand.domains:
        host = parse_host(domain)
        if host and host.registrable:
            key = host.ascii.replace(".", "").replace("-", "")
            if len(key) >= LEAST_OFFICIAL:
                yield key, index, host.ascii


def unicode_names_of(index: int, brand: BrandProfile) -> Iterator[tuple[int, str, str]]:
    """Yield brand, name and skeleton of every name that is not ASCII, for international domain names."""
    for name in (brand.name, *brand.aliases):
        key = skeleton(name).text
        if not key.isascii() and len(key) >= LEAST_UNICODE:
            yield index, name, key


def excluded_of(brand: BrandProfile) -> tuple[str, ...]:
    """Return the words that contain a name and mean something else, as they are written in hosts."""
    return tuple(text for word in brand.exclude if (text := _ascii_token(word)))


def shape(text: str) -> str:
    """Reduce to what the eye sees: 0 and o, 1, i and l, rn and m, vv and w are the same."""
    text = text.replace("rn", "m").replace("vv", "w")
    return text.translate(_SHAPES)


_SHAPES = str.maketrans("01i5", "olls")


def deletions(text: str) -> Iterable[str]:
    """Return the text with each one of its letters left out."""
    return (text[:at] + text[at + 1 :] for at in range(len(text)))
