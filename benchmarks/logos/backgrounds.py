"""Pictures without logos: advertisements, pages as a browser shows them, and plain grounds.

Every drawer returns a `Scene`: the picture, the boxes already taken by text and buttons, and the spots where designers
put a logo (the head of a page, a corner, the surface of a product).
"""

import math
import random
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from benchmarks.logos.materials import EN, JA, Colour, Materials, Words, dark, font, pale, strong

Box = tuple[int, int, int, int]  # x, y, width, height in pixels

CREATIVES = ((1200, 628), (1080, 1080), (1080, 1920), (640, 360))
SCREENS = ((1280, 800), (1280, 800), (1080, 1920))
GREY: Colour = (110, 110, 115)
RED: Colour = (205, 25, 30)
WHITE: Colour = (255, 255, 255)


@dataclass(slots=True, kw_only=True)
class Scene:
    """A picture being drawn."""

    image: Image.Image  # RGB
    materials: Materials
    words: Words
    face: Path  # typeface of running text
    unit: int  # pixels of running text's size
    taken: list[Box] = field(default_factory=list)
    spots: list[Box] = field(default_factory=list)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def write(self, x: int, y: int, text: str, size: int, colour: Colour, face: Path | None = None) -> Box:
        """Write one line, top left at (x, y); return its box."""
        letters = font(face or self.face, size)
        self.pen.text((x, y), text, fill=colour, font=letters)
        left, top, right, bottom = letters.getbbox(text)
        box = (x + int(left), y + int(top), int(right - left), int(bottom - top))
        self.taken.append(box)
        return box

    def width_of(self, text: str, size: int, face: Path | None = None) -> int:
        return int(font(face or self.face, size).getlength(text))

    def block(self, x: int, y: int, width: int, box_colour: Colour, text: str, size: int, colour: Colour) -> Box:
        """Draw a button: a rounded block with a line of text in its middle."""
        while size > 7 and self.width_of(text, size) > 0.86 * width:
            size -= 1
        height = round(2.1 * size)
        self.pen.rounded_rectangle((x, y, x + width, y + height), size // 2, box_colour)
        self.pen.text((x + width / 2, y + height / 2), text, fill=colour, font=font(self.face, size), anchor="mm")
        self.taken.append((x, y, width, height))
        return x, y, width, height

    def paragraph(self, draw: random.Random, x: int, y: int, width: int, lines: int, size: int, colour: Colour) -> int:
        """Fill a column with sentences; return where it ends."""
        letters = font(self.face, size)
        text = ""
        for row in range(lines):
            while letters.getlength(text) < width * 1.2:
                text += draw.choice(self.words.small) + (" " if self.words is EN else "")
            cut = max(4, int(len(text) * width / letters.getlength(text)))
            while letters.getlength(text[:cut]) > width:
                cut -= 1
            if self.words is EN and " " in text[:cut]:
                cut = text[:cut].rindex(" ") + 1
            self.write(x, y + round(row * size * 1.6), text[:cut].strip(), size, colour)
            text = text[cut:]
        return y + round(lines * size * 1.6)

    def photo(self, draw: random.Random, box: Box, radius: int = 0) -> None:
        """Put a photo into the box."""
        mask = Image.new("L", box[2:])
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, box[2] - 1, box[3] - 1), radius, 255)
        self.image.paste(self.materials.photo(draw, box[2:]), box[:2], mask)


def scene(materials: Materials, draw: random.Random) -> Scene:
    """Draw some picture: an advertisement (45 %), a page (40 %) or a plain ground (15 %)."""
    kind = draw.choices(("creative", "page", "plain"), (45, 40, 15))[0]
    if kind == "page":
        return page(materials, draw, draw.choice(SCREENS))
    size = draw.choice(CREATIVES)
    return creative(materials, draw, size) if kind == "creative" else plain(materials, draw, size)


def _blank(materials: Materials, draw: random.Random, size: tuple[int, int], colour: Colour, unit: int) -> Scene:
    words = draw.choice((JA, EN))
    return Scene(image=Image.new("RGB", size, colour), materials=materials, words=words, unit=unit,
                 face=materials.face(draw, words))  # fmt: skip


# --- plain grounds and advertisements


def gradient(size: tuple[int, int], start: Colour, end: Colour, draw: random.Random) -> Image.Image:
    """Blend two colours along a drawn direction."""
    ramp = Image.linear_gradient("L").rotate(draw.choice((0, 30, 45, 90, 180)), Image.Resampling.BICUBIC, expand=True)
    side = ramp.width // 4 if ramp.width > 256 else 0  # a turned ramp has empty corners
    ramp = ramp.crop((side, side, ramp.width - side, ramp.height - side)).resize(size, Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", size, end), Image.new("RGB", size, start), ramp)


def plain(materials: Materials, draw: random.Random, size: tuple[int, int]) -> Scene:
    """Draw a photo, a flat colour or a gradient with at most a line of text."""
    drawn = _blank(materials, draw, size, draw.choice((pale, strong, dark))(draw), min(size) // 28)
    kind = draw.random()
    if kind < 0.6:
        drawn.image = materials.photo(draw, size)
    elif kind < 0.8:
        drawn.image = gradient(size, strong(draw), draw.choice((pale, strong))(draw), draw)
    if draw.random() < 0.5:
        text = draw.choice(drawn.words.headlines)
        drawn.write(size[0] // 20, size[1] - 4 * drawn.unit, text, 2 * drawn.unit, _readable(drawn, size[1] // 10))
    return drawn


def _readable(drawn: Scene, strip: int) -> Colour:
    """Choose black or white for text at the picture's foot."""
    foot = drawn.image.crop((0, drawn.image.height - 2 * strip, drawn.image.width, drawn.image.height))
    return WHITE if foot.convert("L").resize((1, 1), Image.Resampling.BOX).tobytes()[0] < 140 else (20, 20, 20)


def creative(materials: Materials, draw: random.Random, size: tuple[int, int]) -> Scene:
    """Draw an advertisement: picture, headline, price, button, small print."""
    drawn = _blank(materials, draw, size, pale(draw), max(10, min(size) // 30))
    return draw.choice((_over_photo, _split, _product, _banded))(drawn, draw)


def _over_photo(drawn: Scene, draw: random.Random) -> Scene:
    """Text at the left or the foot of a photo which is darkened or lightened there."""
    width, height = drawn.image.size
    photo = drawn.materials.photo(draw, (width, height))
    upright = height > width
    ramp = Image.linear_gradient("L") if upright else Image.linear_gradient("L").rotate(-90)
    shade = ramp.point(lambda light: round(0.85 * light)).resize((width, height))
    on_dark = draw.random() < 0.6
    drawn.image = Image.composite(Image.new("RGB", (width, height), dark(draw) if on_dark else WHITE), photo, shade)
    x, y = width // 20, round(height * (0.55 if upright else 0.3))
    _pitch(drawn, draw, x, y, round(width * (0.9 if upright else 0.5)), WHITE if on_dark else (25, 25, 30))
    if draw.random() < 0.6:
        _burst(drawn, draw, round(width * 0.84), round(height * draw.choice((0.2, 0.45))), min(width, height) // 8)
    margin = width // 30
    drawn.spots += [(margin, margin, width // 2, height // 5), (width // 2, margin, width // 2 - margin, height // 5),
                    (round(width * 0.6), round(height * 0.3), round(width * 0.36), height // 2)]  # fmt: skip
    return drawn


def _split(drawn: Scene, draw: random.Random) -> Scene:
    """One half a photo, the other a flat colour with the text."""
    width, height = drawn.image.size
    ground = draw.choice((pale, strong))(draw)
    drawn.image.paste(ground, (0, 0, width, height))
    ink = WHITE if sum(ground) < 420 else (30, 30, 35)
    if height > width:
        half = round(height * draw.uniform(0.4, 0.6))
        drawn.photo(draw, (0, 0, width, half))
        _pitch(drawn, draw, width // 16, half + height // 10, round(width * 0.88), ink)
        drawn.spots += [(width // 16, half + height // 60, width // 2, height // 14), (0, 0, width, half)]
        return drawn
    half = round(width * draw.uniform(0.4, 0.55))
    left = draw.random() < 0.5
    drawn.photo(draw, (0 if left else width - half, 0, half, height))
    x = half + width // 30 if left else width // 30
    _pitch(drawn, draw, x, round(height * 0.3), width - half - width // 15, ink)
    drawn.spots += [
        (x, height // 20, width - half - width // 15, height // 5),
        (0 if left else width - half, 0, half, height),
    ]
    return drawn


def _product(drawn: Scene, draw: random.Random) -> Scene:
    """One to three products on a gradient, a price and a button."""
    width, height = drawn.image.size
    start = draw.choice((pale, strong))(draw)
    drawn.image = gradient((width, height), start, draw.choice((pale(draw), start, strong(draw))), draw)
    ink = WHITE if sum(start) < 420 else (30, 30, 35)
    text = draw.choice(drawn.words.headlines)
    face = drawn.materials.face(draw, drawn.words)
    size = min(3 * drawn.unit, round(3 * drawn.unit * width * 0.9 / max(1, drawn.width_of(text, 3 * drawn.unit, face))))
    drawn.write((width - drawn.width_of(text, size, face)) // 2, height // 6, text, size, ink, face)
    count = draw.randint(1, 3)
    side = round(min(height * 0.42, width * 0.85 / count))
    gap = (width - count * side) // (count + 1)
    for place in range(count):
        box = (gap + place * (side + gap), round(height * 0.3), side, side)
        _card(drawn, draw, box)
        drawn.spots.append(box)
    y = round(height * 0.3) + side + drawn.unit
    price = drawn.write(width // 12, y, _price(draw, drawn.words), 2 * drawn.unit, RED if sum(start) >= 420 else WHITE)
    text = draw.choice(drawn.words.buttons)
    x = max(width // 2, price[0] + price[2] + drawn.unit)
    drawn.block(x, y, min(width // 3, width - x - drawn.unit), strong(draw), text, round(1.3 * drawn.unit), WHITE)
    drawn.paragraph(draw, width // 20, height - 2 * drawn.unit, width - width // 10, 1, max(8, drawn.unit // 2), ink)
    drawn.spots.append((width // 30, height // 40, width // 2, height // 8))
    return drawn


def _banded(drawn: Scene, draw: random.Random) -> Scene:
    """A photo above a coloured band, a ribbon of text across."""
    width, height = drawn.image.size
    band = round(height * draw.uniform(0.22, 0.34))
    colour = strong(draw)
    drawn.photo(draw, (0, 0, width, height - band))
    drawn.image.paste(colour, (0, height - band, width, height))
    text = draw.choice(drawn.words.headlines)
    face = drawn.materials.face(draw, drawn.words)
    size = round(min(band * 0.32, width * 0.55 / max(1, drawn.width_of(text, 100, face)) * 100))
    drawn.write(width // 30, height - band + band // 6, text, size, WHITE, face)
    drawn.paragraph(draw, width // 30, height - band // 3, round(width * 0.55), 1, max(8, drawn.unit * 3 // 4), WHITE)
    text, shade = draw.choice(drawn.words.buttons), draw.choice((RED, (210, 120, 0), (20, 20, 20)))
    size = min(round(1.6 * drawn.unit), band // 4)
    drawn.block(round(width * 0.68), height - round(band * 0.7), round(width * 0.27), shade, text, size, WHITE)
    if draw.random() < 0.5:
        _burst(drawn, draw, round(width * 0.16), round(height * 0.2), min(width, height) // 8)
    drawn.spots += [
        (width // 30, height // 30, width // 2, height // 4),
        (width // 3, 0, width * 2 // 3, height - band),
    ]
    return drawn


def _pitch(drawn: Scene, draw: random.Random, x: int, y: int, width: int, ink: Colour) -> None:
    """Write headline, second line, price, button and small print below each other."""
    face = drawn.materials.face(draw, drawn.words)
    for rank in range(draw.randint(1, 2)):
        text = draw.choice(drawn.words.headlines)
        size = drawn.unit * (4 if rank == 0 else 2)
        size = min(size, int(size * width / max(1, drawn.width_of(text, size, face))))
        drawn.write(x, y, text, size, ink, face)
        y += round(size * 1.45)
    y = drawn.paragraph(draw, x, y, width, draw.randint(1, 2), drawn.unit, ink) + drawn.unit // 2
    if draw.random() < 0.6:
        drawn.write(x, y, _price(draw, drawn.words), round(2.4 * drawn.unit), draw.choice((ink, RED)))
        y += round(3.4 * drawn.unit)
    if y + 4 * drawn.unit < drawn.image.height:
        drawn.block(
            x,
            y,
            min(width, 12 * drawn.unit),
            strong(draw),
            draw.choice(drawn.words.buttons),
            round(1.3 * drawn.unit),
            WHITE,
        )
    small = max(8, drawn.unit // 2)
    drawn.paragraph(draw, x, drawn.image.height - 2 * small, width, 1, small, ink)


def _price(draw: random.Random, words: Words) -> str:
    amount = draw.choice((980, 1980, 2480, 3300, 4980, 12800, 29800))
    return f"¥{amount:,}" + draw.choice(("", "(税込)")) if words is JA else f"${amount / 100:.2f}"


def _burst(drawn: Scene, draw: random.Random, x: int, y: int, radius: int) -> None:
    """Draw a star with a percentage around (x, y)."""
    points = draw.randint(12, 20)
    rays = [(radius * (1 if k % 2 else 0.84), math.pi * k / points) for k in range(2 * points)]
    corners = [(x + length * math.cos(angle), y + length * math.sin(angle)) for length, angle in rays]
    drawn.pen.polygon(corners, fill=draw.choice((RED, (250, 200, 0), strong(draw))))
    text = f"{draw.choice((30, 50, 70, 80, 90))}%"
    drawn.pen.text((x, y - radius * 0.15), text, fill=WHITE, font=font(drawn.face, round(radius * 0.6)), anchor="mm")
    drawn.pen.text((x, y + radius * 0.4), "OFF", fill=WHITE, font=font(drawn.face, round(radius * 0.35)), anchor="mm")
    drawn.taken.append((x - radius, y - radius, 2 * radius, 2 * radius))


def _card(drawn: Scene, draw: random.Random, box: Box) -> None:
    """Draw a product: a package with a lid and a front, or a photo, with a soft shadow."""
    x, y, width, height = box
    shade = Image.new("L", (width + 40, height + 40))
    ImageDraw.Draw(shade).rounded_rectangle((20, 24, width + 20, height + 24), 12, 110)
    shade = shade.filter(ImageFilter.GaussianBlur(9))
    drawn.image.paste(Image.new("RGB", shade.size), (x - 20, y - 20), shade)
    if draw.random() < 0.5:
        drawn.photo(draw, box, min(width, height) // 16)
        return
    front = draw.choice((strong, pale))(draw)
    lid = (max(0, front[0] - 35), max(0, front[1] - 35), max(0, front[2] - 35))
    drawn.pen.rectangle((x, y, x + width, y + height), front)
    drawn.pen.polygon(
        [(x, y), (x + width, y), (x + width * 0.9, y + height * 0.1), (x + width * 0.1, y + height * 0.1)], lid
    )
    drawn.pen.rectangle((x, y + height * 0.86, x + width, y + height), lid)


# --- pages


def page(materials: Materials, draw: random.Random, size: tuple[int, int]) -> Scene:
    """Draw a page as on a screen: shop, article or form, with a browser's or a phone's bar on top."""
    width, height = size
    phone = height > width
    ground = (255, 255, 255) if draw.random() < 0.75 else draw.choice((pale, dark))(draw)
    drawn = _blank(materials, draw, size, ground, 34 if phone else draw.randint(13, 15))
    top = _phone_bar(drawn, draw) if phone else _browser_bar(drawn, draw) if draw.random() < 0.5 else 0
    ink = (235, 235, 235) if sum(ground) < 380 else (35, 35, 40)
    if draw.random() < 0.75:
        top = _header(drawn, draw, top, phone)
    draw.choice((_shop, _shop, _article, _form))(drawn, draw, top + drawn.unit, ink, phone)
    return drawn


def _browser_bar(drawn: Scene, draw: random.Random) -> int:
    shade = draw.choice(((222, 225, 230), (50, 52, 58), (240, 240, 242)))
    width = drawn.image.width
    drawn.image.paste(shade, (0, 0, width, 72))
    for place, colour in enumerate(((255, 95, 87), (254, 188, 46), (40, 200, 64))):
        drawn.pen.ellipse((14 + 20 * place, 10, 26 + 20 * place, 22), colour)
    drawn.pen.rounded_rectangle((90, 40, width - 90, 64), 12, (255, 255, 255))
    host = "".join(draw.choices("abcdefghiklmnoprstuvy", k=draw.randint(5, 12)))
    address = f"https://www.{host}.example/{draw.choice(('sale', 'login', 'items', ''))}"
    drawn.pen.text((106, 43), address, fill=(60, 60, 60), font=font(drawn.materials.latin[0], 14))
    drawn.pen.text((96, 8), draw.choice(drawn.words.headlines), fill=GREY, font=font(drawn.face, 14))
    drawn.taken.append((0, 0, width, 72))
    return 72


def _phone_bar(drawn: Scene, draw: random.Random) -> int:
    time = f"{draw.randint(0, 23)}:{draw.randint(0, 59):02d}"
    drawn.image.paste((245, 245, 247), (0, 0, drawn.image.width, 70))
    drawn.pen.text((60, 14), time, fill=(20, 20, 20), font=font(drawn.materials.latin[0], 34))
    drawn.pen.rounded_rectangle((960, 20, 1020, 48), 6, outline=(20, 20, 20), width=3)
    drawn.pen.rectangle((965, 25, 965 + draw.randint(8, 50), 43), (20, 20, 20))
    drawn.taken.append((0, 0, drawn.image.width, 70))
    return 70


def _header(drawn: Scene, draw: random.Random, top: int, phone: bool) -> int:
    """Draw the head of a page: room for a logo at the left, menu words, sometimes a search field."""
    width, unit = drawn.image.width, drawn.unit
    height = round(unit * draw.uniform(3.5, 6))
    ground = draw.choice(((255, 255, 255), pale(draw), strong(draw), dark(draw)))
    ink = WHITE if sum(ground) < 400 else (40, 40, 45)
    drawn.image.paste(ground, (0, top, width, top + height))
    drawn.pen.line((0, top + height, width, top + height), (220, 220, 222))
    middle = top + height // 2 - unit // 2
    if phone:
        for row in range(3):
            drawn.pen.rectangle((width - 100, middle + 16 * row - 8, width - 50, middle + 16 * row - 3), ink)
        drawn.taken.append((width - 110, top, 110, height))
        drawn.spots += [(40, top + 6, width - 200, height - 12)] * 2
        return top + height
    x = round(width * draw.uniform(0.36, 0.5))
    drawn.spots += [(40, top + 4, x - 70, height - 8)] * 2
    if draw.random() < 0.4:
        drawn.pen.rounded_rectangle((x, middle - 6, x + 220, middle + unit + 8), 4, WHITE, (190, 190, 195))
        drawn.taken.append((x, middle - 6, 220, unit + 14))
        x += 250
    for word in draw.sample(drawn.words.menu, k=6):
        length = drawn.width_of(word, unit)
        if x + length > width - 30:
            break
        drawn.write(x, middle, word, unit, ink)
        x += length + 2 * unit
    return top + height


def _shop(drawn: Scene, draw: random.Random, top: int, ink: Colour, phone: bool) -> None:
    """Draw a banner and a grid of products with names and prices."""
    width, height = drawn.image.size
    unit, margin = drawn.unit, 40
    if draw.random() < 0.5:
        tall = round(height * draw.uniform(0.16, 0.3))
        box = (margin, top, width - 2 * margin, tall)
        drawn.photo(draw, box)
        text = draw.choice(drawn.words.headlines)
        drawn.write(margin + 30, top + tall - 4 * unit, text, round(2.2 * unit), WHITE)
        drawn.spots.append((margin + 10, top + 10, width - 2 * margin - 20, tall - 5 * unit))
        top += tall + unit
    else:
        drawn.write(margin, top, draw.choice(drawn.words.headlines), 2 * unit, ink)
        top += 4 * unit
    columns = draw.randint(1, 2) if phone else draw.randint(3, 5)
    side = (width - 2 * margin - 20 * (columns - 1)) // columns
    while top < height - unit:
        for column in range(columns):
            x = margin + column * (side + 20)
            picture = (x, top, side, round(side * 0.75))
            _card(drawn, draw, picture)
            drawn.spots.append(picture)
            end = drawn.paragraph(draw, x, top + picture[3] + unit // 2, side, 2, round(unit * 0.9), ink)
            drawn.write(x, end, _price(draw, drawn.words), round(1.3 * unit), RED)
            if draw.random() < 0.5:
                drawn.block(
                    x,
                    end + 2 * unit,
                    side // 2,
                    strong(draw),
                    draw.choice(drawn.words.buttons),
                    round(unit * 0.9),
                    WHITE,
                )
        top += round(side * 0.75) + 10 * unit


def _article(drawn: Scene, draw: random.Random, top: int, ink: Colour, phone: bool) -> None:
    """Draw a heading, a photo, columns of text and a side column with boxes."""
    width, height = drawn.image.size
    unit, margin = drawn.unit, 50
    column = width - 2 * margin if phone else round((width - 2 * margin) * draw.uniform(0.6, 0.7))
    drawn.write(margin, top, draw.choice(drawn.words.headlines), round(2.3 * unit), ink)
    y = top + 4 * unit
    while y < height:
        if draw.random() < 0.35:
            box = (margin, y, column, round(column * draw.uniform(0.3, 0.5)))
            drawn.photo(draw, box)
            drawn.spots.append(box)
            y += box[3] + unit
        y = drawn.paragraph(draw, margin, y, column, draw.randint(3, 8), unit, ink) + unit
    x, y = margin + column + 40, top
    while not phone and y < height:
        tall = draw.randint(120, 240)
        box = (x, y, width - margin - x, tall)
        drawn.pen.rectangle((x, y, width - margin, y + tall), pale(draw), (215, 215, 220))
        drawn.spots.append(box)
        if draw.random() < 0.5:
            drawn.photo(draw, box)
        elif draw.random() < 0.6:
            drawn.paragraph(draw, x + 12, y + 12, box[2] - 24, tall // (2 * unit) - 1, unit, (60, 60, 65))
        y += tall + 20


def _form(drawn: Scene, draw: random.Random, top: int, ink: Colour, phone: bool) -> None:
    """Draw a sign-in or order form on a card, room for a logo above it."""
    width, height = drawn.image.size
    unit = drawn.unit
    if draw.random() < 0.4:
        drawn.photo(draw, (0, top, width, height - top))
    wide = round(width * (0.86 if phone else 0.36))
    x = draw.choice(((width - wide) // 2, width - wide - 60 if not phone else (width - wide) // 2))
    y = top + round(height * 0.06)
    fields = draw.sample(drawn.words.labels, k=draw.randint(2, 4))
    room = round(unit * draw.uniform(5, 9))
    tall = room + len(fields) * 5 * unit + 13 * unit
    drawn.pen.rounded_rectangle((x, y, x + wide, y + tall), 10, WHITE, (205, 205, 210))
    inner, length = x + 2 * unit, wide - 4 * unit
    drawn.spots += [(inner, y + unit, length, room - unit)] * 3
    y += room
    drawn.write(inner, y, draw.choice(drawn.words.headlines), round(1.6 * unit), (35, 35, 40))
    y += 4 * unit
    for label in fields:
        drawn.write(inner, y, label, unit, (70, 70, 75))
        drawn.pen.rounded_rectangle(
            (inner, y + round(1.5 * unit), inner + length, y + round(3.8 * unit)), 4, WHITE, (180, 180, 188)
        )
        drawn.taken.append((inner, y, length, 4 * unit))
        y += 5 * unit
    drawn.block(inner, y, length, strong(draw), draw.choice(drawn.words.buttons), round(1.2 * unit), WHITE)
    drawn.paragraph(draw, inner, y + 4 * unit, length, 2, round(unit * 0.8), GREY)
    drawn.paragraph(draw, width // 20, height - 3 * unit, round(width * 0.9), 1, round(unit * 0.8), ink)
