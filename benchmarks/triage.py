"""What a screen of triage costs, and what a page of the case list costs, in big stores.

`python -m benchmarks.triage list --database URL` asks for pages of lists with every filter, in a store that
`benchmarks.stores` filled. `python -m benchmarks.triage screens --database URL` opens every case of that store again,
gives those that come first pictures and journeys, and then judges a hundred of them in a terminal (tmux) with single
keys; a screen is timed from the moment before the key is sent until the next case stands there whole.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from sqlalchemy import Engine, text

from benchmarks.stores import NOW, stored_items
from detector.images.decode import inspect
from detector.images.hash import picture_hash_from_dict
from detector.visits import Hop, Landing, Visit
from storage.case_list import Place, count_cases, list_cases, place_of
from storage.cases import case_detail
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.media import MediaStore
from storage.pictures import PictureRecord, save_picture
from storage.schema import VersionPicture
from storage.views import NOBODY, CaseFilters
from storage.visits import LinkToVisit, save_visits

FIRST = 120  # cases of the list that get a picture and journeys
PICTURES = 12  # different ones
DRAWN = b"\x1b[?2026l"  # ends each drawing of a screen
KEYS: Sequence[Sequence[str]] = (("c",), ("d", "1"), ("s", "7"), ("n",))  # of one case after another
SOURCES_OF_CASES = (
    "INSERT INTO case_sources (case_id, source, kind, publisher) SELECT DISTINCT ci.case_id, s.source, i.kind, "
    "'news.example' FROM case_items ci JOIN sightings s ON s.item_id = ci.item_id JOIN items i ON i.id = ci.item_id"
)
FILTERS: Mapping[str, CaseFilters] = {
    "all that wait": CaseFilters(),
    "brand": CaseFilters(brand="hoshino"),
    "source": CaseFilters(source="youtube"),
    "kind": CaseFilters(kind="domain"),
    "score": CaseFilters(min_score=0.9),
    "priority": CaseFilters(min_priority=0.9),
    "nobody's": CaseFilters(assignee=NOBODY),
    "somebody's": CaseFilters(assignee="aya"),
    "tag": CaseFilters(tag="urgent"),
    "younger": CaseFilters(younger=timedelta(days=3)),
    "older": CaseFilters(older=timedelta(days=100)),
    "title": CaseFilters(text="sale77"),
    "confirmed": CaseFilters(states=("confirmed",)),
}


def prepare(engine: Engine) -> None:
    """Fill what `benchmarks.stores` leaves out and lists ask for: sources of cases, a few assignees and tags."""
    with transaction(engine) as session:
        if not session.scalar(text("SELECT count(*) FROM case_sources")):
            session.execute(text(SOURCES_OF_CASES))
        session.execute(text("UPDATE cases SET assignee = 'aya' WHERE id % 50 = 0"))
        session.execute(text("UPDATE cases SET tags = '[\"urgent\"]' WHERE id % 200 = 0"))


def ask_lists(engine: Engine, rounds: int) -> None:
    """Print what pages of every list cost."""
    print(f"{stored_items(engine)} items; pages of 50 cases, {rounds} of each")
    print(f"{'list':<16}{'cases':>8}{'median ms':>11}{'p95 ms':>9}{'max ms':>9}")
    worst: list[float] = []
    for name, filters in FILTERS.items():
        times = list(_pages(engine, filters, rounds))
        with snapshot(engine) as session:
            count = count_cases(session, filters, now=NOW)
        worst += times
        print(f"{name:<16}{count:>8}{_row(times)}")
    print(f"{'together':<24}{_row(worst)}")


def _pages(engine: Engine, filters: CaseFilters, rounds: int) -> Iterator[float]:
    """Yield seconds for pages: the first, and those behind it; from the top again at the end."""
    after: Place | None = None
    for _ in range(rounds):
        began = time.perf_counter()
        with snapshot(engine) as session:
            page = list_cases(session, filters, after=after, now=NOW)
        yield time.perf_counter() - began
        after = place_of(page[-1]) if page else None


def _row(times: Sequence[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    return f"{1000 * statistics.median(ordered):>11.1f}{1000 * p95:>9.1f}{1000 * ordered[-1]:>9.1f}"


def furnish(engine: Engine, media: MediaStore) -> None:
    """Open all cases again, and give pictures and journeys to those that come first."""
    with transaction(engine) as session:
        session.execute(
            text("UPDATE cases SET state = 'open', snoozed_until = NULL, judged_at = NULL WHERE state <> 'open'")
        )
        pictures = [_picture(media, number) for number in range(PICTURES)]
        for picture in pictures:
            save_picture(session, picture, NOW)
        for number, case in enumerate(list_cases(session, limit=FIRST, now=NOW)):
            best = case_detail(session, case.id, now=NOW, max_items=1).items[0]
            if not best.pictures:
                session.add(
                    VersionPicture(
                        version_id=best.version_id,
                        number=0,
                        reference=best.item.images[0],
                        sha256=pictures[number % PICTURES].sha256,
                    )
                )
            url = f"https://shop{case.id}.test/lp"
            visits = [_visit(url, who) for who in ("plain", "iphone", "browser-jp")]
            link = LinkToVisit(url=url, cases=(case.id,))
            save_visits(session, link, visits, who="mekiki", authority=None, now=NOW)


def _picture(media: MediaStore, number: int) -> PictureRecord:
    buffer = BytesIO()
    noise = Image.effect_noise((64, 40), 80 + number % 50).resize((800, 500)).convert("RGB")
    noise.save(buffer, "JPEG", quality=80)
    found = inspect(buffer.getvalue(), marks=False)
    return PictureRecord(
        sha256=media.put(buffer.getvalue()),
        mime=found["mime"],
        bytes=len(buffer.getvalue()),
        width=found["width"],
        height=found["height"],
        hash=picture_hash_from_dict(found["hash"]),
        rendition=media.put(found["rendition"]),
    )


def _visit(url: str, who: str) -> Visit:
    hops = (
        Hop(url=url, how="start", at=NOW, seconds=0.1, status=302, address="192.0.2.7"),
        Hop(url=f"{url}/shop/", how="redirect", at=NOW, seconds=0.2, status=200, address="192.0.2.7"),
    )
    landing = Landing(title="星野電機 アウトレット", text="0" * 16, shape="0" * 16, length=300, excerpt="全品90%OFF")
    says = "a page was seen; others may see another"
    return Visit(url=url, visitor=who, started_at=NOW, hops=hops, landing=landing, outcome="offer_seen", says=says)


def time_screens(database: str, folder: Path, cases: int, size: tuple[int, int]) -> None:
    """Judge so many cases in a terminal, and print what their screens cost."""
    config = folder / "mekiki.toml"
    config.write_text(
        f'[crawler]\ncontact = "brand@hoshino-denki.example"\n[storage]\ndatabase = "{database}"\nmedia = "media"\n'
        '[[brand]]\nkey = "hoshino"\nname = "星野電機"\ndomains = ["hoshino-denki.example"]\n',
        "utf-8",
    )
    out = folder / "screen.raw"
    out.write_bytes(b"")
    command = f"COLORTERM=truecolor {sys.executable} -c 'from cli import main; main()' triage --as aya -c {config}"
    with _terminal(folder / "tmux", command, out, size) as (send, program):
        began = time.perf_counter()
        _until(out, 1, 60)
        print(f"{'first screen, with the start of the program':<46}{time.perf_counter() - began:>6.1f} s")
        times = []
        used = _cpu(program)
        for number in range(cases):
            *before, last = KEYS[number % len(KEYS)]
            for key in before:
                send(key)
                time.sleep(0.05)  # until the question stands there; a person takes longer
            drawn = out.read_bytes().count(DRAWN)
            began = time.perf_counter()
            send(last)
            _until(out, drawn + 1, 30)
            times.append(time.perf_counter() - began)
        used = _cpu(program) - used
        send("q")
    print(f"{cases} cases, {size[0]}x{size[1]}, from the key to the next case")
    print(f"{'':<24}{'median ms':>11}{'p95 ms':>9}{'max ms':>9}\n{'':<24}{_row(times)}")
    print(f"CPU of the program: {1000 * used / cases:.0f} ms a case; load {os.getloadavg()[0]:.1f}")


def _cpu(process: int) -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _terminal(
    socket: Path, command: str, out: Path, size: tuple[int, int]
) -> Iterator[tuple[Callable[[str], None], int]]:
    """Run a command in a terminal whose output goes to a file, too; give what sends keys, and its process."""
    tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    shell = f"sleep 1; exec env {command}"
    start = [*tmux, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), shell]
    subprocess.run(start, check=True, env=environment)
    subprocess.run([*tmux, "pipe-pane", f"cat >> {out}"], check=True)

    def send(key: str) -> None:
        subprocess.run([*tmux, "send-keys", key], check=True)

    try:
        pane = [*tmux, "list-panes", "-F", "#{pane_pid}"]
        yield send, int(subprocess.run(pane, check=True, capture_output=True, text=True).stdout)
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def _until(out: Path, drawings: int, seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while out.read_bytes().count(DRAWN) < drawings:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"drawing {drawings} did not come: {out.read_bytes()[-500:]!r}")
        time.sleep(0.001)


def main() -> None:
    """Time lists or screens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("list", "screens"))
    parser.add_argument("--database", required=True, metavar="URL", help="a store that benchmarks.stores filled")
    parser.add_argument("--rounds", type=int, default=40, help="pages of each list")
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--size", default="80x24", help="columns x rows")
    chosen = parser.parse_args()
    engine = open_engine(chosen.database)
    upgrade(engine)
    prepare(engine)
    if chosen.what == "list":
        ask_lists(engine, chosen.rounds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            furnish(engine, MediaStore(Path(folder) / "media"))
            with snapshot(engine) as session:
                print(f"{stored_items(engine)} items, {count_cases(session, now=NOW)} open cases")
            engine.dispose()
            columns, _, rows = chosen.size.partition("x")
            time_screens(chosen.database, Path(folder), chosen.cases, (int(columns), int(rows)))
    engine.dispose()


if __name__ == "__main__":
    assert shutil.which("tmux"), "this benchmark needs tmux"
    main()
