"""Statements that people and workers wait for are answered by indexes: PostgreSQL's plans for them, in a filled store.

Each question is asked as the program asks it, and every statement of it is explained twice: as the server would do it,
where no table of size may be read from end to end, and with such readings forbidden, where none may be left, however
small the table still is in this store.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine, event, select, text
from sqlalchemy.orm import Session

from benchmarks.stores import NOW, fill
from config import Config, FeedSource
from config.models import Crawler
from desk.reports.period import Period
from desk.reports.report import make_report
from detector.campaign import CampaignKey
from detector.campaign_text import VALUES, parts
from detector.evidence import evidence_from_json
from detector.verdict import Verdict
from storage.campaign_keys import band_of, identity_of, keep_keys
from storage.case_cards import case_cards
from storage.case_list import count_cases, fitting, list_cases, place_of
from storage.case_news import last_entries, last_entry, newcomers
from storage.cases import case_detail
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.intents import due_intents, pending_intents
from storage.items import Observation, item_from, record_many
from storage.loading import load_rows, set_sequence
from storage.notice_due import due_notices, remind_of_notices
from storage.outbox import claim_deliveries
from storage.partitions import months
from storage.receivers import receiver_views
from storage.reminders import escalate_due, lock_routes_due, remind
from storage.schema import Base, ItemVersion, VerdictRow
from storage.views import CaseFilters
from storage.visits import Wanted, links_to_visit
from tests.storage.conftest import POSTGRES, postgres_database
from watch.due import due_jobs

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(not POSTGRES, reason="MEKIKI_TEST_POSTGRES is not set"),
]

ITEMS = 20_000
BRAND = "hoshino"
FILLED = 1000  # rows from which on another index than the right one costs more
SIZE = 8000  # rows from which on a table is one of size
WAIT = timedelta(minutes=1)
SMALL = {"alert_silences", "cursors", "fetch_states", "host_turns", "receiver_states", "runs", "saved_views"}
SMALL |= {
    "contacts",
    "notice_replies",
    "notices",
    "register_entries",
    "registrations",
}  # of cases that people confirmed
GROWING = set(Base.metadata.tables) - SMALL  # with what is seen, found and told
ALL_IDS = (
    "Index Only Scan of cases: SELECT cases.id FROM cases WHERE"  # of the open ones, best first, whose links are due
)
Statement = tuple[str, Any]


@pytest.fixture(scope="module")
def store() -> Iterator[Engine]:
    """A store of size, with statistics."""
    with postgres_database() as url:
        engine = open_engine(url)
        upgrade(engine)
        fill(engine, ITEMS, again=2)
        with engine.begin() as connection:
            _give_templates(connection)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        yield engine
        engine.dispose()


def _give_templates(connection: Connection) -> None:
    """Write keys of texts, each with its parts, as many as there are cases."""
    numbers, columns = range(1, ITEMS // 10 + 1), ("id", "identity", "brand", "kind", "value", "cases", "parted")
    words = {number: random.Random(number).randbytes(2 * VALUES).hex() for number in numbers}
    keys = ((n, identity_of(BRAND, "text", word), BRAND, "text", word, 1, 0) for n, word in words.items())
    load_rows(connection, Base.metadata.tables["campaign_keys"], columns, keys)
    set_sequence(connection, Base.metadata.tables["campaign_keys"])
    bands = ((band_of(BRAND, "text", part), n) for n, word in words.items() for part in set(parts(word)))
    load_rows(connection, Base.metadata.tables["campaign_bands"], ("band", "key_id"), bands)


@contextmanager
def noted(engine: Engine) -> Iterator[list[Statement]]:
    """Note what is asked of the database meanwhile, each statement once."""
    found: dict[str, Any] = {}

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        one = parameters[0] if many and isinstance(parameters, list) else parameters
        found.setdefault(statement, one)

    statements: list[Statement] = []
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
        words = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")
        statements += [(statement, one) for statement, one in found.items() if statement.lstrip().startswith(words)]


def faults(engine: Engine, statements: Sequence[Statement]) -> list[str]:
    """Return where a plan reads a table from end to end."""
    found = []
    with engine.connect() as connection:
        rows = {row[0]: row[1] for row in connection.execute(text("SELECT relname, reltuples FROM pg_class"))}
        partial = set(
            connection.scalars(text("SELECT indexrelid::regclass::text FROM pg_index WHERE indpred IS NOT NULL"))
        )
        for forbidden in (False, True):
            for statement, parameters in statements:
                if forbidden:
                    connection.execute(text("SET LOCAL enable_seqscan = off"))
                [[plan]] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalars()
                found += [
                    f"{how} of {table}: {' '.join(statement.split())}"
                    for how, table in readings(plan["Plan"], partial)
                    if table.partition("_2")[0] in GROWING
                    and rows[table] >= (SIZE if not forbidden else 0 if how == "Seq Scan" else FILLED)
                ]
                connection.rollback()
    return found


def readings(plan: dict[str, Any], partial: Set[str], *, cut: bool = False) -> Iterator[tuple[str, str]]:
    """Yield how and of which table a plan reads everything; the first few in the order of an index are not that."""
    kind = plan["Node Type"]
    cut = cut or kind == "Limit" or plan.get("Index Name") in partial
    if kind == "Seq Scan" or (kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in plan and not cut):
        yield kind, plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from readings(part, partial, cut=cut)


def stored(session: Session, ids: Sequence[int]) -> list[tuple[Observation, list[Verdict]]]:
    """Return items as a crawl sees them again."""
    rows = session.execute(
        select(ItemVersion.content, VerdictRow)
        .join(VerdictRow, VerdictRow.version_id == ItemVersion.id)
        .where(ItemVersion.id.in_(ids))
    )
    entries = []
    for content, row in rows:
        item, evidence = item_from(content), tuple(map(evidence_from_json, row.evidence))
        verdict = Verdict(
            id=item.id, brand=row.brand, score=row.score, decision=row.decision, evidence=evidence, policy=row.policy
        )
        entries.append((Observation(item=item, source="meta-ads", run_id=None, seen_at=NOW), [verdict]))
    return entries


def crawl(session: Session) -> None:
    entries = stored(session, range(100, ITEMS, 400))
    record_many(session, entries, judged_by="f" * 64, now=NOW, group_wait=WAIT, group_interval=WAIT)


def lists(session: Session) -> None:
    for filters in (CaseFilters(), CaseFilters(states=("open",)), CaseFilters(states=("confirmed",))):
        page = list_cases(session, filters, now=NOW)
        assert list_cases(session, filters, after=place_of(page[-1]), now=NOW)


def walls(session: Session) -> None:
    page = list_cases(session, limit=48, now=NOW)
    assert len(case_cards(session, page)) == 48
    assert count_cases(session, now=NOW, most=500) == 500
    assert fitting(session, CaseFilters(), [case.id for case in page], now=NOW)
    assert len(last_entries(session, [case.id for case in page])) == 48
    newcomers(session, CaseFilters(), since=last_entry(session) - 200, known=(), who="aya", most=48, now=NOW)


def pages(session: Session) -> None:
    for case in (1, 777, 1500):
        assert case_detail(session, case, now=NOW).items


def alerts(session: Session) -> None:
    due_intents(session, NOW)
    pending_intents(session, NOW)
    claim_deliveries(session, now=NOW, limit=50, lease=WAIT, worker="w")


def reminders(session: Session) -> None:
    lock_routes_due(session, NOW)
    remind(session, "repeat", NOW, limit=10)
    remind(session, "escalate", NOW, limit=10)
    escalate_due(session, NOW, limit=10)
    remind_of_notices(session, NOW, limit=10)


def notices(session: Session) -> None:
    due_notices(session, NOW, approvals=True)


def links(session: Session) -> None:
    since, before = NOW - timedelta(days=3), NOW - timedelta(days=1)
    wanted = Wanted(score=0.6, judged_since=since, before=before, most=20, visitors=("telephone",))
    assert len(links_to_visit(session, wanted)) == 20


def near_keys(session: Session) -> None:
    keep_keys(session, BRAND, [CampaignKey(kind="text", value="7f3a" * VALUES, strong=False, says="")])


def receivers(session: Session) -> None:
    receiver_views(session, NOW)


@pytest.mark.parametrize(
    "ask",
    [crawl, lists, walls, pages, alerts, reminders, notices, links, near_keys, receivers],
    ids=lambda ask: ask.__name__,
)
def test_no_table_of_size_is_read_from_end_to_end(store: Engine, ask: Callable[[Session], None]) -> None:
    with Session(store) as session, noted(store) as statements:
        ask(session)
        session.rollback()
    assert statements
    assert [fault for fault in faults(store, statements) if not fault.startswith(ALL_IDS)] == []


def test_what_is_due_is_answered_by_indexes(store: Engine) -> None:
    known: dict[str, Any] = {"kind": "feed", "paths": ["list.txt"], "format": "urls", "every": "1h"}
    config = Config(
        crawler=Crawler(contact="brand-protection@hoshino-denki.example"),
        source=tuple(FeedSource.model_validate({"key": f"s{number}", **known}) for number in range(20)),
    )
    with noted(store) as statements:
        assert len(due_jobs(config, store, NOW)) >= 20
    assert faults(store, statements) == []


def test_a_report_counts_sightings_in_the_months_of_its_period_only(store: Engine) -> None:
    period = Period(first=date(2026, 10, 24), last=date(2026, 11, 22), zone=ZoneInfo("Asia/Tokyo"), now=NOW)
    with noted(store) as statements, snapshot(store) as session:
        make_report(session, period, brand=None, names={}, healths=())
    [counted] = [one for one in statements if "count(*)" in one[0] and "FROM sightings" in one[0]]
    with store.connect() as connection:
        assert len(months(connection)) >= 7
        [[plan]] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {counted[0]}", counted[1]).scalars()
    assert set(re.findall(r"'Relation Name': '(\w+)'", str(plan))) == {"sightings_202610", "sightings_202611"}


def test_a_reading_from_end_to_end_is_found(store: Engine) -> None:
    with transaction(store) as session, noted(store) as statements:
        session.scalars(select(ItemVersion.id).where(ItemVersion.recorded_at >= NOW)).all()
    assert any("Seq Scan of item_versions" in fault for fault in faults(store, statements))
