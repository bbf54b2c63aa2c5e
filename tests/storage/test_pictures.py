from dataclasses import replace

from sqlalchemy import Engine

from detector.images.hash import PictureHash, Tile
from storage.database import transaction
from storage.pictures import PictureRecord, known_picture, save_picture
from tests.storage.examples import NOW

HASH = PictureHash(width=640, height=480, phash="0f" * 8, flat=False, tiles=(Tile(box=(0, 0, 64, 64), phash="f0" * 8),))
GOOD = PictureRecord(
    sha256="ab" * 32, mime="image/png", bytes=12_345, width=640, height=480, hash=HASH, rendition="cd" * 32
)
REFUSED = PictureRecord(
    sha256="ef" * 32,
    mime=None,
    bytes=9_000_000_000,
    width=None,
    height=None,
    hash=None,
    rendition=None,
    refused="too many pixels",
)


def test_pictures_come_back_equal(engine: Engine) -> None:
    with transaction(engine) as session:
        for record in (GOOD, REFUSED):
            assert known_picture(session, record.sha256) is None
            save_picture(session, record, NOW)
    with transaction(engine) as session:
        assert known_picture(session, GOOD.sha256) == GOOD
        assert known_picture(session, REFUSED.sha256) == REFUSED


def test_a_later_answer_replaces_the_earlier_one(engine: Engine) -> None:
    decoded = replace(GOOD, sha256=REFUSED.sha256)
    with transaction(engine) as session:
        save_picture(session, REFUSED, NOW)
        assert known_picture(session, REFUSED.sha256) == REFUSED
        save_picture(session, decoded, NOW)
        assert known_picture(session, REFUSED.sha256) == decoded
