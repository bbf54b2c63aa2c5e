"""Which notices a message may be about: by our references, by theirs, by the mails that were sent."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from storage.schema import NoticeRow


def matching(
    session: Session,
    *,
    references: Collection[str] = (),
    theirs: Collection[str] = (),
    squeezed: Collection[str] = (),
    message_ids: Collection[str] = (),
) -> dict[str, tuple[int, ...]]:
    """Return the numbers of notices that have one of our references, of theirs, or sent one of these mails; by which
    of the three (`reference`, `their_reference`, `message_id`) they were found, ascending.

    Args:
        squeezed: references of theirs in lower case without blanks, dashes and number signs, for all spellings of them;
            every notice that has one is looked at.
    """
    wanted: dict[str, ColumnElement[bool]] = {}
    if references:
        wanted["reference"] = NoticeRow.reference.in_({one.upper() for one in references})
    if theirs or squeezed:
        wanted["their_reference"] = NoticeRow.their_reference.in_(set(theirs))
    if squeezed:
        bare: ColumnElement[str] = func.lower(NoticeRow.their_reference)
        for sign in (" ", "-", "#"):
            bare = func.replace(bare, sign, "")
        wanted["their_reference"] = or_(wanted["their_reference"], bare.in_(set(squeezed)))
    if message_ids:
        wanted["message_id"] = NoticeRow.message_id.in_(set(message_ids))
    return {
        name: tuple(session.scalars(select(NoticeRow.id).where(condition).order_by(NoticeRow.id)))
        for name, condition in wanted.items()
    }
