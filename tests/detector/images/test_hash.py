from dataclasses import replace

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from detector.images.compare import MIRROR
from detector.images.hash import WORK_SIDE, PictureHash, hash_picture, picture_hash_from_dict
from tests.detector.images.drawn import photo


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(40, 300), st.integers(40, 300))
def test_whole_hash_is_that_of_the_library(seed: int, width: int, height: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    assert hash_picture(image).phash == str(imagehash.phash(image))


def test_tiles_are_hashed_as_if_cut_out() -> None:
    image = photo(seed=1, size=(400, 300)).convert("L")
    for tile in hash_picture(image).tiles:
        left, top, width, height = tile.box
        cut = image.resize((32, 32), Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
        assert tile.phash == str(imagehash.phash(cut))


def test_boxes_refer_to_the_original_size() -> None:
    small = photo(seed=2, size=(300, 200))
    tiles = hash_picture(small, size=(3000, 2000)).tiles
    assert max(tile.box[0] + tile.box[2] for tile in tiles) == 3000
    assert max(tile.box[1] + tile.box[3] for tile in tiles) == 2000


def _lines_of_text() -> Image.Image:
    image = Image.new("L", (1200, 900), 255)
    draw = ImageDraw.Draw(image)
    for row in range(20, 880, 15):
        draw.text((20, row), "Terms and conditions apply to every single order. " * 5, fill=0)
    return image


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (300, 300), "white"),
        Image.new("RGB", (300, 300), (200, 30, 40)),
        Image.new("L", (1, 1), 7),
        Image.new("RGBA", (500, 20), (0, 0, 0, 0)),
        _lines_of_text(),
    ],
    ids=["white", "red", "pixel", "transparent", "text"],
)
def test_pictures_without_structure_are_flat(image: Image.Image) -> None:
    hashed = hash_picture(image)
    assert hashed.flat
    assert hashed.tiles == ()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "LAB", "I", "F"])
def test_every_mode_is_hashed(mode: str) -> None:
    assert not hash_picture(photo(seed=3, size=(200, 150)).convert("RGB").convert(_direct(mode)).convert(mode)).flat


def _direct(mode: str) -> str:
    return {"LAB": "RGB", "HSV": "RGB", "PA": "RGBA", "I": "L", "F": "L"}.get(mode, mode)


def test_large_pictures_are_reduced_first() -> None:
    assert hash_picture(photo(seed=4, size=(4 * WORK_SIDE, 900))).width == 4 * WORK_SIDE


def test_the_plain_form_is_read_back() -> None:
    hashed = hash_picture(photo(seed=5, size=(200, 150)))
    plain = {
        "width": 200, "height": 150, "phash": hashed.phash, "flat": False,
        "tiles": [{"box": list(tile.box), "phash": tile.phash} for tile in hashed.tiles],
    }  # fmt: skip
    later = {"mirrored": hashed.mirrored, "cuts": hashed.cuts, "centre": hashed.centre, "fine": hashed.fine}
    assert picture_hash_from_dict({**plain, **later}) == hashed
    older = replace(hashed, mirrored="", cuts="", centre="", fine="")  # a record of an older version
    assert picture_hash_from_dict(plain) == older
    assert isinstance(picture_hash_from_dict(plain), PictureHash)


def test_what_is_inside_plain_margins_is_hashed_by_itself() -> None:
    inside = photo(seed=6, size=(640, 480))
    framed = ImageOps.pad(inside, (1280, 720), color="black")
    hashed = hash_picture(framed)
    assert hashed.inner is not None
    assert hashed.inner.box == pytest.approx((160, 0, 960, 720), abs=6)
    apart = int(hashed.inner.phash, 16) ^ int(hash_picture(inside).phash, 16)
    assert apart.bit_count() <= 4
    assert hash_picture(inside).inner is None


def test_words_on_a_plain_ground_are_plain_and_photos_are_not() -> None:
    page = Image.new("RGB", (800, 600), "white")
    for row, words in enumerate(("Free shipping", "on all orders today and tomorrow", "ends", "Learn more about it")):
        ImageDraw.Draw(page).text((40 + 60 * row, 30 + 140 * row), words, fill="black", font_size=40 + 14 * row)
    assert hash_picture(page).flat or hash_picture(page).plain
    assert not any(hash_picture(photo(seed=seed, size=(400, 300))).plain for seed in range(8))


def test_a_mirrored_hash_is_the_hash_of_the_mirror_image() -> None:
    for seed in range(8):
        turned = int(hash_picture(photo(seed=seed, size=(400, 300))).phash, 16) ^ int(MIRROR)
        mirrored = int(hash_picture(ImageOps.mirror(photo(seed=seed, size=(400, 300)))).phash, 16)
        assert (turned ^ mirrored).bit_count() <= 10
