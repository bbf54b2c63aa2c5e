"""Find a protected logo anywhere inside an advertisement or a screenshot: how often, how exactly, how fast?

    npm pack @iconify-json/logos @iconify-json/simple-icons     (unpack each as FOLDER/<name>/)
    python -m benchmarks.logos.run --icons FOLDER --pictures 500 --peers [--method module:factory] [--save FOLDER]

`--pictures N` draws N pictures with one of 100 protected logos and N without. The method under test is a factory
`enrol({key: RGBA logo})` that returns `find(RGB picture) -> [(key, score, (x, y, width, height))]`. Peers see the first
`--peer-pictures` of either kind, and the method's row over the same pictures is printed beside theirs. The figures are
CPU milliseconds of one thread. Photos: Debian's gnome-backgrounds, mate-backgrounds, plasma-workspace-wallpapers.
"""

import argparse
import importlib
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
from PIL import Image, ImageDraw

from benchmarks.logos.generate import Sample, samples
from benchmarks.logos.marks import load_marks
from benchmarks.logos.materials import gather
from benchmarks.logos.peers import PEERS
from benchmarks.logos.perturb import LEVELS
from benchmarks.logos.scoring import SUMMARY_HEAD, Enrol, Method, Outcome, breakdown, outcome_of, summary

PHOTOS = [Path("/usr/share/backgrounds"), Path("/usr/share/wallpapers")]
DEFAULT_METHOD = "benchmarks.logos.ours:enrol"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its tables."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    marks = load_marks(options.icons, options.seed)
    materials = gather(options.photos, options.fonts)
    print(
        f"{len(marks.protected)} protected logos, {len(marks.others)} of other brands, {len(materials.photos)} photos"
    )
    drawn = samples(marks, materials, options.seed, options.pictures)
    if options.save:
        _save(options.save, drawn, options.save_pictures)
        return
    logos = {mark.key: mark.image() for mark in marks.protected}
    methods = {} if options.no_method else _enrolled({options.method: _load(options.method)}, logos)
    peers = _enrolled(PEERS, logos) if options.peers else {}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in (*methods, *peers)}
    for number, sample in enumerate(drawn):
        asked = methods | peers if number < 2 * options.peer_pictures else methods
        if not asked:
            break
        for name, method in asked.items():
            outcomes[name].append(_ask(method, sample))
    _report(outcomes, list(methods), len(logos), 2 * options.peer_pictures, details=options.details)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logos.run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--icons", type=Path, required=True, help="folder with logos/ and simple-icons/ unpacked")
    parser.add_argument("--photos", type=Path, nargs="+", default=PHOTOS)
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--pictures", type=int, default=500, help="with a protected logo, and as many without")
    parser.add_argument("--method", default=DEFAULT_METHOD, help="module:factory")
    parser.add_argument("--no-method", action="store_true", help="run the peers alone")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer-pictures", type=int, default=100, help="of either kind")
    parser.add_argument("--details", action="store_true", help="print the peers' breakdowns too")
    parser.add_argument("--save", type=Path, help="write annotated pictures there and stop")
    parser.add_argument("--save-pictures", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def _load(name: str) -> Enrol:
    module, _, factory = name.partition(":")
    try:
        enrol: Enrol = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise SystemExit(
            f"Cannot load the method {name}: {error}. Name another with --method, or --no-method."
        ) from error
    return enrol


def _enrolled(factories: dict[str, Enrol], logos: dict[str, Image.Image]) -> dict[str, Method]:
    methods: dict[str, Method] = {}
    for name, enrol in factories.items():
        start = time.process_time()
        try:
            methods[name] = enrol({key: logo.copy() for key, logo in logos.items()})
        except ImportError as error:
            print(f"{name}: skipped, {error}")
            continue
        print(f"{name}: enrolled at {1000 * (time.process_time() - start) / len(logos):.0f} ms a logo")
    return methods


def _ask(method: Method, sample: Sample) -> Outcome:
    image = sample.image.copy()
    start = time.process_time()
    findings = method(image)
    cpu = 1000 * (time.process_time() - start)
    return outcome_of(
        findings, key=sample.key, box=sample.box, level=sample.level, changes=[name for name, _ in sample.changes],
        share=sample.share, short_side=sample.short_side, cpu=cpu,
    )  # fmt: skip


def _report(
    outcomes: dict[str, list[Outcome]], methods: Sequence[str], brands: int, few: int, *, details: bool
) -> None:
    print(SUMMARY_HEAD)
    for name, seen in outcomes.items():
        if name in methods and len(seen) > few and len(outcomes) > len(methods):
            print(summary(f"{name[-25:]} (same)", seen[:few], brands))
        print(summary(name[-34:], seen, brands))
    for name, seen in outcomes.items():
        if details or name in methods:
            print(f"{name}\n{breakdown(seen, brands)}")


def _save(folder: Path, drawn: Iterator[Sample], count: int) -> None:
    """Write the first pictures as JPEG, positives with their box in red and what was done to them."""
    folder.mkdir(parents=True, exist_ok=True)
    for sample in islice(drawn, count):
        pen = ImageDraw.Draw(sample.image)
        if sample.box is not None:
            x, y, width, height = sample.box
            pen.rectangle((x - 2, y - 2, x + width + 1, y + height + 1), outline=(255, 0, 0), width=2)
        words = f"{sample.key} {LEVELS[sample.level]} " + " ".join(f"{name}:{much}" for name, much in sample.changes)
        pen.text((4, sample.image.height - 22), words, fill="red", font_size=18, stroke_width=2, stroke_fill="white")
        sample.image.save(folder / f"{sample.name}.jpg", quality=88)


if __name__ == "__main__":
    main()
