"""Pictures in half blocks."""

from io import BytesIO

import pytest
from PIL import Image

from console.picture import BOX_COLOUR, half_blocks


def png(size: tuple[int, int], colour: tuple[int, int, int]) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3000, 20), (20, 3000)])
def test_fits_the_space_it_is_given(size: tuple[int, int]) -> None:
    lines = half_blocks(png(size, (0, 0, 255)), original=size, columns=40, rows=10).plain.splitlines()
    assert 1 <= len(lines) <= 10
    assert {len(line) for line in lines} == {len(lines[0])}
    assert 1 <= len(lines[0]) <= 40


def colours(text: object) -> list[str]:
    return [str(span.style) for span in getattr(text, "spans", [])]


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
