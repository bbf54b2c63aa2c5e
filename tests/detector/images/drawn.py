"""Pictures drawn for tests: smooth random colours that hash like photos, always the same for one seed."""

import io

import numpy as np
from PIL import Image


def photo(*, seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw random colour fields with sharp shapes in them."""
    random = np.random.default_rng(seed)
    fields = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    image = fields.resize(size, Image.Resampling.BICUBIC)
    for _ in range(6):
        width, height = (int(random.integers(size[0] // 12 + 1, size[0] // 4 + 2)) for _ in range(2))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        place = (int(random.integers(0, size[0])), int(random.integers(0, size[1])))
        image.paste(colour, (*place, place[0] + width, place[1] + height))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Encode a picture."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
