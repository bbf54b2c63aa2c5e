"""Lists of notices: filtered, the newest first, a page at a time.

Each state and channel of the filter is a range of its own in an index that ends with the number, so that a page is read
in the time of its rows however many notices there are.
"""

from dataclasses import dataclass
from typing import get_args

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from storage.merging import family, root_of
from storage.notice_views import NoticeView
from storage.notices import views
from storage.schema import NoticeRow, NoticeState
from storage.upsert import table_of

_NOTICES = table_of(NoticeRow).c


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilters:
    """Which notices; whatever is empty does not matter."""

    case: int | None = None  # with all that it is a part of, or that is a part of it
    states: tuple[NoticeState, ...] = ()
    channels: tuple[str, ...] = ()


_ALL = NoticeFilters()


def list_notices(
    session: Session, filters: NoticeFilters = _ALL, *, before: int | None = None, limit: int = 50
) -> tuple[NoticeView, ...]:
    """Return one page of notices, the newest first.

    Args:
        before: the number of the last notice of the page before.
    """
    wanted = select(_NOTICES.id)
    if before is not None:
        wanted = wanted.where(_NOTICES.id < before)
    if filters.case is not None:
        ids = family(session, root_of(session, filters.case))
        ranges = [wanted.where(_NOTICES.case_id.in_(ids))]
        if filters.states:
            ranges = [ranges[0].where(_NOTICES.state.in_(filters.states))]
        if filters.channels:
            ranges = [ranges[0].where(_NOTICES.channel.in_(filters.channels))]
    else:
        states = filters.states or (get_args(NoticeState) if filters.channels else ())
        ranges = [wanted.where(_NOTICES.state == state) for state in states] or [wanted]
        if filters.channels:
            ranges = [one.where(_NOTICES.channel == channel) for one in ranges for channel in filters.channels]
    pages = [one.order_by(_NOTICES.id.desc()).limit(limit).subquery() for one in ranges]
    found = union_all(*(select(page.c.id) for page in pages)).subquery()
    numbers = list(session.scalars(select(found.c.id).order_by(found.c.id.desc()).limit(limit)))
    rows = session.scalars(select(NoticeRow).where(NoticeRow.id.in_(numbers)).order_by(NoticeRow.id.desc())).all()
    return views(session, rows)
