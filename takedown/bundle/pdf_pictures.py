"""Pictures of the PDF: pixels decoded within bounds, scaled, encoded anew; frames and legends; tall ones in parts.

What is embedded is a JPEG that was written here, so nothing but pixels of a stored rendition gets into the document.
"""

import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image, UnidentifiedImageError

from storage.errors import MediaMissing
from takedown.bundle.dossier import Frame, Picture
from takedown.bundle.paper import ALARM, LEFT, MUTED, ROOM, RULE, Sheet, Strip, Style
from takedown.bundle.pdf_parts import CELL, CODE, SMALL, line_at, lines_in, part_title, space, text

Read = Callable[[str], bytes]
MOST_PIXELS = 24_000_000  # of one picture: a whole page at 1280 x 16,000 is 20 million
MOST_BYTES = 6_500_000  # of all pictures of a document, so that it can be sent by mail
_DENSITY = 200 / 72  # pixels for a point: what a printer shows
_QUALITY = 80
_LARGEST = (262.0, 270.0)  # of a picture beside its legend, points
_TALL = 1.75  # height by width from which a picture is cut
_PART = 320.0  # height of a part, points: two rows of them are a page
_OVERLAP = 0.02  # of a part: its beginning repeats the end of the one before
_GAP = 10.0
_ROWS = 4  # of parts of one picture
_WIDE = 700  # pixels: two parts beside each other instead of three, or its letters are too small
_TAG = Style(size=7, leading=9, colour="#ffffff", bold=True)
_CAPTION = Style(size=8.4, leading=12, bold=True)


class Darkroom:
    """Makes the pictures of one document, until it has enough of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._left = MOST_BYTES
        self._printed: set[bytes] = set()  # hashes of what is in the document: the same pixels are kept once

    def pixels(self, address: str) -> Image.Image | None:
        """Return the pixels of a stored rendition; None where it is not there or is none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                opened = Image.open(io.BytesIO(self._read(address)), formats=("JPEG", "PNG"))
                if opened.width * opened.height > MOST_PIXELS:
                    return None
                return opened.convert("RGB")
        except (MediaMissing, UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError):
            return None
        except (OSError, SyntaxError, ValueError, EOFError, OverflowError):
            return None

    def printed(self, image: Image.Image, width: float) -> bytes | None:
        """Return a JPEG as fine as a printer shows at a width in points; None where the document has enough."""
        across = max(1, min(image.width, round(width * _DENSITY)))
        if across < image.width:
            image = image.resize((across, max(1, round(image.height * across / image.width))), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=_QUALITY, subsampling=0)
        jpeg = out.getvalue()
        digest = sha256(jpeg).digest()
        if digest in self._printed:
            return jpeg
        if len(jpeg) > self._left:
            return None
        self._left -= len(jpeg)
        self._printed.add(digest)
        return jpeg


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A piece of a picture in its place."""

    jpeg: bytes
    x: float
    width: float
    height: float
    upper: float  # share of the picture above it
    share: float  # of the picture that it shows
    label: str = ""


def picture(content: Picture, darkroom: Darkroom, words: Mapping[str, str]) -> Iterator[Strip]:
    """Yield one picture with its caption and legend, or why it is not there."""
    image = darkroom.pixels(content.shown) if content.shown is not None else None
    if (
        image is not None
        and image.height > _TALL * image.width
        and _columns(image)[1] * image.height > _PART * image.width
    ):
        yield from _tall(content, image, darkroom, words)
    elif image is not None:
        yield from _beside(content, image, darkroom, words)
    else:
        yield from part_title(content.caption)
        notes = [content.note] if content.note else []
        if content.shown is not None:
            notes.append(words["unreadable"])
        yield from _legend_below(content, notes, words)


def _beside(content: Picture, image: Image.Image, darkroom: Darkroom, words: Mapping[str, str]) -> Iterator[Strip]:
    scale = min(_LARGEST[0] / image.width, _LARGEST[1] / image.height, 1.0)
    width, height = image.width * scale, image.height * scale
    jpeg = darkroom.printed(image, width)
    if jpeg is None:
        yield from part_title(content.caption)
        yield from _legend_below(content, [*([content.note] if content.note else []), words["full"]], words)
        return
    x = LEFT + max(width, _LARGEST[0] * 0.6) + 14
    legend = [(_CAPTION, line) for line in lines_in(content.caption, _CAPTION, LEFT + ROOM - x)] + [
        (style, line)
        for style, words_ in _legend(content, [content.note] if content.note else [], words)
        for line in lines_in(words_, style, LEFT + ROOM - x)
    ]
    fitting, used = 0, 0.0
    while fitting < len(legend) and used + legend[fitting][0].leading <= max(height, 150):
        used += legend[fitting][0].leading
        fitting += 1
    part = _Part(jpeg=jpeg, x=LEFT, width=width, height=height, upper=0, share=1)

    def draw(sheet: Sheet, top: float) -> None:
        _draw_part(sheet, top, part, content)
        y = top
        for style, line in legend[:fitting]:
            sheet.text(x, y, line, style)
            y -= style.leading

    rest = legend[fitting:]
    yield Strip(height=max(height, used) + 4, draw=draw, above=12, keep=bool(rest))
    for style, line in rest:
        yield Strip(height=style.leading, draw=line_at(x, line, style))


def _tall(content: Picture, image: Image.Image, darkroom: Darkroom, words: Mapping[str, str]) -> Iterator[Strip]:
    across, width = _columns(image)
    whole = image.height * width / image.width  # points
    most = across * _ROWS
    count = min(most, math.ceil(whole / _PART))
    shown = min(whole, most * _PART)
    step = shown / count
    yield from part_title(content.caption)
    notes = [content.note] if content.note else []
    if count > 1:
        notes.append(words["cut"].format(all=count))
    if shown < whole - 1:
        notes.append(words["cut_short"].format(share=int(100 * shown / whole)))
    parts = []
    for number in range(count):
        start = max(0.0, number * step - (step * _OVERLAP if number else 0))
        end = (number + 1) * step
        rows = (round(start / whole * image.height), max(1, round(end / whole * image.height)))
        jpeg = darkroom.printed(image.crop((0, rows[0], image.width, rows[1])), width)
        if jpeg is None:
            notes.append(words["full"])
            break
        parts.append(
            _Part(
                jpeg=jpeg,
                x=LEFT + number % across * (width + _GAP),
                width=width,
                height=end - start,
                upper=start / whole,
                share=(end - start) / whole,
                label=words["part"].format(number=number + 1, all=count) if count > 1 else "",
            )
        )
    yield from _legend_below(content, notes, words, keep=True)
    for begin in range(0, len(parts), across):
        row = parts[begin : begin + across]
        height = max(part.height for part in row)

        def draw(sheet: Sheet, top: float, row: Sequence[_Part] = tuple(row)) -> None:
            for part in row:
                if part.label:
                    sheet.text(part.x, top, part.label, SMALL)
                _draw_part(sheet, top - SMALL.leading, part, content)

        yield Strip(height=height + SMALL.leading + 6, draw=draw, above=6)


def _columns(image: Image.Image) -> tuple[int, float]:
    """Return how many parts of a tall picture stand beside each other, and how wide each is."""
    across = 2 if image.width > _WIDE else 3
    return across, (ROOM - _GAP * (across - 1)) / across


def _draw_part(sheet: Sheet, top: float, part: _Part, content: Picture) -> None:
    sheet.image(part.jpeg, part.x, top, part.width, part.height)
    sheet.box(part.x, top, part.width, part.height, stroke=RULE, thick=0.5)
    if content.width <= 0 or content.height <= 0:
        return
    for frame in content.frames:
        _draw_frame(sheet, top, part, frame, (content.width, content.height))


def _draw_frame(sheet: Sheet, top: float, part: _Part, frame: Frame, size: tuple[int, int]) -> None:
    across = part.width / size[0]
    down = part.height / (part.share * size[1])
    x, y, width, height = frame.box
    left, right = max(0.0, x * across), min(part.width, (x + width) * across)
    upper = max(0.0, y * down - part.upper * size[1] * down)
    lower = min(part.height, (y + height) * down - part.upper * size[1] * down)
    if right - left < 1 or lower - upper < 1:
        return
    for colour, thick in (("#ffffff", 2.8), (ALARM, 1.4)):
        sheet.box(part.x + left, top - upper, right - left, lower - upper, stroke=colour, thick=thick)
    tag = str(frame.number)
    wide = _TAG.width(tag) + 5
    sheet.box(part.x + left, top - upper, wide, 9.5, fill=ALARM)
    sheet.text(part.x + left + 2.5, top - upper - 0.2, tag, _TAG)


def _legend(content: Picture, notes: Sequence[str], words: Mapping[str, str]) -> Iterator[tuple[Style, str]]:
    for frame in content.frames:
        yield CELL, f"{frame.number}  {frame.says}"
    for note in notes:
        yield SMALL, note
    if content.width > 0 and content.height > 0:
        yield SMALL, f"{words['original']}: " + words["size"].format(width=content.width, height=content.height)
    if content.file is not None:
        yield _FILE, content.file
    yield _FILE, f"SHA-256 {content.original}"


_FILE = Style(size=CODE.size - 0.4, leading=10, colour=MUTED, mono=True)


def _legend_below(
    content: Picture, notes: Sequence[str], words: Mapping[str, str], *, keep: bool = False
) -> Iterator[Strip]:
    for style, line in _legend(content, notes, words):
        yield from text(line, style, keep=keep)
    yield space(4, keep=keep)
