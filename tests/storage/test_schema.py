import re
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, UniqueConstraint, inspect, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage.cases import Judgement, judge
from storage.database import transaction
from storage.partitions import months
from storage.schema import AlertIntent, Base, Case, CaseLog
from tests.storage.examples import NOW, an_item, see


def _checks(engine: Engine) -> dict[str, Any]:
    return {
        name: sorted(str(check["name"]) for check in inspect(engine).get_check_constraints(name))
        for name in Base.metadata.tables
    }


def _keys(engine: Engine) -> dict[str, list[str]]:
    inspector = inspect(engine)
    return {name: inspector.get_pk_constraint(name)["constrained_columns"] for name in Base.metadata.tables}


def _indexes(engine: Engine) -> dict[str, str]:
    table = "sqlite_master" if engine.dialect.name == "sqlite" else "pg_indexes"
    columns = "name, sql" if engine.dialect.name == "sqlite" else "indexname, indexdef"
    with engine.connect() as connection:
        rows = connection.execute(
            text(f"SELECT {columns} FROM {table} WHERE {columns.split(', ')[0]} LIKE '%_alert_intents_%'")
        )
        return {name: re.sub(r"\s+", " ", sql) for name, sql in rows if sql}


def test_migrations_and_models_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        parts = {"sightings_default", *(month.table for month in months(connection))}
        opts = {"compare_type": True, "include_name": lambda name, kind, _: kind != "table" or name not in parts}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_what_autogenerate_does_not_compare_agrees_too(engine: Engine, empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:
        Base.metadata.create_all(connection)
    assert _checks(engine) == _checks(empty_engine)
    assert _indexes(engine) == _indexes(empty_engine)
    partitioned = {"sightings": ["id", "recorded_at"]} if engine.dialect.name == "postgresql" else {}
    assert _keys(engine) == _keys(empty_engine) | partitioned
    assert sum(map(len, _checks(engine).values())) >= 15


@pytest.mark.parametrize("statement", ["UPDATE case_log SET who = 'nobody'", "DELETE FROM case_log"])
def test_case_log_is_append_only(engine: Engine, statement: str) -> None:
    see(engine, an_item())
    with pytest.raises(DBAPIError, match="case_log is append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    with transaction(engine) as session:
        assert session.query(CaseLog).count() == 1


@pytest.mark.postgres
def test_case_log_cannot_be_truncated(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="case_log is append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE case_log CASCADE"))


@pytest.mark.parametrize(
    "change",
    [
        update(Case).values(state="gone"),
        update(Case).values(state="snoozed"),
        update(Case).values(verdict_id=999),
        update(AlertIntent).values(state="routed"),
    ],
    ids=["state", "snoozed without an end", "unknown verdict", "settled without a time"],
)
def test_the_database_refuses_what_makes_no_sense(engine: Engine, change: Any) -> None:
    see(engine, an_item())
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(change)


def test_one_pending_intent_about_items_for_each_case(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.add(AlertIntent(case_id=case, reason="new_items", state="pending", count=1, created_at=NOW, due_at=NOW))
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="dismiss", reason="news"), now=NOW)
        session.add(AlertIntent(case_id=case, reason="new_items", state="pending", count=1, created_at=NOW, due_at=NOW))


def test_who_refers_to_what_retention_removes_is_found_by_an_index() -> None:
    """Else a database reads the whole table for each row that is removed, to see whether something points at it."""
    removed = {"items", "item_versions", "verdicts", "sightings", "campaign_keys", "pictures", "visits"}
    for table in Base.metadata.tables.values():
        leads = {
            next(iter(index.columns)).name
            for index in table.indexes
            if index.dialect_options["sqlite"]["where"] is None
        }
        leads |= {next(iter(one.columns)).name for one in table.constraints if isinstance(one, UniqueConstraint)}
        leads.add(next(iter(table.primary_key.columns)).name)
        referring = {key.parent.name for key in table.foreign_keys if key.column.table.name in removed}
        assert referring <= leads, table.name
