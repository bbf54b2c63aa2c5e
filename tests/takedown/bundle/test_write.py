"""The ZIP of a case: everything of it, nothing of others, the same bytes each time; what is missing is said."""

import gzip
import json
import stat
import zlib
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from alerts.message import Language
from benchmarks.bundle import measure
from config import load
from detector.items import decode_item
from spiders.visits.warc import check_warc
from storage.custody import append, check_chain
from storage.custody import chain as custody_chain
from storage.database import snapshot, transaction
from storage.errors import MediaMissing
from storage.evidence import EvidenceFile, keep_manifest
from storage.merging import merge
from storage.notices import Reply, add_reply, withdraw
from storage.retention import PURGE
from storage.schema import Picture, StampRow, VisitRow
from storage.stamps import due_stamps, stamp_done, stamp_failed
from takedown.bundle import write as write_module
from takedown.bundle.contents import Contents
from takedown.bundle.write import write_bundle
from takedown.filing import file_notice
from takedown.notice import Attachment, Filled
from takedown.story import tell_story
from tests.servers.mail import MailSink
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps, openssl_verifies
from tests.takedown.bundle.bundles import LATER, check, make, unpack
from tests.takedown.bundle.reading import read
from tests.takedown.desk import desk_of, drafted, view_of
from tests.takedown.stage import AUTHORITY, CANARY, NOW, OTHER_SHOP, SECRET, Stage

PLAIN = {"index.html", "summary.pdf", "README.txt", "verify.py", "manifest.json", "MANIFEST.sha256"}


def inside(path: Path) -> bytes:
    """All that a bundle holds, unpacked as far as anybody could: members, WARC records, words of the PDF."""
    parts = []
    with ZipFile(path) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            parts += [name.encode(), data]
            if name.endswith(".gz"):
                parts.append(gzip.decompress(data))
            if name.endswith(".pdf"):
                parts += ["\n".join(read(data).pages).encode(), *_streams(data)]
            if name.endswith((".jsonl", ".json")):
                parts += [json.dumps(json.loads(line), ensure_ascii=False).encode() for line in data.splitlines()]
    return b"\n".join(parts)


def _streams(pdf: bytes) -> list[bytes]:
    found = []
    for part in pdf.split(b"stream")[1::2]:
        try:
            found.append(zlib.decompress(part.strip(b"\r\n")))
        except zlib.error:
            continue
    return found


def with_secrets(stage: Stage) -> Stage:
    """A stage whose configuration has a password and a token."""
    (stage.folder / "secret").write_text(SECRET)
    toml = (stage.folder / "mekiki.toml").read_text("utf-8")
    secret = 'security = "none"\nuser = "u"\npassword = "file:secret"\n\n[[takedown.account]]\nchannel = "x"\n'
    toml = toml.replace('security = "none"\n', secret + 'token = "file:secret"\n')
    (stage.folder / "mekiki.toml").write_text(toml, "utf-8")
    return replace(stage, config=load(stage.folder / "mekiki.toml"))


def detail_of(path: Path) -> dict[str, Any]:
    with ZipFile(path) as archive:
        found: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return found


def test_a_bundle_holds_nothing_of_other_cases_no_secret_and_no_path(stage: Stage, tmp_path: Path) -> None:
    stage = with_secrets(stage)
    make(stage, tmp_path / "other.zip", case=stage.other)
    assert inside(tmp_path / "other.zip").count(CANARY.encode()) > 20, "the search finds it where it is"
    make(stage, tmp_path / "case.zip")
    data = inside(tmp_path / "case.zip")
    for word in (CANARY, SECRET, OTHER_SHOP, str(stage.folder), "127.0.0.1"):
        assert word.encode() not in data
    for word in ("hoshino-denki-sale.test", "@hoshino-sale88", "友だち追加"):
        assert word.encode() in data


def test_the_same_case_gives_the_same_bytes(stage: Stage, tmp_path: Path) -> None:
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=LATER)
        for name in ("one.zip", "two.zip"):
            write_bundle(story, session, stage.media, stage.config, "ja", tmp_path / name, now=LATER)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_names_are_short_ascii_and_ours_and_files_are_private(made: Path) -> None:
    with ZipFile(made) as archive:
        members = archive.infolist()
        assert archive.testzip() is None
    names = [member.filename for member in members]
    assert names == sorted(names)
    assert set(names) >= PLAIN
    assert {name.partition("/")[0] for name in names if "/" in name} >= {"warc", "pictures", "screenshots", "manifests"}
    for member in members:
        assert member.filename.isascii()
        assert len(member.filename) <= 100
        assert not {"..", "", "."} & set(member.filename.split("/"))
        assert stat.S_IMODE(member.external_attr >> 16) == 0o600
        assert member.date_time == LATER.timetuple()[:6]
        assert not member.filename.endswith((".html", ".htm", ".js", ".exe", ".svg")) or member.filename in PLAIN


def test_its_records_can_be_read_and_replayed(made: Path, unpacked: Path) -> None:
    items = [decode_item(line) for line in (unpacked / "items.jsonl").read_bytes().splitlines()]
    verdicts = [json.loads(line) for line in (unpacked / "verdicts.jsonl").read_text().splitlines()]
    assert {item.id for item in items} == {"ad-501", "yt-77", "https://hoshino-denki-sale.test/lp/order"}
    assert [item.id for item in items] == [verdict["id"] for verdict in verdicts]
    pictures = [json.loads(line) for line in (unpacked / "pictures.jsonl").read_text().splitlines()]
    for picture in pictures:
        assert sha256((unpacked / picture["file"]).read_bytes()).hexdigest() == picture["sha256"]
        assert (unpacked / picture["shown"]).is_file()
    for path in (unpacked / "warc").iterdir():
        with path.open("rb") as stream:
            records, problems = check_warc(stream)
        assert records > 5
        assert not problems
    assert made.is_file()


def test_rows_of_other_cases_are_numbers_and_a_hash(unpacked: Path) -> None:
    rows = [json.loads(line) for line in (unpacked / "custody.jsonl").read_text().splitlines()]
    own = [row for row in rows if "number" in row]
    assert [row["number"] for row in own] == [1, 2, 5]
    assert [row["action"] for row in own] == ["visit", "visit", "bundle"]
    assert [set(row) for row in rows if "number" not in row] == [{"others", "hash"}]
    assert rows[2]["others"] == [3, 4]
    assert rows[2]["hash"] == own[-1]["previous"]


def test_that_a_bundle_was_made_is_kept_in_the_chain_with_its_hash_and_gets_a_stamp(
    stage: Stage, tmp_path: Path
) -> None:
    written = make(stage, tmp_path / "case.zip")
    assert written.sha256 == sha256((tmp_path / "case.zip").read_bytes()).hexdigest()
    assert not list(check_chain(custody_chain(stage.engine)))
    *_, last = custody_chain(stage.engine)
    assert (last.action, last.who, last.subject) == ("bundle", "keiko", f"case {stage.case}")
    assert last.data["sha256"] == written.sha256
    assert last.manifest is not None
    facts = json.loads(stage.media.read(last.manifest))["facts"]
    assert facts["sha256"] == written.sha256
    with ZipFile(tmp_path / "case.zip") as archive:
        held = {name: sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert {one["path"]: one["sha256"] for one in facts["contents"]} == held
    with snapshot(stage.engine) as session:
        wanted = session.scalars(select(StampRow.authority).where(StampRow.manifest == last.manifest)).all()
    assert wanted == [AUTHORITY]


def screenshot_of(stage: Stage) -> str:
    with snapshot(stage.engine) as session:
        visit = session.scalars(select(VisitRow.visit).where(VisitRow.case_id == stage.case)).first()
    assert visit is not None
    files = json.loads(stage.media.read(visit["evidence"]))["files"]
    return str(next(file["sha256"] for file in files if file["role"] == "screenshot"))


@pytest.mark.parametrize("why", ["missing", "differs", "unreadable", "purged"])
def test_a_file_that_cannot_be_there_is_said_everywhere(why: str, stage: Stage, tmp_path: Path) -> None:
    address = screenshot_of(stage)
    path = stage.media.path(address)
    path.unlink()
    if why == "differs":
        path.write_bytes(b"something else")
    if why == "unreadable":
        path.symlink_to("/etc/hostname")
    if why == "purged":
        purge(stage, address)
    written = make(stage, tmp_path / "case.zip", language="en")
    assert {(one.sha256, one.why) for one in written.lost} == {(address, why)}
    assert {one["sha256"] for one in detail_of(tmp_path / "case.zip")["missing"]} == {address}
    page = unpack(tmp_path / "case.zip", tmp_path / "case") / "index.html"
    assert page.read_text("utf-8").count(address) >= 2
    assert "This picture is missing" in page.read_text("utf-8")
    code, said = check(tmp_path / "case.zip")
    assert code == 0, said
    assert f"screenshot {address}" in said
    assert "was not there already when the bundle was made" in said


def purge(stage: Stage, address: str) -> None:
    """Write down, as retention does, that a file was taken out on purpose."""
    with transaction(stage.engine) as session:
        data = {"what": "visits", "files": [address]}
        append(session, at=NOW, who="mekiki", action=PURGE, subject="retention", data=data)


def test_a_picture_that_is_missing_is_said(stage: Stage, tmp_path: Path) -> None:
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=LATER)
    [picture] = {picture.sha256 for view in story.case.items for picture in view.pictures}
    stage.media.path(picture).unlink()
    written = make(stage, tmp_path / "case.zip")
    assert {(one.role, one.sha256) for one in written.lost} == {("original", picture)}


def test_a_manifest_that_names_files_in_a_hostile_way_is_not_followed(stage: Stage, tmp_path: Path) -> None:
    contents = Contents(stage.media)
    good = stage.media.put(b"good")
    file = {"role": "page", "number": 1, "name": "../../evil.html", "sha256": good, "bytes": 4}
    for change in (
        {"role": "../../x"},
        {"number": 10**90},
        {"number": "1"},
        {"sha256": "../../../etc/passwd"},
        {"role": "page\n"},
    ):
        data = json.dumps({"version": "mekiki-evidence/1", "facts": {}, "files": [{**file, **change}]}).encode()
        assert contents.add_manifest(stage.media.put(data)) is None
    assert {one.why for one in contents.lost} == {"unreadable"}
    data = json.dumps({"version": "mekiki-evidence/1", "facts": {}, "files": [file]}).encode()
    assert contents.add_manifest(stage.media.put(data)) is not None
    assert contents.path_of(good) == f"pages/page-1-{good[:16]}.html.txt"


def test_two_files_whose_hashes_begin_alike_are_both_there(stage: Stage) -> None:
    contents = Contents(stage.media)
    manifests = []
    for data in (b"one", b"two"):
        file = EvidenceFile(role="page", address=stage.media.put(data), bytes=3)
        manifests.append(keep_manifest(stage.media, action="visit", subject=str(data), at=NOW, files=[file], facts={}))
    put = contents._put  # nobody can make such files here

    def alike(entry: Any) -> str:
        return put(replace(entry, path="pages/page-1-alike.html.txt") if entry.role == "page" else entry)

    contents._put = alike  # type: ignore[method-assign]
    for manifest in manifests:
        contents.add_manifest(manifest)
    assert sum(entry.role == "page" for entry in contents) == 2


def test_a_file_that_changes_while_it_is_copied_ends_the_bundle(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = screenshot_of(stage)
    zipped = write_module._zip

    def late(*arguments: Any) -> None:
        stage.media.path(address).write_bytes(b"changed")
        zipped(*arguments)

    monkeypatch.setattr(write_module, "_zip", late)
    with pytest.raises(MediaMissing, match="was changed while the bundle was being written; try again"):
        make(stage, tmp_path / "case.zip")


def test_a_case_that_others_became_a_part_of_brings_their_logs(stage: Stage, tmp_path: Path) -> None:
    with transaction(stage.engine) as session:
        root = merge(session, [stage.case, stage.other], who="keiko", now=LATER)
    assert root == stage.case
    make(stage, tmp_path / "case.zip", now=LATER + timedelta(hours=1))
    with ZipFile(tmp_path / "case.zip") as archive:
        log = [json.loads(line) for line in archive.read("case_log.jsonl").splitlines()]
    assert {row["case_id"] for row in log} == {stage.case, stage.other}
    assert CANARY.encode() in inside(tmp_path / "case.zip")
    code, said = check(tmp_path / "case.zip")
    assert code == 0, said


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_was_sent_to_whom_and_what_came_back_is_in_it(language: Language, stage: Stage, tmp_path: Path) -> None:
    number = drafted(stage)
    with MailSink() as sink:
        file_notice(desk_of(stage, sink.port), number, who="keiko")
    view = view_of(stage, number)
    letter = f"From: abuse@registrar.example\nSubject: Re: [{view.reference}]\n\nsuspended".encode()
    with transaction(stage.engine) as session:
        add_reply(
            session,
            number,
            Reply(
                digest=stage.media.put(letter),
                received_at=LATER,
                sender="abuse@registrar.example",
                subject=f"Re: [{view.reference}]",
                text="suspended",
                matched_by="reference",
                suggests="down",
            ),
            who="keiko",
            now=LATER,
            due=timedelta(days=7),
        )
    make(stage, tmp_path / "case.zip", language=language, now=LATER + timedelta(days=1))
    folder = unpack(tmp_path / "case.zip", tmp_path / "case")
    code, said = check(folder)
    assert code == 0, said
    assert "3 manifests" in said
    [sent] = (folder / "notices").glob("message-*.eml.txt")
    assert view.reference.encode() in sent.read_bytes()
    [reply] = (folder / "notices").glob("reply-*.eml.txt")
    assert reply.read_bytes() == letter
    [told] = [json.loads(line) for line in (folder / "notices.jsonl").read_text().splitlines()]
    assert told["reference"] == view.reference
    assert [one["sha256"] for one in told["replies"]] == [sha256(letter).hexdigest()]
    page = (folder / "index.html").read_text("utf-8")
    assert page.count(view.reference) >= 2
    assert ("提出" if language == "ja" else "filed") in page
    rows = [json.loads(line) for line in (folder / "custody.jsonl").read_text().splitlines()]
    assert [row["action"] for row in rows if "number" in row] == ["visit", "visit", "notice"]


def test_what_a_notice_that_never_left_says_is_nowhere_in_it(stage: Stage, tmp_path: Path) -> None:
    def marked(key: str, word: str) -> int:
        field = Filled(key="description", label="Description", value=f"field {word}")
        data = f"paper {word}".encode()
        paper = Attachment(name="certificate-1.bin", kind="certificate", sha256=stage.media.put(data), bytes=len(data))
        return drafted(stage, key, title=f"title {word}", body=f"text {word}", fields=(field,), attachments=(paper,))

    sent = marked("registrar", "MARKSENT")
    with MailSink() as sink:
        file_notice(desk_of(stage, sink.port), sent, who="keiko")
    given_up, police = marked("netcraft", "MARKGIVENUP"), marked("npa-cyber", "MARKPOLICE")
    with transaction(stage.engine) as session:
        withdraw(session, given_up, who="keiko", now=LATER)
    make(stage, tmp_path / "case.zip", now=LATER + timedelta(days=1))
    data = inside(tmp_path / "case.zip")
    assert data.count(b"MARKSENT") > 5, "the search finds what was sent"
    assert b"MARKGIVENUP" not in data
    assert b"MARKPOLICE" not in data
    folder = unpack(tmp_path / "case.zip", tmp_path / "case")
    code, said = check(folder)
    assert code == 0, said
    read_by_people = (folder / "index.html").read_text("utf-8")
    for number, there in ((sent, True), (given_up, False), (police, False)):
        assert (view_of(stage, number).reference in read_by_people) is there
    log = [json.loads(line) for line in (folder / "case_log.jsonl").read_text().splitlines()]
    steps = [(row["data"]["notice"], row["reason"]) for row in log if row["action"] == "notice"]
    assert {(given_up, "drafted"), (given_up, "withdrawn"), (police, "drafted")} <= set(steps), "the chain is whole"


@pytest.mark.skipif(OPENSSL is None, reason=MISSING)
def test_a_time_stamp_from_the_bundle_is_verified_by_openssl(stage: Stage, tmp_path: Path) -> None:
    authority = TimeStamps(tmp_path / "tsa")
    with transaction(stage.engine) as session:
        for stamp in due_stamps(session, LATER):
            token = authority.token(stage.media.read(stamp.manifest))
            stamp_done(session, stage.media, stamp.id, token, LATER)
    written = make(stage, tmp_path / "case.zip")
    assert (written.stamps, written.pending) == (2, 0)
    folder = unpack(tmp_path / "case.zip", tmp_path / "case")
    code, said = check(folder)
    assert code == 0, said
    commands = [line.split() for line in said.splitlines() if line.strip().startswith("openssl ts -verify")]
    assert len(commands) == 2
    for command in commands:
        data, token_file = folder / command[4], folder / command[6]
        assert openssl_verifies(token_file.read_bytes(), data.read_bytes(), authority.roots, tmp_path)
        assert not openssl_verifies(token_file.read_bytes(), data.read_bytes() + b"x", authority.roots, tmp_path)
    rows = [json.loads(line) for line in (folder / "custody.jsonl").read_text().splitlines()]
    assert [row["action"] for row in rows if "number" in row] == ["visit", "visit", "stamp", "stamp"]


def test_an_authority_that_is_down_leaves_a_bundle_that_says_so(stage: Stage, tmp_path: Path) -> None:
    with transaction(stage.engine) as session:
        for stamp in due_stamps(session, LATER):
            stamp_failed(session, stamp.id, LATER, "no answer (timeout)")
    written = make(stage, tmp_path / "case.zip", language="en")
    assert (written.stamps, written.pending) == (0, 2)
    page = (unpack(tmp_path / "case.zip", tmp_path / "case") / "index.html").read_text("utf-8")
    assert "are still to come (no answer (timeout))" in page
    code, said = check(tmp_path / "case.zip")
    assert code == 0
    assert "2 time stamps were still to come" in said


def test_only_pictures_that_were_encoded_anew_are_shown(unpacked: Path, stage: Stage) -> None:
    with snapshot(stage.engine) as session:
        renditions = set(session.scalars(select(Picture.rendition)))
    page = (unpacked / "index.html").read_text("utf-8")
    shown = {part.partition('"')[0] for part in page.split('<img src="')[1:]}
    assert len(shown) == 2
    for name in shown:
        digest = sha256((unpacked / name).read_bytes()).hexdigest()
        assert digest in renditions or name.startswith("screenshots/shown-")
        assert (unpacked / name).read_bytes()[:3] == b"\xff\xd8\xff"


def test_what_a_bundle_costs_can_be_measured(stage: Stage, tmp_path: Path) -> None:
    told = measure(stage, tmp_path / "case.zip")
    assert told["cpu_s"] > told["of_that_pdf_s"] > 0
    assert told["files"] > 20
    assert check(tmp_path / "case.zip")[0] == 0
