"""What the hot paths cost on PostgreSQL as a store grows: 10,000, 100,000, 1,000,000 items.

`python -m benchmarks.at_size --items N --database URL` fills an empty database by COPY (`benchmarks.stores`, five
sightings an item, and a template of text for each case), or takes one that was filled so before, and then times what
crawls, workers and people wait for. Last it takes sightings out of two months: out of one as `mekiki db prune` does,
with the month's table, out of the other by DELETE in batches. The store has fewer sightings afterwards.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, delete, func, select, text

from benchmarks.priority import told as told_priority
from benchmarks.priority import undisturbed
from benchmarks.stores import NOW, fill, stored_items
from config import Config, FeedSource
from config.models import Crawler
from detector.campaign import CampaignKey
from detector.campaign_text import VALUES, parts
from detector.evidence import evidence_from_json
from detector.items import Item, Text
from detector.verdict import Verdict
from storage.campaign_keys import band_of, identity_of, keep_keys
from storage.case_list import Place, list_cases, place_of
from storage.cases import case_detail
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.items import Observation, item_from, record_many
from storage.loading import load_rows, set_sequence
from storage.partitions import make_months, months, thin
from storage.schema import Base, CampaignKeyRow, Case, CaseItem, ItemVersion, Sighting, VerdictRow
from watch.due import due_jobs

if TYPE_CHECKING:
    from storage.case_views import CaseSummary

AGAIN = 4  # further sightings of each item
BATCH = 200  # observations of one transaction, as a crawl writes them; half of them are known
ROUNDS = 60  # of each thing that is timed
SOURCES = 200  # that a watch asks about
JUDGE = "f" * 64  # as `benchmarks.stores` has it
BRAND = "hoshino"


@dataclass(slots=True)
class Times:
    """Seconds that one thing took, each time: by the clock, and of this process's CPU."""

    taken: list[tuple[float, float]]

    def told(self) -> str:
        """Return median and 95th percentile in milliseconds."""
        wall, cpu = (_spread([one[place] for one in self.taken]) for place in (0, 1))
        return f"{wall:>17} ms, CPU {cpu} ms"


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    return f"{1000 * statistics.median(ordered):.1f} / {1000 * p95:.1f}"


def measure(act: Callable[[], object], rounds: int = ROUNDS) -> Times:
    """Do something once unmeasured, and then so many times."""
    act()
    with undisturbed():
        return Times([_seconds(act) for _ in range(rounds)])


def _seconds(act: Callable[[], object]) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - began, time.process_time() - used


def filled(engine: Engine, items: int) -> None:
    """Fill the store where it is empty, and say how long that took."""
    upgrade(engine)
    if not stored_items(engine):
        print(f"{'load by COPY':<34}{_seconds(lambda: fill(engine, items, again=AGAIN))[0]:9.1f} s")
    if stored_items(engine) < items:
        raise SystemExit("the database holds another store: name an empty one")
    with transaction(engine) as session:
        make_months(session.connection(), datetime.now(NOW.tzinfo))
        if not session.scalar(select(func.count()).select_from(CampaignKeyRow)):
            _give_templates(session.connection(), session.scalar(select(func.count()).select_from(Case)) or 0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _template(case: int) -> str:
    return f"{random.Random(case).getrandbits(16 * VALUES):0{4 * VALUES}x}"


def _give_templates(connection: Any, cases: int) -> None:
    """Write a template of text for each case, unlike all others, with its parts."""
    tables = Base.metadata.tables
    keys = ((n, identity_of(BRAND, "text", _template(n)), BRAND, "text", _template(n), 1, 0) for n in range(1, cases))
    names = ("id", "identity", "brand", "kind", "value", "cases", "parted")
    load_rows(connection, tables["campaign_keys"], names, keys)
    set_sequence(connection, tables["campaign_keys"])
    bands = ((band_of(BRAND, "text", part), n) for n in range(1, cases) for part in set(parts(_template(n))))
    load_rows(connection, tables["campaign_bands"], ("band", "key_id"), bands)


def record(engine: Engine, items: int) -> tuple[Times, float]:
    """Record batches as a crawl does, half of them known; return the times, and observations a second."""
    chosen, fresh = random.Random(items), iter(range(10**9, 10**10))
    known = [_stored(engine, chosen.sample(range(1, items), BATCH // 2)) for _ in range(10)]
    for batch in known:  # what is written past the program gets its version first
        _record(engine, batch)
    new = [[_new(next(fresh), entry) for entry in known[turn % 10]] for turn in range(ROUNDS // 2)]
    taken = Times([])
    with undisturbed():
        for turn, batch in enumerate(new):
            entries = batch + known[turn % 10]
            taken.taken.append(_seconds(lambda entries=entries: _record(engine, entries)))  # type: ignore[misc]
    return taken, BATCH * len(taken.taken) / sum(wall for wall, _ in taken.taken)


Entry = tuple[Observation, Sequence[Verdict]]


def _stored(engine: Engine, ids: Sequence[int]) -> list[Entry]:
    with snapshot(engine) as session:
        rows = session.execute(
            select(ItemVersion.content, VerdictRow)
            .join(VerdictRow, VerdictRow.version_id == ItemVersion.id)
            .where(ItemVersion.id.in_(ids))
        )
        return [_entry(item_from(content), verdict) for content, verdict in rows]


def _entry(item: Item, row: VerdictRow) -> Entry:
    evidence = tuple(map(evidence_from_json, row.evidence))
    verdict = Verdict(
        id=item.id, brand=row.brand, score=row.score, decision=row.decision, evidence=evidence, policy=row.policy
    )
    return Observation(item=item, source="meta-ads", run_id=None, seen_at=NOW), (verdict,)


def _new(number: int, like: Entry) -> Entry:
    """Make an item that was never seen, judged as another one."""
    observation, verdicts = like
    words = (Text(role="title", text=f"星野電機 新作 {number}", lang="ja"), *observation.item.texts[1:])
    item = replace(observation.item, id=str(number), texts=words)
    return Observation(item=item, source="meta-ads", run_id=None, seen_at=NOW), verdicts


def _record(engine: Engine, entries: Sequence[Entry]) -> None:
    with transaction(engine) as session:
        wait, interval = timedelta(seconds=30), timedelta(minutes=5)
        record_many(session, entries, judged_by=JUDGE, now=NOW, group_wait=wait, group_interval=interval)


def asked(engine: Engine) -> Iterator[tuple[str, Times]]:
    """Time what people and workers ask for."""
    with snapshot(engine) as session:
        cases = session.scalars(select(Case.id).order_by(func.random()).limit(ROUNDS + 1)).all()
    with undisturbed():
        pages = list(_pages(engine))
    yield "page of the triage list", Times(pages)
    turn = iter(cases)

    def show() -> None:
        with snapshot(engine) as session:
            case_detail(session, next(turn), now=NOW)

    yield "page of a case", measure(show, len(cases) - 1)
    numbers = iter(random.Random(3).sample(range(1, max(cases) // 2), ROUNDS + 1))

    def near() -> None:
        digits = _template(next(numbers))
        key = CampaignKey(kind="text", value="0000" * 16 + digits[64:], strong=False, says="")
        with transaction(engine) as session:
            kept = keep_keys(session, BRAND, [key])
            assert (kept["text", key.value].likeness or 0) >= 0.6, "the near one is found"

    yield "near key of a text", measure(near)
    config = _config()
    yield "due_jobs, 200 sources", measure(lambda: due_jobs(config, engine, NOW))


def _pages(engine: Engine) -> Iterator[tuple[float, float]]:
    after: Place | None = None
    page: list[CaseSummary] = []

    def show() -> None:
        nonlocal page
        with snapshot(engine) as session:
            page = list_cases(session, after=after, now=NOW)

    show()
    for _ in range(ROUNDS):
        yield _seconds(show)
        after = place_of(page[-1]) if page else None


def _config() -> Config:
    known: dict[str, Any] = {"kind": "feed", "paths": ["list.txt"], "format": "urls", "every": "1h"}
    sources = tuple(FeedSource.model_validate({"key": f"s{number}", **known}) for number in range(SOURCES))
    contact = Crawler(contact="brand-protection@hoshino-denki.example")
    return Config(crawler=contact, source=sources)


def removal(engine: Engine) -> Iterator[str]:
    """Take what no case names out of two months, with the table and by DELETE."""
    with engine.connect() as connection:
        two = months(connection)[2:4]
    table, rows = two
    of_cases = select(CaseItem.item_id)
    with _written(engine, "with the table of the month") as told, transaction(engine) as session:
        count = thin(session, table, lambda item_id: item_id.in_(of_cases))
    yield f"{told[0]}, {count} rows"
    with _written(engine, "by DELETE, 200 at a time, VACUUM") as told:
        inside = (Sighting.recorded_at >= rows.begins, Sighting.recorded_at < rows.ends)
        loose = ~select(CaseItem.item_id).where(CaseItem.item_id == Sighting.item_id).exists()
        with snapshot(engine) as session:
            ids = session.scalars(select(Sighting.id).where(*inside, loose).order_by(Sighting.id)).all()
        for start in range(0, len(ids), BATCH):
            with transaction(engine) as session:
                session.execute(delete(Sighting).where(Sighting.id.in_(ids[start : start + BATCH]), *inside))
        count = len(ids)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM {rows.table}"))
    yield f"{told[0]}, {count} rows"


@contextmanager
def _written(engine: Engine, name: str) -> Iterator[list[str]]:
    """Say how long something took, and how much the server wrote into its log for it."""
    told: list[str] = []
    with engine.connect() as connection:
        before = connection.scalar(text("SELECT pg_current_wal_insert_lsn()"))
    began = time.perf_counter()
    yield told
    took = time.perf_counter() - began
    with engine.connect() as connection:
        grown = connection.scalar(text("SELECT pg_current_wal_insert_lsn() - CAST(:lsn AS pg_lsn)"), {"lsn": before})
    told.append(f"{name:<34}{took:9.2f} s, {float(grown or 0) / 2**20:.0f} MB of write-ahead log")


def main() -> None:
    """Fill, and time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--database", required=True, metavar="URL", help="postgresql+psycopg://…")
    chosen = parser.parse_args()
    print(f"{datetime.now(NOW.tzinfo):%Y-%m-%d %H:%M} UTC, load {os.getloadavg()[0]:.1f}, timed with {told_priority()}")
    engine = open_engine(chosen.database)
    filled(engine, chosen.items)
    with snapshot(engine) as session:
        size = session.scalar(text("SELECT pg_database_size(current_database())")) or 0
        looks = session.scalar(select(func.count()).select_from(Sighting)) or 0
    print(f"{chosen.items} items, {looks} sightings, {size / 2**20:.0f} MB, {size / chosen.items:.0f} bytes an item")
    print(f"{'':<34}{'median / 95th percentile':>20}")
    for name, times in asked(engine):
        print(f"{name:<34}{times.told()}")
    times, rate = record(engine, chosen.items)
    print(f"{'record_many, 200 a batch':<34}{times.told()}, {rate:.0f} observations/s")
    for line in removal(engine):
        print(line)
    engine.dispose()


if __name__ == "__main__":
    main()
