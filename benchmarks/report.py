"""The report on a large store: `python -m benchmarks.report --items N --database URL`.

Fills the database as `benchmarks.stores` does, unless it is full already, and makes the report of its last 30 days, and
of all its days, as HTML.
"""

import argparse
import resource
import time
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from benchmarks.stores import NOW, fill, stored_items
from desk.reports.document import document
from desk.reports.html import report_html
from desk.reports.period import Period
from desk.reports.report import make_report
from desk.reports.sections import SECTIONS
from desk.reports.words import words
from storage.database import open_engine, snapshot, upgrade

PERIODS = ((date(2026, 10, 24), date(2026, 11, 22)), (date(2026, 5, 26), date(2026, 11, 22)))


def measure(engine: Engine, first: date, last: date) -> str:
    """Make one report; return a line about it."""
    period = Period(first=first, last=last, zone=ZoneInfo("Asia/Tokyo"), now=NOW)
    wall, cpu = time.monotonic(), time.process_time()
    with snapshot(engine) as session:
        report = make_report(session, period, brand=None, names={}, healths=())
    page = report_html(document(report, words("ja"), SECTIONS))
    cases = report.now.figures.volume.opened + report.before.figures.volume.opened
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return f"{first} to {last}: {cases:,} cases, {wall:.1f} s, {cpu:.1f} s CPU, {len(page):,} bytes, peak {peak:.0f} MB"


def main() -> None:
    """Measure both periods."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--database", required=True, metavar="URL", help="sqlite:///FILE or postgresql+psycopg://…")
    chosen = parser.parse_args()
    engine = open_engine(chosen.database)
    upgrade(engine)
    if not stored_items(engine):
        fill(engine, chosen.items)
    print(f"{stored_items(engine):,} items, {engine.dialect.name}")
    for first, last in PERIODS:
        print(measure(engine, first, last), flush=True)
    engine.dispose()


if __name__ == "__main__":
    main()
