"""(24) A store of every released revision, with rows in all of its tables, comes to this program's with every row."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from storage import database as database_module
from storage.case_list import list_cases
from storage.case_log import log_faults
from storage.cases import case_detail
from storage.custody import chain, check_chain
from storage.database import check_current, open_engine, revision_of, revisions, snapshot, upgrade
from storage.schema import Base
from tests.servers.postgres import database as postgres_database
from tests.storage.examples import NOW, an_item, see
from tests.storage.released import Rows, contents, fill

MIGRATIONS = Path(database_module.__file__).parent / "migrations"
REVISIONS = sorted(file.name[:4] for file in (MIGRATIONS / "versions").glob("0*.py"))
ADDED = {"case_sources", "campaign_keys", "item_keys", "case_keys"}  # tables that migrations fill from what is there
SCHEMA = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT 'column', table_name, column_name, concat_ws(' ', data_type, character_maximum_length, is_nullable,
            column_default) FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, concat(pg_get_triggerdef(oid), ' ', tgenabled)
            FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'sequence', sequencename, data_type::text, '' FROM pg_sequences WHERE schemaname = 'public'
    """,
}


def test_revisions_are_read_as_alembic_reads_them(empty_engine: Engine) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert revisions() == [step.revision for step in script.walk_revisions()][::-1]
    assert revisions()[-1] == script.get_current_head()
    for wanted in (None, *revisions()[:2]):
        with empty_engine.begin() as connection:
            if wanted:
                _step(connection, wanted)
            assert revision_of(connection) == MigrationContext.configure(connection).get_current_revision() == wanted


def test_a_store_of_every_released_revision_comes_along(empty_engine: Engine) -> None:
    walked = empty_engine
    with another(walked) as fresh:
        upgrade(fresh)
        wanted = schema(fresh)
    before: Rows = {}
    for revision in REVISIONS:
        with walked.begin() as connection:
            _step(connection, revision)
            after = contents(connection)
            _same(before, after, f"from one revision before to {revision}")
            fill(connection, int(revision))
            before = contents(connection)
        with another(walked, copy=True) as copy:
            applied = upgrade(copy)
            assert applied == REVISIONS[REVISIONS.index(revision) + 1 :]
            _check(copy, before, revision)
            assert schema(copy) == wanted, f"the schema of {revision}, migrated, is not that of a new store"
            if applied and copy.dialect.name == "sqlite":
                assert _backed_up(copy, applied[0]) == before, f"the backup of {revision} is the store as it was"
    _nothing_left_out(before)


def schema(engine: Engine) -> set[tuple[str, ...]]:
    """Return tables, columns, constraints, indexes, triggers and sequences, but not which months there are."""
    with engine.connect() as connection:
        rows = connection.execute(text(SCHEMA[engine.dialect.name])).all()
    said = {tuple(re.sub(r"\s+", " ", str(value)) for value in row) for row in rows}
    return {row for row in said if not re.search(r"sightings_(\d{6}|default)", " ".join(row))}


def _step(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _same(before: Rows, after: Rows, where: str) -> None:
    """Every value that was there is there; rows came in only where migrations gather them."""
    for name, rows in before.items():
        there = after[name]
        assert rows.keys() <= there.keys(), f"rows of {name} are lost, {where}"
        assert name in ADDED or len(there) == len(rows), f"rows of {name} came out of nothing, {where}"
        for key, row in rows.items():
            assert {column: there[key][column] for column in row} == row, f"{name} {key} was changed, {where}"


def _check(engine: Engine, before: Rows, revision: str) -> None:
    """All that was in a store is in it still, and the program can work with it."""
    check_current(engine)
    with engine.connect() as connection:
        _same(before, contents(connection), f"from {revision} to the newest")
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert list(log_faults(engine)) == []
    assert list(check_chain(chain(engine))) == []
    with snapshot(engine) as session:
        cases = [key[0] for key in before["cases"]]
        for case in cases[-2:]:
            assert case_detail(session, case, now=NOW).log
        assert {case.id for case in list_cases(session, now=NOW, limit=100)} <= set(cases)
    for number in range(2):
        recorded = see(engine, an_item(number, host=f"new-{number}.test"))
        assert recorded.new, "ids go on behind those that were given"


def _nothing_left_out(rows: Rows) -> None:
    """Each column of each table has a value somewhere, or this test would prove nothing of it."""
    empty = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if all(row[column.name] is None for row in rows[table.name].values())
    ]
    assert empty == [], "write these in tests/storage/released.py"


@contextmanager
def another(engine: Engine, *, copy: bool = False) -> Iterator[Engine]:
    """Give an empty store of the same kind, or a copy of this one."""
    name = engine.url.database or ""
    engine.dispose()
    if engine.dialect.name == "postgresql":
        with postgres_database(where=f"TEMPLATE {name}" if copy else "") as url:
            made = open_engine(url)
            yield made
            made.dispose()
        return
    file = Path(name).with_name("another.db")
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    if copy:
        shutil.copy(name, file)
    made = open_engine(f"sqlite:///{file}")
    yield made
    made.dispose()


def _backed_up(engine: Engine, before: str) -> Rows:
    """Return what is in the copy that was made before a revision was applied."""
    saved = open_engine(f"{engine.url}.before-{before}")
    with saved.connect() as connection:
        rows = contents(connection)
    saved.dispose()
    return rows
