from pathlib import Path

import pytest
from PIL import Image

from detector.images.decode import PictureRefused, decode, inspect
from detector.images.svg import SVG_SIDE
from tests.detector.images.drawn import encoded

NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 20"'


def drawing(body: str, head: str = "") -> bytes:
    return f"{head}<svg {NAMES}>{body}</svg>".encode()


def test_is_drawn_over_white_at_a_bounded_size() -> None:
    image = decode(drawing('<rect width="20" height="20" fill="#f00"/>'), svg=True)
    assert image.size == (SVG_SIDE, SVG_SIDE // 2)
    assert image.getpixel((10, 10)) == (255, 0, 0)
    assert image.getpixel((SVG_SIDE - 10, 10)) == (255, 255, 255)


def test_inspect_names_the_format() -> None:
    result = inspect(drawing('<circle r="9" cx="20" cy="10"/>'), svg=True)
    assert (result["format"], result["mime"], result["rendition_mime"]) == ("SVG", "image/svg+xml", "image/png")


def test_references_inside_and_embedded_bitmaps_are_allowed() -> None:
    import base64

    pixel = base64.b64encode(encoded(Image.new("RGB", (4, 4), "red"))).decode()
    body = (
        '<defs><linearGradient id="g"><stop stop-color="red"/></linearGradient></defs>'
        '<rect id="r" width="9" height="9" fill="url(#g)"/><use xlink:href="#r" x="20"/>'
        f'<image xlink:href="data:image/png;base64,{pixel}" width="4" height="4" y="12"/>'
    )
    image = decode(drawing(body), svg=True)
    assert image.getpixel((30, SVG_SIDE // 2 - 180)) == (255, 0, 0)


@pytest.mark.parametrize("form", ["{path}", "{name}", "file://{path}", "../{name}", "FILE:{path}", " {path}"])
@pytest.mark.parametrize("tag", ["image", "use", "feImage", "pattern"])
def test_files_are_never_read(tmp_path: Path, form: str, tag: str) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (40, 20), "red").save(secret)
    target = form.format(path=secret, name=secret.name)
    for attribute in ("href", "xlink:href"):
        with pytest.raises(PictureRefused, match="outside itself"):
            decode(drawing(f'<{tag} {attribute}="{target}" width="40" height="20"/>'), svg=True)


@pytest.mark.parametrize(
    "body",
    [
        '<image href="https://evil.test/a.png"/>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        '<rect style="fill:url(https://evil.test/a.svg#x)"/>',
        "<rect fill=\"url( '//evil.test/a.svg' )\"/>",
        "<style>@import 'https://evil.test/a.css';</style>",
        "<style>rect{fill:url(file:///etc/x)}</style>",
    ],
)
def test_nothing_outside_is_referred_to(body: str) -> None:
    with pytest.raises(PictureRefused, match="outside itself"):
        decode(drawing(body), svg=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (drawing("<rect"), "well-formed"),
        (drawing("&x;", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>'), "entities"),
        (drawing("<g>" * 5000 + "</g>" * 5000), "well-formed"),
        (drawing('<rect width="1"/>' * 60_000), "elements"),
        (drawing("<!--" + "x" * 2**21 + "-->"), "too large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>', "drawn"),
        (drawing("<script>alert(1)</script>"), "script"),
        (drawing('<rect onload="alert(1)" width="1"/>'), "script"),
        (drawing('<rect xmlns:a="http://www.w3.org/2000/svg" a:onclick="alert(1)" width="1"/>'), "script"),
    ],
    ids=["broken", "entity", "deep", "many", "large", "empty", "script", "handler", "named handler"],
)
def test_hostile_drawings_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PictureRefused, match=reason):
        decode(data, svg=True)


def test_an_endless_aspect_stays_bounded() -> None:
    data = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="100000"><rect width="1" height="9"/></svg>'
    assert max(decode(data, svg=True).size) <= SVG_SIDE
