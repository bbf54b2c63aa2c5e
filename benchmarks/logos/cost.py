"""What does a picture cost with 10, 100 and 1,000 logos enrolled, seen for the first time and again?

`python -m benchmarks.logos.cost --icons FOLDER` draws 20 pictures of 1200 x 628 pixels and 1,000 logos of brands that
training never drew. A child, set up as the sandbox sets up its own (one thread), then enrols the logos and looks for
them, so that its memory is the program's and not the generator's. Printed: CPU milliseconds for finding marks (no logo
needed), for comparing them with the logos, for the whole inspection with the copy hashes (JPEG in), and the most
memory that the process ever held.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PIL import Image

SIZE = (1200, 628)
LOGOS = 1000


def _cpu(work: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - start) / times


def _memory() -> int:
    """Return the most megabytes since this program was started; what `getrusage` tells counts its parent's, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def draw(icons: Path, folder: Path) -> None:
    """Write the pictures and the logos as files."""
    from benchmarks.logos.generate import samples
    from benchmarks.logos.marks import load_marks
    from benchmarks.logos.materials import gather
    from benchmarks.logos.run import PHOTOS

    marks = load_marks(icons, 1)
    for number, sample in enumerate(samples(marks, gather(PHOTOS, Path("/usr/share/fonts")), 5, 10)):
        sample.image.resize(SIZE).save(folder / f"picture-{number:03}.jpg", quality=85)
    for number, mark in enumerate((*marks.protected, *marks.others)[:LOGOS]):
        mark.image().save(folder / f"logo-{number:04}.png")


def measure(folder: Path) -> None:
    """Enrol, look, print."""
    from benchmarks.logos.ours import NO_HASH
    from detector.brands import BrandProfile, ReferencePicture
    from detector.images.decode import inspect
    from detector.images.enrol import looks
    from detector.images.eye import find_marks
    from detector.images.logos import LogoIndex

    print(f"at most {_memory()} MB once everything is imported")
    start = time.process_time()
    enrolled = [tuple(looks(Image.open(path).convert("RGBA"))) for path in sorted(folder.glob("logo-*.png"))]
    each = 1000 * (time.process_time() - start) / len(enrolled)
    print(f"{len(enrolled)} logos enrolled at {each:.0f} ms each, {sum(map(len, enrolled)) / len(enrolled):.1f} looks; "
          f"at most {_memory()} MB so far")  # fmt: skip
    files = [path.read_bytes() for path in sorted(folder.glob("picture-*.jpg"))]
    images = [Image.open(io.BytesIO(file)).convert("RGB") for file in files]
    find_marks(images[0])
    finding = sum(_cpu(partial(find_marks, image), 2) for image in images) / len(images)
    whole = sum(_cpu(partial(inspect, file), 1) for file in files) / len(files)
    found = [find_marks(image) for image in images]
    for count in (10, 100, 1000):
        brands = [
            BrandProfile(key=str(number), name="x", pictures=(
                ReferencePicture(name="x", role="logo", hash=NO_HASH, looks=enrolled[number % len(enrolled)]),))
            for number in range(count)
        ]  # fmt: skip
        index = LogoIndex(brands)
        comparing = sum(_cpu(partial(index.find, seen), 10) for seen in found) / len(found)
        print(f"{count:5} logos: marks {finding:.1f} + comparing {comparing:.1f} = {finding + comparing:.1f} ms; "
              f"whole inspect + comparing {whole + comparing:.1f} ms; at most {_memory()} MB so far")  # fmt: skip


def main() -> None:
    """Draw, then measure in a child."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--icons", type=Path, help="folder of icon sets")
    given.add_argument("--drawn", type=Path, help="folder that was drawn into before")
    options = parser.parse_args()
    if options.drawn:
        measure(options.drawn)
        return
    with tempfile.TemporaryDirectory() as folder:
        draw(options.icons, Path(folder))
        one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, "-m", __spec__.name, "--drawn", folder], env=one_thread, check=True)


if __name__ == "__main__":
    main()
