"""What lists, what is due and figures of notices cost in a big store.

`python -m benchmarks.notices [--notices 200000]` fills a new SQLite file: cases of all ages, of each a few notices;
nine of ten are settled, as after three years of work. Then it asks for pages, for what is due, what is to be told, and
for figures.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, insert

from detector.items import Item
from detector.verdict import Verdict
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.items import Observation, record_many
from storage.notice_due import any_unreminded, due_notices
from storage.notice_figures import channel_figures
from storage.notice_list import NoticeFilters, list_notices
from storage.notices import notice
from storage.schema import Case, NoticeRow

NOW = datetime(2026, 11, 30, tzinfo=UTC)
YEARS = timedelta(days=3 * 365)
EACH = 5  # notices of a case
CHANNELS = [f"channel-{number}" for number in range(60)]
BODY = "To whom it may concern: this page imitates our shop. " * 40  # 2 kB, as a real one
AT_ONCE = 5000  # rows


def fill(engine: Engine, notices: int) -> None:
    """Put cases and notices into an empty store: the younger a case, the likelier it is still worked on."""
    with transaction(engine) as session:
        item = Item(id="ad-1", kind="ad", platform="meta", seen_at=NOW)
        verdict = Verdict(id="ad-1", brand="hoshino", score=0.9, decision="impersonation", evidence=(), policy="2026.1")
        look = Observation(item=item, source="ads", run_id=None, seen_at=NOW)
        record_many(
            session,
            [(look, [verdict])],
            judged_by="f" * 64,
            now=NOW,
            group_wait=timedelta(0),
            group_interval=timedelta(0),
        )
    random = Random(7)
    cases = notices // EACH
    for start in range(0, cases, AT_ONCE):
        numbers = range(start + 2, min(start + AT_ONCE, cases) + 2)
        with transaction(engine) as session:
            opened = {number: NOW - YEARS * (1 - (number - 2) / cases) for number in numbers}
            settled = {number: random.random() < _settled(opened[number]) for number in numbers}
            session.execute(
                insert(Case), [_case(number, opened[number], settled[number], random) for number in numbers]
            )
            rows = [
                _notice((number - 2) * EACH + which + 1, number, opened[number], settled[number], random)
                for number in numbers
                for which in range(EACH)
            ]
            session.execute(insert(NoticeRow), rows)


def _settled(opened: datetime) -> float:
    return min(0.98, (NOW - opened) / timedelta(days=60))


def _case(number: int, opened: datetime, settled: bool, random: Random) -> dict[str, Any]:
    return {
        "id": number,
        "identity": f"{number:064x}",
        "brand": "hoshino",
        "campaign": f"c{number}",
        "title": "Hoshino Denki Outlet 公式 閉店セール",
        "opened_at": opened,
        "state": random.choice(("closed", "down", "dismissed")) if settled else random.choice(("takedown", "relapsed")),
        "score": 0.9,
        "decision": "impersonation",
        "verdict_id": 1,
        "items": 1,
        "tags": [],
        "waiting_since": opened,
        "last_seen": opened,
    }


def _notice(number: int, case: int, opened: datetime, settled: bool, random: Random) -> dict[str, Any]:
    states = (
        ("down",) * 6 + ("refused", "withdrawn") if settled else ("filed", "filed", "acknowledged", "down", "refused")
    )
    state = random.choice((*states, "back", "draft", "information_requested") if not settled else states)
    channel = random.choice(CHANNELS)
    filed = opened + timedelta(hours=random.randrange(72)) if state != "draft" else None
    answered = filed + timedelta(hours=random.randrange(1, 200)) if filed and random.random() < 0.7 else None
    gone = filed + timedelta(hours=random.randrange(1, 400)) if filed and state in ("down", "back") else None
    waits = state in ("filed", "acknowledged", "refused", "back", "draft", "information_requested")
    return {
        "id": number,
        "reference": f"MK-{case}-{number:08d}",
        "case_id": case,
        "channel": channel,
        "language": "ja",
        "actor": "host",
        "subject": f"203.0.113.{number % 250}",
        "targets": [f"https://shop{case}.test/"],
        "links": [f"https://shop{case}.test/"],
        "content": {"channel": channel, "title": "Impersonation", "body": BODY, "case_id": case},
        "state": state,
        "state_at": gone or answered or filed or opened,
        "drafted_at": opened,
        "drafted_by": "aya",
        "filed_at": filed,
        "filed_by": "aya" if filed else None,
        "their_reference": f"T-{number}" if filed else None,
        "answered_at": answered,
        "refused_for": "no trademark" if state == "refused" else None,
        "due_at": opened + timedelta(days=random.randrange(2, 20)) if waits else None,
        "reminded_at": NOW if waits else None,
        "down_at": gone,
        "back_at": gone + timedelta(days=2) if gone and state == "back" else None,
    }


def asked(notices: int) -> Mapping[str, Callable[[Any], object]]:
    """Return what is asked, by name."""
    return {
        "list, first page": lambda session: list_notices(session),
        "list, a page in the middle": lambda session: list_notices(session, before=notices // 2),
        "list, two states": lambda session: list_notices(session, NoticeFilters(states=("refused", "back"))),
        "list, a channel": lambda session: list_notices(session, NoticeFilters(channels=("channel-7",))),
        "list, a case": lambda session: list_notices(session, NoticeFilters(case=7)),
        "one by their reference": lambda session: notice(session, "T-41" if notices < 50_000 else "T-49999"),
        "due": lambda session: due_notices(session, NOW, approvals=True),
        "due, of a case": lambda session: due_notices(session, NOW, approvals=True, case_id=7),
        "anything to tell": lambda session: any_unreminded(session, NOW),
        "stats of 90 days": lambda session: channel_figures(session, NOW - timedelta(days=90), NOW),
        "stats of all": lambda session: channel_figures(session, NOW - YEARS, NOW),
    }


def seconds(engine: Engine, ask: Callable[[Any], object], rounds: int) -> Iterator[float]:
    """Yield what one question costs in CPU, each time in a session of its own."""
    for _ in range(rounds):
        with snapshot(engine) as session:
            began = time.process_time()
            ask(session)
            yield time.process_time() - began


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--notices", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mekiki.db"
        engine = open_engine(f"sqlite:///{file}")
        upgrade(engine)
        fill(engine, options.notices)
        print(f"{options.notices} notices, {file.stat().st_size / 1e6:.0f} MB")
        print(f"{'':<28}{'median ms':>10}{'p95 ms of CPU':>16}")
        for name, ask in asked(options.notices).items():
            times = sorted(1000 * one for one in seconds(engine, ask, options.rounds))
            print(f"{name:<28}{statistics.median(times):>10.1f}{times[int(0.95 * (len(times) - 1))]:>16.1f}")
        with snapshot(engine) as session:
            print(f"due: {dict(due_notices(session, NOW, approvals=True).counts)}")
        engine.dispose()


if __name__ == "__main__":
    main()
