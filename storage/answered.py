"""Answered: requests that wrote something, so that one sent again (a click too many) does nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.schema import AnsweredRow

KEPT = timedelta(days=1)
LONGEST = timedelta(minutes=1)  # that a request is worked on; one without an answer for longer died with its process
MOST_BODY = 256 * 1024  # characters; a longer answer is not kept
MOST = 200  # answers that are kept of one person; the oldest go first


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered."""

    request: str  # SHA-256 of path and fields
    status: int | None  # None: not yet
    body: str | None  # None: not kept
    headers: Mapping[str, str] = field(default_factory=dict)  # that say what the body is, or lead on


def begin_answer(session: Session, login: str, key: str, request: str, *, now: datetime) -> Answer | None:
    """Begin a request, or return what was answered to the one of this key; forget what is too old, or too much.

    Raises:
        IntegrityError: another process just began it.
    """
    session.execute(delete(AnsweredRow).where(AnsweredRow.at <= now - KEPT))
    older = select(AnsweredRow.key).where(AnsweredRow.login == login, AnsweredRow.status.is_not(None))
    too_many = older.order_by(AnsweredRow.at.desc(), AnsweredRow.key).offset(MOST)
    session.execute(delete(AnsweredRow).where(AnsweredRow.login == login, AnsweredRow.key.in_(too_many)))
    row = session.get(AnsweredRow, (login, key))
    if row is not None and (row.status is not None or row.at > now - LONGEST):
        return Answer(request=row.request, status=row.status, body=row.body, headers=row.headers or {})
    if row is not None:
        session.expunge(row)
        mine = (AnsweredRow.login == login, AnsweredRow.key == key)
        session.execute(delete(AnsweredRow).where(*mine, AnsweredRow.status.is_(None), AnsweredRow.at == row.at))
    session.add(AnsweredRow(login=login, key=key, request=request, at=now, status=None, headers=None, body=None))
    session.flush()
    return None


def keep_answer(session: Session, login: str, key: str, answer: Answer) -> None:
    """Keep what was answered; nothing is kept where the request took so long that it was begun again."""
    body = answer.body if answer.body is not None and len(answer.body) <= MOST_BODY else None
    session.execute(
        update(AnsweredRow)
        .where(AnsweredRow.login == login, AnsweredRow.key == key, AnsweredRow.request == answer.request)
        .values(status=answer.status, headers=dict(answer.headers), body=body)
    )


def drop_answer(session: Session, login: str, key: str) -> None:
    """Forget a request that failed, so that it may be tried again."""
    session.execute(delete(AnsweredRow).where(AnsweredRow.login == login, AnsweredRow.key == key))
