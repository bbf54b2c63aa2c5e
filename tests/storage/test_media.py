import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from storage.errors import MediaMissing
from storage.media import MediaStore


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "data" / "media")


def test_bytes_come_back_by_their_digest(store: MediaStore) -> None:
    address = store.put(b"picture")
    assert address == sha256(b"picture").hexdigest()
    assert store.read(address) == b"picture"
    assert store.path(address) == store.root / address[:2] / address[2:4] / address


def test_files_are_private(store: MediaStore) -> None:
    path = store.path(store.put(b"picture"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, store.root):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_storing_again_writes_nothing(store: MediaStore) -> None:
    path = store.path(store.put(b"picture"))
    before = path.stat().st_ino
    store.put(b"picture")
    assert path.stat().st_ino == before


def test_many_threads_store_the_same_and_leave_nothing_aside(store: MediaStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        addresses = set(pool.map(store.put, [bytes([number % 4]) * 100_000 for number in range(64)]))
    files = [path.name for path in store.root.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(addresses)
    assert all(sha256(store.read(address)).hexdigest() == address for address in addresses)


def test_missing_file(store: MediaStore) -> None:
    with pytest.raises(MediaMissing, match="ab" * 32):
        store.read("ab" * 32)


@pytest.mark.parametrize("address", ["", "../" * 22, "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_digests_are_addresses(store: MediaStore, address: str) -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        store.path(address)
