"""Pages: a dossier as one HTML page that opens from the unpacked bundle, offline and without scripts; ready for A4.

Texts are escaped by the template; pictures are files of the bundle, never what a page or an ad named.
"""

from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from takedown.bundle.dossier import Box, Dossier, Picture

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
PathOf = Callable[[str | None], str | None]  # SHA-256 -> path in the bundle


def page_of(dossier: Dossier, path_of: PathOf) -> str:
    """Return the page."""
    template = _templates.get_template("index.html.j2")
    return template.render(doc=dossier, path_of=path_of, place=_place, kind=lambda block: type(block).__name__)


def _place(box: Box, picture: Picture) -> str:
    """Return where a frame lies as CSS, in shares of its picture; nothing where it lies outside."""
    if picture.width <= 0 or picture.height <= 0:
        return ""
    left, top = max(0.0, box[0] / picture.width), max(0.0, box[1] / picture.height)
    right = min(1.0, (box[0] + box[2]) / picture.width)
    bottom = min(1.0, (box[1] + box[3]) / picture.height)
    if right <= left or bottom <= top:
        return ""
    shares = (("left", left), ("top", top), ("width", right - left), ("height", bottom - top))
    return ";".join(f"{name}:{share * 100:.3f}%" for name, share in shares)
