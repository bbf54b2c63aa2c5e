"""Wrong passwords: how many there were of late for a login and from an address, and how long to wait for the next try.

A try is counted before the password is looked at, so that many at once gain nothing; a right one takes it back. Whoever
must wait is not counted, so the wait ends, and nobody can lock a person out for good.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from storage.database import lock_name
from storage.schema import SignInFailureRow

FREE = 10  # tries without a wait
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)  # doubles with each try
KEPT = timedelta(hours=1)  # after the last one all is forgotten
MOST_ROWS = 10_000  # more are known only while somebody tries from thousands of addresses: the least grave ones go


def count_try(session: Session, keys: Sequence[str], *, now: datetime) -> timedelta | None:
    """Count a try under all of some keys, or return how long it has to wait."""
    lock_name(session, "sign-in failures")
    session.execute(delete(SignInFailureRow).where(SignInFailureRow.last_at <= now - KEPT))
    rows = {key: session.get(SignInFailureRow, key) for key in keys}
    waits = [row.last_at + _wait(row.count) - now for row in rows.values() if row is not None]
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        return longest
    for key, row in rows.items():
        if row is None:
            session.add(SignInFailureRow(key=key, count=1, last_at=now))
        else:
            row.count, row.last_at = row.count + 1, now
    session.flush()
    _bound(session)
    return None


def was_right(session: Session, login: str, others: Sequence[str]) -> None:
    """Forget the tries that were counted under a key, and take as many back under the others."""
    lock_name(session, "sign-in failures")
    mine = session.get(SignInFailureRow, login)
    count = mine.count if mine is not None else 1
    if mine is not None:
        session.delete(mine)
    for key in others:
        row = session.get(SignInFailureRow, key)
        if row is not None and row.count > count:
            row.count -= count
        elif row is not None:
            session.delete(row)


def _wait(count: int) -> timedelta:
    if count < FREE:
        return timedelta()
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(count - FREE, 10)))


def _bound(session: Session) -> None:
    more = session.scalar(select(func.count()).select_from(SignInFailureRow)) or 0
    if more > MOST_ROWS:
        least = select(SignInFailureRow.key).order_by(SignInFailureRow.count, SignInFailureRow.last_at)
        gone = least.limit(more - MOST_ROWS)
        session.execute(delete(SignInFailureRow).where(SignInFailureRow.key.in_(gone)))
