"""What does a picture cost with 10, 100 and 1,000 logos enrolled, seen for the first time and again?

`python -m benchmarks.logos.cost --icons FOLDER` enrols logos of brands that training never drew and looks for them in
20 drawn pictures of 1200 x 628 pixels. Printed: CPU milliseconds of one thread for finding marks (no logo needed), for
comparing them with the logos, for both with the copy hashes (`inspect`, JPEG in), for a picture seen before, and the
resident memory of the process.
"""

import argparse
import io
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.logos.generate import samples
from benchmarks.logos.marks import load_marks
from benchmarks.logos.materials import gather
from benchmarks.logos.ours import NO_HASH
from benchmarks.logos.run import PHOTOS
from detector.brands import BrandProfile, ReferencePicture
from detector.images.decode import inspect
from detector.images.enrol import looks
from detector.images.eye import find_marks
from detector.images.logos import LogoIndex

SIZE = (1200, 628)


def _cpu(work: Callable[[], object], times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - start) / times


def main() -> None:
    """Enrol, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--icons", type=Path, required=True)
    options = parser.parse_args()
    marks = load_marks(options.icons, 1)
    materials = gather(PHOTOS, Path("/usr/share/fonts"))
    drawn = [sample.image.resize(SIZE) for sample in samples(marks, materials, 5, 10)]
    files = []
    for image in drawn:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        files.append(out.getvalue())
    images = [mark.image() for mark in (*marks.protected, *marks.others)]
    start = time.process_time()
    enrolled = [tuple(looks(image.copy())) for image in images[:1000]]
    each = 1000 * (time.process_time() - start) / len(enrolled)
    print(f"{len(enrolled)} logos enrolled at {each:.0f} ms each, {sum(map(len, enrolled)) / len(enrolled):.1f} looks")
    find_marks(drawn[0])
    finding = sum(_cpu(partial(find_marks, image), 2) for image in drawn) / len(drawn)
    whole = sum(_cpu(partial(inspect, file), 1) for file in files) / len(files)
    found = [find_marks(image) for image in drawn]
    for count in (10, 100, 1000):
        brands = [
            BrandProfile(key=str(number), name="x", pictures=(
                ReferencePicture(name="x", role="logo", hash=NO_HASH, looks=enrolled[number % len(enrolled)]),))
            for number in range(count)
        ]  # fmt: skip
        index = LogoIndex(brands)
        comparing = sum(_cpu(partial(index.find, seen), 10) for seen in found) / len(found)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{count:5} logos: marks {finding:.1f} + comparing {comparing:.1f} = {finding + comparing:.1f} ms; "
              f"whole inspect + comparing {whole + comparing:.1f} ms; at most {memory} MB so far")  # fmt: skip


if __name__ == "__main__":
    main()
