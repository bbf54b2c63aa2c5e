"""Notices on record: drafted, approved, filed, answered, settled; each step an entry of the case's log and the row that
it leads to, in one transaction (`storage.notice_entries`).
"""

import json
import re
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from storage.canonical import canonical
from storage.columns import digest_of
from storage.errors import NoticeConflict, NoticeNotFound, NoticeRefused
from storage.intents import tell_of_notices
from storage.merging import family
from storage.notice_entries import check, check_read, hold, hold_notice, row_of, take
from storage.notice_steps import ATTEND, NOTICE, OPEN, SENDING
from storage.notice_views import NoticeStep, NoticeView, ReplyView, former, mark_of, open_draft
from storage.schema import Case, CaseLog, CaseState, NoticeReply, NoticeRow, NoticeState

REFERENCE = re.compile(r"MK-[1-9][0-9]{0,18}-[0-9A-HJKMNP-TV-Z]{8}")  # ours, as `new_reference` makes it
DRAFTED: frozenset[CaseState] = frozenset(("confirmed", "takedown", "down", "relapsed"))  # in which notices are drafted
Told = Literal["acknowledged", "information_requested", "refused", "down", "back"]  # what people learn and say
TOLD: tuple[Told, ...] = get_args(Told)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # https://www.crockford.com/base32.html: none is taken for another
_COPIED = tuple(one.name for one in fields(NoticeView) if one.name not in ("targets", "links", "replies"))


def new_reference(case_id: int) -> str:
    """Return a reference for a notice that is drafted now: MK-, the case, and eight random characters."""
    return f"MK-{case_id}-" + "".join(secrets.choice(_CROCKFORD) for _ in range(8))


def notices_of(session: Session, case_id: int) -> tuple[NoticeView, ...]:
    """Return the notices of a case and of those that were merged into it, oldest first."""
    query = select(NoticeRow).where(NoticeRow.case_id.in_(family(session, case_id))).order_by(NoticeRow.id)
    return views(session, session.scalars(query).all())


def notice(session: Session, wanted: int | str) -> NoticeView:
    """Return a notice by its number, our reference, or theirs.

    Raises:
        NoticeNotFound: none is called so, or several are.
    """
    text = str(wanted).strip()
    if text.isascii() and text.isdigit() and len(text) < 19:
        rows = session.scalars(select(NoticeRow).where(NoticeRow.id == int(text))).all()
    else:
        rows = session.scalars(select(NoticeRow).where(NoticeRow.reference == text.upper())).all()
    if not rows:
        rows = session.scalars(select(NoticeRow).where(NoticeRow.their_reference == text).order_by(NoticeRow.id)).all()
    if not rows:
        raise NoticeNotFound(f"there is no notice {text}; `mekiki takedown list` shows all")
    if len(rows) > 1:
        raise NoticeNotFound(f"several notices are called {text}: {', '.join(str(row.id) for row in rows)}; name one")
    [view] = views(session, rows)
    return view


def history(session: Session, case_id: int) -> tuple[NoticeStep, ...]:
    """Return all that happened to the notices of a case and of those that were merged into it, in that order."""
    query = select(CaseLog).where(CaseLog.case_id.in_(family(session, case_id)), CaseLog.action == NOTICE)
    entries = session.scalars(query.order_by(CaseLog.id)).all()
    gone = {entry.data["undoes"] for entry in entries if entry.reason == "undo"}
    return tuple(
        NoticeStep(
            notice_id=entry.data["notice"],
            entry=entry.id,
            at=entry.at,
            who=entry.who,
            step=entry.reason or "",
            note=entry.note,
            undone=entry.id in gone,
            by=entry.data.get("by") if entry.reason == "down" else None,
        )
        for entry in entries
    )


def save_draft(
    session: Session,
    content: Mapping[str, Any],
    *,
    who: str,
    now: datetime,
    again: bool = False,
    seen: str | None = None,
) -> int:
    """Put a filled notice on record as a draft; return its number.

    It takes the place of an open draft of its case to the same channel about the same actor, which needs to be approved
    anew then. Where that channel was asked already, the draft files that notice anew (`previous_id`).

    Args:
        content: a `takedown.notice.Notice` as builtins. Its reference is `new_reference`'s or that of the draft that it
            replaces (`storage.notice_views.open_draft`).
        again: file anew though the channel has not answered the notice that it has.
        seen: `storage.notice_views.mark_of` the open draft that this person saw; None: it is not asked.

    Raises:
        CaseNotFound: no case has this id.
        NoticeConflict: there is another open draft than the one that was seen.
        NoticeRefused: the case is in no state for it, or the channel has this notice and it is open.
    """
    case_id: int = content["case_id"]
    held = hold(session, case_id)
    if held.root.state not in DRAFTED:
        advice = "judge it first" if held.root.state in ("open", "snoozed") else "nothing is asked of anybody for it"
        raise NoticeRefused(f"case {held.root.id} is {held.root.state}: {advice}")
    known = notices_of(session, held.root.id)
    same = content["channel"], content["actor"], content["subject"]
    before, draft = former(known, *same), open_draft(known, *same)
    if seen is not None and mark_of(draft) != seen:
        what = f"was drafted by {draft.drafted_by}" if draft is not None else "was filed or withdrawn"
        raise NoticeConflict(f"a notice to {content['channel']} {what} meanwhile; look again")
    if before is not None and before.state in OPEN and not again:
        raise NoticeRefused(
            f"notice {before.id} was filed with {before.channel} on {before.filed_at:%Y-%m-%d} and is {before.state}; "
            "--again files it anew"
        )
    if draft is None and any(one.reference == content["reference"] for one in known):
        raise NoticeRefused(f"{content['reference']} was filed or withdrawn at this moment; look again")
    if draft is None:
        row = NoticeRow(case_id=case_id, state="draft", state_at=now, drafted_at=now, drafted_by=who)
        session.add(row)
    else:
        row = row_of(session, draft.id)
        check("drafted", row)
    row.reference, row.channel, row.language = content["reference"], content["channel"], content["language"]
    row.actor, row.subject = content["actor"], content["subject"]
    row.targets, row.links = list(content["targets"]), list(content["links"])
    row.content = json.loads(canonical(dict(content)))  # as it will be read back
    row.previous_id = None if before is None else before.id
    session.flush()
    said = {
        "content": digest_of(row.content),
        "language": row.language,
        "actor": row.actor,
        "previous": row.previous_id,
    }
    take(session, held, row, "drafted", who=who, now=now, due=ATTEND, data=said)
    return row.id


def approve(
    session: Session,
    number: int,
    *,
    who: str,
    approvers: Collection[str],
    now: datetime,
    note: str = "",
    read: str = "",
) -> None:
    """Approve a draft as another person than who drafted it or asked for the takedown.

    Args:
        read: what this person has read, as `check_read` has it; empty: it is not asked.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: it is no draft, is approved already, says something else, or this person may not.
    """
    held, row = hold_notice(session, number)
    check("approved", row)
    check_read(number, row.content, read)
    if row.approved_by is not None:
        raise NoticeRefused(f"notice {number} was approved by {row.approved_by} already")
    if who not in approvers:
        named = ", ".join(approvers) or "nobody"
        raise NoticeRefused(f"{who} may not approve notices; [takedown] approvers names {named}")
    if who == row.drafted_by:
        raise NoticeRefused(f"{who} has drafted notice {number}; another person must approve it")
    if who == _asker(session, held.root):
        raise NoticeRefused(f"{who} has asked for the takedown of case {held.root.id}; another person must approve it")
    data = {"content": digest_of(row.content)}
    take(session, held, row, "approved", who=who, now=now, due=ATTEND, note=note, data=data)


def begin_sending(session: Session, number: int, *, who: str, approvers: Collection[str], now: datetime) -> NoticeView:
    """Note that a notice is about to leave, and return it as it must be sent; commit before anything leaves.

    Args:
        approvers: who may approve, where another person has to; empty where nobody has to.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: it is no draft, a try is under way, the case is not in takedown, or it waits for approval.
    """
    held, row = hold_notice(session, number)
    check("sending", row)
    if held.root.state != "takedown":
        asked = held.root.takedown_asked
        waits = f"; the takedown that {asked} asked for waits for another person's approval" if asked else ""
        raise NoticeRefused(
            f"case {held.root.id} is {held.root.state}; filing notice {number} needs it in takedown{waits}"
        )
    if approvers and row.approved_by is None:
        raise NoticeRefused(
            f"notice {number} waits for approval by another person ({', '.join(approvers)}): "
            f"`mekiki takedown approve {number}`"
        )
    take(session, held, row, "sending", who=who, now=now, due=SENDING)
    return views(session, [row])[0]


def filed(
    session: Session,
    number: int,
    *,
    who: str,
    now: datetime,
    due: timedelta,
    theirs: str | None = None,
    manifest: str | None = None,
    message_id: str | None = None,
    note: str = "",
) -> NoticeView:
    """Note that a notice whose sending was begun has arrived, as far as one can tell.

    Notices about the same actor that were refused, are back, or did not arrive are followed up by it, and wait for
    nothing any more.

    Args:
        due: until an answer is asked after.
        theirs: the reference that the channel gave.
        manifest: of what was sent, in the media store.
        message_id: of the mail.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: its sending was not begun.
    """
    held, row = hold_notice(session, number)
    check("filed", row)
    data = {"theirs": theirs, "manifest": manifest, "message_id": message_id}
    take(session, held, row, "filed", who=who, now=now, due=due, note=note, data=data)
    others = session.scalars(
        select(NoticeRow).where(
            NoticeRow.case_id.in_(held.cases),
            NoticeRow.id != row.id,
            NoticeRow.due_at.is_not(None),
            or_(
                NoticeRow.state.in_(("refused", "back")),
                and_(NoticeRow.state.in_(sorted(OPEN)), NoticeRow.lost_at.is_not(None)),
            ),
        )
    )
    for other in others.all():
        if other.id == row.previous_id or (other.actor, other.subject) == (row.actor, row.subject):
            take(session, held, other, "refiled", who=who, now=now, due=None, data={"by": row.id})
    return views(session, [row])[0]


def sending_failed(session: Session, number: int, *, who: str, now: datetime, note: str) -> None:
    """Note that a try came to nothing, and why; the notice is a draft as before.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: its sending was not begun.
    """
    held, row = hold_notice(session, number)
    check("failed", row)
    take(session, held, row, "failed", who=who, now=now, due=ATTEND, note=note)


def set_state(
    session: Session,
    number: int,
    state: Told,
    *,
    who: str,
    now: datetime,
    due: timedelta,
    note: str = "",
    theirs: str | None = None,
) -> NoticeView:
    """Note what a person has learned: one of `TOLD`.

    Args:
        due: until an answer is asked after, where one is still to come.
        note: for a refusal, the reason that was given.
        theirs: the channel's reference, where it is new.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: it was not filed, is settled, or the reason is missing.
    """
    if state == "refused" and not note.strip():
        raise NoticeRefused(f"notice {number}: why was it refused? Say it with --reason")
    held, row = hold_notice(session, number)
    check(state, row)
    wait = {"acknowledged": due, "down": None}.get(state, ATTEND)
    take(session, held, row, state, who=who, now=now, due=wait, note=note, data={"theirs": theirs})
    return views(session, [row])[0]


def set_reference(session: Session, number: int, theirs: str, *, who: str, now: datetime) -> None:
    """Note or correct what the channel calls a notice.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: it is withdrawn, or the reference is empty.
    """
    if not theirs.strip():
        raise NoticeRefused(f"notice {number}: the reference is empty")
    held, row = hold_notice(session, number)
    check("reference", row)
    take(session, held, row, "reference", who=who, now=now, data={"theirs": theirs.strip()})


def withdraw(session: Session, number: int, *, who: str, now: datetime, note: str = "") -> None:
    """Give a notice up: a draft, or one that was filed and that the channel was told to forget. It stays on record.

    Raises:
        NoticeNotFound: no notice has this number.
        NoticeRefused: it is down or withdrawn, a try is under way, or one that was filed has no note.
    """
    held, row = hold_notice(session, number)
    check("withdrawn", row)
    if row.filed_at is not None and not note.strip():
        raise NoticeRefused(
            f"notice {number} was filed with {row.channel} on {row.filed_at:%Y-%m-%d}: tell them that it is withdrawn, "
            "then say with --note how you did"
        )
    take(session, held, row, "withdrawn", who=who, now=now, due=None, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A message that came back; see `storage.schema.NoticeReply`."""

    digest: str
    received_at: datetime
    sender: str
    subject: str
    text: str
    matched_by: str
    suggests: NoticeState | None = None
    answers: bool = True  # false: nobody there has read it, or nobody knows that it is from there
    lost: bool = False  # a mail of ours that did not arrive: somebody has to look now


def add_reply(session: Session, number: int, reply: Reply, *, who: str, now: datetime, due: timedelta) -> bool:
    """Keep a message that came back; a notice that was filed is acknowledged by it. Tells whoever is told of notices.

    Anybody can write such a message: it never makes a notice wait longer than it did. A mail of ours that comes back is
    `lost_at` until a person knows better.

    Args:
        due: until the next answer is asked after, where that is sooner.

    Returns:
        Whether it is new: a message is kept once, however often it is read.

    Raises:
        NoticeNotFound: no notice has this number.
    """
    held, row = hold_notice(session, number)
    known = select(NoticeReply.id).where(NoticeReply.notice_id == number, NoticeReply.digest == reply.digest)
    if session.scalar(known) is not None:
        return False
    session.add(
        NoticeReply(
            notice_id=number,
            digest=reply.digest,
            received_at=reply.received_at,
            recorded_at=now,
            recorded_by=who,
            sender=reply.sender,
            subject=reply.subject,
            text=reply.text,
            matched_by=reply.matched_by,
            suggests=reply.suggests,
        )
    )
    wait = timedelta(0) if reply.lost else due
    sooner = row.due_at is not None and row.due_at > now + wait
    moves = (reply.answers or reply.lost) and row.state in OPEN and sooner
    data = {
        "reply": reply.digest,
        "answers": reply.answers,
        "suggests": reply.suggests,
        "lost": reply.lost or None,
    }
    take(session, held, row, "reply", who=who, now=now, due=wait if moves else "as before", data=data)
    tell_of_notices(session, held.root.id, now)
    return True


def views(session: Session, rows: Sequence[NoticeRow]) -> tuple[NoticeView, ...]:
    """Return rows as people read them, with what came back."""
    replies = defaultdict(list)
    query = select(NoticeReply).where(NoticeReply.notice_id.in_([row.id for row in rows])).order_by(NoticeReply.id)
    for reply in session.scalars(query):
        replies[reply.notice_id].append(
            ReplyView(
                id=reply.id,
                digest=reply.digest,
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


def _asker(session: Session, case: Case) -> str | None:
    """Return who asked for the takedown of a case last."""
    query = select(CaseLog.who).where(CaseLog.case_id == case.id, CaseLog.action == "takedown")
    return session.scalar(query.order_by(CaseLog.id.desc()).limit(1))
