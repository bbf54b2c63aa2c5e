"""What people say of notices: approved, how they stand, given up, to be tried again; each in the caller's transaction.

Nothing leaves by any of these: `takedown.filing` sends, and only when it is told to.
"""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from config import Config
from desk.agreed import agreed
from storage.errors import NoticeRefused
from storage.judgements import Judgement, judge
from storage.merging import root_of
from storage.notice_entries import check_read
from storage.notice_views import NoticeView
from storage.notices import Told, approve, begin_sending, filed, sending_failed, set_reference, set_state
from storage.schema import Case
from takedown.catalogue import Catalogue

# A try may still be going on for as long: relay and interface have 15 s (`alerts.gate.TIMEOUT`), then the database.
UNDER_WAY = timedelta(minutes=1)


def approve_read(
    session: Session, view: NoticeView, *, read: str, who: str, note: str, config: Config, now: datetime
) -> None:
    """Approve a draft as it was read, and with it the takedown of its case that waits for it.

    Args:
        view: the notice.
        read: the first hex digits of `digest_of` of the content that the person has read.

    Raises:
        NoticeRefused, JudgementRefused: it says something else, is approved already, or this person may not.
    """
    check_read(view.id, view.content, read)
    root = root_of(session, view.case_id)
    if session.get_one(Case, root).takedown_asked is not None:
        judge(session, root, agreed(Judgement(who=who, action="approve", note=note), config, now), now=now)
        if view.approved_by is not None:  # before the takedown was asked for: the case alone has waited
            return
    approve(session, view.id, who=who, approvers=config.takedown.needed, now=now, note=note, read=read)


def learned(
    session: Session,
    view: NoticeView,
    state: Told | Literal["filed"] | None,
    *,
    who: str,
    note: str,
    theirs: str | None,
    config: Config,
    catalogue: Catalogue,
    now: datetime,
) -> None:
    """Write down what a person has learned of a notice: how it stands now, or only what the channel calls it.

    Args:
        state: `filed` is for one whose sending did not end and that has arrived, or that was filed without mekiki.
        note: what was seen, and where; of a refusal, why.
        theirs: the channel's reference.

    Raises:
        NoticeRefused: it makes no sense as the notice stands, or a try may still be under way.
    """
    due = catalogue.answer_within(view.channel) or config.takedown.remind
    if state is None:
        set_reference(session, view.id, theirs or "", who=who, now=now)
    elif state == "filed":
        check_over(view, now)
        if view.sending_at is None:
            begin_sending(session, view.id, who=who, approvers=config.takedown.needed, now=now)
        filed(session, view.id, who=who, now=now, due=due, theirs=theirs, note=note)
    else:
        set_state(session, view.id, state, who=who, now=now, due=due, note=note, theirs=theirs)


def try_again(session: Session, view: NoticeView, *, who: str, note: str, now: datetime) -> None:
    """Make a draft again of a notice whose sending did not end and that did not arrive.

    Raises:
        NoticeRefused: nothing was begun, or it may still be under way.
    """
    check_over(view, now)
    sending_failed(session, view.id, who=who, now=now, note=note)


def check_over(view: NoticeView, now: datetime) -> None:
    """Raise NoticeRefused while somebody may be sending a notice at this moment: it would leave twice."""
    if view.sending_at is not None and timedelta(0) <= now - view.sending_at < UNDER_WAY:
        raise NoticeRefused(
            f"notice {view.id}: a try began at {view.sending_at:%H:%M:%S} UTC and may still be under way; wait a minute"
        )
