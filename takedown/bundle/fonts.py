"""Fonts of the PDF: IPAex Gothic for every text, DejaVu Sans Mono for hashes and addresses; both come with libraries
that are installed anyway, both may be embedded. What a font cannot draw is shown by its number: `[U+1F525]`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

from safety.screen import screen

# Package and path in it. The packages are not imported: they would start all of matplotlib.
_FILES = {
    "text": ("matplotlib_fontja", "fonts/ipaexg.ttf"),
    "mono": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
}


class FontMissing(Exception):
    """A font that should be installed is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """A font that is ready to be drawn with."""

    name: str  # reportlab's name for it
    width: Callable[[str], float]  # of one character, in thousandths of the font's size
    drawable: Callable[[str], bool]  # whether it has a picture of one character


class _Widths(dict[str, float]):
    """Widths of the characters that were asked for: a page asks for the same few thousands of times."""

    def __init__(self, loaded: TTFont) -> None:
        self._face = loaded.face

    def __missing__(self, character: str) -> float:
        width = float(self._face.charWidths.get(ord(character), self._face.defaultWidth))
        self[character] = width
        return width


@lru_cache
def font(key: str) -> Font:
    """Return the font for "text" or "mono", registered with reportlab.

    Raises:
        FontMissing: its file is not installed.
    """
    package, path = _FILES[key]
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    file = next((Path(place, path) for place in places if Path(place, path).is_file()), None)
    if file is None:
        raise FontMissing(f"{path} of package {package} is missing: install mekiki anew")
    name = f"mekiki-{key}"
    loaded = TTFont(name, str(file))
    registerFont(loaded)
    glyphs = loaded.face.charToGlyph
    return Font(
        name=name,
        width=_Widths(loaded).__getitem__,
        drawable=lambda character: bool(glyphs.get(ord(character))),
    )


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
