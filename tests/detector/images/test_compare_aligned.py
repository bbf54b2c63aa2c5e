"""A copy with something laid over it is found by its untouched windows."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from demo.pictures import product_photo, travel_banner
from detector.brands import BrandProfile, ReferencePicture
from detector.images.compare import PictureIndex
from detector.images.decode import decode
from detector.images.hash import PictureHash, hash_picture


def hashed(picture: Image.Image, quality: int = 90) -> PictureHash:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return hash_picture(decode(buffer.getvalue()))


@pytest.fixture(scope="module")
def index() -> PictureIndex:
    photo = ReferencePicture(name="ruscool.jpg", role="picture", hash=hashed(product_photo()))
    return PictureIndex((BrandProfile(key="hoshino", name="星野電機", pictures=(photo,)),))


def test_a_sticker_over_a_resized_copy(index: PictureIndex) -> None:
    picture = product_photo().resize((480, 360))
    ImageDraw.Draw(picture).ellipse((330, 10, 470, 150), fill=(220, 20, 30))
    ((brand, copy),) = index.find(hashed(picture, quality=50))
    assert brand == 0
    assert copy.windows >= 12
    assert not copy.part
    x, y, width, height = copy.box
    assert x >= 0
    assert y >= 0
    assert x + width <= 480
    assert y + height <= 360


def test_another_picture_agrees_nowhere(index: PictureIndex) -> None:
    assert index.find(hashed(travel_banner())) == []
