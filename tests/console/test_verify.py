"""`mekiki verify`: what was changed, lost or exchanged is found offline, and named."""

import gzip
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine
from warcio.archiveiterator import ArchiveIterator  # type: ignore[import-untyped]

from cli import main
from spiders.visits.exchange import Exchange
from spiders.visits.warc import warc_of
from storage.custody import append
from storage.database import open_engine, transaction, upgrade
from storage.evidence import EvidenceFile, keep_file, keep_manifest
from storage.media import MediaStore
from storage.stamps import due_stamps, stamp_done, want_stamp
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps
from tests.storage.examples import an_item, see

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
HOSTILE = "\u202etxt.exe\x1b]0;pwned\x07"
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
"""


needs_openssl = pytest.mark.skipif(not OPENSSL, reason=MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An installation with evidence."""

    folder: Path
    engine: Engine
    media: MediaStore

    def save(self, number: int, *files: EvidenceFile, subject: str = "https://shop.test/") -> str:
        kept = files or [keep_file(self.media, "warc", warc(number))]
        facts = {"number": number}
        manifest = keep_manifest(self.media, action="visit", subject=subject, at=NOW, files=kept, facts=facts)
        with transaction(self.engine) as session:
            append(session, at=NOW, who="aki", action="visit", subject=subject, manifest=manifest)
        return manifest

    def change(self, address: str, data: bytes) -> None:
        path = self.media.path(address)
        path.chmod(0o600)
        path.write_bytes(data)

    def tamper(self, *statements: str) -> None:
        """Do in the database what mekiki does not allow."""
        with closing(sqlite3.connect(self.folder / "mekiki.db")) as database, database:
            for change in ("update", "delete"):
                database.execute(f"DROP TRIGGER IF EXISTS custody_no_{change}")
            for statement in statements:
                database.execute(statement)

    def verify(self, *options: str) -> Result:
        return CliRunner().invoke(main, ["verify", "--config", str(self.folder / "mekiki.toml"), *options])

    def lines(self, *options: str) -> list[str]:
        """Return what is wrong, one line each; something must be."""
        result = self.verify(*options)
        assert result.exit_code == 1, result.output
        *lines, summary = result.output.splitlines()
        assert summary.startswith(f"{len(lines)} wrong: ")
        return lines


def warc(number: int) -> bytes:
    one = Exchange(url="https://shop.test/", at=NOW, status=200, body=b"page %d" % number)
    return warc_of([one], about={"visitor": "desk"}, software="mekiki", at=NOW)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    (tmp_path / "mekiki.toml").write_text(CONFIG, "utf-8")
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    upgrade(engine)
    yield Kept(folder=tmp_path, engine=engine, media=MediaStore(tmp_path / "media"))
    engine.dispose()


def test_nothing_kept_is_nothing_wrong(kept: Kept) -> None:
    result = kept.verify()
    assert (result.exit_code, result.output) == (0, "all well: 0 rows of custody\n")
    assert kept.verify("--head").output == f"0:{'0' * 64}\n"


def test_what_was_looked_at_is_counted(kept: Kept) -> None:
    kept.save(1)
    kept.save(2, keep_file(kept.media, "warc", warc(2)), keep_file(kept.media, "screenshot", b"png"))
    kept.media.put(b"a picture of a crawl")
    result = kept.verify()
    assert result.exit_code == 0, result.output
    assert result.output == (
        "all well: 2 rows of custody, 2 manifests, 3 files of evidence, 6 records in WARC files, "
        "6 files in the media store\n"
    )


def test_one_flipped_bit_in_a_thousand_files_is_found(kept: Kept) -> None:
    rng = random.Random(34)
    addresses = [kept.media.put(rng.randbytes(rng.randrange(1, 5000))) for _ in range(1000)]
    assert kept.verify().exit_code == 0
    victim = rng.choice(addresses)
    data = bytearray(kept.media.read(victim))
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    kept.change(victim, bytes(data))
    assert kept.lines() == [f"media {victim}: content differs"]


def test_evidence_that_changed_or_is_gone_is_named_with_its_row(kept: Kept) -> None:
    warcs = [keep_file(kept.media, "warc", warc(number)) for number in range(3)]
    picture = keep_file(kept.media, "screenshot", b"png")
    manifests = [kept.save(number, warcs[number], picture) for number in range(3)]
    kept.change(warcs[0].address, warc(7))
    kept.media.path(warcs[1].address).unlink()
    kept.change(manifests[2], kept.media.read(manifests[2]).replace(b"shop.test", b"shop.best"))
    assert sorted(kept.lines()) == sorted(
        [
            f"media {warcs[0].address}: content differs",
            f"media {manifests[2]}: content differs",
            f"custody row 1: {warcs[0].name}: content differs",
            f"custody row 2: {warcs[1].name}: missing",
            f"custody row 3: manifest {manifests[2]}: content differs",
        ]
    )


def test_a_manifest_that_is_gone_is_named(kept: Kept) -> None:
    manifest = kept.save(1)
    kept.media.path(manifest).unlink()
    assert kept.lines() == [f"custody row 1: manifest {manifest}: missing"]


def test_a_file_that_cannot_be_read_is_named(kept: Kept) -> None:
    picture = keep_file(kept.media, "screenshot", b"png")
    kept.save(1, picture)
    kept.media.path(picture.address).unlink()
    kept.media.path(picture.address).mkdir()
    assert kept.lines() == [
        f"media {picture.address}: cannot be read: it is no plain file",
        f"custody row 1: {picture.name}: cannot be read: it is no plain file",
    ]


def test_a_warc_whose_records_do_not_fit_is_named(kept: Kept) -> None:
    first, *rest = warc(1).split(b"\x1f\x8b\x08")[1:]
    members = [gzip.decompress(b"\x1f\x8b\x08" + piece) for piece in (first, *rest)]
    wrong = b"".join(gzip.compress(one.replace(b"page 1", b"page 9")) for one in members)
    archive = keep_file(kept.media, "warc", wrong)
    text = keep_file(kept.media, "warc", b"no archive", number=2)
    kept.save(1, archive, text)
    [one, two] = kept.lines()
    assert one.startswith(f"custody row 1: {archive.name}: record 2: block digest failed")
    assert two == f"custody row 1: {text.name}: unreadable after record 0: BadGzipFile"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{}", "is no manifest"),
        (b"[" * 100_000, "is no manifest"),
        (b'{"version":"mekiki-evidence/9","files":[]}', "is of version mekiki-evidence/9"),
        (
            b'{"version":"mekiki-evidence/1","files":[{"role":"x","name":"n","sha256":"../x","bytes":1}]}',
            "names no file",
        ),
        (
            b'{"version":"mekiki-evidence/1","files":[{"role":"x","name":"n","sha256":"%s","bytes":1}]}',
            "2 bytes, not 1",
        ),
    ],
    ids=["empty", "deep", "version", "path", "size"],
)
def test_a_manifest_that_makes_no_sense_is_named(kept: Kept, data: bytes, says: str) -> None:
    manifest = kept.media.put(data.replace(b"%s", kept.media.put(b"ab").encode()))
    with transaction(kept.engine) as session:
        append(session, at=NOW, who="aki", action="visit", subject="x", manifest=manifest)
    [line] = kept.lines()
    assert line.startswith("custody row 1: ")
    assert says in line


def test_a_chain_that_was_tampered_with_is_named(kept: Kept) -> None:
    for number in range(1, 5):
        kept.save(number)
    kept.tamper("UPDATE custody SET who = 'nobody' WHERE number = 2", "DELETE FROM custody WHERE number = 3")
    assert kept.lines() == ["custody row 3: missing", "custody row 2: edited"]


def test_a_row_that_was_made_to_name_another_manifest_is_named(kept: Kept) -> None:
    kept.save(1)
    kept.tamper("UPDATE custody SET manifest = '../../etc/passwd'")
    assert kept.lines() == ["custody row 1: edited", "custody row 1: names no manifest"]


def test_an_end_that_was_cut_off_is_found_with_the_head_that_was_noted(kept: Kept) -> None:
    for number in range(1, 5):
        kept.save(number)
    noted = kept.verify("--head").output.strip()
    assert json.loads(kept.verify("--head", "--json").output) == {"number": 4, "hash": noted.partition(":")[2]}
    kept.save(5)
    assert kept.verify("--expect", noted).exit_code == 0
    kept.tamper("DELETE FROM custody WHERE number > 3")
    assert kept.verify().exit_code == 0
    assert kept.lines("--expect", noted) == ["custody row 4: missing: the chain ends at row 3"]


@pytest.mark.parametrize("noted", ["", "4", "4:abc", f"-1:{'ab' * 32}", f"4:{'AB' * 32}", f"{'9' * 30}:{'ab' * 32}"])
def test_a_head_that_is_none_is_a_usage_error(kept: Kept, noted: str) -> None:
    result = kept.verify("--expect", noted)
    assert result.exit_code == 2
    assert "expected NUMBER:HASH" in result.output


def test_hostile_text_reaches_the_terminal_as_escapes(kept: Kept) -> None:
    file = {"role": "x", "name": f"{HOSTILE}\n", "sha256": "ab" * 32, "bytes": 1}
    manifest = kept.media.put(json.dumps({"version": "mekiki-evidence/1", "files": [file]}).encode())
    with transaction(kept.engine) as session:
        append(session, at=NOW, who=HOSTILE, action="visit", subject=HOSTILE, manifest=manifest)
    (kept.media.root / "ab").mkdir(exist_ok=True)
    (kept.media.root / "ab" / HOSTILE).touch()
    kept.tamper(f"UPDATE custody SET tool = '{HOSTILE}'")
    for options in ((), ("--json",)):
        output = kept.verify(*options).output
        assert not set(output) & set("\u202e\x1b\x07")
        assert "missing" in output


def test_what_is_not_ours_in_the_media_store_is_left_alone(kept: Kept) -> None:
    address = kept.media.put(b"ours")
    folder = kept.media.path(address).parent
    (folder / "notes.txt").write_text("theirs")
    (folder / ("ab" * 32)).write_text("not in its place")
    (kept.media.root / ".new-1234").write_text("half")
    assert kept.verify().output == "all well: 0 rows of custody, 1 file in the media store\n"


def test_json_for_machines(kept: Kept) -> None:
    manifest = kept.save(1)
    good = json.loads(kept.verify("--json").output)
    assert (good["ok"], good["findings"], good["counts"]["records"]) == (True, [], 3)
    kept.media.path(manifest).unlink()
    result = kept.verify("--json")
    assert result.exit_code == 1
    bad = json.loads(result.output)
    assert bad["ok"] is False
    assert bad["findings"] == [{"where": "custody row 1", "says": f"manifest {manifest}: missing"}]


def test_a_damaged_database_is_one_line(kept: Kept) -> None:
    for number in range(50):
        kept.save(number)
    kept.engine.dispose()
    file = kept.folder / "mekiki.db"
    data = bytearray(file.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    file.write_bytes(data)
    result = kept.verify()
    assert result.exit_code in (1, 3)
    assert result.output.splitlines()[-1].startswith("mekiki: the database ")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeStamps:
    return TimeStamps(tmp_path_factory.mktemp("verify") / "authority")


@pytest.fixture
def stamped(kept: Kept, authority: TimeStamps) -> Kept:
    manifest = kept.save(1)
    with transaction(kept.engine) as session:
        want_stamp(session, manifest, "https://tsa.example/", NOW)
        [due] = due_stamps(session, NOW)
        stamp_done(session, kept.media, due.id, authority.token(kept.media.read(manifest)), NOW)
    return kept


def token_of(kept: Kept) -> str:
    with closing(sqlite3.connect(kept.folder / "mekiki.db")) as database:
        [(data,)] = database.execute("SELECT data FROM custody WHERE action = 'stamp'")
    return str(json.loads(data)["token"])


@needs_openssl
def test_a_stamp_is_checked_against_roots_if_there_are_some(stamped: Kept, authority: TimeStamps) -> None:
    without = stamped.verify()
    assert without.exit_code == 0
    assert without.output.endswith("1 stamp; time stamps were not checked against a root\n")
    rooted = stamped.verify("--roots", str(authority.roots))
    assert rooted.exit_code == 0
    assert rooted.output.endswith("1 stamp\n")
    assert json.loads(stamped.verify("--json").output)["rooted"] is False


@needs_openssl
def test_stamps_still_to_come_are_counted_and_not_wrong(stamped: Kept) -> None:
    with transaction(stamped.engine) as session:
        want_stamp(session, "ab" * 32, "https://tsa.example/", NOW)
    result = stamped.verify()
    assert result.exit_code == 0
    assert "1 stamp still to come" in result.output


@needs_openssl
def test_a_root_that_is_not_its_own_is_told(stamped: Kept, tmp_path: Path) -> None:
    other = TimeStamps(tmp_path / "other")
    [line] = stamped.lines("--roots", str(other.roots))
    assert line.startswith(f"custody row 2: time stamp {token_of(stamped)}: ")
    assert line.endswith("leads to none of the given roots")


@needs_openssl
def test_a_stamp_that_was_exchanged_lost_or_changed_is_named(stamped: Kept, authority: TimeStamps) -> None:
    token = token_of(stamped)
    right = stamped.media.read(token)
    stamped.change(token, b"x")
    assert f"custody row 2: time stamp {token}: content differs" in stamped.lines()
    stamped.media.path(token).unlink()
    assert stamped.lines() == [f"custody row 2: time stamp {token}: missing"]
    stamped.media.put(right)
    assert stamped.verify().exit_code == 0
    other = stamped.media.put(authority.token(b"something else"))
    stamped.tamper(f"UPDATE custody SET data = '{json.dumps({'token': other})}' WHERE number = 2")
    assert stamped.lines() == [
        "custody row 2: edited",
        f"custody row 2: time stamp {other}: the time stamp is about something else",
    ]


@needs_openssl
@pytest.mark.parametrize("data", ['{"token": 7}', "{}", '{"token": "../x"}', "[]"])
def test_a_row_that_names_no_stamp_is_named(stamped: Kept, data: str) -> None:
    stamped.tamper(f"UPDATE custody SET data = '{data}' WHERE number = 2")
    assert stamped.lines()[0] == "custody row 2: edited"


@needs_openssl
def test_a_file_without_certificates_is_a_usage_error(stamped: Kept, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("nothing")
    result = stamped.verify("--roots", str(tmp_path / "roots.pem"))
    assert result.exit_code == 2
    assert "no certificates in PEM" in result.output


def block(language: str) -> str:
    """Return the last block of a language in the documentation of evidence."""
    section = Path("docs/operations.md").read_text("utf-8").partition("## Evidence\n")[2].partition("\n## ")[0]
    return str(re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)[-1])


@needs_openssl
def test_a_lawyer_can_do_without_mekiki(stamped: Kept, authority: TimeStamps) -> None:
    shutil.copy(authority.roots, stamped.folder / "roots.pem")
    with closing(sqlite3.connect(stamped.folder / "mekiki.db")) as database:
        [(manifest,)] = database.execute("SELECT manifest FROM custody WHERE number = 1")
    [file] = json.loads(stamped.media.read(manifest))["files"]
    archive = stamped.media.path(file["sha256"])
    with archive.open("rb") as stream:
        records = ArchiveIterator(stream)
        offset = next(records.get_record_offset() for record in records if record.rec_type == "response")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MANIFEST": str(stamped.media.path(manifest)),
        "WARC": str(archive),
        "TOKEN": str(stamped.media.path(token_of(stamped))),
        "OFFSET": str(offset),
    }
    command = ["bash", "-euc", block("sh")]
    done = subprocess.run(command, cwd=stamped.folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("digest pass") == 3
    assert "page 1" in done.stdout
    assert done.stdout.endswith("Verification: OK\n")
    assert [line.partition("  ")[0] for line in done.stdout.splitlines()[:2]] == [manifest, file["sha256"]]


def test_the_chain_can_be_checked_with_nothing_but_python(kept: Kept) -> None:
    for number, subject in enumerate(["https://shop.test/", "星野 \u202e 'x'"]):
        kept.save(number, subject=subject)
    kept.engine.dispose()
    command = [sys.executable, "-I", "-c", block("python")]
    done = subprocess.run(command, cwd=kept.folder, capture_output=True, text=True, check=True)
    assert done.stdout == "1 good\n2 good\n"
    kept.tamper("UPDATE custody SET who = 'nobody' WHERE number = 2")
    done = subprocess.run(command, cwd=kept.folder, capture_output=True, text=True, check=True)
    assert done.stdout == "1 good\n2 WRONG\n"


def test_a_case_log_that_was_tampered_with_is_named(kept: Kept) -> None:
    see(kept.engine, an_item(1))
    see(kept.engine, an_item(2))
    see(kept.engine, an_item(3, host="hoshino-other.test", advertiser=None, images=(), texts=()))
    assert kept.verify().output == "all well: 0 rows of custody, 3 entries of case logs\n"
    with kept.engine.begin() as connection:
        for trigger in ("case_log_no_update", "case_log_no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql("UPDATE case_log SET who = 'nobody' WHERE id = 1")
        connection.exec_driver_sql("DELETE FROM case_log WHERE case_id = 2")
    assert kept.lines() == [
        "case 1, log entry 1: does not say what was written",
        "case 2: the log does not end where the case says",
    ]
