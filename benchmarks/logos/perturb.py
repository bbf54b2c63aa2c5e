"""What happens to a logo on its way into a picture: every change by name, in three strengths.

Changes of form and of colour work on the RGBA logo, changes of the picture on the finished RGB picture. Strength is
1 (light), 2 (medium) or 3 (heavy). `plate`, `photo` and `crop` concern the place too; `generate.py` sees to them.
"""

import io
import random
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

LEVELS = ("clean", "light", "medium", "heavy")
FORM = ("rotation", "stretch", "crop")
COLOUR = ("recolour", "mono", "inverted", "outline")
LAYER = ("blur", "transparency", "plate", "photo", "shadow")
PICTURE = ("jpeg", "noise", "downscale", "screen")

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.float32]


def cut_to_ink(mark: Image.Image) -> Image.Image:
    """Remove the transparent border."""
    return mark.crop(mark.getchannel("A").point(lambda alpha: 255 if alpha > 16 else 0).getbbox())


def rotate(mark: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Turn by 3-5, 5-9 or 9-15 degrees either way."""
    low, high = ((3, 5), (5, 9), (9, 15))[strength - 1]
    angle = draw.uniform(low, high) * draw.choice((-1, 1))
    return cut_to_ink(mark.rotate(angle, Image.Resampling.BICUBIC, expand=True))


def stretch(mark: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Change the aspect by up to 8, 16 or 30 %."""
    factor = 1 + (0.08, 0.16, 0.3)[strength - 1] * draw.uniform(0.6, 1)
    width = mark.width * factor if draw.random() < 0.5 else mark.width / factor
    return mark.resize((max(1, round(width)), mark.height), Image.Resampling.LANCZOS)


def crop(mark: Image.Image, strength: int, draw: random.Random) -> tuple[Image.Image, str]:
    """Cut 4-8, 8-14 or 14-20 % off one side; the side is returned too: there the picture ends."""
    share = draw.uniform(*((0.04, 0.08), (0.08, 0.14), (0.14, 0.2))[strength - 1])
    side = draw.choice(("left", "right", "top", "bottom"))
    x, y = round(share * mark.width), round(share * mark.height)
    box = {
        "left": (x, 0, mark.width, mark.height),
        "right": (0, 0, mark.width - x, mark.height),
        "top": (0, y, mark.width, mark.height),
        "bottom": (0, 0, mark.width, mark.height - y),
    }[side]
    return mark.crop(box), side


def recolour(mark: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Turn the hue by 15-30, 40-80 or 90-180 degrees; grey logos get a tint of that strength instead."""
    hue, saturation, value = (np.asarray(band, dtype=np.int16) for band in mark.convert("RGB").convert("HSV").split())
    alpha = mark.getchannel("A")
    inked = np.asarray(alpha) > 128
    degrees = draw.uniform(*((15, 30), (40, 80), (90, 180))[strength - 1]) * draw.choice((-1, 1))
    if saturation[inked].mean() < 40:
        hue = np.full_like(hue, draw.randrange(256))
        saturation = np.maximum(saturation, 70 * strength)
        value = np.maximum(value, 45 * strength)
    else:
        hue = (hue + round(degrees / 360 * 256)) % 256
        value = np.clip(value * draw.uniform(1 - 0.1 * strength, 1 + 0.1 * strength), 0, 255).astype(np.int16)
    bands = [Image.fromarray(band.astype(np.uint8)) for band in (hue, saturation, value)]
    coloured = Image.merge("HSV", bands).convert("RGB").convert("RGBA")
    coloured.putalpha(alpha)
    return coloured


def knocked_out(mark: Image.Image) -> Image.Image:
    """Return the ink that a one-colour print keeps: white parts inside a coloured logo become holes."""
    alpha = np.asarray(mark.getchannel("A"), dtype=np.float32)
    light = np.asarray(mark.convert("RGB").convert("L"), dtype=np.float32)
    white = (light > 225) & (alpha > 128)
    if 0.02 < white.sum() / max(1, (alpha > 128).sum()) < 0.6:
        alpha = alpha * np.clip((240 - light) / 30, 0, 1)
    return Image.fromarray(alpha.astype(np.uint8))


def one_colour(mask: Image.Image, colour: Colour) -> Image.Image:
    """Fill the mask with one colour (RGBA)."""
    filled = Image.new("RGBA", mask.size, (*colour, 255))
    filled.putalpha(mask)
    return filled


def mono(mark: Image.Image, strength: int, on_dark: bool) -> Image.Image:
    """Print in black or white; medium in a grey, heavy as a silhouette without its inner parts."""
    mask = mark.getchannel("A") if strength == 3 else knocked_out(mark)
    tone = (235, 200, 255)[strength - 1] if on_dark else (0, 75, 0)[strength - 1]
    return one_colour(mask, (tone, tone, tone))


def inverted(mark: Image.Image, strength: int) -> Image.Image:
    """Make the version for dark ground: white; medium only lightened; heavy the negative of every colour."""
    if strength == 1:
        return one_colour(knocked_out(mark), (255, 255, 255))
    colours = ImageChops.invert(mark.convert("RGB"))
    if strength == 2:
        colours = Image.blend(mark.convert("RGB"), Image.new("RGB", mark.size, "white"), 0.65)
    colours = colours.convert("RGBA")
    colours.putalpha(mark.getchannel("A"))
    return colours


def outline(mark: Image.Image, strength: int, on_dark: bool) -> Image.Image:
    """Keep a contour only; the heavier the thinner (one fourteenth to one thirtieth of the short side)."""
    width = max(1, round(min(mark.size) / (14, 20, 30)[strength - 1]))
    pad = Image.new("L", (mark.width + 2 * width + 2, mark.height + 2 * width + 2))
    pad.paste(knocked_out(mark), (width + 1, width + 1))
    contour = ImageChops.subtract(pad.filter(ImageFilter.MaxFilter(2 * (width // 2) + 1)),
                                  pad.filter(ImageFilter.MinFilter(2 * ((width + 1) // 2) + 1)))  # fmt: skip
    ink = np.asarray(mark, dtype=np.float32)
    tone = ink[ink[:, :, 3] > 128][:, :3].mean(axis=0)
    colour = (245.0, 245.0, 245.0) if on_dark and tone.mean() < 140 else tuple(float(part) for part in tone)
    if not on_dark and tone.mean() > 170:
        colour = (30.0, 30.0, 30.0)
    return one_colour(contour, (int(colour[0]), int(colour[1]), int(colour[2])))


def blur(layer: Image.Image, strength: int, short_side: int) -> Image.Image:
    """Blur the logo alone, as an enlarged small file looks: sigma 1.5, 3 or 5 % of its short side."""
    sigma = max(0.6, (0.015, 0.03, 0.05)[strength - 1] * short_side)
    return layer.convert("RGBa").filter(ImageFilter.GaussianBlur(sigma)).convert("RGBA")


def fade(layer: Image.Image, strength: int) -> Image.Image:
    """Make it see-through: 80, 60 or 40 % opaque."""
    opacity = (0.8, 0.6, 0.4)[strength - 1]
    layer.putalpha(layer.getchannel("A").point(lambda alpha: round(alpha * opacity)))
    return layer


def shadow(layer: Image.Image, strength: int, short_side: int) -> Image.Image:
    """Drop a soft black shadow to the lower right; the heavier the harder and farther."""
    away = max(1, round(short_side * (0.03, 0.06, 0.12)[strength - 1]))
    dark = layer.getchannel("A").point(lambda alpha: round(alpha * (0.35, 0.55, 0.8)[strength - 1]))
    moved = ImageChops.offset(dark.filter(ImageFilter.GaussianBlur(away / 2)), away, away)
    return Image.alpha_composite(one_colour(moved, (0, 0, 0)), layer)


def plate(size: tuple[int, int], strength: int, draw: random.Random, colour: Colour) -> Image.Image:
    """Draw the card behind a logo: rounded; heavy ones have a border and a second stripe of colour."""
    card = Image.new("RGBA", size)
    pen = ImageDraw.Draw(card)
    radius = draw.choice((0, min(size) // 12, min(size) // 5))
    line = (*(max(0, part - 60) for part in colour), 255) if strength > 1 else None
    box = (0, 0, size[0] - 1, size[1] - 1)
    pen.rounded_rectangle(box, radius, (*colour, 255), line, max(1, min(size) // 30))
    if strength == 3:
        stripe = ImageColor.getrgb(f"hsl({draw.randrange(360)}, 80%, 45%)")
        pen.rectangle((0, size[1] - max(2, size[1] // 14), size[0], size[1]), stripe)
    return card


def jpeg(image: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Save with quality 70-90, 45-65 or 20-40."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=draw.randint(*((70, 90), (45, 65), (20, 40))[strength - 1]))
    return Image.open(out).convert("RGB")


def noise(image: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Add grain of sigma 6, 13 or 24 grey levels."""
    grain = np.random.default_rng(draw.getrandbits(32)).standard_normal((image.height, image.width), np.float32)
    pixels = np.asarray(image, dtype=np.float32) + ((6, 13, 24)[strength - 1] * grain)[:, :, None]
    return _picture(pixels)


def downscale(image: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Shrink to about 80, 62 or 45 % and enlarge again."""
    factor = (0.8, 0.62, 0.45)[strength - 1] * draw.uniform(0.93, 1.07)
    small = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BILINEAR)
    return small.resize(image.size, Image.Resampling.BICUBIC)


def screen(image: Image.Image, strength: int, draw: random.Random) -> Image.Image:
    """Photograph a screen: beating grids, a tint, uneven light, some softness."""
    depth = (0.05, 0.1, 0.17)[strength - 1]
    soft = image.filter(ImageFilter.GaussianBlur((0.4, 0.6, 0.9)[strength - 1]))
    rows, columns = np.mgrid[: image.height, : image.width].astype(np.float32)
    turn = draw.uniform(-0.06, 0.06)
    period = draw.uniform(2.1, 2.9)
    fine = np.sin((columns + turn * rows) * (2 * np.pi / period))
    slow = np.sin((rows - turn * columns) * (2 * np.pi / draw.uniform(9, 40)))
    light = 1 - 2 * depth * np.hypot(columns / image.width - draw.random(), rows / image.height - draw.random())
    tint = np.array([draw.uniform(1 - depth, 1) for _ in range(3)], dtype=np.float32)
    lit = np.asarray(soft, dtype=np.float32) * ((1 + depth * fine + depth * slow) * light)[:, :, None] * tint
    return _picture(lit + 12 * strength)


ON_PICTURE: dict[str, Callable[[Image.Image, int, random.Random], Image.Image]] = {
    "jpeg": jpeg,
    "noise": noise,
    "downscale": downscale,
    "screen": screen,
}


def _picture(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
