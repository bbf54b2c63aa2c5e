"""The index follows the database, survives whoever is killed, and believes no file that it did not write."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update

from detector.images.likeness import codes
from detector.text_likeness import runs, signature
from storage.database import open_engine, transaction
from storage.errors import MatchingMissing, StorageUnavailable
from storage.likeness import LikenessIndex, files, open_index, shelf
from storage.likeness import index as indexing
from storage.likeness.index import forget, make_anew, prefix_of
from storage.schema import ItemVersion, Picture
from tests.storage.creatives import AGAIN, OTHER, SLOGAN, address, cropped, hashed, mirrored, save, shown, smaller
from tests.storage.examples import MINUTE, NOW

LATER = NOW + timedelta(hours=1)


class Told(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


def opened(engine: Engine, folder: Path, *, told: Told | None = None) -> LikenessIndex:
    told = Told() if told is None else told
    return open_index(engine, folder, now=LATER, say=told)


def pictures(index: LikenessIndex, seed: int) -> set[str]:
    return {prefix_of(number) for number in index.pictures(smaller(seed))}


def versions(index: LikenessIndex, text: str) -> set[int]:
    code = signature(runs(text))
    assert code is not None
    return set(index.texts(code))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a single row be worth writing, and two be read at once."""
    for name in ("WORTH", "WRITTEN"):
        monkeypatch.setattr(indexing, name, 1)
    monkeypatch.setattr(indexing, "BATCH", 2)


def manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / files.MANIFEST).read_bytes())
    return found


def test_copies_are_proposed_and_other_pictures_are_not(engine: Engine, folder: Path) -> None:
    save(engine, 1, 2)
    index = opened(engine, folder)
    for copy in (hashed(1), smaller(1), mirrored(1), cropped(1)):
        assert [prefix_of(number) for number in index.pictures(copy)] == [address(1)[:16]]
    assert index.pictures(hashed(3)) == {}


def test_rewritten_texts_are_proposed_and_other_texts_are_not(engine: Engine, folder: Path) -> None:
    first, _ = shown(engine, 1, text=SLOGAN)
    shown(engine, 2, text=OTHER)
    index = opened(engine, folder)
    assert versions(index, AGAIN) == {first}  # the first version of the first item
    assert len(index.shelves["text"]) == 2


@pytest.mark.usefixtures("written_at_once")
def test_what_came_since_is_added_to_what_was_written(engine: Engine, folder: Path) -> None:
    save(engine, 1)
    opened(engine, folder)
    before = manifest(folder)
    save(engine, 2, 3, 4, at=NOW + MINUTE)
    index = opened(engine, folder)
    assert all(pictures(index, seed) == {address(seed)[:16]} for seed in (1, 2, 3, 4))
    assert manifest(folder)["marks"] != before["marks"]
    assert len(list(folder.glob("picture-*"))) == 1  # older files are gone
    assert len(opened(engine, folder).shelves["picture"]) == len(index.shelves["picture"])  # nothing twice


@pytest.mark.usefixtures("written_at_once")
def test_the_newest_rows_are_known_but_not_written(engine: Engine, folder: Path) -> None:
    save(engine, 1)
    shown(engine, 1, text=SLOGAN)
    index = open_index(engine, folder, now=NOW + indexing.SETTLED / 2, say=Told())
    assert pictures(index, 1) == {address(1)[:16]}
    assert len(versions(index, AGAIN)) == 1
    assert not (folder / files.MANIFEST).exists()


@pytest.mark.usefixtures("written_at_once")
def test_made_anew_it_says_the_same(engine: Engine, folder: Path) -> None:
    save(engine, 1, 2, 3)
    shown(engine, 1, text=SLOGAN)
    before = opened(engine, folder)
    assert make_anew(engine, folder, now=LATER, say=Told()) == {"pictures": 3, "texts": 1}
    after = opened(engine, folder)
    assert {name: len(one) for name, one in after.shelves.items()} == {
        name: len(one) for name, one in before.shelves.items()
    }
    assert pictures(after, 2) == {address(2)[:16]}


@pytest.mark.usefixtures("written_at_once")
def test_what_retention_removed_leaves_the_files(engine: Engine, folder: Path) -> None:
    save(engine, 1, 2)
    shown(engine, 1, text=SLOGAN)
    opened(engine, folder)
    code = next(iter(codes(hashed(1))))
    assert any(code in path.read_bytes() for path in folder.glob("picture-*"))
    with transaction(engine) as session:
        session.execute(delete(Picture).where(Picture.sha256 == address(1)))
    assert forget(engine, folder, say=Told()) >= 2  # the picture, and its crops
    assert not any(code in path.read_bytes() for path in folder.glob("picture-*"))
    index = opened(engine, folder)
    assert (pictures(index, 1), pictures(index, 2)) == (set(), {address(2)[:16]})
    assert forget(engine, folder, say=Told()) == 0


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]),
    "an end cut off": lambda path: os.truncate(path, path.stat().st_size - 8),
    "more behind it": lambda path: path.write_bytes(path.read_bytes() + bytes(40)),
    "a file that is gone": Path.unlink,
}


@pytest.mark.usefixtures("written_at_once")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("lists", [False, True])
def test_a_damaged_file_is_told_and_made_anew(
    engine: Engine, folder: Path, damage: str, lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lists:
        monkeypatch.setitem(shelf.FORMS, "picture", shelf.Form(width=32, radius=72, lists=2, probes=2, least=2))
    save(engine, 1, 2)
    opened(engine, folder)
    [path] = folder.glob("picture-*.lists" if lists else "picture-*.tail")
    DAMAGES[damage](path)
    told = Told()
    index = opened(engine, folder, told=told)
    assert pictures(index, 1) == {address(1)[:16]}
    assert any("made anew" in line for line in told)
    again = Told()
    opened(engine, folder, told=again)
    assert again == []


@pytest.mark.usefixtures("written_at_once")
@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"format": 2}',
        b"[" * 100_000,
        b'{"format":1,"tails":{"picture":{"name":"../../etc/passwd","bytes":1,"sha256":"","rows":1}}}',
        b'{"format":1,"tails":{"picture":{"name":"picture-0123456789abcdef.tail","bytes":-40,"sha256":"","rows":-1}}}',
        b'{"format":1,"tails":{"other":{"name":"picture-0123456789abcdef.tail","bytes":0,"sha256":"","rows":0}}}',
        b'{"format":1,"marks":{"texts":{"at":"2026-11-30T00:00:00","key":"1"}}}',
        b'{"format":1,"marks":{"texts":{"at":"2026-11-30T00:00:00Z","key":"' + b"9" * 64 + b'"}}}',
    ],
)
def test_a_manifest_of_somebody_else_is_not_believed(engine: Engine, folder: Path, written: bytes) -> None:
    save(engine, 1)
    folder.mkdir()
    (folder / files.MANIFEST).write_bytes(written)
    told = Told()
    assert pictures(opened(engine, folder, told=told), 1) == {address(1)[:16]}
    assert any("made anew" in line for line in told)


@pytest.mark.usefixtures("written_at_once")
def test_an_index_of_a_later_state_of_the_database_is_made_anew(engine: Engine, folder: Path) -> None:
    save(engine, 1, 2)
    shown(engine, 1, text=SLOGAN)
    opened(engine, folder)
    with transaction(engine) as session:  # as a database that was restored: another row has the same number
        session.execute(update(ItemVersion).values(recorded_at=NOW - timedelta(days=1)))
    told = Told()
    opened(engine, folder, told=told)
    assert any("that the database has not" in line for line in told)


def killed_at_rename(url: str, folder: Path, number: int) -> int:
    """Bring the index up to date in a child that is killed when it gives a file its name; return how it ended."""
    child = os.fork()
    if child == 0:
        rename, calls = Path.rename, iter(range(1, 1000))

        def renamed(path: Path, target: Path) -> Path:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return rename(path, target)

        Path.rename = renamed  # type: ignore[assignment,method-assign]
        try:
            opened(open_engine(url), folder)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


@pytest.mark.usefixtures("written_at_once")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_killed_while_writing_it_stays_whole(tmp_path: Path, sqlite_template: Path, folder: Path, number: int) -> None:
    file = tmp_path / "mekiki.db"
    shutil.copy(sqlite_template, file)
    engine = open_engine(f"sqlite:///{file}")
    save(engine, 1, 2, 3)
    engine.dispose()
    assert os.WTERMSIG(killed_at_rename(f"sqlite:///{file}", folder, number)) == signal.SIGKILL
    assert list(folder.glob(".new-*"))
    told = Told()
    index = opened(engine, folder, told=told)
    assert all(pictures(index, seed) == {address(seed)[:16]} for seed in (1, 2, 3))
    assert not any("made anew" in line for line in told)
    assert not list(folder.glob(".new-*"))
    engine.dispose()


@pytest.mark.usefixtures("written_at_once")
def test_two_processes_use_it_at_once(engine: Engine, folder: Path) -> None:
    save(engine, 1)
    opened(engine, folder)
    save(engine, 2, at=NOW + MINUTE)
    with files.turn_to_write(folder, wait=False) as ours:
        assert ours
        before = manifest(folder)
        index = opened(engine, folder)  # while another one writes: nothing is written, everything is found
        assert (pictures(index, 1), pictures(index, 2)) == ({address(1)[:16]}, {address(2)[:16]})
        assert manifest(folder) == before
    opened(engine, folder)
    assert manifest(folder) != before


def test_without_faiss_lists_are_refused_in_a_line(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shelf.FORMS, "picture", shelf.Form(width=32, radius=72, lists=2, probes=2, least=2))
    save(engine, 1, 2)
    make_anew(engine, folder, now=LATER, say=Told())
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MatchingMissing, match=r"mekiki\[matching\]"):
        opened(engine, folder)
    make_anew(engine, folder, now=LATER, say=Told())
    assert pictures(opened(engine, folder), 1) == {address(1)[:16]}


def test_a_folder_that_cannot_be_made_is_told(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageUnavailable, match="cannot be used"):
        opened(engine, tmp_path / "file" / "index")
