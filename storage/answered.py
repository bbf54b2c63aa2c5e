"""Answered: requests that wrote something, so that one sent again (a click too many) does nothing more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from storage.schema import AnsweredRow

KEPT = timedelta(days=1)
MOST_BODY = 256 * 1024  # characters; a longer answer is told by its status alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered."""

    request: str  # SHA-256 of path and fields
    status: int | None  # None: not yet
    body: str
    location: str | None


def answered(session: Session, login: str, key: str) -> Answer | None:
    """Return what a person's request of this key was answered."""
    row = session.get(AnsweredRow, (login, key))
    if row is None:
        return None
    return Answer(request=row.request, status=row.status, body=row.body or "", location=row.location)


def begin_answer(session: Session, login: str, key: str, request: str, *, now: datetime) -> None:
    """Note that a request is being worked on; forget those of yesterday.

    Raises:
        IntegrityError: another process just began it.
    """
    session.execute(delete(AnsweredRow).where(AnsweredRow.at <= now - KEPT))
    session.add(AnsweredRow(login=login, key=key, request=request, at=now, status=None, body=None, location=None))
    session.flush()


def keep_answer(session: Session, login: str, key: str, answer: Answer) -> None:
    """Keep what was answered."""
    row = session.get_one(AnsweredRow, (login, key))
    row.status, row.location = answer.status, answer.location
    row.body = answer.body if len(answer.body) <= MOST_BODY else ""


def drop_answer(session: Session, login: str, key: str) -> None:
    """Forget a request that failed, so that it may be tried again."""
    session.execute(delete(AnsweredRow).where(AnsweredRow.login == login, AnsweredRow.key == key))
