"""Samples: pictures with exactly one protected logo, and pictures with none; both with other brands' logos.

Every sample is a function of (seed, kind, number) and is drawn when it is asked for, so memory does not grow. A
positive: 1. a scene; 2. a level and its changes; 3. the logo's form and size; 4. a place that is free of text;
5. its colours, by the ground of that place; 6. other logos and words; 7. what happens to the whole picture.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.logos import perturb
from benchmarks.logos.backgrounds import Box, Scene, scene
from benchmarks.logos.marks import Mark, Marks
from benchmarks.logos.materials import SYLLABLES, Colour, Materials, dark, font, pale, strong

SHORTEST = 16  # pixels of a logo's short side
SHARES = (0.04, 0.4)  # a logo's width as a share of the picture's
TALLEST = 0.6  # a logo's height as a share of the picture's
STEP = 36.0  # mean difference to the ground, in grey levels, from which ink counts as visible
VISIBLE = 0.75  # share of the ink that must be visible, else a plate is laid under it
LEVEL_WEIGHTS = (15, 30, 35, 20)  # clean, light, medium, heavy

Change = tuple[str, int]  # name in perturb, strength 1-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One picture and what is in it."""

    name: str
    image: Image.Image  # RGB
    key: str | None  # the protected logo; None in negatives
    box: Box | None  # of its visible ink
    level: int  # index into perturb.LEVELS
    changes: tuple[Change, ...]

    @property
    def share(self) -> float:
        """Return the logo's width as a share of the picture's (0 in negatives)."""
        return self.box[2] / self.image.width if self.box else 0.0

    @property
    def short_side(self) -> int:
        """Return the logo's short side in pixels (0 in negatives)."""
        return min(self.box[2:]) if self.box else 0


def samples(marks: Marks, materials: Materials, seed: int, count: int) -> Iterator[Sample]:
    """Yield `count` positives and `count` negatives in turn; every brand comes up equally often."""
    order = list(range(len(marks.protected)))
    for number in range(count):
        if number % len(order) == 0:
            random.Random(f"{seed}:order:{number}").shuffle(order)
        yield positive(marks, materials, seed, number, marks.protected[order[number % len(order)]])
        yield negative(marks, materials, seed, number)


def positive(marks: Marks, materials: Materials, seed: int, number: int, mark: Mark) -> Sample:
    """Draw a picture with the protected logo."""
    draw = random.Random(f"{seed}:positive:{number}")
    drawn = scene(materials, draw)
    level = draw.choices(range(4), LEVEL_WEIGHTS)[0]
    changes = draw_changes(draw, level)
    share = SHARES[0] * (SHARES[1] / SHARES[0]) ** draw.random()
    box, extra = _insert(drawn, draw, mark.image(), share, changes)
    _clutter(drawn, draw, marks.others, draw.choice((0, 0, 1, 1, 2, 3, 4)))
    return Sample(name=f"positive-{number:04d}", image=_finish(drawn.image, draw, changes), key=mark.key, box=box,
                  level=level, changes=tuple(changes) + extra)  # fmt: skip


def negative(marks: Marks, materials: Materials, seed: int, number: int) -> Sample:
    """Draw a picture without any protected logo, changed as positives are."""
    draw = random.Random(f"{seed}:negative:{number}")
    drawn = scene(materials, draw)
    level = draw.choices(range(4), LEVEL_WEIGHTS)[0]
    changes = draw_changes(draw, level)
    _clutter(drawn, draw, marks.others, draw.choice((0, 1, 2, 3, 4)))
    return Sample(name=f"negative-{number:04d}", image=_finish(drawn.image, draw, changes), key=None, box=None,
                  level=level, changes=tuple(changes))  # fmt: skip


def draw_changes(draw: random.Random, level: int) -> list[Change]:
    """Choose one change of the level's strength, and from medium on sometimes a second, weaker one."""
    names = [*perturb.FORM, *perturb.COLOUR, *perturb.LAYER, *perturb.PICTURE]
    if level == 0:
        return []
    first = draw.choice(names)
    changes = [(first, level)]
    if level > 1 and draw.random() < 0.5:
        group = perturb.COLOUR if first in perturb.COLOUR else (first,)
        second = draw.choice([name for name in names if name not in group and {first, name} != {"plate", "crop"}])
        changes.append((second, level - 1))
    return changes


def _insert(
    drawn: Scene, draw: random.Random, image: Image.Image, share: float, changes: Sequence[Change]
) -> tuple[Box, tuple[Change, ...]]:
    """Put the logo into the scene; return the box of its ink, and the plate if one had to be laid under it."""
    strength = dict(changes)
    side = None
    if "stretch" in strength:
        image = perturb.stretch(image, strength["stretch"], draw)
    if "rotation" in strength:
        image = perturb.rotate(image, strength["rotation"], draw)
    if "crop" in strength:
        image, side = perturb.crop(image, strength["crop"], draw)
    image = _sized(image, drawn.image.size, share)
    for attempt in range(8):
        place = _place(drawn, draw, image.size, side, strength.get("photo", 0), attempt)
        if place is None:
            break
        on_dark = _luma(drawn.image, (*place, *image.size)) < 120
        inked, card = _coloured(image, strength, draw, on_dark)
        if card is not None or _is_visible(drawn.image, inked, place):
            return _paste(drawn, draw, inked, place, strength, card), ()
    place = place or _anywhere(drawn, draw, image.size, side)
    inked, card = _coloured(image, strength, draw, on_dark=False)
    extra: tuple[Change, ...] = () if "plate" in strength or card is not None else (("plate", 1),)
    return _paste(drawn, draw, inked, place, strength, card or _contrast(inked, draw)), extra


def _sized(image: Image.Image, canvas: tuple[int, int], share: float) -> Image.Image:
    """Scale to the share of the canvas' width, within the limits of height, short side and largest share."""
    aspect = image.width / image.height
    width = min(share * canvas[0], TALLEST * canvas[1] * aspect)
    width = max(width, SHORTEST * max(1.0, aspect))
    width = min(width, SHARES[1] * canvas[0])
    size = max(SHORTEST, round(width)), max(SHORTEST, round(width / aspect))
    return image.resize(size, Image.Resampling.LANCZOS)


def _coloured(
    image: Image.Image, strength: dict[str, int], draw: random.Random, on_dark: bool
) -> tuple[Image.Image, Colour | None]:
    """Apply the change of colour; also return the plate's colour if one is wanted."""
    card = None
    if "recolour" in strength:
        image = perturb.recolour(image, strength["recolour"], draw)
    if "mono" in strength:
        image = perturb.mono(image, strength["mono"], on_dark)
    if "outline" in strength:
        image = perturb.outline(image, strength["outline"], on_dark)
    if "inverted" in strength:
        image = perturb.inverted(image, strength["inverted"])
        card = None if on_dark and strength["inverted"] < 3 else _contrast(image, draw)
    if "plate" in strength:
        card = _contrast(image, draw, white=strength["plate"] == 1)
    return image, card


def _contrast(image: Image.Image, draw: random.Random, white: bool = True) -> Colour:
    """Choose a plate on which most of the ink is visible: white if that may be, else the best of eight colours."""
    choices: list[Colour] = [draw.choice((pale, strong, dark))(draw) for _ in range(8)]
    if white:
        choices.insert(0, (255, 255, 255))
        choices += [(15, 15, 18)]
    rated = [(_share_visible(image, Image.new("RGB", image.size, colour)), colour) for colour in choices]
    if rated[0][0] >= VISIBLE:
        return rated[0][1]
    return max(rated)[1]


def _paste(
    drawn: Scene,
    draw: random.Random,
    image: Image.Image,
    place: tuple[int, int],
    strength: dict[str, int],
    card: Colour | None,
) -> Box:
    """Lay plate, shadow and logo onto the picture, blurred and faded as asked; return the box of the ink inside it."""
    short = min(image.size)
    pad = max(4, short // 5)
    layer = Image.new("RGBA", (image.width + 2 * pad, image.height + 2 * pad))
    layer.paste(image, (pad, pad))
    if "blur" in strength:
        layer = perturb.blur(layer, strength["blur"], short)
    if "shadow" in strength:
        layer = perturb.shadow(layer, strength["shadow"], short)
    if "transparency" in strength:
        layer = perturb.fade(layer, strength["transparency"])
    corner = place[0] - pad, place[1] - pad
    if card is not None:
        ground = perturb.plate(layer.size, strength.get("plate", 1), draw, card)
        drawn.image.paste(ground, corner, ground)
    drawn.image.paste(layer, corner, layer)
    drawn.taken.append((*corner, *layer.size))
    left, top = max(0, place[0]), max(0, place[1])
    right, bottom = (min(end, place[axis] + image.size[axis]) for axis, end in enumerate(drawn.image.size))
    return left, top, right - left, bottom - top


def _place(
    drawn: Scene, draw: random.Random, size: tuple[int, int], side: str | None, busy: int, attempt: int
) -> tuple[int, int] | None:
    """Find the top left corner of a free place: first where designers put logos, then anywhere; None if all is full."""
    if side is not None:
        return _anywhere(drawn, draw, size, side)
    fitting = [spot for spot in drawn.spots if spot[2] >= size[0] and spot[3] >= size[1]]
    if fitting and attempt < 3 and not busy and draw.random() < 0.75:
        spot = draw.choice(fitting)
        x = spot[0] + draw.choice((0, (spot[2] - size[0]) // 2))
        if _is_free(drawn, (x, spot[1] + (spot[3] - size[1]) // 2, *size)):
            return x, spot[1] + (spot[3] - size[1]) // 2
    tried = (_anywhere(drawn, draw, size, None) for _ in range(60))
    free = [place for place in tried if _is_free(drawn, (*place, *size))]
    free = [place for place in free if not _straddles(drawn, (*place, *size))] or free
    if not free:
        return None
    return max(free[: 4 * busy], key=lambda place: _busyness(drawn.image, (*place, *size))) if busy else free[0]


def _anywhere(drawn: Scene, draw: random.Random, size: tuple[int, int], side: str | None) -> tuple[int, int]:
    """Draw a corner inside the picture, flush with its border on the side where the logo is cut."""
    room = drawn.image.width - size[0], drawn.image.height - size[1]
    margin = min(12, *room)
    x, y = draw.randint(margin, max(margin, room[0] - margin)), draw.randint(margin, max(margin, room[1] - margin))
    return {"left": (0, y), "right": (room[0], y), "top": (x, 0), "bottom": (x, room[1])}.get(side or "", (x, y))


def _is_free(drawn: Scene, box: Box) -> bool:
    x, y, width, height = box
    gap = max(3, min(width, height) // 8)
    if x < 0 or y < 0 or x + width > drawn.image.width or y + height > drawn.image.height:
        return False
    return not any(
        x - gap < left + wide and left < x + width + gap and y - gap < top + tall and top < y + height + gap
        for left, top, wide, tall in drawn.taken
    )


def _straddles(drawn: Scene, box: Box) -> bool:
    """Tell whether the box lies half on a photo or product and half beside it, as nobody would lay it out."""
    x, y, width, height = box
    return any(
        x < left + wide and left < x + width and y < top + tall and top < y + height
        and not (left <= x and top <= y and x + width <= left + wide and y + height <= top + tall)
        for left, top, wide, tall in drawn.spots
    )  # fmt: skip


def _is_visible(picture: Image.Image, image: Image.Image, place: tuple[int, int]) -> bool:
    ground = picture.crop((*place, place[0] + image.width, place[1] + image.height))
    return _share_visible(image, ground) >= VISIBLE


def _share_visible(image: Image.Image, ground: Image.Image) -> float:
    """Return the share of the ink that differs from its ground."""
    ink = np.asarray(image, dtype=np.float32)
    away = np.abs(ink[:, :, :3] - np.asarray(ground, dtype=np.float32)).mean(axis=2)
    solid = ink[:, :, 3] > 128
    return float((away[solid] > STEP).mean()) if solid.any() else 0.0


def _luma(picture: Image.Image, box: Box) -> float:
    grey = picture.crop((box[0], box[1], box[0] + box[2], box[1] + box[3])).convert("L")
    return float(np.asarray(grey).mean())


def _busyness(picture: Image.Image, box: Box) -> float:
    """Return the mean strength of edges in the box."""
    grey = picture.crop((box[0], box[1], box[0] + box[2], box[1] + box[3])).convert("L")
    return float(np.asarray(grey.filter(ImageFilter.FIND_EDGES)).mean())


def _clutter(drawn: Scene, draw: random.Random, others: Sequence[Mark], logos: int) -> None:
    """Add other brands' logos, invented wordmarks and small icons where there is room."""
    for mark in draw.sample(others, logos):
        share = 0.04 * 7 ** draw.random()
        changes = [(draw.choice(("recolour", "mono", "plate", "shadow")), 1)] if draw.random() < 0.3 else []
        image = _sized(mark.image(), drawn.image.size, share)
        place = _place(drawn, draw, image.size, None, 0, 0)
        if place is None:
            continue
        inked, card = _coloured(image, dict(changes), draw, _luma(drawn.image, (*place, *image.size)) < 120)
        if card is None and not _is_visible(drawn.image, inked, place):
            card = _contrast(inked, draw)
        _paste(drawn, draw, inked, place, dict(changes), card)
    for _ in range(draw.choice((0, 0, 1, 2, 3))):
        _invented(drawn, draw)


def _invented(drawn: Scene, draw: random.Random) -> None:
    """Draw a wordmark of syllables, half of them behind a simple shape, in a colour that can be read."""
    word = "".join(draw.sample(SYLLABLES, draw.randint(2, 3)))
    word = draw.choice((word, word.title(), word.upper()))
    size = round(drawn.image.width * draw.uniform(0.02, 0.06))
    face = draw.choice(drawn.materials.latin)
    shape = draw.choice(("", "", "circle", "square", "ring", "triangle"))
    indent = round(1.3 * size) if shape else 0
    box_size = drawn.width_of(word, size, face) + indent, round(1.3 * size)
    if box_size[0] > 0.6 * drawn.image.width:
        return
    place = _place(drawn, draw, box_size, None, 0, 3)
    if place is None:
        return
    on_dark = _luma(drawn.image, (*place, *box_size)) < 120
    colour = draw.choice(((255, 255, 255), pale(draw))) if on_dark else draw.choice(((20, 20, 20), strong(draw)))
    x, y = place
    around = (x, y + size // 6, x + size, y + size // 6 + size)
    if shape == "circle":
        drawn.pen.ellipse(around, colour)
    elif shape == "ring":
        drawn.pen.ellipse(around, outline=colour, width=max(2, size // 6))
    elif shape == "square":
        drawn.pen.rounded_rectangle(around, size // 5, colour)
    elif shape == "triangle":
        drawn.pen.polygon([(around[0], around[3]), (x + size // 2, around[1]), (around[2], around[3])], colour)
    drawn.pen.text((x + indent, y), word, fill=colour, font=font(face, size))
    drawn.taken.append((*place, *box_size))


def _finish(image: Image.Image, draw: random.Random, changes: Sequence[Change]) -> Image.Image:
    """Apply the changes of the whole picture; two of three pictures end as a JPEG of good quality in any case."""
    for name, strength in changes:
        if name in perturb.ON_PICTURE:
            image = perturb.ON_PICTURE[name](image, strength, draw)
    named = {name for name, _ in changes}
    return perturb.jpeg(image, 1, draw) if "jpeg" not in named and draw.random() < 0.67 else image
