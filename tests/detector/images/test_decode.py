import contextlib
import io
import struct
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from detector.images.decode import MAX_BYTES, PictureRefused, decode, inspect
from detector.images.hash import picture_hash_from_dict
from tests.detector.images.drawn import encoded, photo

PHOTO = photo(seed=1, size=(320, 200))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_four_formats_are_decoded(kind: str) -> None:
    image = decode(encoded(PHOTO, kind))
    assert (image.mode, image.size) == ("RGB", (320, 200))


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(PictureRefused, match="not a JPEG"):
        decode(encoded(PHOTO, kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_truncated_pictures_are_refused(kind: str) -> None:
    data = encoded(PHOTO, kind)
    with pytest.raises(PictureRefused, match=r"truncated|damaged"):
        decode(data[: len(data) // 2])


def test_a_truncated_jpeg_says_so() -> None:
    with pytest.raises(PictureRefused, match="truncated"):
        decode(encoded(PHOTO, "JPEG")[:-900])


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html>", "not a JPEG"),
        (b"GIF89a", "damaged|not a JPEG"),
        (_png_header(30_000, 30_000), "too many pixels"),
        (_png_header(7_000, 6_000), "too many pixels"),
        (_png_header(25_000, 10), "side too long"),
        (b"\xff\xd8" + b"\0" * MAX_BYTES, "too large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not accepted"),
    ],
)
def test_hostile_bytes_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PictureRefused, match=reason):
        inspect(data)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_bytes_give_pixels_or_a_refusal(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
    broken = bytearray(encoded(PHOTO.resize((64, 40)), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureRefused):
        assert inspect(bytes(broken))["width"] > 0


def test_transparency_is_shown_over_white() -> None:
    for mode in ("RGBA", "LA"):
        assert decode(encoded(Image.new(mode, (40, 40)))).getpixel((5, 5)) == (255, 255, 255)
    palette = Image.new("P", (40, 40), 0)
    assert decode(encoded(palette, "PNG", transparency=0)).getpixel((5, 5)) == (255, 255, 255)


def test_orientation_is_applied() -> None:
    image = Image.new("RGB", (60, 30), "white")
    image.paste((255, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "PNG", exif=exif)
    turned = decode(data)
    assert turned.size == (30, 60)
    assert turned.getpixel((25, 5)) == (255, 0, 0)
    assert (inspect(data)["width"], inspect(data)["height"]) == (30, 60)


def test_sixteen_bit_greys_are_scaled() -> None:
    values = np.full((40, 40), 32768, dtype=np.uint16)
    (level, *_) = decode(encoded(Image.fromarray(values))).getpixel((5, 5))  # type: ignore[misc]
    assert 120 <= level <= 135


def test_only_the_first_frame_is_read() -> None:
    frames = [Image.new("L", (40, 40), level) for level in (250, 0, 0)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).getpixel((5, 5)) == (250, 250, 250)


def test_inspect_returns_plain_values_and_fresh_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    result = inspect(encoded(photo(seed=2, size=(1600, 1000)), "JPEG", exif=exif))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result))["mime"] == "image/jpeg"
    assert (result["format"], result["width"], result["height"]) == ("JPEG", 1600, 1000)
    assert b"secret" not in result["rendition"]
    rendition = Image.open(io.BytesIO(result["rendition"]))
    assert max(rendition.size) == 640
    hashed = picture_hash_from_dict(result["hash"])
    assert (hashed.width, hashed.height, hashed.flat) == (1600, 1000, False)


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_huge_pictures_are_reduced_before_anything_copies_them(mode: str) -> None:
    result = inspect(encoded(photo(seed=3, size=(4100, 4100)).convert(mode), compress_level=1))
    assert (result["width"], result["height"]) == (4100, 4100)
    assert not result["hash"]["flat"]
