"""Pictures in the PDF: only pixels, in their places, within bounds."""

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from takedown.bundle.dossier import Dossier, Frame, Picture, Pictures, Section
from takedown.bundle.pdf import pdf_of
from tests.takedown.bundle.reading import bare, drawn, read
from tests.takedown.bundle.sample import Shelf, picture, usual

ONE = "77" * 32


def png(image: Image.Image, **chunks: str) -> bytes:
    """A PNG with texts in it."""
    out, info = io.BytesIO(), PngInfo()
    for name, text in chunks.items():
        info.add_text(name, text)
    image.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def of(*pictures: Picture) -> Dossier:
    """A dossier of pictures alone."""
    section = Section(key="pictures", title="Pictures", blocks=(Pictures(pictures=pictures),))
    return replace(usual("en"), sections=(section,), tiles=(), warnings=(), summary=())


def printed(data: bytes, *pictures: Picture) -> bytes:
    """The PDF of pictures that all show the same bytes."""
    shelf = Shelf()
    shelf.files[ONE] = data
    return pdf_of(of(*pictures), shelf.read)


def box_of(page: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Where pixels of a colour are, as left, top, right, bottom."""
    near = np.abs(np.asarray(page, np.int16) - np.array(colour)).sum(axis=2) < 30
    down, across = np.nonzero(near)
    assert down.size, f"no {colour} on the page"
    return int(across.min()), int(down.min()), int(across.max()), int(down.max())


def test_a_frame_stands_where_the_match_is_in_the_original() -> None:
    green = png(Image.new("RGB", (320, 240), (40, 200, 60)))  # a rendition half the size of the original
    frame = Frame(number=1, box=(160, 120, 320, 240), says="the mark")
    data = printed(green, picture(ONE, 640, 480, frame, caption="p"))
    page = drawn(data, 1, scale=2)
    left, top, right, bottom = box_of(page, (40, 200, 60))
    inner = box_of(page, (180, 35, 24))
    width, height = right - left, bottom - top
    assert (inner[0] - left) / width == pytest.approx(0.25, abs=0.03)
    assert (inner[2] - left) / width == pytest.approx(0.75, abs=0.03)
    assert (inner[1] - top) / height == pytest.approx(0.25, abs=0.03)
    assert (inner[3] - top) / height == pytest.approx(0.75, abs=0.03)
    assert bare("1 the mark") in read(data).text


@pytest.mark.parametrize(
    "box", [(-50, -50, 5, 5), (9000, 0, 10, 10), (0, 0, 10**9, 10**9), (5, 5, 0, 0), (5, 5, -9, 3)]
)
def test_a_frame_outside_the_picture_never_leaves_it(box: tuple[int, int, int, int]) -> None:
    green = png(Image.new("RGB", (320, 240), (40, 200, 60)))
    frame = Frame(number=1, box=box, says="the mark")
    page = drawn(printed(green, picture(ONE, 320, 240, frame, caption="p")), 1)
    field = box_of(page, (40, 200, 60))
    red = np.abs(np.asarray(page, np.int16) - np.array((180, 35, 24))).sum(axis=2) < 30
    down, across = np.nonzero(red)
    assert not down.size or (across.min() >= field[0] - 3 and down.min() >= field[1] - 3)
    assert not down.size or (across.max() <= field[2] + 3 and down.max() <= field[3] + 3)


def test_a_tall_page_is_cut_into_parts_that_show_all_of_it() -> None:
    image = Image.new("RGB", (400, 4000), "#ffffff")
    for number in range(20):
        image.paste((10 * number + 20, 0, 255 - 10 * number), (0, number * 200, 400, number * 200 + 200))
    data = printed(png(image), picture(ONE, 400, 4000, caption="p"))
    found = read(data)
    parts = sum(found.images)
    assert parts > 3
    for number in range(parts):
        assert bare(f"Part {number + 1} of {parts}") in found.text
    pages = [np.asarray(drawn(data, page + 1), np.int16) for page in range(len(found.pages))]
    for number in range(20):
        colour = np.array((10 * number + 20, 0, 255 - 10 * number))
        shown = sum(int((np.abs(page - colour).sum(axis=2) < 12).sum()) for page in pages)
        assert shown > 5000, f"band {number} is not shown"


def test_a_page_without_end_is_cut_and_says_so() -> None:
    data = printed(png(Image.new("RGB", (200, 19_000), (40, 200, 60))), picture(ONE, 200, 19_000, caption="p"))
    found = read(data)
    assert sum(found.images) == 12
    assert "Shown:theupper25%" in found.text
    assert len(found.pages) < 5


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 640), (640, 2)])
def test_pictures_of_any_shape_fit(size: tuple[int, int]) -> None:
    data = printed(png(Image.new("RGB", size, (40, 200, 60))), picture(ONE, *size, caption="p"))
    assert sum(read(data).images) >= 1


def test_nothing_but_pixels_of_a_picture_gets_in() -> None:
    stored = png(Image.new("RGB", (320, 240), (40, 200, 60)), Comment="CANARY-TEXT-551", XML="<x:xmpmeta>CANARY-551")
    data = printed(stored, picture(ONE, 320, 240, caption="p"))
    assert b"CANARY" not in data
    assert stored[100:200] not in data


def bomb() -> bytes:
    """A PNG of 30,000 by 30,000 pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(one)) + name + one + struct.pack(">I", zlib.crc32(name + one)) for name, one in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "stored",
    [b"", b"GIF89a", b"%PDF-1.4", bomb(), png(Image.new("RGB", (320, 240)))[:200], b"<svg xmlns='x'/>"],
    ids=["empty", "gif", "pdf", "bomb", "cut", "svg"],
)
def test_what_is_no_sound_picture_is_named_instead(stored: bytes) -> None:
    found = read(printed(stored, picture(ONE, 320, 240, caption="Picture of the ad")))
    assert sum(found.images) == 0
    assert "Pictureofthead" in found.text
    assert bare("It cannot be drawn here") in found.text


def test_a_picture_that_is_gone_is_named_with_its_hash() -> None:
    gone = picture("55" * 32, 320, 240, caption="Picture of the ad")
    found = read(printed(b"", gone))
    assert sum(found.images) == 0
    assert gone.original in found.text


def noise(seed: int) -> bytes:
    """A picture that no encoder makes small."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (600, 640, 3), np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def test_many_large_pictures_stay_small_enough_to_be_mailed_and_the_rest_is_named() -> None:
    shelf = Shelf()
    shelf.files |= {f"{number:064x}": noise(number) for number in range(26)}
    pictures = [picture(f"{number:064x}", 640, 600, caption=f"Picture {number}") for number in range(26)]
    data = pdf_of(of(*pictures), shelf.read)
    found = read(data)
    assert len(data) < 10_000_000
    assert 5 < sum(found.images) < 26
    assert found.text.count(bare("Not printed, to keep this document small")) == 26 - sum(found.images)
    assert all(f"Picture{number}" in found.text for number in range(26))


def test_the_same_picture_is_kept_once_however_often_it_is_shown() -> None:
    stored = noise(7)
    once = printed(stored, picture(ONE, 640, 600, caption="p"))
    often = printed(stored, *(picture(ONE, 640, 600, caption=f"p {number}") for number in range(40)))
    assert sum(read(often).images) == 40
    assert len(often) < len(once) + 50_000
