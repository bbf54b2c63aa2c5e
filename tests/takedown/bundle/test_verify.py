"""The script of a bundle: every change of one bit, every row that was edited, taken out or exchanged is named."""

import ast
import json
import random
import stat
import struct
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.custody import ZEROS, Entry
from takedown.bundle import verify
from takedown.bundle.records import stamp_of
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps
from tests.takedown.bundle.bundles import SCRIPT, check, check_bare, reseal, rewrite
from tests.takedown.stage import NOW

MANY = 1000  # files
ROWS = 10_000

Rows = list[dict[str, Any]]


def test_a_bundle_is_found_well_by_a_bare_interpreter_from_anywhere(unpacked: Path, made: Path, tmp_path: Path) -> None:
    code, said = check_bare(script=unpacked / "verify.py", folder=tmp_path)
    assert code == 0, said
    assert "すべて一致" in said
    assert "案件 1" in said
    code, said = check_bare(made, "--language", "en", folder=tmp_path)
    assert code == 0, said
    assert "ALL WELL" in said
    assert "3 manifests" in said


def test_whoever_reads_the_first_line_alone_sees_no_traceback(made: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(made)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


def test_the_script_is_python_3_8_and_needs_the_standard_library_alone() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_flipped_bit_in_any_file_is_found_and_named(unpacked: Path, data: st.DataObject) -> None:
    files = sorted(path for path in unpacked.rglob("*") if path.is_file() and path.stat().st_size)
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) * 8 - 1))
    changed = bytearray(before)
    changed[place // 8] ^= 1 << place % 8
    path.write_bytes(changed)
    try:
        code, said = check(unpacked)
    finally:
        path.write_bytes(before)
    assert code == 1
    assert path.relative_to(unpacked).as_posix() in said


def test_of_a_thousand_files_one_bit_is_found(tmp_path: Path) -> None:
    random.seed(34)
    folder = tmp_path / "many"
    (folder / "files").mkdir(parents=True)
    listed = []
    for number in range(MANY):
        data = random.randbytes(200)
        (folder / "files" / f"page-{number}.bin").write_bytes(data)
        listed.append((f"files/page-{number}.bin", data))
    seal(folder, listed, {})
    assert check(folder)[0] == 0
    victim = folder / "files" / "page-617.bin"
    changed = bytearray(victim.read_bytes())
    changed[131] ^= 0x10
    victim.write_bytes(changed)
    code, said = check(folder)
    assert code == 1
    assert [line.partition(":")[0] for line in said.splitlines()[1:-1]] == ["files/page-617.bin"]


def seal(folder: Path, files: list[tuple[str, bytes]], detail: dict[str, Any]) -> None:
    """Write the lists of a small bundle."""
    told = [{"path": name, "sha256": sha256(data).hexdigest(), "bytes": len(data)} for name, data in files]
    empty = {"custody": {"number": 0, "hash": ZEROS}, "log_heads": {}, "stamps": [], "missing": []}
    (folder / "manifest.json").write_text(json.dumps({**empty, **detail, "files": told}))
    names = [*(name for name, _ in files), "manifest.json"]
    lines = (f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "MANIFEST.sha256").write_text("".join(lines))


def test_a_file_that_is_missing_added_or_a_link_is_named(unpacked: Path) -> None:
    (unpacked / "items.jsonl").unlink()
    (unpacked / "warc" / "more.html").write_text("<script>")
    (unpacked / "link").symlink_to("/etc/hostname")
    (unpacked / "pictures" / "\x1b[31m").write_text("")
    code, said = check(unpacked)
    assert code == 1
    assert "items.jsonl: missing" in said
    assert "warc/more.html: is not a part of the bundle" in said
    assert "link: is no plain file" in said
    assert "\x1b" not in said
    assert "pictures/\\x1b[31m: is not a part" in said
    assert "4 WRONG" in said


def test_what_file_managers_leave_behind_is_told_and_nothing_more(unpacked: Path) -> None:
    (unpacked / "pictures" / ".DS_Store").write_bytes(b"x")
    code, said = check(unpacked)
    assert code == 0
    assert "pictures/.DS_Store: left here by a file manager" in said


# --- somebody changes records and writes the lists anew -------------------------------------------------------------


def chain_of(length: int) -> Rows:
    """A chain of custody whose rows are all of one case."""
    rows: Rows = []
    before = ZEROS
    for number in range(1, length + 1):
        entry = Entry(
            number=number,
            at=NOW,
            who="mekiki",
            action="visit",
            subject=f"https://shop.test/{number}",
            manifest=None,
            tool="mekiki 1",
            data={},
            previous=before,
            hash="",
        )
        before = entry.computed()
        row = {
            name: getattr(entry, name) for name in ("number", "who", "action", "subject", "manifest", "tool", "data")
        }
        rows.append({**row, "at": stamp_of(NOW), "previous": entry.previous, "hash": before})
    return rows


@pytest.fixture(scope="module")
def long_chain() -> Rows:
    return chain_of(ROWS)


def edit(rows: Rows) -> None:
    rows[4999]["who"] = "nobody"


def delete(rows: Rows) -> None:
    del rows[4999]


def swap(rows: Rows) -> None:
    for name in ("who", "action", "subject", "manifest", "tool", "data", "at", "previous", "hash"):
        rows[4999][name], rows[7001][name] = rows[7001][name], rows[4999][name]


def put_in(rows: Rows) -> None:
    rows.insert(4999, dict(rows[4999], subject="https://else.test/"))


def cut_off(rows: Rows) -> None:
    del rows[9990:]


def hide(rows: Rows) -> None:
    rows[4999] = {"others": [5000, 5000], "hash": "0" * 64}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (edit, ["custody row 5000: edited"]),
        (delete, ["custody row 5000: missing"]),
        (swap, ["custody row 5000: swapped with row 7002", "custody row 7002: swapped with row 5000"]),
        (put_in, ["custody row 5000: out of order", "custody row 5000: edited"]),
        (cut_off, ["custody.jsonl: ends at 9990:"]),
        (hide, ["custody row 5001: does not follow"]),
    ],
)
def test_of_ten_thousand_rows_of_custody_the_one_that_was_changed_is_named(
    change: Callable[[Rows], None], named: list[str], long_chain: Rows, tmp_path: Path
) -> None:
    rows = [dict(row) for row in long_chain]
    head = {"number": ROWS, "hash": rows[-1]["hash"]}
    change(rows)
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "custody.jsonl").write_bytes(lines)
    seal(tmp_path, [("custody.jsonl", lines)], {"custody": head})
    code, said = check(tmp_path)
    assert code == 1
    found = said.splitlines()[1:-1]
    assert len(found) <= len(named)
    for line in named:
        assert any(one.startswith(line) for one in found), said


def test_the_long_chain_is_sound_as_it_stands(long_chain: Rows, tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in long_chain).encode()
    (tmp_path / "custody.jsonl").write_bytes(lines)
    seal(tmp_path, [("custody.jsonl", lines)], {"custody": {"number": ROWS, "hash": long_chain[-1]["hash"]}})
    code, said = check(tmp_path)
    assert code == 0, said
    assert f"{ROWS} rows of custody" in said


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rows: rows[-1].update(note="not so"), "log entry 5: does not say what was written"),
        (lambda rows: rows.pop(1), "does not follow the entry before it"),
        (lambda rows: rows.insert(1, rows.pop(2)), "does not follow the entry before it"),
        (lambda rows: rows.pop(), "its log does not end where the bundle says"),
    ],
)
def test_a_change_of_the_case_log_is_named(change: Callable[[Rows], object], named: str, unpacked: Path) -> None:
    rewrite(unpacked / "case_log.jsonl", change)
    reseal(unpacked)
    code, said = check(unpacked)
    assert code == 1
    assert named in said
    assert "case 1" in said


def test_rows_of_custody_in_a_real_bundle_are_computed_anew(unpacked: Path) -> None:
    rewrite(unpacked / "custody.jsonl", lambda rows: rows[1].update(who="nobody"))
    reseal(unpacked)
    code, said = check(unpacked)
    assert code == 1
    assert "custody row 2: edited" in said


def test_a_journey_that_was_rewritten_is_not_what_its_manifest_says(unpacked: Path) -> None:
    rewrite(unpacked / "visits.jsonl", lambda rows: rows[0].update(outcome="gone"))
    reseal(unpacked)
    code, said = check(unpacked)
    assert code == 1
    assert "visits.jsonl line 1: is not what its manifest" in said


def test_evidence_that_was_exchanged_does_not_fit_its_manifest(unpacked: Path) -> None:
    [warc, *_] = sorted((unpacked / "warc").iterdir())
    warc.write_bytes(b"other")
    reseal(unpacked)
    code, said = check(unpacked)
    assert code == 1
    assert "is not here" in said
    assert warc.name in said
    assert "cannot be read after record 0" in said


def test_a_record_of_a_warc_file_is_compared_with_its_digest() -> None:
    block = b"hello"
    digest = sha256(block).hexdigest()

    def record(block: bytes) -> bytes:
        return b"WARC/1.1\r\nWARC-Block-Digest: sha256:%b\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n" % (
            digest.encode(),
            len(block),
            block,
        )

    assert list(verify.warc_records(BytesIO(record(block) + record(b"hullo")))) == [True, False]
    with pytest.raises(ValueError):
        list(verify.warc_records(BytesIO(record(block)[:-3])))


# --- time stamps ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(OPENSSL is None, reason=MISSING)
def test_a_time_stamp_must_be_about_its_manifest(tmp_path: Path) -> None:
    authority = TimeStamps(tmp_path / "tsa")
    token, other = authority.token(b"manifest"), authority.token(b"something else")
    digest = sha256(b"manifest").hexdigest()
    assert verify.token_problem(token, digest) is None
    assert verify.token_problem(other, digest) == "this time stamp is about something else"
    assert verify.token_problem(token[:40], digest) == "this is no time stamp"
    assert verify.token_problem(b"", digest) == "this is no time stamp"
    refused = bytes.fromhex("3009 3003020102 30020500")
    assert verify.token_problem(refused, digest) == "the authority refused to stamp"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_of_time_stamps_fail(data: bytes) -> None:
    assert verify.token_problem(data, "0" * 64) is not None


# --- hostile bundles ------------------------------------------------------------------------------------------------


def zipped(*members: tuple[str | ZipInfo, bytes]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def linked() -> ZipInfo:
    info = ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../../evil.py", "has a name that no bundle has"),
        ("/etc/passwd", "has a name that no bundle has"),
        ("C:\\evil.exe", "has a name that no bundle has"),
        ("a/../../b", "has a name that no bundle has"),
        ("\x1b[31m\u202e.txt", "has a name that no bundle has"),
        (linked(), "is no plain file"),
    ],
    ids=range(6),
)
def test_a_hostile_name_in_a_zip_is_refused_and_shown_harmless(name: str | ZipInfo, says: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.zip"
    path.write_bytes(zipped(("MANIFEST.sha256", b""), ("manifest.json", b"{}"), (name, b"x")))
    code, said = check(path)
    assert code == 1
    assert says in said
    assert not {"\x1b", "\u202e"} & set(said)
    assert [one.name for one in tmp_path.iterdir()] == ["hostile.zip"]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    detail = json.dumps({"files": [{"path": "a.bin", "sha256": "0" * 64, "bytes": 10}]}).encode()
    path.write_bytes(
        zipped(("MANIFEST.sha256", f"{'0' * 64}  a.bin\n".encode()), ("manifest.json", detail), ("a.bin", bytes(2**27)))
    )
    code, said = check(path)
    assert code == 1
    assert "a.bin: was changed: has 134217728 bytes, not 10" in said


def test_a_bomb_that_lies_about_its_size_is_ended(tmp_path: Path) -> None:
    data = zipped(("a.bin", bytes(2**24)), ("MANIFEST.sha256", f"{'0' * 64}  a.bin\n".encode()))
    place = data.index(b"PK\x01\x02")  # the central directory: its first entry is that of a.bin
    small = data[: place + 24] + struct.pack("<I", 10) + data[place + 28 :]
    (tmp_path / "bomb.zip").write_bytes(small)
    code, said = check(tmp_path / "bomb.zip")
    assert code == 1
    assert "a.bin: was changed" in said


def test_files_that_overlap_are_refused_before_they_are_read(tmp_path: Path) -> None:
    data = zipped(("a.bin", random.Random(1).randbytes(2000)), ("MANIFEST.sha256", b""))
    place = data.index(b"PK\x01\x02")
    (tmp_path / "bomb.zip").write_bytes(data[: place + 20] + struct.pack("<I", 10**9) + data[place + 24 :])
    code, said = check(tmp_path / "bomb.zip")
    assert code == 2
    assert "overlap" in said


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", zipped(("x", b"y"))])
def test_what_is_no_bundle_is_said_in_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    code, said = check(tmp_path / "x.zip")
    assert code == 2
    assert len(said.splitlines()) == 1
    assert check(tmp_path / "not-there.zip")[0] == 2
    assert check(tmp_path)[0] == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(("files", "stamps", "missing", "custody", "log_heads", "language", "case")), JSON)
def test_no_list_makes_the_script_fail(unpacked: Path, key: str, value: Any) -> None:
    before = (unpacked / "manifest.json").read_bytes()
    detail = json.loads(before)
    assert detail[key] is not None
    detail[key] = [value, {"path": value, "sha256": value, "bytes": value}] if key == "files" else value
    (unpacked / "manifest.json").write_text(json.dumps(detail))
    try:
        code, said = check(unpacked)
    finally:
        (unpacked / "manifest.json").write_bytes(before)
    assert code == 1
    assert "manifest.json" in said


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(("custody.jsonl", "case_log.jsonl", "visits.jsonl")), JSON)
def test_no_record_makes_the_script_fail(unpacked: Path, name: str, value: Any) -> None:
    before = (unpacked / name).read_bytes()
    keys = ("number", "hash", "others", "manifest", "data", "action", "case_id", "id", "evidence")
    lines = json.dumps(value) + "\n" + json.dumps(dict.fromkeys(keys, value)) + "\n"
    (unpacked / name).write_text(lines)
    try:
        code, _ = check(unpacked)
    finally:
        (unpacked / name).write_bytes(before)
    assert code == 1
