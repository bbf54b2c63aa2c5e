"""What pages of the board cost on the server, in a big store.

`python -m benchmarks.board --cases N [--postgres] [--database URL]` fills a database with N open cases and ten items
for each (`benchmarks.stores`), with sources, tags and assignees (`benchmarks.triage`), signs somebody in, and asks the
application for pages as a browser does, in this process: no network is in the times. Without `--database` an SQLite
file is made beside the temporary files, or with `--postgres` a database on the server that MEKIKI_TEST_POSTGRES names.
"""

import argparse
import gzip
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import Engine, func, select, text
from starlette.testclient import TestClient

import config as configuration
from benchmarks.priority import told as told_priority
from benchmarks.priority import undisturbed
from benchmarks.stores import NOW, fill, stored_items
from benchmarks.triage import prepare
from board.app import make_app
from board.board import Board
from board.static import files
from desk.likeness import Likenesses
from storage.accounts import add_account
from storage.case_list import count_cases
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.media import MediaStore
from storage.schema import Case, CaseLog
from storage.signed_in import begin
from takedown.catalogue import load_catalogue

ROUNDS = 40  # of each page
LATER = 20  # page of the wall that is asked for, too
DEEP = f"wall, page {LATER}, by the script"
# Milliseconds that a page may take, 95th percentile; searches in titles read all of them, and may take longer.
BARRED = {"wall": 150, DEEP: 150, "case": 200}
MOST_BYTES = 500_000  # of it, with style and script
LOGIN = "aya"
ORIGIN = "http://127.0.0.1:8480"
Taken = tuple[float, float]  # seconds, by the clock and of this process's CPU
CONFIG = (
    '[crawler]\ncontact = "brand@hoshino-denki.example"\n[storage]\nmedia = "media"\n[[brand]]\nkey = "hoshino"\n'
    'name = "星野電機"\ndomains = ["hoshino-denki.example"]\n'
)


def fill_open(engine: Engine, cases: int) -> None:
    """Fill an empty store with so many cases, all of them open."""
    upgrade(engine)
    if not stored_items(engine):
        fill(engine, 10 * cases)
    prepare(engine)
    with transaction(engine) as session:
        session.execute(
            text("UPDATE cases SET state = 'open', snoozed_until = NULL, judged_at = NULL WHERE state <> 'open'")
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))


@contextmanager
def browser(engine: Engine, folder: Path) -> Iterator[TestClient]:
    """Give a browser in which somebody is signed in."""
    file = folder / "mekiki.toml"
    file.write_text(CONFIG, "utf-8")
    config = configuration.load(file)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM board_sessions"))
        session.execute(text("DELETE FROM accounts"))
        add_account(session, LOGIN, "analyst", "-", now=NOW)
        cookie = begin(session, LOGIN, means="password", now=NOW)
    media = MediaStore(folder / "media")
    with Likenesses(config.brand, media) as likenesses:
        board = Board(
            config=config,
            engine=engine,
            media=media,
            catalogue=load_catalogue(config.takedown.channels),
            likenesses=likenesses,
            now=lambda: NOW + timedelta(minutes=1),
        )
        with TestClient(make_app(board), base_url=ORIGIN, follow_redirects=False) as client:
            client.cookies.set("mekiki", cookie)
            yield client


def measure(client: TestClient, path: Callable[[], str], **headers: str) -> tuple[list[Taken], int]:
    """Ask for a page again and again; return what each time took, and the bytes of the largest."""
    times: list[Taken] = []
    most = 0
    for number in range(ROUNDS + 1):
        address = path()
        began, used = time.perf_counter(), time.process_time()
        answer = client.get(address, headers=headers)
        took = time.perf_counter() - began, time.process_time() - used
        if answer.status_code != 200:
            raise SystemExit(f"{address} answers {answer.status_code}")
        most = max(most, len(answer.content))
        if number:
            times.append(took)
    return times, most


def later(client: TestClient) -> str:
    """Walk to a later page as the wall does, and return its address."""
    path = "/wall"
    for _ in range(LATER - 1):
        page = client.get(path, headers={"HX-Request": "true"} if path != "/wall" else {}).text
        path = page.rpartition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    return path


def pages(engine: Engine, client: TestClient) -> Iterator[tuple[str, list[Taken], int]]:
    """Yield what is asked for, its times and its bytes."""
    with snapshot(engine) as session:
        most = session.scalar(select(func.max(Case.id))) or 1
        entry = session.scalar(select(func.max(CaseLog.id))) or 0
        last = dict(
            session.execute(
                select(CaseLog.case_id, func.max(CaseLog.id)).where(CaseLog.case_id <= 100).group_by(CaseLog.case_id)
            ).all()
        )
    chosen = random.Random(5)
    yield "wall", *measure(client, lambda: "/wall")
    deep = later(client)
    yield DEEP, *measure(client, lambda: deep, **{"HX-Request": "true"})
    for line in ("brand:hoshino score:0.9", "source:youtube", "tag:urgent", "sale77", "nothing-of-this-name"):
        address = f"/wall?{urlencode({'q': line})}"
        yield f"wall, {line}", *measure(client, lambda address=address: address)  # type: ignore[misc]
    watched = {"since": entry - 20, "seen": ",".join(f"{case}:{log}" for case, log in last.items())}
    news = f"/wall/news?{urlencode(watched)}"
    yield "news, 100 cards seen", *measure(client, lambda: news, **{"HX-Request": "true"})
    yield "case", *measure(client, lambda: f"/case/{chosen.randrange(1, most)}")


def report(engine: Engine, folder: Path) -> bool:
    """Print a table; tell whether wall and case are as fast, and the wall as small, as they should be."""
    with snapshot(engine) as session:
        count = count_cases(session, now=NOW)
    load = os.getloadavg()[0]
    print(
        f"{engine.dialect.name}, {count} open cases, {stored_items(engine)} items; load {load:.1f}, {told_priority()}"
    )
    print(f"{'':<38}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}{'CPU p50':>9}{'kB':>8}")
    good = True
    with undisturbed(), browser(engine, folder) as client:  # threads that serve begin undisturbed, too
        for name, times, size in pages(engine, client):
            ordered = sorted(wall for wall, _ in times)
            p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
            figures = [1000 * statistics.median(ordered), 1000 * p95, 1000 * ordered[-1]]
            used = 1000 * statistics.median(cpu for _, cpu in times)
            print(f"{name:<38}" + "".join(f"{one:>8.1f}" for one in figures) + f"{used:>9.1f}{size / 1000:>8.0f}")
            good &= 1000 * p95 < BARRED.get(name, math.inf)
        page = client.get("/wall").content
    shared = [
        data for name, data in files().items() if name in ("base.css", "base.js", "wall.css", "wall.js", "htmx.min.js")
    ]
    whole = len(page) + sum(map(len, shared))
    packed = sum(len(gzip.compress(one)) for one in (page, *shared))
    print(f"the wall with style and script: {whole / 1000:.0f} kB; compressed it would be {packed / 1000:.0f} kB")
    return good and whole < MOST_BYTES


def main() -> None:
    """Fill, and time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--postgres", action="store_true", help="on the server that MEKIKI_TEST_POSTGRES names")
    parser.add_argument("--database", metavar="URL", help="one that this benchmark filled before, or an empty one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = chosen.database or f"sqlite:///{folder}/board.db"
        if chosen.postgres:
            from tests.storage.conftest import postgres_database

            with postgres_database() as made:
                good = _timed(chosen.database or made, chosen.cases, folder)
        else:
            good = _timed(url, chosen.cases, folder)
    raise SystemExit(0 if good else 1)


def _timed(url: str, cases: int, folder: Path) -> bool:
    engine = open_engine(url)
    try:
        fill_open(engine, cases)
        return report(engine, folder)
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
