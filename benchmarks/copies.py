"""Are copies of protected pictures recognised after ordinary edits, and others left alone?

`python -m benchmarks.copies --photos FOLDER [--protected 500] [--others 2000]` cuts windows out of photos (Debian's
wallpaper packages: `/usr/share/backgrounds`, `/usr/share/wallpapers`), protects those of one half of the files, edits
them in eleven ways, and looks for them; windows of the other half must not match. Peers in the same run, whole pictures
only, at the distance that gives one false match in 100,000 pairs: `imagehash.phash`, `dhash`, `whash`.
"""

import argparse
import io
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from detector.brands import BrandProfile, ReferencePicture
from detector.images.compare import PictureIndex
from detector.images.hash import hash_picture

PHOTOS = [Path("/usr/share/backgrounds"), Path("/usr/share/wallpapers")]
SIDES = ((640, 480), (600, 600), (800, 420), (480, 720))
Edit = Callable[[Image.Image, random.Random], Image.Image]


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def _crop(image: Image.Image, draw: random.Random) -> Image.Image:
    cut = [draw.uniform(0, 0.1) for _ in range(4)]
    return image.crop((int(cut[0] * image.width), int(cut[1] * image.height),
                       int((1 - cut[2]) * image.width), int((1 - cut[3]) * image.height)))  # fmt: skip


def _text(image: Image.Image, draw: random.Random) -> Image.Image:
    pen = ImageDraw.Draw(image)
    top = draw.randrange(int(0.75 * image.height))
    pen.rectangle((0, top, image.width, top + image.height // 6), fill=(200, 20, 20))
    pen.text((20, top + 10), "80% OFF - today only - 88 left", fill="white", font_size=image.height // 12)
    return image


def _screen(image: Image.Image, draw: random.Random) -> Image.Image:
    """Photograph a screen: a moire of lines, a little turned and blurred, darker to one side."""
    pixels = np.asarray(image, dtype=np.float32)
    rows, columns = np.mgrid[: image.height, : image.width]
    lines = 1 + 0.12 * np.sin(rows * draw.uniform(1.6, 2.4)) + 0.08 * np.sin(columns * draw.uniform(1.6, 2.4))
    shade = 1 - 0.25 * columns / image.width
    moire = Image.fromarray(np.clip(pixels * (lines * shade)[:, :, None], 0, 255).astype(np.uint8))
    return _jpeg(moire.rotate(draw.uniform(-1, 1), Image.Resampling.BILINEAR), 60)


EDITS: dict[str, Edit] = {
    "resized to a half": lambda image, draw: image.resize((image.width // 2, image.height // 2)),
    "resized to 160 pixels": lambda image, draw: image.resize((160, max(1, 160 * image.height // image.width))),
    "JPEG 90": lambda image, draw: _jpeg(image, 90),
    "JPEG 20": lambda image, draw: _jpeg(image, 20),
    "cropped up to 10 % a side": _crop,
    "border": lambda image, draw: ImageOps.expand(image, draw.randint(20, 60), draw.choice(("white", "black", "#c33"))),
    "letterbox": lambda image, draw: ImageOps.pad(image, (1280, 720), color="black"),
    "text laid over": _text,
    "colours shifted": lambda image, draw: ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(1.2)).enhance(0.4),
    "mirrored": lambda image, draw: ImageOps.mirror(image),
    "photographed from a screen": _screen,
}


def windows(files: Sequence[Path], count: int, draw: random.Random) -> Iterator[Image.Image]:
    """Yield windows cut out of photos, those of one photo far apart in place or size."""
    opened: dict[Path, Image.Image] = {}
    for number in range(count):
        path = files[number % len(files)]
        if path not in opened:
            photo = Image.open(path).convert("RGB")
            photo.thumbnail((2400, 2400))
            opened[path] = photo
        photo, size = opened[path], draw.choice(SIDES)
        scale = draw.uniform(0.3, 0.9) * min(photo.width / size[0], photo.height / size[1])
        wide, tall = size[0] * scale, size[1] * scale
        left, top = draw.uniform(0, photo.width - wide), draw.uniform(0, photo.height - tall)
        yield photo.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall), reducing_gap=3.0)


def photos(folders: Sequence[Path]) -> list[Path]:
    """Return one file of each photo: packages ship the same one in many sizes, side by side."""
    found: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".jpg", ".jpeg", ".png", ".webp") and path.is_file():
                apart = next((above for above in path.parents if above.name == "contents"), path.with_suffix(""))
                known = found.get(apart)
                if known is None or known.stat().st_size < path.stat().st_size < 12_000_000:
                    found[apart] = path
    return sorted(found.values())


def family(path: Path) -> str:
    """Name the artwork of a file: packages ship some in several colours, or by day and by night."""
    stem = path.stem if path.parent.name != "images" else path.parents[2].name
    return re.sub(r"-[ld]$|-(Cold|Warm|Radioactive|Dark|Light|Jazz|Air|Splash)(-no-logo)?$", "", stem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="+", default=PHOTOS)
    parser.add_argument("--protected", type=int, default=500)
    parser.add_argument("--others", type=int, default=2000)
    parser.add_argument("--edited", type=int, default=200, help="protected pictures that are edited, in each way")
    parser.add_argument("--seed", type=int, default=2026, help="2025 was used for tuning")
    options = parser.parse_args()
    files = photos(options.photos)
    draw = random.Random(options.seed)
    draw.shuffle(files)
    families = list(dict.fromkeys(map(family, files)))
    ours = [file for file in files if families.index(family(file)) % 2 == 0]
    theirs = [file for file in files if families.index(family(file)) % 2 == 1]
    start = time.process_time()
    protected = list(windows(ours, options.protected, draw))
    hashes = [hash_picture(picture) for picture in protected]
    cost = (time.process_time() - start) / len(protected) * 1000
    print(f"{len(files)} photos; cutting and hashing {cost:.0f} ms a picture")
    kept = [number for number, known in enumerate(hashes) if known.protectable]
    print(f"{len(protected) - len(kept)} of {len(protected)} have too little in them to be protected")
    index = PictureIndex([BrandProfile(key=str(number), name="x", pictures=(
        ReferencePicture(name=str(number), role="picture", hash=hashes[number]),)) for number in kept])  # fmt: skip
    peers: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
        "phash": imagehash.phash, "dhash": imagehash.dhash, "whash": imagehash.whash,
    }  # fmt: skip
    known = {
        name: np.stack([hasher(protected[number]).hash.ravel() for number in kept]) for name, hasher in peers.items()
    }
    false, spent = 0, 0.0
    nearest: dict[str, list[np.ndarray]] = {name: [] for name in peers}
    for picture in windows(theirs, options.others, draw):
        seen = hash_picture(picture)
        start = time.process_time()
        false += len(index.find(seen))
        spent += time.process_time() - start
        for name, hasher in peers.items():
            nearest[name].append((known[name] != hasher(picture).hash.ravel()).sum(axis=1))
    pairs = options.others * len(kept)
    rate, each = false / pairs * 100_000, spent / options.others * 1000
    print(f"false matches {false} of {pairs:,} pairs, {rate:.2f} in 100,000; {each:.1f} ms a search")
    limits = {}
    for name, rows in nearest.items():
        distances = np.sort(np.concatenate(rows))
        limits[name] = int(distances[max(0, pairs // 100_000)]) - 1
    print(f"{'':28} {'ours':>6} " + " ".join(f"{name:>6}" for name in peers) + "   (share of copies found)")
    chosen = kept[: options.edited]
    for title, edit in EDITS.items():
        found = dict.fromkeys(("ours", *peers), 0)
        for number in chosen:
            picture = edit(protected[number].copy(), draw)
            found["ours"] += any(brand == kept.index(number) for brand, _ in index.find(hash_picture(picture)))
            for name, hasher in peers.items():
                row = known[name][kept.index(number)]
                found[name] += int((row != hasher(picture).hash.ravel()).sum()) <= limits[name]
        print(f"{title:28} " + " ".join(f"{value / len(chosen):6.3f}" for value in found.values()), flush=True)


if __name__ == "__main__":
    main()
