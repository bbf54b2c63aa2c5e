import random
from dataclasses import replace

import imagehash
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from detector.brands import BrandProfile, ReferencePicture
from detector.images.compare import PictureIndex
from detector.images.decode import decode
from detector.images.hash import PROTECTED_TILES, hash_picture
from tests.detector.images.drawn import encoded, photo

OWN = photo(seed=10, size=(800, 500))
REFERENCE = ReferencePicture(name="ac.jpg", role="picture", hash=hash_picture(OWN))
OTHER = ReferencePicture(name="fan.jpg", role="picture", hash=hash_picture(photo(seed=11, size=(640, 640))))
BRAND = BrandProfile(key="hoshino", name="星野電機", pictures=(REFERENCE, OTHER))
INDEX = PictureIndex([BrandProfile(key="none", name="無"), BRAND])


def found(image: Image.Image) -> list[tuple[int, str, bool]]:
    return [(brand, copy.reference.name, copy.part) for brand, copy in INDEX.find(hash_picture(image))]


@pytest.mark.parametrize(
    "edited",
    [
        OWN,
        OWN.resize((160, 100)),
        OWN.filter(ImageFilter.GaussianBlur(4)),
        ImageEnhance.Contrast(OWN).enhance(1.4),
        OWN.convert("L"),
        decode(encoded(OWN, "JPEG", quality=10)),
    ],
    ids=["same", "small", "blurred", "contrast", "grey", "jpeg"],
)
def test_edited_copies_are_found(edited: Image.Image) -> None:
    assert found(edited) == [(1, "ac.jpg", False)]


def test_a_copy_pasted_into_a_creative_is_found_in_its_place() -> None:
    creative = Image.new("RGB", (1200, 628), (240, 240, 235))
    creative.paste(OWN.resize((560, 350)), (90, 120))
    ((brand, copy),) = INDEX.find(hash_picture(creative))
    assert (brand, copy.reference.name, copy.part) == (1, "ac.jpg", True)
    assert [abs(seen - true) < 12 for seen, true in zip(copy.box, (90, 120, 560, 350), strict=True)] == [True] * 4


def test_a_part_cut_out_of_the_reference_is_found() -> None:
    left, top, width, height = max((tile.box for tile in REFERENCE.hash.tiles), key=lambda box: box[2] * box[3])
    assert (1, "ac.jpg", True) in found(OWN.crop((left, top, left + width, top + height)))


@pytest.mark.parametrize("seed", range(20, 32))
def test_other_pictures_are_not(seed: int) -> None:
    assert found(photo(seed=seed, size=(700, 480))) == []


def test_flat_pictures_match_nothing() -> None:
    flat = replace(REFERENCE.hash, flat=True, fine="")
    assert INDEX.find(flat) == []
    for blank in (Image.new("RGB", (800, 500), "white"), Image.linear_gradient("L").resize((800, 500))):
        assert INDEX.find(hash_picture(blank)) == []
    index = PictureIndex([BrandProfile(key="b", name="b", pictures=(replace(REFERENCE, hash=flat),))])
    assert index.find(REFERENCE.hash) == []


def test_the_nearer_the_stronger() -> None:
    near = replace(REFERENCE.hash, tiles=(), fine="")
    far = replace(near, phash=f"{int(near.phash, 16) ^ 0b1111:016x}")
    assert INDEX.find(near)[0][1].strength > INDEX.find(far)[0][1].strength


def off(digits: str, bits: int) -> str:
    """Return a hash with that many bits turned."""
    return f"{int(digits, 16) ^ int('01' * bits, 2):0{len(digits)}x}"


def test_the_finer_hash_finds_copies_alone_when_near_and_with_some_windows_when_not() -> None:
    unlike = replace(REFERENCE.hash, phash=off(REFERENCE.hash.phash, 30), mirrored="f" * 16, cuts="", inner=None)
    few = REFERENCE.hash.tiles[:3]
    for bits, tiles, wanted in ((30, (), True), (60, few, True), (60, (), False), (90, few, False)):
        picture = replace(unlike, tiles=tiles, fine=off(REFERENCE.hash.fine, bits))
        found = {copy.reference.name for _, copy in INDEX.find(picture) if not copy.part}
        assert ("ac.jpg" in found) == wanted, (bits, len(tiles))
    plain = replace(unlike, plain=True, tiles=few, fine=off(REFERENCE.hash.fine, 60))
    assert INDEX.find(plain) == []  # words share their layout
    flat = replace(unlike, flat=True, tiles=(), fine=off(REFERENCE.hash.fine, 20))
    assert [copy.distance for _, copy in INDEX.find(flat)] == [5]  # an edit took what little structure it had


def test_a_picture_with_little_in_it_is_no_reference() -> None:
    little = replace(REFERENCE.hash, tiles=REFERENCE.hash.tiles[: PROTECTED_TILES - 1])
    index = PictureIndex([BrandProfile(key="b", name="b", pictures=(replace(REFERENCE, hash=little),))])
    assert index.find(REFERENCE.hash) == []
    logo = replace(REFERENCE, hash=little, role="logo")
    assert PictureIndex([BrandProfile(key="b", name="b", pictures=(logo,))]).find(REFERENCE.hash) != []


def test_a_mirrored_copy_is_found_and_said_to_be_one() -> None:
    seen = hash_picture(ImageOps.mirror(OWN))
    assert seen.mirrored == hash_picture(OWN).phash
    assert imagehash.hex_to_hash(seen.mirrored) - imagehash.phash(OWN) <= 2
    ((brand, copy),) = INDEX.find(seen)
    assert (brand, copy.reference.name, copy.mirrored) == (1, "ac.jpg", True)
    assert copy.distance <= 2
    assert not INDEX.find(hash_picture(OWN))[0][1].mirrored


@pytest.mark.parametrize("share", [0.03, 0.07, 0.1])
def test_a_little_cut_off_is_still_a_copy(share: float) -> None:
    width, height = OWN.size
    cut = OWN.crop(
        (int(share * width), int(share / 2 * height), int((1 - share / 3) * width), int((1 - share) * height))
    )
    assert found(cut) == [(1, "ac.jpg", False)]


@pytest.mark.parametrize("size", [(1280, 720), (900, 900), (400, 900)])
def test_a_letterboxed_copy_is_found_in_its_place(size: tuple[int, int]) -> None:
    ((_, copy),) = INDEX.find(hash_picture(ImageOps.pad(OWN, size, color="black")))
    assert copy.reference.name == "ac.jpg"
    assert copy.box[2] / copy.box[3] == pytest.approx(OWN.width / OWN.height, rel=0.03)


def test_a_mirrored_part_is_found() -> None:
    creative = Image.new("RGB", (1200, 628), (240, 240, 235))
    creative.paste(ImageOps.mirror(OWN.resize((560, 350))), (90, 120))
    ((_, copy),) = INDEX.find(hash_picture(creative))
    assert copy.mirrored


def _words(seed: int) -> Image.Image:
    draw = random.Random(seed)
    page = Image.new("RGB", (800, 600), "white")
    pen = ImageDraw.Draw(page)
    for row in range(9):
        text = " ".join("".join(draw.choices("abcdefghiklmnoprstuvw", k=draw.randint(3, 9))) for _ in range(4))
        pen.text((40, 25 + 62 * row), text, fill="black", font_size=34)
    return page


def test_pages_of_other_words_are_no_copies_but_the_same_page_is() -> None:
    pages = [hash_picture(_words(seed)) for seed in range(24)]
    references = [ReferencePicture(name=str(seed), role="picture", hash=page) for seed, page in enumerate(pages)]
    index = PictureIndex([BrandProfile(key="x", name="x", pictures=tuple(references))])
    for seed, page in enumerate(pages):
        names = [copy.reference.name for _, copy in index.find(page)]
        assert names == ([] if page.flat else [str(seed)])
    compressed = hash_picture(decode(encoded(_words(3), "JPEG", quality=40)))
    assert pages[3].flat or [copy.reference.name for _, copy in index.find(compressed)] == ["3"]
