"""A picture in half-block characters, with the match boxes drawn in.

Only renditions are drawn: pixels that the sandbox has already decoded and written anew.
"""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw
from rich.color import Color
from rich.style import Style
from rich.text import Text

Box = tuple[int, int, int, int]  # x, y, width, height in pixels of the original
BOX_COLOUR = (255, 40, 40)


def half_blocks(
    rendition: bytes,
    *,
    original: tuple[int, int],
    boxes: Sequence[Box] = (),
    columns: int = 48,
    rows: int = 18,
) -> Text:
    """Draw a rendition with two pixels per character cell.

    Args:
        rendition: PNG or JPEG written by the sandbox.
        original: width and height in pixels that `boxes` refer to.
        boxes: match boxes, drawn as frames.
        columns: most characters a line.
        rows: most lines.
    """
    with Image.open(BytesIO(rendition), formats=("PNG", "JPEG")) as opened:
        picture = opened.convert("RGB")
    scale = min(columns / picture.width, 2 * rows / picture.height)
    width, height = max(1, round(picture.width * scale)), max(2, round(picture.height * scale) // 2 * 2)
    picture = picture.resize((width, height))
    draw = ImageDraw.Draw(picture)
    across, down = width / max(1, original[0]), height / max(1, original[1])
    for x, y, box_width, box_height in boxes:
        left, top = min(int(x * across), width - 1), min(int(y * down), height - 1)
        right = max(left, min(width - 1, round((x + box_width) * across) - 1))
        bottom = max(top, min(height - 1, round((y + box_height) * down) - 1))
        draw.rectangle((left, top, right, bottom), outline=BOX_COLOUR)
    pixels = picture.tobytes()
    text = Text(no_wrap=True)
    for y in range(0, height, 2):
        for x in range(width):
            upper, lower = 3 * (y * width + x), 3 * ((y + 1) * width + x)
            style = Style(
                color=Color.from_rgb(*pixels[upper : upper + 3]),
                bgcolor=Color.from_rgb(*pixels[lower : lower + 3]),
            )
            text.append("▀", style)
        text.append("\n")
    return text
