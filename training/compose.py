"""Synthetic pictures: marks as advertisements and screenshots show them, on photos, plates, pages and gradients.

`Studio.crop` gives what the embedder sees (one mark, cut out a little wrongly), `Studio.picture` what the finder sees
(a whole advertisement with the boxes of its marks). Everything is drawn from one random generator.
"""

import io
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right, bottom

CROP = (96, 48)  # width, height that the embedder reads
MARGIN = 0.06  # of the longer side, around a mark that is cut out
LOCKUPS = 1500  # classes of an icon with words
SYLLABLES = (
    "ka ki ku ko sa shi so ta ne no ha mi mo ra ri ro te lux max on ex ia net pay go bi za va de lo pri ton fy ly um"
).split()
KANA = "アイウエオカキクケコサシスセソタチツテトナニネノハヒフホマミムメモヤユヨラリルレロワン"
KANJI = (
    "日本東京大中小山川田星光電機工業銀行証券商事運輸通信保険化粧品食製薬百貨店旅館自動車新和富士松竹梅高橋北南西海空"
)
PHRASES = (
    "期間限定 80%OFF", "公式オンラインショップ", "残りわずか！", "送料無料", "LINEで友だち追加", "今すぐ購入",
    "Summer Sale", "Learn more", "Add to cart", "Only 88 left", "お客様満足度No.1", "ご注意ください", "Sign in",
    "カートに入れる", "4,980円(税込)",
)  # fmt: skip


class Studio:
    """Draws samples; one per process."""

    def __init__(
        self, cache: Path, photos: Sequence[Path], fonts: tuple[Sequence[Path], Sequence[Path]], seed: int
    ) -> None:
        """Take the marks of `training.marks`, photos to draw on, fonts for Japanese and for Latin letters."""
        self.draw = random.Random(seed)
        self.cache = cache
        self.index: list[tuple[int, str, str, bool]] = [
            tuple(row) for row in json.loads((cache / "index.json").read_text("utf-8"))
        ]
        self.japanese, self.latin = map(list, fonts)
        self.photos = [_photo(path) for path in photos]
        self._marks: dict[int, bytes] = {}
        self._words = random.Random(7)
        self.words = [self._word() for _ in range(3000)]  # text and font of made-up wordmarks

    # --- classes: marks, then wordmarks, then lock-ups of both -----------------------------------------------------

    @property
    def classes(self) -> int:
        """How many different marks there are."""
        return len(self.index) + len(self.words) + LOCKUPS

    def groups(self) -> list[str]:
        """Return the brand of every class: looks of one brand are not told apart."""
        return [name for _, _, name, _ in self.index] + [
            f"word {number}" for number in range(len(self.words) + LOCKUPS)
        ]

    def any(self) -> int:
        """Return a mark as advertisements and pages show them: nearly half are words, or an icon with words."""
        icons, words = len(self.index), len(self.words)
        kind = self.draw.random()
        if kind < 0.55:
            return self.draw.randrange(icons)
        return icons + (self.draw.randrange(words) if kind < 0.8 else words + self.draw.randrange(LOCKUPS))

    def mark(self, number: int) -> Image.Image:
        """Return a mark with transparency."""
        if number < len(self.index):
            return self._file(self.index[number][0])
        number -= len(self.index)
        if number < len(self.words):
            return self.wordmark(*self.words[number])
        choice = random.Random(number)
        icon = self._file(self.index[choice.randrange(len(self.index))][0])
        return _lockup(icon, self.wordmark(*self.words[choice.randrange(len(self.words))]), above=choice.random() < 0.3)

    def _file(self, number: int) -> Image.Image:
        if number not in self._marks:
            self._marks[number] = (self.cache / f"{number}.png").read_bytes()
        return Image.open(io.BytesIO(self._marks[number])).convert("RGBA")

    def _word(self) -> tuple[str, Path, tuple[int, int, int]]:
        choice = self._words
        if choice.random() < 0.35:
            letters = choice.choice((KANA, KANJI, KANJI + KANA))
            text, fonts = "".join(choice.choice(letters) for _ in range(choice.randint(2, 6))), self.japanese
        else:
            fonts = self.latin
            text = "".join(choice.choice(SYLLABLES) for _ in range(choice.randint(2, 4)))
            text = choice.choice((str.upper, str.title, str.lower))(text)
        colour = (choice.randrange(200), choice.randrange(200), choice.randrange(200))
        return text, choice.choice(fonts), colour

    def wordmark(self, text: str, font: Path, colour: tuple[int, int, int]) -> Image.Image:
        """Draw a made-up wordmark."""
        face = ImageFont.truetype(str(font), 90)
        box = face.getbbox(text)
        image = Image.new("RGBA", (max(8, int(box[2] - box[0]) + 4), max(8, int(box[3] - box[1]) + 4)), (0, 0, 0, 0))
        ImageDraw.Draw(image).text((2 - box[0], 2 - box[1]), text, font=face, fill=(*colour, 255))
        image.thumbnail((480, 160))
        return image

    # --- samples ----------------------------------------------------------------------------------------------------

    def crops(self, number: int) -> list[Pixels]:
        """Return two cuts around mark `number` in one scene, as a finder would make them: CROP pixels, RGB."""
        draw = self.draw
        side = int(np.exp(draw.uniform(np.log(14), np.log(130))))
        mark, plate = self.perturbed(self.mark(number), side)
        width, height = mark.size
        pad = max(8, int(0.4 * max(width, height)))
        canvas = self.ground(width + 2 * pad, height + 2 * pad)
        self.paste(canvas, mark, (pad, pad), plate)
        canvas = self.damaged(canvas)
        scale = canvas.width / (width + 2 * pad)
        margin = MARGIN * max(width, height)
        edges = (pad - margin, pad - margin, pad + width + margin, pad + height + margin)
        found = []
        for wobble in (draw.choice((0.0, 0.03)), draw.choice((0.05, 0.09))):
            sides = zip(edges, (width, height, width, height), strict=True)
            left, top, right, bottom = (scale * (edge + draw.gauss(0, wobble) * size) for edge, size in sides)
            box = (
                max(0.0, left),
                max(0.0, top),
                min(canvas.width, max(right, left + 4)),
                min(canvas.height, max(bottom, top + 4)),
            )
            found.append(_cut(canvas, box))
        return found

    def clean(self, number: int) -> Pixels:
        """Return a mark as it is enrolled: on white or, reversed, on a dark ground."""
        mark = self.mark(number)
        margin = int(MARGIN * max(mark.size))
        ground = self.draw.choice(((255, 255, 255), (255, 255, 255), (20, 20, 20), (30, 60, 120)))
        if self.draw.random() < 0.4 or ground[0] < 100:
            mark = _tinted(mark, (255, 255, 255) if ground[0] < 100 else (0, 0, 0))
        canvas = Image.new("RGB", (mark.width + 2 * margin, mark.height + 2 * margin), ground)
        canvas.paste(mark, (margin, margin), mark)
        return np.asarray(canvas.resize(CROP, Image.Resampling.BILINEAR, reducing_gap=2.0))

    def nothing(self) -> list[Pixels]:
        """Return two cuts of a picture that has no mark."""
        draw = self.draw
        canvas = self.picture_ground(draw.randint(120, 400), draw.randint(60, 300))
        self.write(canvas, draw.randint(0, 3))
        canvas = self.damaged(canvas)
        found = []
        for _ in range(2):
            width = draw.randint(min(30, canvas.width - 2), canvas.width)
            height = draw.randint(min(20, canvas.height - 2), min(canvas.height, max(22, width)))
            left, top = draw.randint(0, canvas.width - width), draw.randint(0, canvas.height - height)
            found.append(_cut(canvas, (left, top, left + width, top + height)))
        return found

    def picture(self, width: int, height: int) -> tuple[Pixels, list[Box], list[Box]]:
        """Return a picture, the boxes of its marks, and those of its words, which a finder may take or leave."""
        draw = self.draw
        canvas = self.picture_ground(width, height)
        words = self.write(canvas, draw.randint(0, 6))
        boxes = self._row(canvas) if draw.random() < 0.25 else []
        for _ in range(draw.choice((0, 2, 3, 3, 4, 5, 7))):
            side = int(np.exp(draw.uniform(np.log(12), np.log(0.6 * min(width, height)))))
            mark, plate = self.perturbed(self.mark(self.any()), side)
            if mark.width >= width or mark.height >= height:
                continue
            for _ in range(6):
                left, top = draw.randint(0, width - mark.width), draw.randint(0, height - mark.height)
                box = (left, top, left + mark.width, top + mark.height)
                if not any(_touch(box, other, 3) for other in boxes):
                    self.paste(canvas, mark, (left, top), plate)
                    boxes.append(box)
                    break
        words = [word for word in words if not any(_touch(word, box, 0) for box in boxes)]
        return np.asarray(self.damaged(canvas, resize=False)), boxes, words

    def _row(self, canvas: Image.Image) -> list[Box]:
        """Put marks side by side, as in the head of a page or a strip of partners; return their boxes."""
        draw = self.draw
        boxes: list[Box] = []
        height = int(np.exp(draw.uniform(np.log(12), np.log(60))))
        left, top = draw.randint(2, 40), draw.randint(2, max(3, canvas.height - 2 * height))
        if draw.random() < 0.6:
            bar = (0, max(0, top - height // 2), canvas.width, top + height + height // 2)
            ImageDraw.Draw(canvas).rectangle(bar, fill=draw.choice(((255, 255, 255), (255, 255, 255), self.colour())))
        for _ in range(draw.randint(1, 5)):
            mark = self.mark(self.any())
            mark, _ = self.perturbed(mark, height)
            if left + mark.width >= canvas.width or top + mark.height >= canvas.height:
                break
            self.paste(canvas, mark, (left, top), plate=False)
            boxes.append((left, top, left + mark.width, top + mark.height))
            left += mark.width + draw.randint(max(4, height // 3), 4 * height)
        return boxes

    # --- parts ------------------------------------------------------------------------------------------------------

    def perturbed(self, mark: Image.Image, side: int) -> tuple[Image.Image, bool]:
        """Return a mark changed as advertisers do, about `side` pixels high or wide, and whether it has a plate."""
        draw = self.draw
        kind = draw.random()
        if kind < 0.22:
            mark = _tinted(mark, draw.choice(((0, 0, 0), (255, 255, 255), self.colour(), self.colour())))
        elif kind < 0.29:
            mark = _filled(mark, draw.choice(((0, 0, 0), (255, 255, 255), self.colour())))
        elif kind < 0.42:
            mark = _turned_hue(mark, draw.randrange(256))
        elif kind < 0.50:
            alpha = mark.getchannel("A")
            mark = draw.choice((_grey, ImageChops.invert, _lightened))(mark.convert("RGB")).convert("RGBA")
            mark.putalpha(alpha)
        elif kind < 0.56:
            mark = _outlined(mark, self.colour(), draw.uniform(0.03, 0.09))
        scale = side / min(mark.size)
        stretch = draw.choice((1.0, 1.0, draw.uniform(0.82, 1.22)))
        size = (max(6, round(mark.width * scale * stretch)), max(6, round(mark.height * scale)))
        if max(size) > 900:
            size = (max(6, round(size[0] * 900 / max(size))), max(6, round(size[1] * 900 / max(size))))
        mark = mark.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        if draw.random() < 0.2:
            mark = mark.rotate(draw.uniform(-14, 14), Image.Resampling.BILINEAR, expand=True)
            mark = mark.crop(mark.getchannel("A").getbbox() or (0, 0, *mark.size))
        if draw.random() < 0.16 and min(mark.size) > 16:
            cut = draw.uniform(0.05, 0.2)
            edge = draw.randrange(4)
            across, down = int(mark.width * cut), int(mark.height * cut)
            mark = mark.crop((across * (edge == 0), down * (edge == 1),
                              mark.width - across * (edge == 2), mark.height - down * (edge == 3)))  # fmt: skip
        if draw.random() < 0.15:
            share = draw.uniform(0.4, 0.9)
            mark.putalpha(mark.getchannel("A").point(lambda value: int(value * share)))
        return mark, draw.random() < 0.25

    def paste(self, canvas: Image.Image, mark: Image.Image, place: tuple[int, int], plate: bool) -> None:
        """Put a mark on a picture; where it would not be seen, on a plate or in one clear colour."""
        draw = self.draw
        box = (*place, place[0] + mark.width, place[1] + mark.height)
        if plate:
            pad = max(2, int(draw.uniform(0.08, 0.35) * min(mark.size)))
            colour = draw.choice(((255, 255, 255), (255, 255, 255), (0, 0, 0), self.colour()))
            ImageDraw.Draw(canvas).rounded_rectangle(
                (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad), draw.choice((0, pad, 2 * pad)), fill=colour
            )
        if _contrast(canvas.crop(box), mark) < 45:
            dark = np.asarray(canvas.crop(box).convert("L")).mean() < 128
            mark = _tinted(mark, (255, 255, 255) if dark else (0, 0, 0))
        if draw.random() < 0.08:
            shadow = _tinted(mark, (0, 0, 0)).filter(ImageFilter.GaussianBlur(2))
            canvas.paste(shadow, (place[0] + 2, place[1] + 2), shadow)
        canvas.paste(mark, place, mark)

    def ground(self, width: int, height: int) -> Image.Image:
        """Return something to put one mark on."""
        kind = self.draw.random()
        if kind < 0.35:
            return self.photo(width, height)
        if kind < 0.75:
            return Image.new(
                "RGB", (width, height), self.draw.choice(((255, 255, 255), (255, 255, 255), (0, 0, 0), self.colour()))
            )
        if kind < 0.88:
            return _gradient(width, height, self.colour(), self.colour())
        canvas = self.picture_ground(width, height)
        self.write(canvas, 2)
        return canvas

    def picture_ground(self, width: int, height: int) -> Image.Image:
        """Return a whole picture without marks: a photo, a colour, or a page of boxes."""
        draw = self.draw
        kind = draw.random()
        if kind < 0.4:
            return self.photo(width, height)
        if kind < 0.55:
            return _gradient(width, height, self.colour(), self.colour())
        canvas = Image.new(
            "RGB", (width, height), draw.choice(((255, 255, 255), (248, 248, 250), self.colour(), (24, 26, 30)))
        )
        pen = ImageDraw.Draw(canvas)
        for _ in range(draw.randint(0, 7)):
            left, top = draw.randrange(width), draw.randrange(height)
            box = (left, top, left + draw.randint(10, max(11, width // 2)), top + draw.randint(6, max(7, height // 3)))
            style = draw.random()
            if style < 0.3 and box[2] - box[0] > 20 and box[3] - box[1] > 20:
                canvas.paste(self.photo(box[2] - box[0], box[3] - box[1]), box[:2])
            elif style < 0.75:
                pen.rounded_rectangle(box, draw.choice((0, 4, 12)), fill=self.colour())
            else:
                pen.rectangle(box, outline=self.colour(), width=draw.randint(1, 3))
        return canvas

    def photo(self, width: int, height: int) -> Image.Image:
        """Cut a window out of a photo."""
        photo = self.draw.choice(self.photos)
        share = self.draw.uniform(0.25, 1.0)
        wide = min(photo.width, photo.height * width / height) * share
        tall = wide * height / width
        left, top = self.draw.uniform(0, photo.width - wide), self.draw.uniform(0, photo.height - tall)
        return photo.resize(
            (width, height), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall), reducing_gap=2.0
        )

    def write(self, canvas: Image.Image, lines: int) -> list[Box]:
        """Write lines of text into a picture; return their boxes."""
        draw, pen, boxes = self.draw, ImageDraw.Draw(canvas), []
        for _ in range(lines):
            size = int(np.exp(draw.uniform(np.log(10), np.log(max(12, min(64, canvas.height // 3))))))
            text = (
                draw.choice(PHRASES)
                if draw.random() < 0.6
                else " ".join(draw.choice(self.words)[0] for _ in range(draw.randint(1, 6)))
            )
            place = (draw.randint(-10, max(1, canvas.width - 20)), draw.randint(0, max(1, canvas.height - size)))
            face = ImageFont.truetype(str(draw.choice(self.japanese)), size)
            rows = draw.choice((1, 1, 3))
            for row in range(rows):
                at = (place[0], place[1] + int(1.4 * size * row))
                pen.text(at, text, font=face, fill=draw.choice(((0, 0, 0), (255, 255, 255), self.colour())))
                box = pen.textbbox(at, text, font=face)
                boxes.append((float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        return boxes

    def damaged(self, canvas: Image.Image, *, resize: bool = True) -> Image.Image:
        """Return a picture after what platforms and screenshots do to it."""
        draw = self.draw
        if draw.random() < 0.15:
            canvas = canvas.filter(ImageFilter.GaussianBlur(draw.uniform(0.4, 1.6)))
        if resize and draw.random() < 0.15:
            share = draw.uniform(0.5, 0.9)
            canvas = canvas.resize(
                (max(4, int(canvas.width * share)), max(4, int(canvas.height * share))), Image.Resampling.BILINEAR
            )
        if draw.random() < 0.12:
            canvas = ImageEnhance.Contrast(canvas).enhance(draw.uniform(0.6, 1.4))
            canvas = ImageEnhance.Brightness(canvas).enhance(draw.uniform(0.7, 1.3))
        if draw.random() < 0.08:
            noise = np.random.default_rng(draw.randrange(1 << 30)).normal(
                0, draw.uniform(3, 14), (canvas.height, canvas.width, 3)
            )
            canvas = Image.fromarray(np.clip(np.asarray(canvas) + noise, 0, 255).astype(np.uint8))
        if draw.random() < 0.06:
            canvas = _screened(canvas, draw.uniform(0.03, 0.15), draw.uniform(2.0, 3.0))
        if draw.random() < 0.5:
            out = io.BytesIO()
            canvas.save(out, "JPEG", quality=draw.randint(25, 95))
            canvas = Image.open(out).convert("RGB")
        return canvas

    def colour(self) -> tuple[int, int, int]:
        """Return a random colour."""
        return (self.draw.randrange(256), self.draw.randrange(256), self.draw.randrange(256))


def _cut(canvas: Image.Image, box: Box) -> Pixels:
    return np.asarray(canvas.resize(CROP, Image.Resampling.BILINEAR, box=box, reducing_gap=2.0))


def _photo(path: Path) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image.thumbnail((720, 720))
    return image


def _tinted(mark: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    out = Image.new("RGBA", mark.size, (*colour, 255))
    alpha = mark.getchannel("A")
    grey = np.asarray(mark.convert("L"), dtype=np.float32)
    solid = np.asarray(alpha) > 128
    if solid.any() and grey[solid].std() > 40:  # keep the inner drawing: the darker parts stay
        low, high = np.percentile(grey[solid], (10, 90))
        inner = np.clip((high - grey) / max(1.0, high - low), 0, 1) * 255
        alpha = ImageChops.multiply(alpha, Image.fromarray(inner.astype(np.uint8)))
    out.putalpha(alpha)
    return out


def _filled(mark: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    out = Image.new("RGBA", mark.size, (*colour, 255))
    out.putalpha(mark.getchannel("A"))
    return out


def _grey(mark: Image.Image) -> Image.Image:
    return mark.convert("L")


def _lightened(mark: Image.Image) -> Image.Image:
    return Image.blend(mark, Image.new("RGB", mark.size, "white"), 0.6)


def _turned_hue(mark: Image.Image, by: int) -> Image.Image:
    alpha = mark.getchannel("A")
    hue, saturation, value = mark.convert("RGB").convert("HSV").split()
    turned = Image.merge("HSV", (hue.point(lambda one: (one + by) % 256), saturation, value)).convert("RGBA")
    turned.putalpha(alpha)
    return turned


def _outlined(mark: Image.Image, colour: tuple[int, int, int], share: float) -> Image.Image:
    """Keep a contour, `share` of the shorter side wide; of the inner drawing, too, where there is one."""
    alpha = _tinted(mark, colour).getchannel("A")
    inner = alpha.filter(ImageFilter.MinFilter(2 * max(1, round(share * min(mark.size))) + 1))
    out = Image.new("RGBA", mark.size, (*colour, 255))
    out.putalpha(ImageChops.subtract(alpha, inner))
    return out


def _lockup(icon: Image.Image, word: Image.Image, *, above: bool) -> Image.Image:
    if above:
        word = word.resize((max(8, int(icon.width * 1.6)), max(8, int(word.height * icon.width * 1.6 / word.width))))
        out = Image.new("RGBA", (max(icon.width, word.width), icon.height + 16 + word.height), (0, 0, 0, 0))
        out.paste(icon, ((out.width - icon.width) // 2, 0))
        out.paste(word, ((out.width - word.width) // 2, icon.height + 16))
        return out
    word = word.resize((max(8, int(word.width * icon.height * 0.6 / word.height)), max(8, int(icon.height * 0.6))))
    out = Image.new("RGBA", (icon.width + 16 + word.width, icon.height), (0, 0, 0, 0))
    out.paste(icon, (0, 0))
    out.paste(word, (icon.width + 16, int(icon.height * 0.2)))
    out.thumbnail((600, 160))
    return out


def _gradient(width: int, height: int, first: tuple[int, int, int], last: tuple[int, int, int]) -> Image.Image:
    ramp = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(first) * (1 - ramp) + np.array(last) * ramp
    return Image.fromarray(np.broadcast_to(rows, (height, width, 3)).astype(np.uint8))


def _screened(canvas: Image.Image, depth: float, period: float) -> Image.Image:
    """Return a picture as photographed off a screen: grids that beat, uneven light."""
    rows, columns = np.mgrid[: canvas.height, : canvas.width].astype(np.float32)
    wave = np.sin((columns + 0.04 * rows) * (2 * np.pi / period)) + np.sin(rows * (2 * np.pi / (9 * period)))
    light = (1 + depth * wave) * (1 - depth * columns / canvas.width)
    return Image.fromarray(np.clip(np.asarray(canvas) * light[:, :, None] + 60 * depth, 0, 255).astype(np.uint8))


def _contrast(under: Image.Image, mark: Image.Image) -> float:
    alpha = np.asarray(mark.getchannel("A"), dtype=np.float32) / 255
    if under.size != mark.size or alpha.sum() < 1:
        return 255.0
    apart = np.abs(np.asarray(under, dtype=np.float32) - np.asarray(mark.convert("RGB"), dtype=np.float32)).max(axis=2)
    return float((apart * alpha).sum() / alpha.sum())


def _touch(one: Box, other: Box, room: float) -> bool:
    return (
        one[0] < other[2] + room and other[0] < one[2] + room and one[1] < other[3] + room and other[1] < one[3] + room
    )
