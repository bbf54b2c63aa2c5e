"""Codes of a picture are near those of its copies, and of no other picture; how they are alike is said."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from detector.images.hash import PictureHash, hash_picture
from detector.images.likeness import CUT_RADIUS, RADIUS, Comparison, asked, codes, cut_asked, cut_codes


def creative(seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def known() -> PictureHash:
    return hash_picture(creative(1))


def labelled(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).rectangle((0, 250, 480, 310), fill="red")
    return image


COPIES = {
    "saved anew": creative(1).resize((240, 180)),
    "mirrored": ImageOps.mirror(creative(1)),
    "changed": labelled(creative(1)),
}


def nearest(one: object, other: object) -> int:
    assert isinstance(one, list)
    assert isinstance(other, list)
    pairs = [(int.from_bytes(left) ^ int.from_bytes(right)).bit_count() for left in one for right in other]
    return min(pairs)


@pytest.mark.parametrize("how", COPIES)
def test_copies_are_near_and_said_to_be_copies(known: PictureHash, how: str) -> None:
    copy = hash_picture(COPIES[how])
    assert nearest(list(asked(copy)), list(codes(known))) <= RADIUS
    likeness = Comparison(copy).with_picture(known)
    assert likeness is not None
    assert likeness.how == how
    assert likeness.distance <= RADIUS


@pytest.mark.parametrize("box", [(38, 7, 460, 340), (0, 30, 445, 360), (20, 20, 470, 355)])
def test_crops_meet_half_way_both_ways(known: PictureHash, box: tuple[int, int, int, int]) -> None:
    crop = hash_picture(creative(1).crop(box))
    assert nearest(list(cut_asked(crop)), list(cut_codes(known))) <= CUT_RADIUS
    assert nearest(list(cut_asked(known)), list(cut_codes(crop))) <= CUT_RADIUS
    assert Comparison(crop).with_picture(known) is not None


def test_bars_around_are_seen_through(known: PictureHash) -> None:
    framed = hash_picture(ImageOps.pad(creative(1), (800, 360), color="black"))
    assert nearest(list(asked(framed)), list(codes(known))) <= RADIUS
    likeness = Comparison(framed).with_picture(known)
    assert likeness is not None


def test_another_picture_is_far_and_no_copy(known: PictureHash) -> None:
    other = hash_picture(creative(2))
    assert nearest(list(asked(other)), list(codes(known))) > RADIUS
    assert nearest(list(cut_asked(other)), list(cut_codes(known))) > CUT_RADIUS
    assert Comparison(other).with_picture(known) is None


def test_a_picture_that_shows_nothing_has_no_codes() -> None:
    blank = hash_picture(Image.new("RGB", (300, 200), "white"))
    assert [*codes(blank), *asked(blank), *cut_codes(blank), *cut_asked(blank)] == []
