"""The pictures of the labelled campaigns: drawn from their names, in the variants that platforms and frauds make."""

import io
import random
from functools import cache
from hashlib import sha256

from PIL import Image, ImageDraw, ImageOps

from detector.images.hash import PictureHash, hash_picture

SIDES = (800, 600)
CROP = 0.04  # of each side


@cache
def picture(name: str, variant: str) -> tuple[str, PictureHash]:
    """Return digest and hashes of a picture.

    Args:
        name: what is drawn; every name is another picture.
        variant: same, jpeg, crop or flip.
    """
    image = _drawn(name)
    if variant == "crop":
        cut = (round(CROP * image.width), round(CROP * image.height))
        image = image.crop((*cut, image.width - cut[0], image.height - cut[1]))
    elif variant == "flip":
        image = ImageOps.mirror(image)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=55 if variant == "jpeg" else 92)
    data = out.getvalue()
    if variant == "jpeg":
        image = Image.open(io.BytesIO(data)).resize((640, 480))
    return sha256(data + variant.encode()).hexdigest(), hash_picture(image)


@cache
def _drawn(name: str) -> Image.Image:
    """Draw a scene: a ground that shades off, and shapes of many sizes over it."""
    chosen = random.Random(name)

    def colour() -> tuple[int, int, int]:
        return chosen.randrange(256), chosen.randrange(256), chosen.randrange(256)

    ground = Image.linear_gradient("L").rotate(chosen.choice((0, 90, 180, 270))).resize(SIDES)
    image = ImageOps.colorize(ground, colour(), colour())
    draw = ImageDraw.Draw(image)
    for size in (320, 240, 180, 140, 110, 90, 70, 60, 50, 45, 40, 36, 32, 30, 28, 26):
        for _ in range(2):
            left, top = (
                chosen.randrange(-size // 2, SIDES[0] - size // 2),
                chosen.randrange(-size // 2, SIDES[1] - size // 2),
            )
            box = (left, top, left + size, top + round(size * chosen.uniform(0.5, 1.4)))
            if chosen.random() < 0.5:
                draw.ellipse(box, fill=colour(), outline=colour(), width=4)
            else:
                draw.rectangle(box, fill=colour(), outline=colour(), width=4)
    return image
