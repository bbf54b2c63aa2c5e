"""What is known of stored pictures: form, size, perceptual hash, and why one was refused."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from detector.images.hash import PictureHash, picture_hash_from_dict
from storage.schema import Picture
from storage.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecord:
    """A stored picture; one that was refused keeps its digest, its size and the reason."""

    sha256: str
    mime: str | None
    bytes: int
    width: int | None
    height: int | None
    hash: PictureHash | None
    rendition: str | None  # SHA-256 of the re-encoded pixels
    refused: str | None = None


def save_picture(session: Session, record: PictureRecord, now: datetime) -> None:
    """Keep what is known of a picture; a later answer replaces an earlier one."""
    known = {
        "mime": record.mime,
        "bytes": record.bytes,
        "width": record.width,
        "height": record.height,
        "hash": None if record.hash is None else msgspec.to_builtins(record.hash),
        "rendition": record.rendition,
        "refused": record.refused,
        "saved_at": now,
    }
    statement = insert(session, Picture).values(sha256=record.sha256, **known)
    session.execute(statement.on_conflict_do_update(index_elements=["sha256"], set_=known))


def known_picture(session: Session, sha256: str) -> PictureRecord | None:
    """Return what is known of a picture, or None when it was never saved."""
    row = session.get(Picture, sha256, populate_existing=True)
    if row is None:
        return None
    return PictureRecord(
        sha256=row.sha256,
        mime=row.mime,
        bytes=row.bytes,
        width=row.width,
        height=row.height,
        hash=None if row.hash is None else picture_hash_from_dict(row.hash),
        rendition=row.rendition,
        refused=row.refused,
    )
