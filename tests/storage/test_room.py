"""Bytes that are taken, and those that are left."""

from pathlib import Path

from sqlalchemy import Engine

from storage.media import MediaStore
from storage.room import media_bytes, room


def test_a_small_store_is_measured_and_a_large_one_is_estimated(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media")
    sizes = [1000 + number % 7 for number in range(800)]
    for number, size in enumerate(sizes):
        store.put(number.to_bytes(4) + bytes(size - 4))
    assert media_bytes(store.root) == sum(sizes)
    estimate = media_bytes(store.root, sample=400)
    assert estimate != sum(sizes)
    assert abs(estimate / sum(sizes) - 1) < 0.2
    assert media_bytes(tmp_path / "nowhere") == 0


def test_the_database_takes_room_and_its_disk_has_some_left(engine: Engine, tmp_path: Path) -> None:
    found = room(engine, MediaStore(tmp_path / "not there yet"))
    assert found.database > 100_000
    assert found.media == 0
    assert found.free["media"] > 0
    assert ("database" in found.free) == (engine.dialect.name == "sqlite")
