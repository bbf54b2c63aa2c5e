"""`mekiki takedown bundle`: a file that appears whole, what it says, what it leaves in the chain."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from cli import main
from storage.custody import chain
from storage.database import snapshot, transaction
from storage.merging import merge
from storage.schema import StampRow
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps
from tests.takedown.bundle.bundles import LATER, check
from tests.takedown.stage import AUTHORITY, Stage


@pytest.fixture(autouse=True)
def _offline(stage: Stage) -> None:
    """Nobody stamps, unless a test says so."""
    authority(stage, None)


def authority(stage: Stage, url: str | None) -> None:
    """Configure an authority, on loopback."""
    file = stage.folder / "mekiki.toml"
    text = file.read_text("utf-8")
    old = next(line for line in text.splitlines() if AUTHORITY in line or line.startswith(("authority =", "# none")))
    file.write_text(text.replace(old, f'authority = "{url}"' if url else "# none"), "utf-8")


def bundle(stage: Stage, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["takedown", "bundle", "-c", str(stage.folder / "mekiki.toml"), *arguments])


def test_a_bundle_appears_under_a_name_that_tells_the_case(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = bundle(stage, str(stage.case), "--as", "keiko")
    assert result.exit_code == 0, result.output
    [path] = tmp_path.glob("*.zip")
    assert path.name.startswith(f"mekiki-case-{stage.case}-2")
    assert path.name in result.stdout
    assert "SHA-256 " in result.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert check(path)[0] == 0
    *_, last = chain(stage.engine)
    assert (last.action, last.who) == ("bundle", "keiko")
    assert str(last.data["sha256"]) in result.stdout


def test_the_name_of_a_file_reaches_no_terminal_raw(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "a\u202eb.zip"
    result = bundle(stage, str(stage.case), "--out", str(path))
    assert path.exists()
    assert "a\\u{202E}b.zip: case" in result.stdout


def test_a_file_that_is_there_is_not_written_over_unless_told(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    path.write_text("mine")
    rows = len(list(chain(stage.engine)))
    result = bundle(stage, str(stage.case), "--out", str(path))
    assert result.exit_code == 1
    assert "--force writes over it" in result.stderr
    assert path.read_text() == "mine"
    assert len(list(chain(stage.engine))) == rows
    assert bundle(stage, str(stage.case), "--out", str(path), "--force", "--language", "en").exit_code == 0
    assert check(path)[0] == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["case.zip", "stage"]


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("77",), "there is no case 77", 1),
        (("1", "--out", "/nowhere/x.zip"), "/nowhere/x.zip: cannot be written", 1),
        (("1", "--language", "fr"), "'fr' is not one of", 2),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: tuple[str, ...], says: str, code: int, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = len(list(chain(stage.engine)))
    result = bundle(stage, *arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert len(list(chain(stage.engine))) == rows
    assert not list(tmp_path.glob("*.zip"))


def test_missing_files_are_told_and_end_with_exit_code_4(stage: Stage, tmp_path: Path) -> None:
    victim = next(path for path in stage.media.root.rglob("*") if path.is_file() and is_warc(path))
    victim.unlink()
    result = bundle(stage, str(stage.case), "--out", str(tmp_path / "case.zip"))
    assert result.exit_code == 4
    assert f"missing in the bundle: warc {victim.name} of manifest " in result.stderr
    assert "is not in the media store" in result.stderr
    assert "1 file MISSING" in result.stdout
    assert (tmp_path / "case.zip").is_file()


def is_warc(path: Path) -> bool:
    return path.read_bytes()[:2] == b"\x1f\x8b"


def test_machines_get_json(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    told = json.loads(bundle(stage, str(stage.case), "--out", str(path), "--json").stdout)
    assert told["case"] == stage.case
    assert told["file"] == str(path)
    assert told["bytes"] == path.stat().st_size
    assert told["missing"] == []
    assert stage.media.path(told["manifest"]).is_file()


def test_a_case_that_became_a_part_of_another_gives_the_bundle_of_the_whole(stage: Stage, tmp_path: Path) -> None:
    with transaction(stage.engine) as session:
        merge(session, [stage.case, stage.other], who="keiko", now=LATER)
    result = bundle(stage, str(stage.other), "--out", str(tmp_path / "case.zip"))
    assert result.exit_code == 0
    assert f"case {stage.other} has become a part of case {stage.case}" in result.stderr
    assert f"case {stage.case}," in result.stdout


@pytest.mark.skipif(OPENSSL is None, reason=MISSING)
def test_its_own_manifest_is_stamped_where_an_authority_answers(stage: Stage, tmp_path: Path) -> None:
    with TimeStamps(tmp_path / "tsa") as server:
        authority(stage, server.url("localhost"))
        file = stage.folder / "mekiki.toml"
        file.write_text(
            file.read_text("utf-8") + f'\n[egress]\nallow = ["127.0.0.1:{server.port}", "[::1]:*"]\n', "utf-8"
        )
        result = bundle(stage, str(stage.case), "--out", str(tmp_path / "case.zip"), "--json")
    assert result.exit_code == 0, result.output
    manifest = json.loads(result.stdout)["manifest"]
    with snapshot(stage.engine) as session:
        row = session.scalars(select(StampRow).where(StampRow.manifest == manifest)).one()
        assert row.stamped_at is not None


def test_what_it_works_with_is_gone_afterwards(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "tmp"
    work.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(work))
    assert bundle(stage, str(stage.case), "--out", str(tmp_path / "case.zip")).exit_code == 0
    assert not list(work.iterdir())
