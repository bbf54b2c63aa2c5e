"""Sightings by month: 0 lost when the table is partitioned, and months that are over go with their tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, select, text

from detector.verdict import Verdict
from storage import partitions
from storage.database import open_engine, transaction, upgrade
from storage.media import MediaStore
from storage.partitions import beginning, following, make_months, months
from storage.retention import Keep, compact, prune
from storage.schema import Sighting
from tests.storage.examples import a_verdict, an_item, count, see

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
JULY = datetime(2026, 7, 15, 12, tzinfo=UTC)
KEEP = Keep(items=timedelta(days=60))  # until 2026-09-23: what is over ends with August


def test_a_month_ends_where_the_next_begins() -> None:
    assert following(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert beginning(datetime.fromisoformat("2026-12-01T08:59:59+09:00")) == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_database_of_revision_0014_keeps_every_sighting(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:
        _upgrade_to(connection, "0014")
        _see_at(
            connection, "1969-12-31 23:59:59", "2026-09-30 23:59:59.999999", "2026-10-01 00:00:00", "2026-11-01 00:30"
        )
        before = connection.execute(text("SELECT * FROM sightings ORDER BY id")).all()
    upgrade(empty_engine)
    with empty_engine.begin() as connection:
        assert connection.execute(text("SELECT * FROM sightings ORDER BY id")).all() == before
        _see_at(connection, "2026-11-02 00:00", first=5, item=1)
        assert len(before) == 4
    if empty_engine.dialect.name == "postgresql":
        with empty_engine.connect() as connection:
            parts = {name.table: _rows(connection, name.table) for name in months(connection)}
            assert {name: rows for name, rows in parts.items() if rows} == {
                "sightings_196912": 1,
                "sightings_202609": 1,
                "sightings_202610": 1,
                "sightings_202611": 2,
            }
            newest = connection.execute(
                text(
                    "INSERT INTO sightings (item_id, version_id, source, seen_at, recorded_at) "
                    "VALUES (1, 1, 'tips', now(), now()) RETURNING id"
                )
            ).scalar_one()
            assert newest == 6, "ids go on where they were"


@pytest.mark.postgres
def test_months_are_made_ahead_and_take_what_lay_elsewhere(engine: Engine) -> None:
    _only_postgresql(engine)
    later = datetime(2031, 3, 5, tzinfo=UTC)
    see(engine, an_item(), at=later)
    with engine.begin() as connection:
        assert _rows(connection, "sightings_default") == 1
        made = make_months(connection, later)
        assert made == ["sightings_203103", "sightings_203104", "sightings_203105", "sightings_203106"]
        assert make_months(connection, later) == []
        assert (_rows(connection, "sightings_default"), _rows(connection, "sightings_203103")) == (0, 1)
    see(engine, an_item(), at=later + timedelta(days=40))
    with engine.begin() as connection:
        assert _rows(connection, "sightings_203104") == 1


def test_sightings_of_months_that_are_over_go_unless_a_case_names_their_item(engine: Engine, tmp_path: Path) -> None:
    case, other = _seen_since_july(engine)
    done = prune(engine, MediaStore(tmp_path / "media"), KEEP, who="aiko", now=NOW, dry_run=True)
    assert (done.sightings, count(engine, Sighting)) == (2, 7)
    done = prune(engine, MediaStore(tmp_path / "media"), KEEP, who="aiko", now=NOW)
    assert (done.sightings, done.items) == (2, 0)
    with transaction(engine) as session:
        seen = session.execute(select(Sighting.item_id, Sighting.seen_at).order_by(Sighting.id)).all()
    assert [when for item, when in seen if item == case] == [JULY, JULY + timedelta(days=20), NOW]
    assert [when for item, when in seen if item == other] == [datetime(2026, 9, 5, tzinfo=UTC), NOW]
    assert prune(engine, MediaStore(tmp_path / "media"), KEEP, who="aiko", now=NOW).sightings == 0


@pytest.mark.postgres
def test_of_a_month_that_is_over_the_table_goes(engine: Engine, tmp_path: Path) -> None:
    _only_postgresql(engine)
    with _month_tables(engine, JULY) as tables:
        _seen_since_july(engine)
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM case_items WHERE item_id IN (SELECT item_id FROM sightings_202608)"))
            before = {table: _oid(connection, table) for table in tables}
        prune(engine, MediaStore(tmp_path / "media"), KEEP, who="aiko", now=NOW)
        with engine.connect() as connection:
            after = {table: _oid(connection, table) for table in tables}
            assert _rows(connection, "sightings_202607") == 1
            bounds = connection.execute(
                text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'sightings_202607'")
            ).scalar_one()
            indexes = [
                connection.scalar(text(f"SELECT count(*) FROM pg_index WHERE indrelid = '{table}'::regclass"))
                for table in ("sightings_202607", "sightings")
            ]
        assert after["sightings_202607"] not in (None, before["sightings_202607"])
        assert after["sightings_202609"] == before["sightings_202609"], "a month that is not over is left alone"
        assert "2026-07-01" in bounds
        assert indexes[0] == indexes[1] > 0


@pytest.mark.postgres
def test_room_is_made_online_while_somebody_reads(engine: Engine) -> None:
    _only_postgresql(engine)
    see(engine, an_item(1))
    with engine.begin() as connection:
        assert _rows(connection, "items") == 1  # a table that is read cannot be written anew
        before = _oid(connection, "items"), connection.scalar(text("SELECT pg_relation_filenode('items')"))
        compact(engine, online=True)
    compact(engine)
    with engine.connect() as connection:
        assert before != (_oid(connection, "items"), connection.scalar(text("SELECT pg_relation_filenode('items')")))


@pytest.mark.postgres
def test_while_others_use_the_tables_all_stays_as_it_was(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _only_postgresql(engine)
    monkeypatch.setattr(partitions, "_WAIT", "30ms")
    monkeypatch.setattr(partitions, "TRIES", 2)
    with _month_tables(engine, JULY):
        _seen_since_july(engine)
        reader = open_engine(engine.url.render_as_string(hide_password=False))
        with reader.begin() as connection:
            assert _rows(connection, "items") == 2
            media = MediaStore(tmp_path / "media")
            assert prune(engine, media, KEEP, who="aiko", now=NOW).sightings == 0
        reader.dispose()
        assert count(engine, Sighting) == 7
        with engine.connect() as connection:
            assert _rows(connection, "sightings_202607") == 2
        assert prune(engine, media, KEEP, who="aiko", now=NOW).sightings == 2


def _seen_since_july(engine: Engine) -> tuple[int, int]:
    """See an item of a case, and one of none, from July to November; return the items."""
    for days in (0, 20):
        see(engine, an_item(1), at=JULY + timedelta(days=days))
        other = see(engine, an_item(2, host="paper.example"), *_unflagged(), at=JULY + timedelta(days=days))
    see(engine, an_item(2, host="paper.example"), *_unflagged(), at=datetime(2026, 9, 5, tzinfo=UTC))
    see(engine, an_item(2, host="paper.example"), *_unflagged(), at=NOW)
    return see(engine, an_item(1), at=NOW).item_id, other.item_id


def _unflagged() -> tuple[Verdict, ...]:
    return (a_verdict(an_item(2), score=0.2, decision="mention"),)


@contextmanager
def _month_tables(engine: Engine, since: datetime) -> Iterator[list[str]]:
    """Have tables for the four months from one on, and none of them afterwards: others use this database, too."""
    with engine.begin() as connection:
        made = make_months(connection, since)
    yield made
    with engine.begin() as connection:
        for table in made:
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path("storage/migrations").resolve()))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _see_at(connection: Connection, *moments: str, first: int = 1, item: int | None = None) -> None:
    """Write sightings as the program of revision 0014 did, of an item each or of a known one."""
    zone = "" if connection.dialect.name == "sqlite" else "+00"
    for number, moment in enumerate(moments, first):
        values = {"n": number, "item": item or number, "at": moment + zone}
        if item is None:
            for table, columns in (
                ("items", "(id, identity, kind, external_id, recorded_at) VALUES (:n, :n, 'ad', 'x', :at)"),
                ("item_versions", "(id, item_id, fingerprint, content, recorded_at) VALUES (:n, :n, 'f', '{}', :at)"),
            ):
                connection.execute(text(f"INSERT INTO {table} {columns}"), values)
        columns = "(item_id, version_id, source, seen_at, recorded_at) VALUES (:item, :item, 'tips', :at, :at)"
        connection.execute(text(f"INSERT INTO sightings {columns}"), values)


def _rows(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _oid(connection: Connection, table: str) -> int | None:
    return connection.execute(text("SELECT to_regclass(:table)::oid"), {"table": table}).scalar()


def _only_postgresql(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one table")
