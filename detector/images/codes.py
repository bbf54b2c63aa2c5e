"""Codes in pictures: hostile picture bytes -> what QR codes and their kin say, as data; nothing is opened.

The reader is zxing-cpp, of the optional extra `words`. Runs in the sandbox child.
"""

import importlib
import math
from typing import Any

from PIL import Image

from detector.images.decode import decode
from detector.images.words import WordsUnavailable

MOST_CODES: int = 20  # of one picture; advertisements have one
MOST_TEXT: int = 2000  # characters; a QR code holds up to 4296
MOST_PIXELS: int = 6_000_000  # of the copy that is searched: 1 s of CPU at most


def read_codes(data: bytes) -> list[dict[str, Any]]:
    """Read two-dimensional codes: QR, Micro QR, rMQR, Aztec, Data Matrix, PDF417, MaxiCode.

    Returns:
        At most `MOST_CODES`, each with `kind`, `text` (at most `MOST_TEXT` characters) and `box` (left, top, width,
        height in pixels of the upright picture); built-in types only, to cross the sandbox pipe.

    Raises:
        PictureRefused: see `detector.images.decode.decode`.
        WordsUnavailable: the extra `words` is missing.
    """
    _reader()  # says at once when it is absent
    return codes_of(decode(data))


def codes_of(image: Image.Image) -> list[dict[str, Any]]:
    """Read the codes of an upright picture; see `read_codes`."""
    zxing = _reader()
    image = image.convert("L")
    scale = min(1.0, math.sqrt(MOST_PIXELS / (image.width * image.height)))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image if scale == 1.0 else image.resize(size, Image.Resampling.BOX)
    found = zxing.read_barcodes(small, formats=zxing.BarcodeFormat.AllMatrix, text_mode=zxing.TextMode.Plain)
    ratio = (image.width / small.width, image.height / small.height)
    return [
        {"kind": str(code.format).replace(" ", ""), "text": _text(code.text), "box": _box(code.position, ratio)}
        for code in found[:MOST_CODES]
    ]


def _reader() -> Any:
    try:
        return importlib.import_module("zxingcpp")
    except ImportError:
        raise WordsUnavailable("no reader of codes in pictures (zxingcpp is missing): install mekiki[words]") from None


def _text(text: str) -> str:
    """Cut, and replace what UTF-8 cannot carry."""
    return text[:MOST_TEXT].encode(errors="replace").decode()


def _box(position: Any, ratio: tuple[float, float]) -> list[int]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    across, down = [corner.x * ratio[0] for corner in corners], [corner.y * ratio[1] for corner in corners]
    left, top = max(0.0, min(across)), max(0.0, min(down))
    return [round(left), round(top), max(1, round(max(across) - left)), max(1, round(max(down) - top))]
