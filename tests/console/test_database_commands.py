"""`mekiki db copy`, `backup` and `restore`: what comes out is what went in, or nothing is said to have come."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, Update, create_engine, select, update

from cli import main
from console.app import PARTLY
from storage import dumping
from storage.backup import MANIFEST, SEAL, hash_of, make_backup, sets
from storage.copying import copy_database, counts, stored_tables
from storage.database import open_engine, transaction, upgrade
from storage.errors import CopyRefused
from storage.media import MediaStore
from storage.schema import Sighting
from storage.schema.cases import Case
from tests.servers.postgres import plain_database
from tests.storage.conftest import POSTGRES, postgres_database
from tests.storage.examples import NOW, an_item, see
from tests.takedown.stage import CONFIG, SHOP, set_stage

PERIOD = ("--from", "2026-11-01", "--to", "2026-11-30", "--zone", "Asia/Tokyo")
PROBLEM = 1
Facts = dict[str, Any]
MADE = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole installation; only copied by the tests."""
    folder = tmp_path_factory.mktemp("installation")
    set_stage(folder)
    return folder


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every report be made at the same time: it says how long things have waited."""
    monkeypatch.setattr("console.commands.reporting.utc_now", lambda: MADE)


@pytest.fixture
def here(filled: Path, tmp_path: Path) -> Path:
    """An installation of one's own, with SQLite."""
    return Path(shutil.copytree(filled, tmp_path / "here"))


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    """A PostgreSQL database without a schema."""
    if not POSTGRES:
        pytest.skip("MEKIKI_TEST_POSTGRES is not set")
    with postgres_database() as url:
        yield url


@pytest.mark.postgres
def test_a_copy_on_postgresql_its_restored_backup_and_a_copy_back_tell_the_same(
    here: Path, empty_postgres: str, tmp_path: Path
) -> None:
    before = reports(here)
    done = mekiki(here, "db", "copy", empty_postgres)
    assert (done.exit_code, "cases: 2 rows" in done.stdout) == (0, True), done.output
    name_database(here, empty_postgres)
    assert reports(here) == before
    with plain_database() as url:
        there = restored(here, tmp_path, url)
        assert reports(there) == before
        done = mekiki(there, "db", "restore", str(tmp_path / "backup"))
        assert (done.exit_code, "holds tables already" in done.stderr) == (PROBLEM, True), done.output
        back = f"sqlite:///{tmp_path / 'back.db'}"
        done = mekiki(there, "db", "copy", back)
        assert done.exit_code == 0, done.output
        first, last = engine_of(here), open_engine(back)
        with first.connect() as old, last.connect() as new:
            for table in stored_tables():
                query = select(table).order_by(*table.primary_key.columns)
                assert old.execute(query).all() == new.execute(query).all(), table.name
        engine = open_engine(url)
        assert see(engine, an_item(99)).new, "ids go on behind the largest one"
        for one in (first, last, engine):
            one.dispose()


def test_a_copy_goes_into_nothing_that_holds_something(here: Path, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'other.db'}"
    assert mekiki(here, "db", "copy", target).exit_code == 0
    engine = open_engine(target)
    with engine.connect() as connection:
        before = counts(connection)
    done = mekiki(here, "db", "copy", target)
    assert (done.exit_code, "the target holds rows already" in done.stderr) == (PROBLEM, True), done.output
    assert len(done.stderr.splitlines()) == 1
    with engine.connect() as connection:
        assert counts(connection) == before
    engine.dispose()


def test_a_copy_of_what_somebody_writes_into_is_given_up(here: Path, tmp_path: Path) -> None:
    source, target = engine_of(here), open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    going = copy_database(source, target)
    assert next(going).rows >= 0
    see(source, an_item(99))
    with pytest.raises(CopyRefused, match="somebody wrote into the source meanwhile"):
        list(going)
    with target.connect() as connection:
        assert set(counts(connection).values()) == {0}
    for one in (source, target):
        one.dispose()


def test_a_copy_of_rows_that_somebody_changes_is_given_up_although_their_number_stays(
    here: Path, tmp_path: Path
) -> None:
    source, target = engine_of(here), open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    going = copy_database(source, target)
    assert next(going).rows >= 0
    with transaction(source) as session:
        session.execute(update(Case).values(title="another"))
    with pytest.raises(CopyRefused, match="somebody wrote into the source meanwhile"):
        list(going)
    for one in (source, target):
        one.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement", [update(Case).values(title=Case.title), update(Sighting).values(seen_at=Sighting.seen_at), None]
)
def test_a_copy_of_postgresql_sees_rows_that_somebody_changes(
    here: Path, empty_postgres: str, tmp_path: Path, statement: Update | None
) -> None:
    assert mekiki(here, "db", "copy", empty_postgres).exit_code == 0
    source, target = open_engine(empty_postgres), open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    going = copy_database(source, target)
    assert next(going).rows >= 0
    if statement is None:
        list(going)  # nobody did
    else:
        with transaction(source) as session:
            session.execute(statement)
        with pytest.raises(CopyRefused, match=r"somebody wrote into the source meanwhile \("):
            list(going)
    for one in (source, target):
        one.dispose()


def test_what_is_restored_on_an_empty_folder_tells_the_same(here: Path, tmp_path: Path) -> None:
    before = reports(here)
    there = restored(here, tmp_path)
    assert (there / "pictures" / "ruscool.jpg").exists(), "files that the configuration names came back, too"
    assert reports(there) == before
    done = mekiki(there, "db", "restore", str(tmp_path / "backup"))
    assert (done.exit_code, "holds tables already" in done.stderr) == (PROBLEM, True), done.output
    assert reports(there) == before


def test_a_configuration_of_another_name_is_asked_for_before_anything_is_written(here: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    (here / "mekiki.toml").rename(here / "team.toml")
    backed = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "backup"), "--config", str(here / "team.toml")])
    assert backed.exit_code == 0, backed.output
    there.mkdir()
    done = mekiki(there, "db", "restore", str(tmp_path / "backup"))
    assert (done.exit_code, "no mekiki.toml, but team.toml: name the main one by --config" in done.stderr) == (
        PROBLEM,
        True,
    )
    assert list(there.iterdir()) == []


def test_who_reads_only_the_help_of_a_backup_finds_the_files_it_writes_and_how_they_come_back(
    here: Path, tmp_path: Path
) -> None:
    said = CliRunner().invoke(main, ["db", "backup", "--help"], terminal_width=120).output
    assert "mekiki db restore FOLDER" in said
    assert mekiki(here, "db", "backup", str(tmp_path / "backup")).exit_code == 0
    [found] = (tmp_path / "backup").glob("2*Z")
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == [found.name, "media"]
    assert re.search(r"FOLDER/\d{4}-\d\d-\d\dT\d{6}Z/", said)
    for name in ("FOLDER/media/", *(f"{path.name}/" if path.is_dir() else path.name for path in found.iterdir())):
        assert name in said, name


def test_a_restore_says_which_secrets_are_yet_to_come(here: Path, tmp_path: Path) -> None:
    backup, there = tmp_path / "backup", tmp_path / "there"
    hook = '[[receiver]]\nkey = "desk"\nchannel = "slack"\nurl = "file:hook"\n'
    (here / "mekiki.toml").write_text(f"{CONFIG}\n{hook}", "utf-8")
    (here / "hook").write_text("https://hooks.example/canary", "ascii")
    assert mekiki(here, "db", "backup", str(backup)).exit_code == 0
    assert not [path for path in backup.rglob("*") if path.name == "hook"]
    there.mkdir()
    done = mekiki(there, "db", "restore", str(backup))
    assert done.exit_code == 0, done.output
    assert "file:hook cannot be read" in done.stderr.splitlines()[-1]


def test_a_second_backup_copies_what_is_new_and_older_sets_go(here: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    first = mekiki(here, "db", "backup", str(backup))
    names = files_of(backup / "media")
    MediaStore(here / "media").put(b"new")
    (here / "media" / "00" / "00").mkdir(parents=True, exist_ok=True)
    (here / "media" / "00" / "00" / ("0" * 64)).write_bytes(b"another content")
    time.sleep(1.1 - time.time() % 1)  # a set is named by the second
    second = mekiki(here, "db", "backup", str(backup), "--keep", "1")
    assert (first.exit_code, second.exit_code) == (0, PARTLY), second.output
    assert "content differs from its name" in second.stderr
    assert "removed 1 older set" in second.stderr
    assert f"{len(names)} of them new" in first.stdout
    assert "1 of them new" in second.stdout
    assert len(files_of(backup / "media") - names) == 1
    assert len(list(backup.glob("2*Z"))) == 1


@pytest.mark.parametrize("what", ["mekiki.db", "media", "manifest.json", "configuration/mekiki.toml"])
def test_a_bit_that_flipped_in_a_backup_is_found_before_anything_is_written(
    here: Path, tmp_path: Path, what: str
) -> None:
    backup, there = tmp_path / "backup", tmp_path / "there"
    assert mekiki(here, "db", "backup", str(backup)).exit_code == 0
    [found] = backup.glob("2*Z")
    file = min(path for path in (backup / "media").rglob("*") if path.is_file()) if what == "media" else found / what
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    there.mkdir()
    done = mekiki(there, "db", "restore", str(backup))
    assert (done.exit_code, "changed" in done.stderr) == (PROBLEM, True), done.output
    assert (file.name if what == "media" else what) in done.stderr
    assert list(there.iterdir()) == []


def _leads_out(found: Path, manifest: Facts) -> None:
    manifest["files"][0]["name"] = "../../../secret"


def _elsewhere(found: Path, manifest: Facts) -> None:
    manifest["database"]["file"] = str(found.parent.parent / "secret")


def _linked(found: Path, manifest: Facts) -> None:
    (found / "configuration" / "mekiki.toml").unlink()
    (found / "configuration" / "mekiki.toml").symlink_to(found.parent.parent / "secret")


def _unnamed(found: Path, manifest: Facts) -> None:
    manifest["files"] = [entry for entry in manifest["files"] if entry["name"] != "mekiki.db"]


def _shapeless(found: Path, manifest: Facts) -> None:
    manifest["files"] = 7


def _screaming(found: Path, manifest: Facts) -> None:
    (found / "media.sha256").write_text("../../secret\n", "ascii")
    [entry] = [entry for entry in manifest["files"] if entry["name"] == "media.sha256"]
    entry["sha256"] = hash_of(found / "media.sha256")


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (_leads_out, "leads out of the backup"),
        (_elsewhere, "does not name"),
        (_linked, "leads out of the backup"),
        (_unnamed, "does not name mekiki.db"),
        (_shapeless, "is no manifest of a backup"),
        (_screaming, "which is no SHA-256"),
    ],
)
def test_a_forged_backup_reads_nothing_outside_itself(
    here: Path, tmp_path: Path, forge: Callable[[Path, Facts], None], says: str
) -> None:
    backup, there = tmp_path / "backup", tmp_path / "there"
    assert mekiki(here, "db", "backup", str(backup)).exit_code == 0
    (tmp_path / "secret").write_bytes(b"not of the backup")
    [found] = backup.glob("2*Z")
    seal(found, forge)
    there.mkdir()
    done = mekiki(there, "db", "restore", str(backup))
    assert (done.exit_code, says in done.stderr, len(done.stderr.splitlines())) == (PROBLEM, True, 1), done.output
    assert list(there.iterdir()) == []


def test_a_file_that_the_manifest_does_not_name_is_not_restored_and_a_set_is_private(
    here: Path, tmp_path: Path
) -> None:
    backup, there = tmp_path / "backup", tmp_path / "there"
    assert mekiki(here, "db", "backup", str(backup)).exit_code == 0
    [found] = backup.glob("2*Z")
    assert {file.stat().st_mode & 0o077 for file in (found, *found.rglob("*"))} == {0}
    (found / "configuration" / "planted.toml").write_text("", "ascii")
    there.mkdir()
    assert mekiki(there, "db", "restore", str(backup)).exit_code == 0
    assert not (there / "planted.toml").exists()


def test_no_password_is_an_argument_of_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, said = tmp_path / "pg_dump", tmp_path / "said"
    program.write_text(f'#!/bin/sh\necho "$PGPASSWORD $*" > {said}\n', "ascii")
    program.chmod(0o700)
    monkeypatch.setattr(dumping, "_program", lambda name, engine: str(program))
    for url in ("postgresql+psycopg://u:geheim@h/d", "postgresql+psycopg://u@h/d?password=geheim&sslmode=require"):
        dumping.dump(create_engine(url), tmp_path / "dump", "snapshot")
        password, *arguments = said.read_text("ascii").split()
        assert password == "geheim"
        assert not [argument for argument in arguments if "geheim" in argument]


@pytest.mark.postgres
def test_without_a_client_program_that_is_new_enough_there_is_no_dump(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(empty_postgres)
    upgrade(engine)
    media = MediaStore(tmp_path / "media")
    old = tmp_path / "bin" / "pg_dump"
    old.parent.mkdir()
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr(dumping, "_DEBIAN", tmp_path)
    for says in ("pg_dump is not on this machine", "pg_dump is of version 9, the server of"):
        with pytest.raises(CopyRefused, match=says):
            make_backup(engine, media, tmp_path / "backup", (), base=tmp_path, now=NOW)
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n", "ascii")
        old.chmod(0o700)
    assert sets(tmp_path / "backup") == []
    engine.dispose()


def seal(found: Path, forge: Callable[[Path, Facts], None]) -> None:
    """Forge a set, and let its hash be right: nobody signs it."""
    manifest = json.loads((found / MANIFEST).read_bytes())
    forge(found, manifest)
    data = json.dumps(manifest).encode()
    (found / MANIFEST).write_bytes(data)
    (found / SEAL).write_text(f"{sha256(data).hexdigest()}  {MANIFEST}\n", "ascii")


def restored(here: Path, folder: Path, url: str | None = None) -> Path:
    """Back an installation up, take it away, and restore it elsewhere; return where."""
    backup, there = folder / "backup", folder / "there"
    done = mekiki(here, "db", "backup", str(backup))
    assert done.exit_code == 0, done.output
    head = re.search(r"custody head (\S+)", done.stderr)
    assert head is not None
    away = here.rename(folder / "away")
    there.mkdir()
    if url is not None:
        shutil.copytree(away / "pictures", there / "pictures")
        name_database(there, url)
    done = mekiki(there, "db", "restore", str(backup), "--verify")
    assert done.exit_code == 0, done.output
    assert f"custody head {head[1]}, as in the backup" in done.stderr
    away.rename(here)
    return there


def mekiki(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(folder / "mekiki.toml")])


def name_database(folder: Path, url: str) -> None:
    (folder / "mekiki.toml").write_text(f'{CONFIG}\n[storage]\ndatabase = "{url}"\n', "utf-8")


def reports(folder: Path) -> dict[str, str]:
    """Return a case, and the report in its forms."""
    done = mekiki(folder, "cases", "show", "1")
    assert SHOP.replace(".", "[.]") in done.stdout
    made = {"case": done.stdout}
    for form in ("json", "html"):
        done = mekiki(folder, "report", "--format", form, *PERIOD)
        assert done.exit_code == 0, done.output
        made[form] = done.stdout
    return made


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def engine_of(folder: Path) -> Engine:
    return open_engine(f"sqlite:///{folder / 'mekiki.db'}")
