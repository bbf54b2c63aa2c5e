"""Does any picture crash the eye, fill the memory or hold the machine? Bombs, cut files, changed bytes, odd modes.

`python -m benchmarks.hostile_pictures [--count 600] [--pictures FOLDER]` sends each file through the same sandbox as a
crawl: `inspect` (decode, hash, marks), and every tenth through `read_texts` (words, codes). Printed: how many were
read, refused, out of time, crashed; CPU and resident memory of the child above what it needs for an ordinary picture.
"""

import argparse
import io
import random
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from safety.sandbox import Refused, Sandbox, SandboxError, SandboxTimeout
from spiders.eye import CPU_SECONDS, MEMORY, WALL_SECONDS

FORMATS: tuple[tuple[str, dict[str, int]], ...] = (
    ("JPEG", {"quality": 80}),
    ("PNG", {}),
    ("GIF", {}),
    ("WEBP", {"quality": 70}),
    ("JPEG", {"progressive": 1}),
)


def _encoded(image: Image.Image, kind: str, options: dict[str, int]) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield files that are small and mean a lot."""
    for width, height in (
        (6_300, 6_300),
        (19_999, 2_000),
        (20_000, 20_000),
        (65_000, 65_000),
        (1, 19_999),
        (19_999, 1),
    ):
        rows = b"\0" * min(height * (3 * width + 1), 130_000_000)
        yield f"blank PNG {width}x{height}", _png(width, height, 8, 2, rows)
    yield "16-bit PNG", _png(6_000, 6_000, 16, 6, b"\0" * 200_000_000)
    yield "text bomb", _png(8, 8, 8, 2, b"\0" * 200, _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 200_000_000)))
    yield "profile bomb", _png(8, 8, 8, 2, b"\0" * 200, _chunk(b"iCCP", b"a\0\0" + zlib.compress(b"\0" * 200_000_000)))
    frames = [Image.new("L", (1200, 1200), number % 256) for number in range(300)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    yield "GIF of 300 frames", out.getvalue()
    noise = np.random.default_rng(1).integers(0, 256, (6_000, 6_000), dtype=np.uint8)
    yield "36 MP of noise", _encoded(Image.fromarray(noise), "JPEG", {"quality": 30})
    checks = Image.fromarray((np.indices((3_000, 3_000)).sum(axis=0) % 2 * 255).astype(np.uint8))
    yield "9 MP of one-pixel checks", _encoded(checks, "PNG", {})
    page = Image.new("L", (1_200, 16_000), 255)
    page.paste(checks.crop((0, 0, 8, 8)).resize((1_200, 16_000)))
    yield "tall picture", _encoded(page, "PNG", {})
    yield (
        "EXIF nonsense",
        _encoded(Image.new("RGB", (64, 64)), "JPEG", {})[:2] + b"\xff\xe1\xff\xff" + b"Exif\0\0" * 9_000,
    )


def changed(pictures: list[bytes], count: int, draw: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield ordinary files that were cut, glued or changed in a few bytes."""
    for _ in range(count):
        data = bytearray(draw.choice(pictures))
        kind = draw.choice(("cut", "bytes", "header", "glued", "length"))
        if kind == "cut":
            del data[draw.randrange(4, len(data)) :]
        elif kind == "glued":
            other = draw.choice(pictures)
            data[draw.randrange(len(data)) :] = other[draw.randrange(len(other)) :]
        elif kind == "length":
            place = draw.randrange(8, min(len(data) - 4, 600))
            data[place : place + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        else:
            for _ in range(draw.choice((1, 3, 12))):
                data[draw.randrange(min(len(data), 200) if kind == "header" else len(data))] = draw.randrange(256)
        yield kind, bytes(data)


def _ordinary(folder: Path | None) -> list[bytes]:
    draw = np.random.default_rng(7)
    small = Image.fromarray(draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize(
        (480, 360), Image.Resampling.BICUBIC
    )
    modes = (small, small.convert("L"), small.convert("P"), small.convert("CMYK"), small.convert("RGBA"))
    found = []
    for mode in modes:
        for kind, options in FORMATS:
            try:
                found.append(_encoded(mode, kind, options))
            except (OSError, ValueError):  # a format that has no such mode
                continue
    if folder is not None:
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".gif", ".webp"))
        found += [path.read_bytes() for path in files if path.stat().st_size < 2_000_000]
    return found


def _resident(sandbox: Sandbox) -> int:
    """Return the highest resident memory of the sandbox's children so far, MB."""
    most = 0
    for child in list(sandbox._children):
        status = Path(f"/proc/{child._process.pid}/status").read_text()
        most = max(most, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
    return most


def _send(sandbox: Sandbox, target: str, data: bytes) -> str:
    try:
        sandbox.call(target, data)
    except Refused:
        return "refused"
    except SandboxTimeout:
        return "out of time"
    except SandboxError as error:
        return f"CRASH {error}"
    return "read"


def main() -> None:
    """Send them all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600, help="changed files")
    parser.add_argument("--pictures", type=Path, help="a folder of ordinary pictures to change, too")
    options = parser.parse_args()
    ordinary = _ordinary(options.pictures)
    files = [*bombs(), *changed(ordinary, options.count, random.Random(2026))]
    print(f"{len(files)} files, {len(ordinary)} ordinary ones to start from")
    limits = {"cpu_seconds": CPU_SECONDS, "wall_seconds": WALL_SECONDS, "memory_bytes": MEMORY}
    with Sandbox(workers=1) as looker, Sandbox(workers=1, **limits) as reader:  # type: ignore[arg-type]
        chosen = {
            "detector.images.decode:inspect": (looker, files),
            "detector.images.read:read_texts": (reader, files[::10]),
        }
        for target, (sandbox, some) in chosen.items():
            _send(sandbox, target, ordinary[0])
            before, seen, slowest = _resident(sandbox), Counter[str](), (0.0, "")
            most = before
            for name, data in some:
                start = time.monotonic()
                answer = _send(sandbox, target, data)
                seen[answer] += 1
                slowest = max(slowest, (time.monotonic() - start, name))
                most = max(most, _resident(sandbox))
                if answer not in ("read", "refused"):
                    print(f"  {name}: {answer}")
            told = ", ".join(f"{count} {answer}" for answer, count in seen.most_common())
            print(f"{target}: {told}; +{most - before} MB; slowest {slowest[0]:.1f} s ({slowest[1]})", flush=True)


if __name__ == "__main__":
    main()
