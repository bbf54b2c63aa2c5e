"""Denials: requests that were refused, as rows of custody of which a flood makes one a minute, which counts the others.

Flow: the first denial of a kind (who, what, why) is a row at once; those of the next minute are counted in `denials`,
and told by the next row of the kind, or by `tell`, which the board calls each minute.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.custody import append
from storage.database import lock_name
from storage.schema import DenialRow

EVERY = timedelta(minutes=1)
KEPT = timedelta(hours=1)


def denied(
    session: Session,
    *,
    at: datetime,
    who: str,
    action: str,
    subject: str,
    why: str,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Put a denied request on record.

    Args:
        session: a session of `storage.database.transaction`.
        at: when.
        who: a login that there is, or "nobody": there must not be more of them than anybody likes.
        action: of the row of custody.
        subject: what it was about.
        why: a word.
        data: more about this one.
    """
    lock_name(session, "custody")
    row = session.get(DenialRow, (who, action, why))
    if row is not None and row.told_at > at - EVERY:
        row.more += 1
        return
    said: dict[str, Any] = {**(data or {}), "denied": why}
    if row is not None and row.more:
        said |= {"more": row.more, "since": row.told_at.isoformat(timespec="seconds")}
    append(session, at=at, who=who, action=action, subject=subject, data=said)
    if row is None:
        session.add(DenialRow(who=who, action=action, why=why, told_at=at, more=0))
    else:
        row.told_at, row.more = at, 0


def tell(session: Session, *, now: datetime) -> int:
    """Put on record what was only counted and is over; return how many rows that took."""
    lock_name(session, "custody")
    rows = session.scalars(select(DenialRow).where(DenialRow.more > 0, DenialRow.told_at <= now - EVERY)).all()
    for row in rows:
        since = row.told_at.isoformat(timespec="seconds")
        data = {"denied": row.why, "more": row.more, "since": since}
        append(session, at=now, who=row.who, action=row.action, subject="board", data=data)
        session.flush()
        row.told_at, row.more = now, 0
    session.execute(delete(DenialRow).where(DenialRow.more == 0, DenialRow.told_at <= now - KEPT))
    return len(rows)
