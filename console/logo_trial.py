"""Trial pictures for the team's own logos: one logo in a drawn advertisement or page, at a known place.

`draw_trials` is a target of the sandbox: logos are files from the outside. Everything comes from one seed, so that two
runs show the same pictures.
"""

import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from detector.images.decode import decode_with_alpha

SIZE = (1200, 628)  # pixels, the common size of link advertisements
# Shorter sides of the logo, pixels.
SIDES = ((16, 24), (24, 40), (40, 80), (80, 240))
LONGEST = 0.6  # of the picture's width
VISIBLE = 45.0  # grey levels between a logo and its ground; below, it is laid on a plate
WORDS = ("Summer Sale", "Only 88 left", "Free shipping", "Add to cart", "Sign in", "Up to 80% OFF", "New arrivals")

Colour = tuple[int, int, int]
Change = Callable[[Image.Image, random.Random], Image.Image]


def draw_trials(data: bytes, *, svg: bool = False, seed: int = 1, count: int = 24) -> list[dict[str, Any]]:
    """Draw pictures with a logo in them, all `SIDES` and `CHANGES` in turn.

    Returns:
        `count` times `picture` (JPEG), `box` (x, y, width, height in pixels), `side` (its shorter one) and `change`.

    Raises:
        PictureRefused: the logo cannot be decoded.
    """
    logo = decode_with_alpha(data, svg=svg)
    logo = logo.crop(logo.getchannel("A").point(lambda alpha: 255 if alpha > 16 else 0).getbbox())
    draw = random.Random(seed)  # noqa: S311  pictures, not secrets
    changes = list(CHANGES)
    return [
        _trial(logo, draw, SIDES[(number + number // len(changes)) % len(SIDES)], changes[number % len(changes)])
        for number in range(count)
    ]


def draw_grounds(data: bytes, *, seed: int = 1, count: int = 24) -> list[bytes]:
    """Draw the same kinds of pictures without a logo, JPEG; `data` is not used, but a sandbox sends some."""
    draw = random.Random(f"ground {seed} {len(data)}")  # noqa: S311
    return [_jpeg(_ground(draw), 85) for _ in range(count)]


def _trial(logo: Image.Image, draw: random.Random, sides: tuple[int, int], change: str) -> dict[str, Any]:
    side = draw.randint(*sides)
    scale = min(side / min(logo.size), LONGEST * SIZE[0] / logo.width, LONGEST * SIZE[1] / logo.height)
    mark = logo.resize(
        (max(4, round(logo.width * scale)), max(4, round(logo.height * scale))), Image.Resampling.LANCZOS
    )
    mark = CHANGES[change](mark, draw)
    canvas = _ground(draw)
    x, y = draw.randint(8, SIZE[0] - mark.width - 8), draw.randint(8, SIZE[1] - mark.height - 8)
    under = canvas.crop((x, y, x + mark.width, y + mark.height))
    if _contrast(mark, under) < VISIBLE:
        light = float(np.asarray(mark.convert("L"))[np.asarray(mark.getchannel("A")) > 128].mean()) > 140
        pad = max(4, side // 5)
        plate = (x - pad, y - pad, x + mark.width + pad, y + mark.height + pad)
        ImageDraw.Draw(canvas).rounded_rectangle(plate, pad, fill=(24, 28, 36) if light else (255, 255, 255))
    canvas.paste(mark, (x, y), mark)
    picture = _jpeg(canvas, 30 if change == "compressed" else 85)
    return {"picture": picture, "box": [x, y, mark.width, mark.height], "side": min(mark.size), "change": change}


def _ground(draw: random.Random) -> Image.Image:
    """Draw a page, a gradient or a blurred scene, with boxes and lines of text."""
    kind = draw.choice(("page", "page", "gradient", "scene"))
    if kind == "page":
        canvas = Image.new("RGB", SIZE, draw.choice(((255, 255, 255), (246, 247, 249), (28, 30, 36))))
        pen = ImageDraw.Draw(canvas)
        for _ in range(draw.randint(2, 7)):
            x, y = draw.randrange(SIZE[0]), draw.randrange(SIZE[1])
            pen.rounded_rectangle((x, y, x + draw.randint(60, 500), y + draw.randint(30, 220)), 8, fill=_colour(draw))
    else:
        grain, spread = ((2, 2), 256) if kind == "gradient" else ((draw.randint(6, 24), draw.randint(4, 14)), 90)
        dark = draw.randint(0, 256 - spread)
        values = np.random.default_rng(draw.getrandbits(32)).integers(dark, dark + spread, (*grain[::-1], 3))
        noise = values.astype(np.uint8)
        canvas = Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(canvas)
    for _ in range(draw.randint(2, 6)):
        place = (draw.randrange(SIZE[0] - 200), draw.randrange(SIZE[1] - 40))
        font = ImageFont.load_default(draw.randint(14, 60))
        pen.text(place, draw.choice(WORDS), font=font, fill=draw.choice(((0, 0, 0), (255, 255, 255), _colour(draw))))
    return canvas


def _one_colour(mark: Image.Image, colour: Colour) -> Image.Image:
    out = Image.new("RGBA", mark.size, (*colour, 255))
    out.putalpha(mark.getchannel("A"))
    return out


def _faded(mark: Image.Image, draw: random.Random) -> Image.Image:
    share = draw.uniform(0.5, 0.85)
    mark.putalpha(mark.getchannel("A").point(lambda alpha: int(alpha * share)))
    return mark


CHANGES: dict[str, Change] = {
    "as it is": lambda mark, draw: mark,
    "compressed": lambda mark, draw: mark,
    "black": lambda mark, draw: _one_colour(mark, (0, 0, 0)),
    "white": lambda mark, draw: _one_colour(mark, (255, 255, 255)),
    "blurred": lambda mark, draw: mark.filter(ImageFilter.GaussianBlur(max(0.6, 0.03 * min(mark.size)))),
    "turned": lambda mark, draw: mark.rotate(draw.uniform(-9, 9), Image.Resampling.BICUBIC, expand=True),
    "stretched": lambda mark, draw: mark.resize((max(4, round(mark.width * draw.uniform(0.86, 1.16))), mark.height)),
    "faded": _faded,
}  # fmt: skip


def _colour(draw: random.Random) -> Colour:
    return draw.randrange(256), draw.randrange(256), draw.randrange(256)


def _contrast(mark: Image.Image, under: Image.Image) -> float:
    alpha = np.asarray(mark.getchannel("A"), dtype=np.float32) / 255
    apart = np.abs(np.asarray(mark.convert("RGB"), dtype=np.float32) - np.asarray(under, dtype=np.float32)).max(axis=2)
    return float((apart * alpha).sum() / max(1.0, alpha.sum()))


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
