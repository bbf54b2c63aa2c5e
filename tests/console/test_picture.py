"""Pictures for terminals: half blocks, Kitty, Sixel; the match box, and what stands beside it."""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from console.picture import BOX_COLOUR, CHUNK, Protocol, drawn, half_blocks, kitty, sixel
from storage.media import MediaStore

_SIXEL = re.compile(r"\x1bPq\"1;1;(\d+);(\d+)((?:#\d+;2;\d+;\d+;\d+)*)(.*)\x1b\\", re.DOTALL)


def png(size: tuple[int, int], colour: tuple[int, int, int]) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3000, 20), (20, 3000)])
def test_fits_the_space_it_is_given(size: tuple[int, int]) -> None:
    lines = half_blocks(png(size, (0, 0, 255)), original=size, columns=40, rows=10).plain.splitlines()
    assert 1 <= len(lines) <= 10
    assert {len(line) for line in lines} == {len(lines[0])}
    assert 1 <= len(lines[0]) <= 40


def colours(text: object) -> list[str]:
    """Return a style for each cell."""
    return [str(span.style) for span in getattr(text, "spans", []) for _ in range(span.end - span.start)]


def test_the_match_box_is_drawn_where_it_is_in_the_original() -> None:
    data = png((400, 200), (0, 0, 255))
    frame = "#{:02x}{:02x}{:02x}".format(*BOX_COLOUR)
    plain = half_blocks(data, original=(4000, 2000), columns=40, rows=10)
    assert not any(frame in style for style in colours(plain))
    boxed = half_blocks(data, original=(4000, 2000), boxes=[(0, 0, 2000, 2000)], columns=40, rows=10)
    width = len(boxed.plain.splitlines()[0])
    red = [index % width for index, style in enumerate(colours(boxed)) if frame in style]
    assert min(red) == 0
    assert max(red) == width // 2 - 1


def test_a_box_outside_the_picture_draws_nothing_outside_it() -> None:
    assert half_blocks(png((10, 10), (1, 2, 3)), original=(10, 10), boxes=[(50, 50, 500, 500)], columns=8, rows=4)
    assert half_blocks(png((10, 10), (1, 2, 3)), original=(10, 10), boxes=[(-50, -50, 20, 20)], columns=8, rows=4)


def test_kitty_gets_the_pixels_as_png_in_chunks_that_nothing_can_break_out_of() -> None:
    picture = noise(300, 200)
    commands = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", kitty(picture, 30, 10))
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in commands) == kitty(picture, 30, 10)
    assert len(commands) > 1
    assert all(len(data) <= CHUNK for _, data in commands)
    assert [keys.rpartition("m=")[2] for keys, _ in commands] == ["1"] * (len(commands) - 1) + ["0"]
    assert {"a=T", "f=100", "c=30", "r=10", "q=2"} <= set(commands[0][0].split(","))
    with Image.open(BytesIO(b64decode("".join(data for _, data in commands)))) as found:
        assert np.array_equal(np.asarray(found), np.asarray(picture))


def decoded(command: str) -> Image.Image:
    """Return the picture that a Sixel command draws."""
    match = _SIXEL.fullmatch(command)
    assert match is not None
    width, height = int(match[1]), int(match[2])
    palette = {int(n): (int(r), int(g), int(b)) for n, r, g, b in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", match[3])}
    pixels = np.full((height + 5, width, 3), -1)
    for band, passes in enumerate(match[4].split("-")):
        for one in passes.split("$"):
            number, data = re.fullmatch(r"#(\d+)(.*)", one, re.DOTALL).groups()  # type: ignore[union-attr]
            bits = "".join(c * int(n or 1) for n, c in re.findall(r"(?:!(\d+))?([?-~])", data))
            for x, character in enumerate(bits):
                for row in range(6):
                    if (ord(character) - 63) >> row & 1:
                        pixels[6 * band + row, x] = palette[int(number)]
    assert (pixels[:height] >= 0).all()  # every pixel has a colour
    return Image.fromarray(np.round(pixels[:height] * 2.55).astype(np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (64, 36)])
def test_sixel_draws_every_pixel_in_its_colour(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (200, 30, 40))
    picture.paste((20, 40, 120), (0, 0, (size[0] + 1) // 2, (size[1] + 1) // 2))
    found = np.asarray(decoded(sixel(picture)), dtype=int)
    assert np.abs(found - np.asarray(picture, dtype=int)).max() <= 3  # colours are in percent


def test_sixel_of_a_photo_is_near_it() -> None:
    picture = noise(90, 60)
    found = np.asarray(decoded(sixel(picture)), dtype=int)
    assert np.abs(found - np.asarray(picture, dtype=int)).mean() < 5


@pytest.mark.parametrize("protocol", ["blocks", "kitty", "sixel"])
@pytest.mark.parametrize("beside", [False, True])
def test_what_is_drawn_stays_in_its_cells(protocol: Protocol, beside: bool) -> None:
    data = png((640, 400), (0, 90, 255))
    found = drawn(
        data,
        original=(6400, 4000),
        boxes=[(600, 600, 2000, 1000)],
        beside=png((100, 300), (9, 9, 9)) if beside else None,
        columns=70,
        rows=9,
        protocol=protocol,
        cell=(8, 17),
    )
    assert 1 <= found.columns <= 70
    assert 1 <= found.rows <= 9
    if found.blocks is not None:
        assert len(found.blocks.plain.splitlines()) == found.rows
        assert {len(line) for line in found.blocks.plain.splitlines()} == {found.columns}


def test_the_match_and_what_it_resembles_stand_beside_the_picture() -> None:
    picture = Image.new("RGB", (400, 200), (0, 0, 255))
    picture.paste((0, 255, 0), (100, 50, 200, 150))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    found = drawn(
        buffer.getvalue(),
        original=(400, 200),
        boxes=[(100, 50, 100, 100)],
        beside=png((100, 100), (255, 255, 0)),
        columns=80,
        rows=10,
        protocol="blocks",
    )
    assert found.blocks is not None
    cells = np.array(colours(found.blocks)).reshape(found.rows, found.columns + 0)
    right = set("".join(cells[2, found.columns * 3 // 4 :]))
    assert any("#fcfc04" in style for style in cells[2, found.columns * 3 // 4 :]), right
    assert any("#04fc04" in style for style in cells[2, found.columns // 2 : found.columns * 3 // 4])


def test_a_picture_that_was_purged_or_damaged_is_not_drawn(tmp_path: Path) -> None:
    media = MediaStore(tmp_path / "media")
    address = media.put(data := png((10, 10), (1, 2, 3)))
    assert media.sound(address) == data
    media.path(address).write_bytes(data[:-1])
    assert media.sound(address) is None
    media.path(address).unlink()
    assert media.sound(address) is None
