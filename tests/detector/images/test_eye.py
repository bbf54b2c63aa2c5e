"""The real networks on pictures drawn here: a made-up logo is enrolled, and found in a busy picture, with its box."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from detector.brands import BrandProfile, ReferencePicture
from detector.images.decode import decode_with_alpha, inspect
from detector.images.enrol import enrol, looks
from detector.images.errors import PictureRefused
from detector.images.eye import MOST_MARKS, MOST_TIGHT, find_marks
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.logos import LogoHit, LogoIndex
from tests.detector.images.drawn import encoded, photo

STAR = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100"><g fill="#0a5bd3">
<path d="M60 4 72 40 110 40 80 62 92 97 60 76 28 97 40 62 10 40 48 40Z"/></g>
<circle cx="60" cy="56" r="12" fill="#ffd400"/></svg>"""
WAVE = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100">
<g fill="none" stroke="#c8102e" stroke-width="12">
<path d="M8 80C30 10 50 10 60 50S95 95 112 20"/><rect x="8" y="8" width="26" height="26"/></g></svg>"""
BOTH = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 100">
<circle cx="50" cy="50" r="46" fill="#084"/>
<path d="M150 20h20v60h-20zM190 20h20v60h-20zM230 20h70v18h-70zM230 62h70v18h-70z" fill="#222"/></svg>"""
HASH = PictureHash(width=1, height=1, phash="0" * 16, flat=True)


def reference(svg: bytes, name: str) -> ReferencePicture:
    return ReferencePicture(name=name, role="logo", hash=HASH, looks=tuple(looks(decode_with_alpha(svg, svg=True))))


@pytest.fixture(scope="module")
def index() -> LogoIndex:
    return LogoIndex([BrandProfile(key=name, name=name, pictures=(reference(svg, name),))
                      for name, svg in (("star", STAR), ("wave", WAVE), ("both", BOTH))])  # fmt: skip


def advertisement(svg: bytes | None, box: tuple[int, int, int, int], seed: int = 3) -> Image.Image:
    picture = photo(seed=seed, size=(900, 600))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 430, 500, 580), fill="white")
    pen.text((60, 450), "80% OFF, only 88 left, buy today", fill="black", font_size=24)
    if svg is not None:
        logo = decode_with_alpha(svg, svg=True).resize((box[2], box[3]))
        pen.rectangle((box[0] - 12, box[1] - 12, box[0] + box[2] + 12, box[1] + box[3] + 12), fill="white")
        picture.paste(logo, box[:2], logo)
    return picture


def best(index: LogoIndex, picture: Image.Image) -> tuple[int, LogoHit] | None:
    return next(iter(index.find(find_marks(picture))), None)


def overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0, across) * max(0, down)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


@pytest.mark.parametrize(("svg", "brand", "box"), [
    (STAR, 0, (620, 80, 144, 120)), (WAVE, 1, (90, 120, 96, 80)), (STAR, 0, (500, 300, 60, 50)),
    (BOTH, 2, (300, 60, 256, 80)),
])  # fmt: skip
def test_a_logo_in_an_advertisement_is_found_with_its_box(
    index: LogoIndex, svg: bytes, brand: int, box: tuple[int, int, int, int]
) -> None:
    found = best(index, advertisement(svg, box))
    assert found is not None
    assert found[0] == brand
    assert overlap(found[1].box, box) > 0.5


def test_pictures_without_a_logo_give_none(index: LogoIndex) -> None:
    for seed in range(6):
        assert best(index, advertisement(None, (0, 0, 1, 1), seed)) is None
    for colour in ("white", "black", "orange"):
        assert best(index, Image.new("RGB", (640, 360), colour)) is None


def test_a_logo_alone_is_the_whole_picture(index: LogoIndex) -> None:
    logo = decode_with_alpha(STAR, svg=True)
    avatar = Image.new("RGB", (logo.width + 20, logo.height + 20), "white")
    avatar.paste(logo, (10, 10), logo)
    found = best(index, avatar.resize((120, 100)))
    assert found is not None
    assert found[0] == 0


def test_marks_are_few_inside_the_picture_and_always_the_same() -> None:
    picture = advertisement(STAR, (620, 80, 144, 120))
    marks = find_marks(picture)
    assert marks == find_marks(picture)
    assert 1 <= len(marks) <= MOST_MARKS + MOST_TIGHT + 1
    assert marks[-1].box == (0, 0, 900, 600)
    for x, y, width, height in (mark.box for mark in marks):
        assert min(width, height) >= 1
        assert 0 <= x < 900
        assert 0 <= y < 600
        assert x + width <= 901
        assert y + height <= 601


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (2000, 7), (33, 31), (4000, 3000)])
def test_any_size_is_looked_at(size: tuple[int, int]) -> None:
    assert find_marks(photo(seed=1, size=size) if min(size) > 10 else Image.new("RGB", size, "red"))


def test_boxes_refer_to_the_original_of_a_reduced_copy() -> None:
    picture = advertisement(STAR, (620, 80, 144, 120))
    half = picture.resize((450, 300))
    one, two = find_marks(half)[0].box, find_marks(half, size=(900, 600))[0].box
    assert all(abs(2 * a - b) <= 2 for a, b in zip(one, two, strict=True))


def test_inspect_carries_marks_unless_nobody_wants_them() -> None:
    data = encoded(advertisement(STAR, (620, 80, 144, 120)))
    seen = picture_hash_from_dict(inspect(data)["hash"])
    assert seen.marks
    assert picture_hash_from_dict(inspect(data, marks=False)["hash"]) == replace(seen, marks=(), eye="")


def test_an_icon_beside_words_is_enrolled_with_and_without_them() -> None:
    names = {look["name"].partition(",")[0] for look in enrol(BOTH, svg=True)}
    assert names == {"whole", "first part", "second part"}
    assert {look["name"].partition(",")[0] for look in enrol(STAR, svg=True)} == {"whole"}


def test_a_logo_on_its_ground_is_taken_off_it() -> None:
    logo = decode_with_alpha(STAR, svg=True)
    ground = Image.new("RGB", (logo.width + 60, logo.height + 60), "#f4f4f4")
    ground.paste(logo, (30, 30), logo)
    framed = {look.name: look.aspect for look in looks(decode_with_alpha(encoded(ground)))}
    bare = {look.name: look.aspect for look in looks(logo)}
    assert framed["whole, own colours on white"] == pytest.approx(bare["whole, own colours on white"], rel=0.03)


def test_what_cannot_be_enrolled_says_why() -> None:
    empty = encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)))
    with pytest.raises(ValueError, match="nothing is drawn"):
        enrol(empty)
    with pytest.raises(PictureRefused, match="not a JPEG, PNG"):
        enrol(b"nothing")
    assert np.isfinite([(look["mean"], look["spread"]) for look in enrol(STAR, svg=True)]).all()
