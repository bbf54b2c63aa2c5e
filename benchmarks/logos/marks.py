"""The logos: read from icon packages, rendered, and divided into protected brands and hard negatives.

`npm pack @iconify-json/logos @iconify-json/simple-icons`, each unpacked as `FOLDER/<name>/icons.json` (both CC0).
A negative must not be right by another name, so a logo is left out of the hard negatives if its name belongs to the
family of a protected brand (`example` and `example-pay`) or its picture nearly equals a protected logo.
"""

import colorsys
import io
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image

from benchmarks.logos.split import brand_of, is_test

LOGOS, SIMPLE = "logos", "simple-icons"
SIDE = 512  # pixels of the longer side as rendered: the largest logo in any picture is 512 wide
ASPECTS = (0.3, 10.0)  # beyond, the short side would fall under 16 pixels in a 640-pixel picture
SAME_LOOK = 0.9  # correlation of 32x32 thumbnails; looked at by eye, above it are variants of one drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One rendered logo."""

    key: str  # package:name
    brand: str  # name without variant words
    png: bytes  # RGBA, cut to its ink, longer side up to 512 pixels

    def image(self) -> Image.Image:
        """Decode the picture (RGBA)."""
        return _decoded(self.png).copy()


@lru_cache(maxsize=64)
def _decoded(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is protected, and what only looks like a logo."""

    protected: tuple[Mark, ...]
    others: tuple[Mark, ...]


def load_marks(folder: Path, seed: int, *, coloured: int = 70, simple: int = 30) -> Marks:
    """Choose the protected logos, `coloured` from one package and `simple` from the other; the rest are negatives."""
    draw = random.Random(f"{seed}:marks")
    leaked = _learnt_brands(folder)
    drawn: dict[str, list[Mark]] = {}
    for package in (LOGOS, SIMPLE):
        drawn[package] = list(_rendered(folder / package / "icons.json", package, draw))
        draw.shuffle(drawn[package])
    protected: list[Mark] = []
    for package, wanted in ((LOGOS, coloured), (SIMPLE, simple)):
        taken = 0
        for mark in drawn[package]:
            if taken < wanted and _squash(mark.brand) not in leaked and not _resembles(mark, protected):
                protected.append(mark)
                taken += 1
    chosen = {mark.key for mark in protected}
    rest = (mark for package in drawn.values() for mark in package if mark.key not in chosen)
    return Marks(
        protected=tuple(protected), others=tuple(mark for mark in rest if not _resembles(mark, protected, 0.82))
    )


def _rendered(path: Path, package: str, draw: random.Random) -> Iterator[Mark]:
    collection = json.loads(path.read_text("utf-8"))
    for name, icon in sorted(collection["icons"].items()):
        if not is_test(name):
            continue
        tint = _brand_colour(draw)
        image = _render(icon, collection, tint)
        if image is not None and ASPECTS[0] <= image.width / image.height <= ASPECTS[1]:
            out = io.BytesIO()
            image.save(out, "PNG", compress_level=1)
            yield Mark(key=f"{package}:{name}", brand=brand_of(name), png=out.getvalue())


def _render(icon: dict[str, Any], collection: dict[str, Any], tint: str) -> Image.Image | None:
    """Draw the icon, cut to its ink; None if it cannot be drawn or nothing is visible."""
    width, height = (icon.get(side, collection.get(side, 16)) for side in ("width", "height"))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    body = icon["body"].replace("currentColor", tint)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" width="{width}" height="{height}">{body}</svg>'
    )
    try:
        png = bytes(
            resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, zoom=max(1, round(SIDE / max(width, height))))
        )
    except ValueError:
        return None
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    ink = image.getchannel("A").point(lambda alpha: 255 if alpha > 16 else 0).getbbox()
    if ink is None or min(ink[2] - ink[0], ink[3] - ink[1]) < 16:
        return None
    image = image.crop(ink)
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def _brand_colour(draw: random.Random) -> str:
    """Draw a colour as brands choose them: strong and not too light, one in six black or white-free grey."""
    if draw.random() < 1 / 6:
        return draw.choice(("#000000", "#1a1a1a", "#333333"))
    parts = colorsys.hls_to_rgb(draw.random(), draw.uniform(0.3, 0.52), draw.uniform(0.7, 1))
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def _learnt_brands(folder: Path) -> set[str]:
    """Return the brands which another spelling puts into the training part (`examplepay` beside `example-pay`)."""
    names = (name for path in sorted(folder.glob("*/icons.json")) for name in json.loads(path.read_text())["icons"])
    return {_squash(brand_of(name)) for name in names if not is_test(name)}


def _squash(brand: str) -> str:
    return "".join(letter for letter in brand if letter.isalnum())


def _resembles(mark: Mark, protected: Iterable[Mark], same_look: float = SAME_LOOK) -> bool:
    """Tell whether the logo is of a protected brand's family or looks like its logo."""
    return any(_one_family(mark.brand, other.brand) or _likeness(mark, other) > same_look for other in protected)


def _one_family(left: str, right: str) -> bool:
    if left.split("-")[0] == right.split("-")[0]:
        return True
    short, long = sorted((_squash(left), _squash(right)), key=len)
    return long == short or (len(short) >= 4 and long.startswith(short))


def _likeness(left: Mark, right: Mark) -> float:
    """Correlate both drawings in grey and in outline, the better of the two (1 is equal)."""
    shapes = _thumbnail(left.png), _thumbnail(right.png)
    aspects = shapes[0][2] / shapes[1][2]
    if not 0.7 < aspects < 1.4:
        return 0.0
    return max(float(a @ b) for a, b in zip(shapes[0][:2], shapes[1][:2], strict=True))


@lru_cache(maxsize=4096)
def _thumbnail(png: bytes) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], float]:
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    small = np.asarray(image.resize((32, 32)), dtype=np.float32)
    alpha = np.asarray(small[:, :, 3] / 255, dtype=np.float32)
    grey = small[:, :, :3].mean(axis=2, dtype=np.float32) * alpha + 255 * (1 - alpha)
    return _unit(np.asarray(grey, dtype=np.float32)), _unit(small[:, :, 3]), image.width / image.height


def _unit(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Centre and scale to length one; a constant picture becomes zero and so resembles nothing."""
    flat = (values - values.mean()).ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1000.0), dtype=np.float32)
