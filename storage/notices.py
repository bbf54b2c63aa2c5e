"""Notices on record: drafted, approved, filed, answered, settled; each step an entry of the case's log and the row that
it leads to, in one transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.merging import family
from storage.notice_views import NoticeView, ReplyView
from storage.schema import NoticeReply, NoticeRow

_COPIED = tuple(one.name for one in fields(NoticeView) if one.name not in ("targets", "links", "replies"))


def notices_of(session: Session, case_id: int) -> tuple[NoticeView, ...]:
    """Return the notices of a case and of those that were merged into it, oldest first."""
    query = select(NoticeRow).where(NoticeRow.case_id.in_(family(session, case_id))).order_by(NoticeRow.id)
    return views(session, session.scalars(query).all())


def views(session: Session, rows: Sequence[NoticeRow]) -> tuple[NoticeView, ...]:
    """Return rows as people read them, with what came back."""
    replies = defaultdict(list)
    query = select(NoticeReply).where(NoticeReply.notice_id.in_([row.id for row in rows])).order_by(NoticeReply.id)
    for reply in session.scalars(query):
        replies[reply.notice_id].append(
            ReplyView(
                id=reply.id,
                received_at=reply.received_at,
                sender=reply.sender,
                subject=reply.subject,
                text=reply.text,
                matched_by=reply.matched_by,
                suggests=reply.suggests,
            )
        )
    return tuple(
        NoticeView(
            **{name: getattr(row, name) for name in _COPIED},
            targets=tuple(row.targets),
            links=tuple(row.links),
            replies=tuple(replies[row.id]),
        )
        for row in rows
    )
