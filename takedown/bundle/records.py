"""Records: what the database knows of a case, written as lines of canonical JSON that a program can read and replay.

Of the custody chain a bundle holds the rows of its own case in full and, in place of each run of other rows, their
numbers and the hash of the last one: so every row of the case can be computed anew, none can be taken out unnoticed,
and of other cases nothing is told, for a hash says nothing about what it was made of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.canonical import canonical
from storage.case_items import item_views
from storage.case_views import CaseItemView
from storage.custody import Entry, Head, entries_about, hashes_at, head
from storage.notice_views import NoticeView
from storage.schema import Case, CaseItem, CaseLog, NoticeReply, VerdictRow

BUNDLE = "bundle"  # action in the custody chain
AT_ONCE = 100  # items read at a time


def subject_of(case_id: int) -> str:
    """Return what a row of custody about a bundle names as its subject."""
    return f"case {case_id}"


def line(value: Any) -> bytes:
    """Return a value as a line of canonical JSON."""
    return canonical(msgspec.to_builtins(value)) + b"\n"


def write_lines(path: Path, values: Iterable[Any]) -> None:
    """Write values as such lines, one at a time."""
    with path.open("wb") as out:
        out.writelines(map(line, values))


def items_of(session: Session, case_id: int, *, most: int) -> Iterator[CaseItemView]:
    """Yield the items of a case, best first, few at a time."""
    rows = session.execute(
        select(CaseItem.case_id, CaseItem.item_id)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id == case_id)
        .order_by(VerdictRow.score.desc(), CaseItem.added_at, CaseItem.item_id)
        .limit(most)
    )
    members = [(int(case), int(item)) for case, item in rows]
    for start in range(0, len(members), AT_ONCE):
        yield from (view for _, view in item_views(session, members[start : start + AT_ONCE]))
        session.expunge_all()  # each row is looked at once


def count_items(session: Session, case_id: int) -> int:
    """Return how many items a case has."""
    return session.scalar(select(func.count()).select_from(CaseItem).where(CaseItem.case_id == case_id)) or 0


def custody_of(session: Session, manifests: Collection[str], cases: Collection[int]) -> tuple[list[Entry], Head]:
    """Return the rows of custody about some manifests and about bundles of some cases, and the end of the chain."""
    subjects = {subject_of(case_id) for case_id in cases}
    entries = entries_about(session, manifests=manifests, subjects=subjects)
    own = [entry for entry in entries if entry.manifest in manifests or entry.action == BUNDLE]
    return own, head(session)


def custody_lines(session: Session, entries: Sequence[Entry], last: Head) -> Iterator[dict[str, Any]]:
    """Yield the chain from its first row to its last: rows of the case in full, runs of others by number and hash."""
    ends = hashes_at(session, [entry.number - 1 for entry in entries])
    position = 0
    for entry in entries:
        if entry.number - 1 > position:
            yield {"others": [position + 1, entry.number - 1], "hash": ends.get(entry.number - 1, "")}
        yield {**asdict(entry), "at": stamp_of(entry.at)}
        position = entry.number
    if last.number > position:
        yield {"others": [position + 1, last.number], "hash": last.hash}


def log_lines(session: Session, cases: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the logs of a case and of those that became a part of it, case by case, oldest entry first."""
    for case_id in cases:
        for row in session.scalars(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id)):
            yield {
                "id": row.id,
                "case_id": row.case_id,
                "at": stamp_of(row.at),
                "who": row.who,
                "action": row.action,
                "reason": row.reason,
                "note": row.note,
                "data": row.data,
                "previous": row.previous,
                "hash": row.hash,
            }


def log_heads(session: Session, cases: Sequence[int]) -> dict[str, str | None]:
    """Return the hash of the last log entry of each case, by its number, as the case has it."""
    rows = session.execute(select(Case.id, Case.log_head).where(Case.id.in_(cases)).order_by(Case.id))
    return {str(case_id): value for case_id, value in rows}


def replies_of(session: Session, notices: Sequence[NoticeView]) -> list[NoticeReply]:
    """Return what came back about notices, oldest first."""
    query = select(NoticeReply).where(NoticeReply.notice_id.in_([notice.id for notice in notices]))
    return list(session.scalars(query.order_by(NoticeReply.id)))


def notice_lines(notices: Sequence[NoticeView], replies: Mapping[int, Sequence[NoticeReply]]) -> Iterator[Any]:
    """Yield notices with what came back; a reply names its message by SHA-256."""
    for notice in notices:
        plain = msgspec.to_builtins(notice)
        plain["replies"] = [
            {
                "sha256": reply.digest,
                "received_at": stamp_of(reply.received_at),
                "recorded_at": stamp_of(reply.recorded_at),
                "recorded_by": reply.recorded_by,
                "sender": reply.sender,
                "subject": reply.subject,
                "text": reply.text,
                "matched_by": reply.matched_by,
                "suggests": reply.suggests,
            }
            for reply in replies.get(notice.id, ())
        ]
        yield plain


def stamp_of(at: datetime) -> str:
    """Write a moment as the chains do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
