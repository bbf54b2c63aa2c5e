"""Pictures for a terminal: match boxes drawn in, the match beside what it resembles, as half blocks, Kitty or Sixel.

Only renditions are drawn: pixels that the sandbox has already decoded and written anew. What goes to the terminal is
made from those pixels alone, as colours, base64 or digits, so that no picture can end its own escape sequence.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rich.color import Color
from rich.style import Style
from rich.text import Text

Box = tuple[int, int, int, int]  # x, y, width, height in pixels of the original
Protocol = Literal["kitty", "sixel", "blocks", "none"]
BOX_COLOUR = (252, 44, 44)  # one of those that blocks are drawn in
GROUND = (24, 24, 24)  # between and around pictures that stand side by side
CROP_MARGIN = 0.15  # of the box, shown around it
COLOURS = 64  # of a Sixel picture; more take longer than they are worth at this size
CHUNK = 4096  # most base64 characters of one Kitty command
_SHARES = {1: (1.0,), 2: (0.6, 0.4), 3: (0.5, 0.25, 0.25)}  # of the width, by how many stand side by side
BLOCK = (1, 2)  # pixels of a character cell drawn with half blocks, width and height


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture as it goes to a terminal, and the cells that it covers."""

    columns: int
    rows: int
    blocks: Text | None  # lines of half blocks
    command: str = ""  # escape sequence that draws it at the cursor, for Kitty and Sixel


def opened(rendition: bytes) -> Image.Image:
    """Return the pixels of a PNG or JPEG that the sandbox wrote."""
    with Image.open(BytesIO(rendition), formats=("PNG", "JPEG")) as picture:
        return picture.convert("RGB")


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
    picture = opened(rendition)
    size = _fitted(picture.size, (columns, 2 * rows))
    return _blocks(_framed(picture.resize((size[0], max(2, size[1] // 2 * 2))), original, boxes))


def drawn(
    rendition: bytes,
    *,
    original: tuple[int, int],
    boxes: Sequence[Box] = (),
    beside: bytes | None = None,
    columns: int,
    rows: int,
    protocol: Protocol,
    cell: tuple[int, int] = (10, 20),
) -> Drawing:
    """Draw a rendition with its match boxes, beside it what is in the first box, and what that resembles.

    Args:
        rendition: PNG or JPEG written by the sandbox.
        original: width and height in pixels that `boxes` refer to.
        boxes: match boxes.
        beside: rendition of the logo or picture that was recognised.
        columns: most character cells across.
        rows: most character cells down.
        protocol: how; "blocks" where the terminal knows no other.
        cell: pixels of a character cell, width and height; not used for blocks.
    """
    across, down = BLOCK if protocol == "blocks" else cell
    room = (columns * across, rows * down)
    parts = [(opened(rendition), boxes)]
    if boxes:
        parts.append((_cut(parts[0][0], original, boxes[0]), ()))
    if beside is not None:
        parts.append((opened(beside), ()))
    shares = _SHARES[len(parts)]
    scaled = []
    for (picture, frames), share in zip(parts, shares, strict=True):
        small = picture.resize(_fitted(picture.size, (max(1, int(room[0] * share) - across), room[1])))
        scaled.append(_framed(small, original, frames))
    canvas = _side_by_side(scaled, across, down)
    size = (canvas.width // across, canvas.height // down)
    if protocol == "kitty":
        return Drawing(columns=size[0], rows=size[1], blocks=None, command=kitty(canvas, *size))
    if protocol == "sixel":
        return Drawing(columns=size[0], rows=size[1], blocks=None, command=sixel(canvas))
    return Drawing(columns=size[0], rows=size[1], blocks=_blocks(canvas))


def _fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the same aspect that fits."""
    scale = min(room[0] / size[0], room[1] / size[1])
    return max(1, min(room[0], round(size[0] * scale))), max(1, min(room[1], round(size[1] * scale)))


def _framed(picture: Image.Image, original: tuple[int, int], boxes: Sequence[Box]) -> Image.Image:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    across, down = width / max(1, original[0]), height / max(1, original[1])
    for x, y, box_width, box_height in boxes:
        left, top = max(0, min(int(x * across), width - 1)), max(0, min(int(y * down), height - 1))
        right = max(left, min(width - 1, round((x + box_width) * across) - 1))
        bottom = max(top, min(height - 1, round((y + box_height) * down) - 1))
        draw.rectangle((left, top, right, bottom), outline=BOX_COLOUR, width=1 + min(width, height) // 200)
    return picture


def _cut(picture: Image.Image, original: tuple[int, int], box: Box) -> Image.Image:
    """Return what is inside a box and a little around it."""
    across, down = picture.width / max(1, original[0]), picture.height / max(1, original[1])
    x, y, width, height = box
    left = max(0, min(picture.width - 1, int((x - width * CROP_MARGIN) * across)))
    top = max(0, min(picture.height - 1, int((y - height * CROP_MARGIN) * down)))
    right = max(left + 1, min(picture.width, round((x + width * (1 + CROP_MARGIN)) * across)))
    bottom = max(top + 1, min(picture.height, round((y + height * (1 + CROP_MARGIN)) * down)))
    return picture.crop((left, top, right, bottom))


def _side_by_side(pictures: Sequence[Image.Image], across: int, down: int) -> Image.Image:
    """Put pictures in a row, each beginning at a character cell, on whole cells."""
    widths = [-(-picture.width // across) * across for picture in pictures]
    height = max(-(-picture.height // down) * down for picture in pictures)
    canvas = Image.new("RGB", (sum(widths) + across * (len(pictures) - 1), height), GROUND)
    left = 0
    for picture, width in zip(pictures, widths, strict=True):
        canvas.paste(picture, (left, 0))
        left += width + across
    return canvas


def _blocks(picture: Image.Image) -> Text:
    # 32 shades a channel: longer runs, and styles that are known already.
    pixels = np.asarray(picture) & np.uint8(0xF8) | np.uint8(0x04)
    text = Text(no_wrap=True)
    for y in range(0, picture.height, 2):
        pairs = pixels[y : y + 2].transpose(1, 0, 2).reshape(picture.width, -1)
        starts = _runs(pairs)
        for start, end in zip(starts, [*starts[1:], picture.width], strict=True):
            text.append("▀" * (end - start), _style(*pairs[start, :3].tolist(), *pairs[start, -3:].tolist()))
        text.append("\n")
    return text


@lru_cache(maxsize=20_000)
def _style(red: int, green: int, blue: int, red_below: int, green_below: int, blue_below: int) -> Style:
    """Return the style of a cell whose upper and lower half have these colours."""
    return Style(color=Color.from_rgb(red, green, blue), bgcolor=Color.from_rgb(red_below, green_below, blue_below))


def _runs(rows: NDArray[np.uint8]) -> list[int]:
    """Return where rows of an array begin that differ from the one before."""
    changes = np.any(rows[1:] != rows[:-1], axis=1)
    return [0, *(np.flatnonzero(changes) + 1).tolist()]


def kitty(picture: Image.Image, columns: int, rows: int) -> str:
    """Return the commands that draw pixels over so many cells: Kitty's graphics protocol, PNG in base64, no answer."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    data = b64encode(buffer.getvalue()).decode("ascii")
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    head = f"a=T,f=100,c={columns},r={rows},C=1,q=2,"
    return "".join(
        f"\x1b_G{'' if number else head}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )


def sixel(picture: Image.Image) -> str:
    """Return the command that draws pixels: DEC Sixel, six rows at a time, one pass for each colour in them."""
    reduced = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    indices = np.asarray(reduced)
    palette = (reduced.getpalette() or [])[: 3 * COLOURS]
    colours = [
        f"#{number};2;" + ";".join(str(round(value / 2.55)) for value in palette[3 * number : 3 * number + 3])
        for number in range(len(palette) // 3)
    ]
    bands = (_band(indices[top : top + 6]) for top in range(0, picture.height, 6))
    return f'\x1bPq"1;1;{picture.width};{picture.height}' + "".join(colours) + "-".join(bands) + "\x1b\\"


def _band(rows: NDArray[np.uint8]) -> str:
    weights = (1 << np.arange(len(rows), dtype=np.uint8))[:, None]
    return "$".join(
        f"#{colour}" + "".join(_repeated(((rows == colour) * weights).sum(0, dtype=np.uint8)))
        for colour in np.unique(rows)
    )


def _repeated(bits: NDArray[np.uint8]) -> Iterator[str]:
    starts = _runs(bits[:, None])
    for start, end in zip(starts, [*starts[1:], len(bits)], strict=True):
        character = chr(63 + int(bits[start]))
        yield f"!{end - start}{character}" if end - start > 3 else character * (end - start)
