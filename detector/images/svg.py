"""SVG -> pixels, without letting the drawing reach anything outside itself.

The renderer opens any path that an `href` names, so every reference must stay inside the document (`#id`) or
carry its own bytes (`data:` of a bitmap). It runs no script; a logo that holds one is refused all the same, for the
file itself goes on to browsers. What is rendered is the tree that was checked, written out again, never
the original bytes.
"""

import io
import re

import resvg_py
from lxml import etree
from PIL import Image

from detector.images.errors import PictureRefused

MAX_SVG_BYTES: int = 2 * 2**20
MAX_ELEMENTS: int = 50_000
SVG_SIDE: int = 1024  # the drawing fits this square
_EMBEDDED = re.compile(r"\s*data:image/(png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_OUTSIDE = re.compile(r"url\(\s*['\"]?\s*(?!#)", re.IGNORECASE)


def looks_like_svg(data: bytes) -> bool:
    """Tell by the first kilobyte whether the bytes are an SVG document."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"<svg" in data[:4096]


def render_svg(data: bytes, *, background: str | None = "#ffffff") -> Image.Image:
    """Draw an SVG over white, at most `SVG_SIDE` pixels long; without a background it keeps its transparency.

    Raises:
        PictureRefused: not well-formed, too large, or it refers to something outside itself.
    """
    if len(data) > MAX_SVG_BYTES:
        raise PictureRefused(f"SVG too large: {len(data)} bytes, at most {MAX_SVG_BYTES}")
    root = _checked_tree(data)
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=etree.tostring(root, encoding="unicode"),
            background=background,
            skip_system_fonts=True,
            width=SVG_SIDE,
            height=SVG_SIDE,
        )
    except ValueError as error:
        raise PictureRefused(f"SVG cannot be drawn: {error}") from error
    image = Image.open(io.BytesIO(drawn), formats=("PNG",))
    image.load()
    plain = image.convert("RGB" if background else "RGBA")
    plain.format = "SVG"
    return plain


def _checked_tree(data: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PictureRefused(f"SVG is not well-formed: {error}") from error
    if b"<!ENTITY" in data.upper():
        raise PictureRefused("SVG declares entities")
    for count, element in enumerate(root.iter(etree.Element, etree.Entity)):
        if count > MAX_ELEMENTS:
            raise PictureRefused(f"SVG has more than {MAX_ELEMENTS} elements")
        if isinstance(element, etree._Entity):
            raise PictureRefused("SVG uses entities")
        _check(element)
    return root


def _check(element: etree._Element) -> None:
    tag = element.tag.rpartition("}")[2]
    if tag == "script" or any(str(name).rpartition("}")[2].lower().startswith("on") for name in element.attrib):
        raise PictureRefused("SVG holds a script")
    for name, value in element.attrib.items():
        text = str(value)
        local = str(name).rpartition("}")[2]
        inside = text.lstrip().startswith("#") or bool(_EMBEDDED.match(text)) or not text.strip()
        if local == "href" and tag != "a" and not inside:
            raise PictureRefused("SVG refers to something outside itself")
        if local != "href" and _OUTSIDE.search(text):
            raise PictureRefused("SVG refers to something outside itself")
    if tag == "style" and (_OUTSIDE.search(element.text or "") or "@import" in (element.text or "").lower()):
        raise PictureRefused("SVG refers to something outside itself")
