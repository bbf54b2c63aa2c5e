import io

import pytest
from PIL import Image

from alerts.message import AlertPicture
from alerts.picture import evidence_picture
from storage.errors import MediaMissing
from tests.alerts.pictures import box_of, encoded, jpeg, png

BOX = (300, 150, 600, 314)  # in a picture of 1200 x 628


def picture(**fields: object) -> AlertPicture:
    values = {"item": 7, "sha256": "b" * 64, "width": 1200, "height": 628, "box": BOX, **fields}
    return AlertPicture(**values)  # type: ignore[arg-type]


def test_the_match_is_framed_where_it_stands_in_the_smaller_picture() -> None:
    shown = evidence_picture(picture(), lambda address: png(640, 335))
    assert shown is not None
    assert (shown.width, shown.height, shown.framed, shown.kind) == (640, 335, True, "png")
    box = box_of(shown.data)
    assert box is not None
    for found, wanted in zip(box, (160, 80, 480, 248), strict=True):  # 640 / 1200 of the box
        assert abs(found - wanted) <= 2


@pytest.mark.parametrize(
    "box",
    [None, (0, 0, 1200, 628), (5000, 10, 20, 20), (10, 10, 0, 0), (-500, -500, 100, 100), (10, 10, -5, -5)],
)
def test_a_box_that_tells_nothing_is_not_drawn(box: tuple[int, int, int, int] | None) -> None:
    shown = evidence_picture(picture(box=box), lambda address: png())
    assert shown is not None
    assert not shown.framed
    assert box_of(shown.data) is None


def test_a_box_that_reaches_out_is_drawn_as_far_as_the_picture_goes() -> None:
    shown = evidence_picture(picture(box=(600, 300, 99999, 99999)), lambda address: png())
    assert shown is not None
    assert shown.framed


def test_what_leaves_is_pixels_alone_whatever_was_stored() -> None:
    image = Image.open(io.BytesIO(jpeg()))
    exif = image.getexif()
    exif[0x010E] = "https://evil.test/ hidden"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"hidden comment")
    stored = out.getvalue() + b"<script>hidden trailer</script>"
    shown = evidence_picture(picture(), lambda address: stored)
    assert shown is not None
    assert shown.kind == "jpeg"
    assert b"hidden" in stored
    assert b"hidden" not in shown.data
    assert b"evil" not in shown.data


@pytest.mark.parametrize("most", [400_000, 20_000, 8_000, 5_000])
def test_it_becomes_as_small_as_asked_for(most: int) -> None:
    shown = evidence_picture(picture(), lambda address: jpeg(), most_bytes=most)
    assert shown is not None
    assert len(shown.data) <= most
    assert box_of(shown.data) is not None


@pytest.mark.parametrize("most", [0, -1, 100])
def test_without_room_there_is_none(most: int) -> None:
    assert evidence_picture(picture(), lambda address: jpeg(), most_bytes=most) is None


@pytest.mark.parametrize(
    "stored",
    [b"", b"nothing", b"\x89PNG\r\n\x1a\n" + b"x" * 50, encoded(Image.new("L", (5000, 5000)), "PNG"), png()[:200]],
)
def test_what_is_no_sound_picture_is_left_out(stored: bytes) -> None:
    assert evidence_picture(picture(), lambda address: stored) is None


def test_a_picture_that_is_not_there_is_left_out() -> None:
    def missing(address: str) -> bytes:
        raise MediaMissing(address)

    assert evidence_picture(picture(), missing) is None
    assert evidence_picture(None, missing) is None


def test_the_same_picture_gives_the_same_bytes() -> None:
    one, two = (evidence_picture(picture(), lambda address: jpeg(), most_bytes=9000) for _ in range(2))
    assert one == two
