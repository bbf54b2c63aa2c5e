"""The script of a bundle against somebody who made one to be believed, or to overwhelm who checks it."""

import json
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from storage.custody import ZEROS
from takedown.bundle import verify
from tests.takedown.bundle.bundles import check


def sealed(folder: Path, files: dict[str, bytes]) -> Path:
    """Write a bundle whose lists fit its files."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    told = [{"path": name, "sha256": sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()]
    detail: dict[str, Any] = {"custody": {"number": 0, "hash": ZEROS}, "files": told}
    (folder / "manifest.json").write_text(json.dumps(detail))
    lines = (f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in (*files, "manifest.json"))
    (folder / "MANIFEST.sha256").write_text("".join(lines))
    return folder


def looked_at(folder: Path) -> verify.Check:
    one = verify.Check(verify.Folder(folder))
    one.run()
    return one


def test_a_file_of_lines_that_cannot_be_read_is_given_up(tmp_path: Path) -> None:
    one = looked_at(sealed(tmp_path, {"custody.jsonl": b"\n" * 10_000}))
    assert list(one.wrong)[-1] == "custody.jsonl: too many lines cannot be read; the rest was not looked at"
    assert len(one.wrong) == verify.MOST_UNREADABLE + 1


def test_what_is_wrong_by_the_thousand_is_counted_and_not_kept(tmp_path: Path) -> None:
    count = verify.MOST_WRONG + 500
    rows = b"".join(b'{"number":%d,"hash":"x"}\n' % number for number in range(1, count + 1))
    folder = sealed(tmp_path, {"custody.jsonl": rows})
    assert len(looked_at(folder).wrong) == verify.MOST_WRONG
    code, said = check(folder)
    assert code == 1
    assert said.splitlines()[-1].startswith(f"{count + 1} WRONG")  # the end of the chain, too
    assert len(said.splitlines()) < verify.MOST_SAID + 10


def test_of_each_manifest_a_digest_is_kept(tmp_path: Path) -> None:
    visit = {"url": "https://a.example/", "pad": "x" * 10_000}
    manifest = json.dumps({"facts": visit, "files": []}).encode()
    address = sha256(manifest).hexdigest()
    told = {f"manifests/{address}.json": manifest}
    line = json.dumps({**visit, "evidence": address}).encode() + b"\n"
    one = looked_at(sealed(tmp_path / "sound", {**told, "visits.jsonl": line}))
    assert not one.wrong
    assert [len(digest) for digest in one.facts.values()] == [64]
    one = looked_at(sealed(tmp_path / "changed", {**told, "visits.jsonl": line.replace(b"https", b"http")}))
    assert list(one.wrong) == [f"visits.jsonl line 1: is not what its manifest {address} says"]
    odd = line.replace(b'"pad": "x', b'"odd": NaN, "pad": "x')
    assert looked_at(sealed(tmp_path / "odd", {**told, "visits.jsonl": odd})).wrong


def test_the_head_of_a_warc_record_ends(tmp_path: Path) -> None:
    stream = BytesIO(b"WARC/1.1\r\n" + b"".join(b"%d:1\n" % number for number in range(50_000)))
    with pytest.raises(ValueError):
        next(verify.warc_records(stream))
    assert stream.tell() < 10_000


@pytest.mark.parametrize("name", ["json.py", "__future__.py", "gzip.py"])
def test_what_is_put_beside_the_script_is_named_and_not_run_by_the_command_that_readers_are_told(
    name: str, unpacked: Path
) -> None:
    (unpacked / name).write_text("print('ALL WELL'); raise SystemExit(0)\n")
    [told] = [line for line in (unpacked / "README.txt").read_text("utf-8").splitlines() if line.startswith("Check:")]
    words = told.partition("(")[0].split()[1:]
    assert words[0] == "python"
    done = subprocess.run([sys.executable, *words[1:]], cwd=unpacked, capture_output=True, check=False)
    assert done.returncode == 1
    assert f"{name}: is not a part of the bundle" in done.stdout.decode()
