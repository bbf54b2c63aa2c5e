"""A picture as the media store keeps it, and what can be seen in it."""

import io

import numpy as np
from PIL import Image, ImageDraw

RED = (217, 45, 32)


def png(width: int = 640, height: int = 335) -> bytes:
    """Return a grey rendition with a darker mark, few colours."""
    image = Image.new("RGB", (width, height), "#c8ccd2")
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width // 2, height // 2), fill="#39424e")
    return encoded(image, "PNG")


def jpeg(width: int = 640, height: int = 400, seed: int = 1) -> bytes:
    """Return a rendition of many colours."""
    low = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return encoded(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC), "JPEG")


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def box_of(data: bytes) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of what is drawn in the red of the frame."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    near = np.abs(pixels - np.array(RED)).sum(axis=2) < 60
    rows, columns = np.nonzero(near)
    if not len(rows):
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())
