"""Fonts of the PDF: IPAex Gothic for texts, DejaVu Sans Mono for hashes and addresses, DejaVu Sans where they lack one.

They come with libraries that are installed anyway, and may be embedded. What no font can draw is shown by its number:
`[U+1F525]`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from unicodedata import bidirectional, category

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

from safety.screen import screen
from takedown.errors import TakedownError

# Package and path in it. The packages are not imported: they would start all of matplotlib.
_FILES = {
    "gothic": ("matplotlib_fontja", "fonts/ipaexg.ttf"),
    "mono": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
    "sans": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
}
_ORDER = {"text": ("gothic", "sans"), "mono": ("mono", "gothic", "sans")}
_NARROW = frozenset("‘’“”")  # as wide as a kanji in a Japanese font, which tears English apart


class FontMissing(TakedownError):
    """A font that should be installed is not there."""


class _Letters(dict[str, tuple[str, float] | None]):
    """By character: the font that draws it and its width in thousandths of the size; None where none does."""

    def __init__(self, faces: tuple[TTFont, ...]) -> None:
        self._faces = faces

    def __missing__(self, character: str) -> tuple[str, float] | None:
        found = None
        for place, face in enumerate(self._faces if character not in _NARROW else self._faces[::-1]):
            if face.face.charToGlyph.get(ord(character)) and not (place and _needs_shaping(character)):
                found = face.fontName, float(face.face.charWidths.get(ord(character), face.face.defaultWidth))
                break
        self[character] = found
        return found


class _Widths(dict[str, float]):
    def __init__(self, letters: _Letters) -> None:
        self._letters = letters

    def __missing__(self, character: str) -> float:
        found = self._letters[character]
        self[character] = width = found[1] if found is not None else 0.0
        return width


class Font:
    """Fonts that stand in for each other, ready to be drawn with."""

    def __init__(self, faces: tuple[TTFont, ...]) -> None:
        self._letters = _Letters(faces)
        self.name: str = faces[0].fontName  # reportlab's name for the first
        self.width: Callable[[str], float] = _Widths(self._letters).__getitem__  # in thousandths of the size

    def drawable(self, character: str) -> bool:
        """Tell whether one of the fonts has a picture of a character."""
        return self._letters[character] is not None

    def runs(self, line: str) -> Iterator[tuple[str, str]]:
        """Yield the parts of a drawable line, each with the name of the font that has it."""
        for name, part in groupby(line, lambda character: (self._letters[character] or (self.name, 0))[0]):
            yield name, "".join(part)


@lru_cache
def font(key: str) -> Font:
    """Return the fonts for "text" or "mono", registered with reportlab.

    Raises:
        FontMissing: a file is not installed.
    """
    return Font(tuple(map(_loaded, _ORDER[key])))


@lru_cache
def _loaded(key: str) -> TTFont:
    package, path = _FILES[key]
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    file = next((Path(place, path) for place in places if Path(place, path).is_file()), None)
    if file is None:
        raise FontMissing(f"{path} of package {package} is missing: install mekiki anew")
    loaded = TTFont(f"mekiki-{key}", str(file))
    registerFont(loaded)
    return loaded


def _needs_shaping(character: str) -> bool:
    """Tell whether a character drawn by itself, from left to right, would not look as it is read."""
    return bidirectional(character) in ("R", "AL", "AN") or category(character).startswith("M")


def shown(text: str, chosen: Font) -> str:
    """Return the text as the font can draw it: what could mislead is escaped, what it has no picture of is numbered.

    Line feeds stay; a tab becomes a space.
    """
    clean = screen(text, lines=True).replace("\t", " ")
    if clean.isascii():
        return clean
    return "".join(
        character if character == "\n" or chosen.drawable(character) else f"[U+{ord(character):04X}]"
        for character in clean
    )
