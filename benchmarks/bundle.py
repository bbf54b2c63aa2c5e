"""What an evidence bundle costs: seconds of CPU and the largest memory, for small and large cases.

    python -m benchmarks.bundle

Each case is made anew: ads with a picture each, journeys of two visitors with a page of 200 kB that does not pack well
and a screenshot of 1280 x 5000 pixels. Written is one bundle in Japanese, by a process of its own; `pdf` is the part of
its summary, `verify` what the script in it takes. Memory is the peak of the process, beyond what it had before.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from detector.assess import Assessor
from detector.items import Item, Text
from safety.sandbox import Sandbox
from spiders.visits.followed import Followed
from spiders.visits.keeping import kept
from storage.database import snapshot, transaction
from storage.profiles import build_profiles
from storage.visits import LinkToVisit, VisitRound, proved, save_visits
from takedown.bundle import verify
from takedown.bundle.compose import compose
from takedown.bundle.gallery import gallery
from takedown.bundle.gather import gather
from takedown.bundle.pdf import pdf_of
from takedown.bundle.write import write_bundle
from takedown.story import tell_story
from tests.takedown.stage import AUTHORITY, LINK, NOW, SHOP, Stage, enter, followed, keep_picture, record, set_stage

ROOT = Path(__file__).resolve().parent.parent
CASES = ((1, 2), (200, 2), (200, 100))  # further ads, further journeys
PAGE = 200_000  # bytes


def fill(folder: Path, items: int, visits: int) -> Stage:
    """Make a case in an empty folder."""
    stage = enter(folder, *set_stage(folder))
    with Sandbox(workers=1) as sandbox:
        assessor = Assessor(build_profiles(stage.config, sandbox).brands)
    for number in range(items):
        picture = keep_picture(stage.engine, stage.media, drawing(number, 640, 480, "JPEG"))
        reference = f"https://cdn.example/{number}.jpg"
        item = Item(
            id=f"ad-{number}",
            kind="ad",
            platform="meta",
            texts=(Text(role="title", text=f"星野電機 公式 閉店セール 80%OFF 残り{number}点", lang="ja"),),
            links=(f"https://{SHOP}/lp/?n={number}",),
            images=(reference,),
            seen_at=NOW,
        )
        record(stage.engine, assessor, item, {reference: picture.sha256})
    for number in range(visits // 2):
        journey(stage, NOW + timedelta(hours=number + 1), number)
    return stage


def journey(stage: Stage, at: datetime, number: int) -> None:
    """Follow the case's link as two visitors."""
    shot = keep_picture(stage.engine, stage.media, drawing(number, 1280, 5000, "PNG"))
    noise = random.Random(number).randbytes(PAGE // 2).hex().encode()
    pieces = []
    for visitor in ("telephone", "desk"):
        one = followed(LINK, visitor, title="星野電機 公式 閉店セール", at=at, status=200)
        last = replace(one.exchanges[-1], body=noise)
        visit = replace(one.visit, screenshot=shot.rendition)
        pieces.append(Followed(visit=visit, exchanges=(*one.exchanges[:-1], last), rendered=noise, screenshot=shot))
    round_ = VisitRound(
        link=LinkToVisit(url=LINK, cases=(stage.case,)), visits=tuple(kept(one, stage.media.put) for one in pieces)
    )
    sound = proved(stage.media, round_, at)
    with transaction(stage.engine) as session:
        save_visits(session, round_.link, sound, who="mekiki", authority=AUTHORITY, now=at)


def drawing(number: int, width: int, height: int, form: str) -> bytes:
    """Return a picture like no other."""
    draw = random.Random(f"{number} {width}")
    image = Image.new("RGB", (width, height), "#f4f1ec")
    pen = ImageDraw.Draw(image)
    for _ in range(height // 20):
        x, y = draw.randrange(width), draw.randrange(height)
        pen.rectangle((x, y, x + draw.randrange(20, 300), y + draw.randrange(8, 80)), fill=draw.randrange(0x1000000))
    out = BytesIO()
    image.save(out, form)
    return out.getvalue()


def measure(stage: Stage, path: Path) -> dict[str, float]:
    """Write and check one bundle in this process; return seconds of CPU and megabytes."""
    now = NOW + timedelta(days=30)
    before = peak()
    start = spent()
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=now)
        written = write_bundle(story, session, stage.media, stage.config, "ja", path, now=now)
    cpu = spent() - start
    more = peak() - before
    start = spent()
    check = verify.Check(verify.Archive(path))
    check.run()
    assert not check.wrong, check.wrong
    checked = spent() - start
    with snapshot(stage.engine) as session, tempfile.TemporaryDirectory() as work, Sandbox(workers=1) as sandbox:
        gathered = gather(session, stage.media, story, Path(work))
        shots = gallery(gathered, Path(work), sandbox)
        dossier = compose(story, gathered, shots, stage.config, "ja", channels={}, now=now)
        start = spent()
        pdf_of(dossier, gathered.contents.read)
        printed = spent() - start
    return {
        "cpu_s": cpu,
        "of_that_pdf_s": printed,
        "verify_cpu_s": checked,
        "peak_mb": more,
        "zip_mb": written.bytes / 1e6,
        "files": len(written.files),
    }


def peak() -> float:
    """Return the largest memory that this process ever had, megabytes; Linux."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def spent() -> float:
    """Return the seconds of CPU of this process and of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description="What an evidence bundle costs.")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "CASE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, case = Path(options.one[0]), int(options.one[1])
        print(json.dumps(measure(enter(folder, case, 0), folder / "bundle.zip")))
        return
    for items, visits in CASES:
        with tempfile.TemporaryDirectory() as name:
            stage = fill(Path(name), items, visits)
            stage.engine.dispose()
            command = [sys.executable, "-m", "benchmarks.bundle", "--one", name, str(stage.case)]
            told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
            print(f"{items} ads, {visits} journeys", {key: round(value, 2) for key, value in told.items()}, flush=True)


if __name__ == "__main__":
    main()
