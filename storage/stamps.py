"""Stamps: the time stamps (RFC 3161) that manifests are to get; asked for until they are there.

Evidence never waits for an authority: that a stamp is wanted is written together with it, and a stamp that came is
appended to the custody chain. The rows here are what is still to do; what proves something is the chain and the media
store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import Certificate
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.case_locks import MACHINE
from storage.custody import append
from storage.media import MediaStore
from storage.schema import StampRow
from storage.stamp_tokens import check_token
from storage.upsert import insert

STAMP = "stamp"  # action in the custody chain
# Waits after the first failed attempts; then daily, for ever: a late stamp still proves more than none.
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStamp:
    """A stamp to ask for now."""

    id: int
    manifest: str
    authority: str
    attempts: int


def want_stamp(session: Session, manifest: str, authority: str, now: datetime) -> None:
    """Note that a manifest is to get a time stamp from an authority (URL); twice is once."""
    session.execute(
        insert(session, StampRow)
        .values(manifest=manifest, authority=authority, wanted_at=now, attempts=0, next_at=now)
        .on_conflict_do_nothing(index_elements=["manifest", "authority"])
    )


def due_stamps(session: Session, now: datetime, *, limit: int = 100) -> list[DueStamp]:
    """Return stamps to ask for now, those that have waited longest first."""
    rows = session.scalars(
        select(StampRow).where(StampRow.next_at <= now).order_by(StampRow.next_at, StampRow.id).limit(limit)
    )
    return [DueStamp(id=row.id, manifest=row.manifest, authority=row.authority, attempts=row.attempts) for row in rows]


def pending_stamps(session: Session) -> int:
    """Return how many stamps are still to come."""
    return session.scalar(select(func.count()).select_from(StampRow).where(StampRow.next_at.is_not(None))) or 0


def stamp_failed(session: Session, stamp_id: int, now: datetime, problem: str) -> None:
    """Note a failed attempt, and when to try again."""
    row = session.get_one(StampRow, stamp_id, with_for_update=True)
    if row.next_at is None:
        return  # somebody else got it
    row.next_at = now + WAITS[min(row.attempts, len(WAITS) - 1)]
    row.attempts += 1
    row.problem = problem


def stamp_done(
    session: Session,
    media: MediaStore,
    stamp_id: int,
    token: bytes,
    now: datetime,
    *,
    roots: Sequence[Certificate] = (),
) -> None:
    """Keep the token that came, and append it to the custody chain; a second one changes nothing.

    Raises:
        StampRefused: the token is not about this manifest, or leads to none of the roots, where some are given.
    """
    row = session.get_one(StampRow, stamp_id, with_for_update=True)
    if row.next_at is None:
        return
    row.stamped_at = check_token(token, row.manifest, roots)
    row.token = media.put(token)
    row.next_at = row.problem = None
    append(
        session,
        at=now,
        who=MACHINE,
        action=STAMP,
        subject=row.authority,
        manifest=row.manifest,
        data={"token": row.token, "stamped_at": row.stamped_at.isoformat()},
    )
