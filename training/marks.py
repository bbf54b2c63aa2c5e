"""Marks to learn from: free icon sets, drawn once, and wordmarks made of fonts.

`python -m training.marks --icons FOLDER --out CACHE` reads IconifyJSON files (`FOLDER/NAME/icons.json`, from
`npm pack @iconify-json/NAME`) and writes one PNG with transparency per mark and `index.json`. Brands whose name falls
into the test part (`held_out`) are left out: no network ever sees them.
"""

import argparse
import io
import json
import re
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import resvg_py
from PIL import Image

# Sets of brands, and sets of pictograms, flags and faces, which teach what a mark is but protect nothing.
BRAND_SETS = ("logos", "simple-icons", "cib", "devicon", "skill-icons", "token-branded", "cryptocurrency-color",
              "vscode-icons", "material-icon-theme")  # fmt: skip
OTHER_SETS = ("circle-flags", "flat-color-icons", "fluent-emoji-flat")
SIDE = 160  # height or width of a drawn mark, pixels; a wide one is up to three times as long
_SUFFIX = re.compile(r"-(icon|plain|original|wordmark|line|color|mono)$")


def plain(name: str) -> str:
    """Return a mark's name without what only says how it is drawn."""
    name = name.lower()
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    return name


def held_out(name: str) -> bool:
    """Tell whether a brand is for testing only: one in five, by the checksum of its name."""
    return zlib.crc32(plain(name).encode()) % 5 == 0


def draw(task: tuple[str, str, float, float]) -> tuple[str, bytes | None]:
    """Draw one icon with transparency; None if it is broken or empty."""
    key, body, width, height = task
    scale = SIDE / min(width, height)
    scale = min(scale, 3 * SIDE / max(width, height))
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    svg = f'<svg {spaces} viewBox="0 0 {width} {height}">{body}</svg>'
    try:
        data = resvg_py.svg_to_bytes(
            svg_string=svg, width=round(width * scale), height=round(height * scale), skip_system_fonts=True
        )
        image = Image.open(io.BytesIO(bytes(data))).convert("RGBA")
    except Exception:  # a broken icon of some set is left out, whatever is wrong with it
        return key, None
    box = image.getchannel("A").getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 20:
        return key, None
    out = io.BytesIO()
    image.crop(box).save(out, "PNG")
    return key, out.getvalue()


def tasks(folder: Path) -> list[tuple[str, str, float, float]]:
    """Return set and name, body and size of every icon that may be learned from."""
    found = []
    for name in (*BRAND_SETS, *OTHER_SETS):
        pack = json.loads((folder / name / "icons.json").read_text(encoding="utf-8"))
        for icon, entry in pack["icons"].items():
            if entry.get("hidden") or held_out(icon):
                continue
            width = entry.get("width", pack.get("width", 16))
            height = entry.get("height", pack.get("height", 16))
            found.append((f"{name}/{icon}", entry["body"].replace("currentColor", "#000"), width, height))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--icons", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    index = []
    with ProcessPoolExecutor(2) as pool:
        for number, (key, data) in enumerate(pool.map(draw, tasks(options.icons), chunksize=50)):
            if data is not None:
                (options.out / f"{number}.png").write_bytes(data)
                index.append([number, key, plain(key.partition("/")[2]), key.partition("/")[0] in BRAND_SETS])
    (options.out / "index.json").write_text(json.dumps(index), encoding="utf-8")
    print(len(index), "marks")


if __name__ == "__main__":
    main()
