"""What a list of fraud hosts costs in a big store: seconds and memory, by how many confirmed cases there are.

`python -m benchmarks.feed --database URL` takes an empty database or a store that `benchmarks.stores` filled, confirms
all of its cases, gives each its landing domain as its own, and writes lists as `mekiki share feed` does, each in a
process of its own whose memory is measured.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from benchmarks.stores import NOW, fill, stored_items
from config.sharing import Sharing
from detector.brands import BrandProfile
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.fraud_hosts import FraudCase, fraud_cases
from takedown.sharing.feed import FORMS, Form, entries_of, feed, head, write
from takedown.sharing.fences import Fences

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

Figures = tuple[Form, int, int, float, float, int]  # form, cases, entries, seconds, of them CPU, MB


def confirm_all(database: str) -> int:
    """Confirm every case, and note its landing domain as its own; return how many there are."""
    with transaction(open_engine(database)) as session:
        session.execute(text("UPDATE cases SET state = 'confirmed', snoozed_until = NULL, merged_into = NULL"))
        session.execute(
            text(
                "INSERT INTO campaign_keys (id, identity, brand, kind, value) SELECT id, 'bench' || id, brand, 'host', "
                "replace(campaign, 'host:', '') FROM cases WHERE id NOT IN (SELECT id FROM campaign_keys)"
            )
        )
        session.execute(
            text(
                "INSERT INTO case_keys (key_id, case_id, item_id, strong) SELECT c.id, c.id, "
                "(SELECT min(item_id) FROM case_items i WHERE i.case_id = c.id), true FROM cases c "
                "WHERE c.id NOT IN (SELECT case_id FROM case_keys)"
            )
        )
        return session.scalar(text("SELECT count(*) FROM cases")) or 0


def peak() -> int:
    """Return the most memory that this process has had, in MB; `ru_maxrss` begins with what its parent had."""
    [line] = [line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def measured(database: str, form: Form, found: "Queue[Figures]") -> None:
    """Write one list and tell what it cost, over what the process had before."""
    before = peak()
    started, working = time.perf_counter(), time.process_time()
    brand = BrandProfile(key="hoshino", name="星野電機", domains=("hoshino-denki.example",))
    profile, cases = Sharing(key="bench"), 0
    with tempfile.TemporaryDirectory() as folder, feed(form) as entries, snapshot(open_engine(database)) as session:

        def counted() -> Iterator[FraudCase]:
            nonlocal cases
            for case in fraud_cases(session, profile.states):
                cases += 1
                yield case

        fences = Fences([brand], (), date(2026, 11, 22))
        made = entries.fill(entries_of(counted(), form, profile, fences, now=NOW))
        with (Path(folder) / form).open("w", encoding="ascii") as out:
            write(out, head(made, profile, version="0", now=NOW), entries.lines())
    spent, worked = time.perf_counter() - started, time.process_time() - working
    grown = peak() - before
    found.put((form, cases, made.entries, spent, worked, grown))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--items", type=int, default=100_000, help="of an empty database; a tenth of it is cases")
    parser.add_argument("--form", choices=FORMS, action="append", help="default: all")
    options = parser.parse_args()
    engine = open_engine(options.database)
    upgrade(engine)
    if not stored_items(engine):
        fill(engine, options.items)
    engine.dispose()
    print(f"{confirm_all(options.database)} cases, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    context = get_context("spawn")
    for form in options.form or FORMS:
        found: Queue[Figures] = context.Queue()
        process = context.Process(target=measured, args=(options.database, form, found))
        process.start()
        name, cases, entries, seconds, worked, megabytes = found.get()
        process.join()
        cost = f"{seconds:6.1f} s, {worked:.1f} s of CPU, +{megabytes} MB"
        print(f"{name:8} {cases:7} cases {entries:7} entries {cost}", flush=True)


if __name__ == "__main__":
    main()
