"""What a dump of PostgreSQL may not bring along, and who may not restore one."""

from pathlib import Path

import pytest
from sqlalchemy import text

from storage.backup import make_backup
from storage.database import open_engine, upgrade
from storage.errors import CopyRefused
from storage.media import MediaStore
from storage.restoring import open_backup, restore
from tests.servers.postgres import database as own_database
from tests.servers.postgres import needs_postgres, plain_database
from tests.storage.examples import NOW

BAIT = (
    "CREATE FUNCTION evil() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN true; END $$",
    "CREATE TABLE bait (x int CHECK (x > 0))",
    "CREATE VIEW bait AS SELECT 1 AS x",
    "CREATE SCHEMA bait",
    "CREATE RULE bait AS ON INSERT TO cases DO INSTEAD NOTHING",
    "CREATE DOMAIN bait AS int CHECK (VALUE > 0)",
)


@pytest.mark.postgres
@needs_postgres
def test_a_dump_that_holds_what_is_not_ours_is_not_restored(tmp_path: Path) -> None:
    media = MediaStore(tmp_path / "media")
    with own_database() as url, plain_database() as empty:
        engine, target = open_engine(url), open_engine(empty)
        upgrade(engine)
        for number, bait in enumerate(BAIT):
            with engine.connect() as connection:
                connection.begin()
                connection.execute(text(bait))
                connection.commit()
            folder = tmp_path / f"backup{number}"
            make_backup(engine, media, folder, (), base=tmp_path, now=NOW)
            with pytest.raises(CopyRefused, match=r"holds what is not mekiki's \(.*(bait|evil)"):
                restore(open_backup(folder), target, media)
            with engine.connect() as connection:
                kind, name = bait.split()[1:3]
                on = " ON cases" if kind == "RULE" else ""
                connection.execute(text(f"DROP {kind} {name.removesuffix('()')}{on}"))
                connection.commit()
        make_backup(engine, media, tmp_path / "backup", (), base=tmp_path, now=NOW)
        restore(open_backup(tmp_path / "backup"), target, media)
        engine.dispose()
        target.dispose()


@pytest.mark.postgres
@needs_postgres
@pytest.mark.parametrize("right", ["SUPERUSER", "pg_execute_server_program"])
def test_nothing_is_restored_by_a_role_that_may_run_programs(right: str, tmp_path: Path) -> None:
    media = MediaStore(tmp_path / "media")
    with own_database() as url, plain_database() as empty:
        engine, target = open_engine(url), open_engine(empty)
        upgrade(engine)
        make_backup(engine, media, tmp_path / "backup", (), base=tmp_path, now=NOW)
        with engine.connect() as connection:
            role = target.url.username
            connection.execute(text(f"ALTER ROLE {role} {right}" if right.isupper() else f"GRANT {right} TO {role}"))
            connection.commit()
        with pytest.raises(CopyRefused, match=r"may run programs at the server, .*a role that is no superuser"):
            restore(open_backup(tmp_path / "backup"), target, media)
        engine.dispose()
        target.dispose()
