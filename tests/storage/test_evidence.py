"""Evidence: manifests that anybody can check, and names that no hostile page chooses."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from storage.custody import TOOL, append, chain
from storage.database import transaction
from storage.errors import MediaMissing
from storage.evidence import EvidenceFile, keep_file, keep_manifest, manifest_of
from storage.media import MediaStore
from tests.storage.examples import MINUTE, NOW

HOSTILE = (
    "../../etc/passwd",
    "CON",
    "a\x00.png",
    "\u202egnp.exe",
    "-rf",
    "warc/../../x",
    "星野",
    "A",
    "",
    " warc",
    "warc\n",
    "x" * 300,
)


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def test_a_manifest_is_canonical_and_names_every_file_by_its_hash(media: MediaStore) -> None:
    files = [keep_file(media, "warc", b"archive"), keep_file(media, "screenshot", b"picture", number=2)]
    manifest = manifest_of(
        action="visit",
        subject="https://shop.test/\u202e星\ud800",
        started_at=NOW,
        at=NOW + MINUTE,
        facts={"b": 1, "a": ["星", None]},
        files=files,
    )
    value = json.loads(manifest)
    assert manifest.isascii()
    assert manifest == json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    warc, picture = (sha256(data).hexdigest() for data in (b"archive", b"picture"))
    assert value == {
        "version": "mekiki-evidence/1",
        "tool": TOOL,
        "action": "visit",
        "subject": "https://shop.test/\u202e星\ud800",
        "started_at": "2026-11-22T03:04:05.678901+00:00",
        "finished_at": "2026-11-22T03:05:05.678901+00:00",
        "facts": {"b": 1, "a": ["星", None]},
        "files": [
            {"role": "warc", "number": 1, "name": f"warc-1-{warc[:16]}.warc.gz", "sha256": warc, "bytes": 7},
            {
                "role": "screenshot",
                "number": 2,
                "name": f"screenshot-2-{picture[:16]}.png",
                "sha256": picture,
                "bytes": 7,
            },
        ],
    }


def test_evidence_is_a_manifest_in_the_store_and_a_row_of_custody(engine: Engine, media: MediaStore) -> None:
    file = keep_file(media, "warc", b"archive")
    subject = "https://shop.test/"
    manifest = keep_manifest(media, action="visit", subject=subject, at=NOW, files=[file], facts={"n": 1})
    with transaction(engine) as session:
        append(session, at=NOW, who="aki", action="visit", subject=subject, manifest=manifest)
    value = json.loads(media.read(manifest))
    assert (value["started_at"], value["finished_at"]) == (None, "2026-11-22T03:04:05.678901+00:00")
    assert [one["sha256"] for one in value["files"]] == [file.address]
    [row] = chain(engine)
    assert (row.action, row.subject, row.who, row.at) == ("visit", "https://shop.test/", "aki", NOW)
    assert (row.manifest, row.tool) == (manifest, TOOL)


@pytest.mark.parametrize("change", [{"address": "ab" * 32}, {"bytes": 8}], ids=["no such file", "another size"])
def test_a_manifest_names_no_file_that_is_not_there(media: MediaStore, change: dict[str, Any]) -> None:
    file = EvidenceFile(**{"role": "warc", "address": media.put(b"archive"), "bytes": 7, **change})
    with pytest.raises(MediaMissing, match=file.address):
        keep_manifest(media, action="visit", subject="x", at=NOW, files=[file], facts={})


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_hostile_file_names_give_hash_names_only(media: MediaStore, name: str) -> None:
    with pytest.raises(ValueError, match="expected a role"):
        keep_file(media, name, b"data")
    facts = {"file_name": name, "headers": [["Content-Disposition", f"attachment; filename={name}"]]}
    file = keep_file(media, "download", b"data")
    manifest = manifest_of(action="visit", subject=name, started_at=None, at=NOW, facts=facts, files=[file])
    digest = sha256(b"data").hexdigest()
    assert [one["name"] for one in json.loads(manifest)["files"]] == [f"download-1-{digest[:16]}.bin"]
    assert {path.name for path in media.root.rglob("*") if path.is_file()} == {digest}


def test_what_a_click_could_run_ends_as_text(media: MediaStore) -> None:
    assert keep_file(media, "page", b"<script>").name.endswith(".html.txt")


@pytest.mark.parametrize("change", [{"number": 0}, {"address": "../x"}, {"address": "AB" * 32}], ids=str)
def test_only_plain_parts_make_a_file(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected a role"):
        EvidenceFile(**{"role": "warc", "address": "ab" * 32, "bytes": 1, **change})
