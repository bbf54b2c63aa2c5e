"""A picture that was judged as fraud is evidence in the next item that shows it, and in that one only."""

from dataclasses import replace

import pytest
from PIL import Image, ImageOps

from detector.assess import Assessor
from detector.brands import ReferencePicture
from detector.evidence import ImageBox
from detector.images.decode import decode
from detector.images.hash import hash_picture
from detector.items import Item
from detector.verdict import Verdict
from tests.detector.hoshino import HOSHINO, ON
from tests.detector.images.drawn import encoded, photo

CREATIVE = photo(seed=40, size=(800, 420))
FRAUD = ReferencePicture(name="case 42", role="fraud", hash=hash_picture(CREATIVE), seen_in=("first",))


def _verdict(image: Image.Image, *references: ReferencePicture, item: str = "next") -> Verdict | None:
    brand = replace(HOSHINO, pictures=references)
    seen = Item(id=item, kind="ad", images=("a.jpg",), links=("https://cool.test/",))
    verdicts = Assessor([brand]).assess(seen, on=ON, pictures={"a.jpg": hash_picture(image)})
    return verdicts[0] if verdicts else None


@pytest.mark.parametrize(
    "image",
    [CREATIVE, CREATIVE.resize((400, 210)), decode(encoded(CREATIVE, "JPEG", quality=30)), ImageOps.mirror(CREATIVE)],
    ids=["same", "half", "jpeg", "mirrored"],
)
def test_a_known_creative_is_flagged_and_names_its_case(image: Image.Image) -> None:
    verdict = _verdict(image, FRAUD)
    assert verdict is not None
    assert verdict.flagged
    (evidence,) = [one for one in verdict.evidence if one.signal == "picture.seen_before"]
    assert "case 42" in evidence.observed
    assert evidence.where == ImageBox(image=0, box=(0, 0, *image.size))


def test_another_picture_is_not() -> None:
    assert _verdict(photo(seed=41, size=(800, 420)), FRAUD) is None


def test_it_proves_nothing_against_the_item_it_was_judged_in() -> None:
    verdict = _verdict(CREATIVE, FRAUD, item="first")
    assert verdict is None or not verdict.flagged


def test_a_fraud_that_shows_the_makers_own_picture_makes_others_not_suspicious() -> None:
    own = ReferencePicture(name="ac.jpg", role="picture", hash=FRAUD.hash)
    verdict = _verdict(CREATIVE, FRAUD, own)
    assert verdict is not None
    assert {one.signal for one in verdict.evidence} >= {"picture.copy"}
    assert "picture.seen_before" not in {one.signal for one in verdict.evidence}
    assert not verdict.flagged


def test_a_part_of_a_fraud_is_no_fraud() -> None:
    left, top, width, height = max((tile.box for tile in FRAUD.hash.tiles), key=lambda box: box[2] * box[3])
    part = CREATIVE.crop((left, top, left + width, top + height))
    assert _verdict(part, replace(FRAUD, role="picture")) is not None
    assert _verdict(part, FRAUD) is None
