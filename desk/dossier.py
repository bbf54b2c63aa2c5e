"""Everything that triage shows of one case, read in one snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from desk.counted import counted
from storage.cases import CaseDetail, case_detail
from storage.notice_views import NoticeView
from storage.notices import notices_of
from storage.reasons import Why, said, why

MOST_REASONS = 20  # items whose reasons are read
MOST_KEYS = 5  # that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One case and what is known around it."""

    detail: CaseDetail
    together: tuple[str, ...] = field(default=())  # why its items are one case, a sentence each
    notices: tuple[NoticeView, ...] = field(default=())  # oldest first


def read_dossier(session: Session, case_id: int, *, now: datetime, items: int = 1, log: int | None = None) -> Dossier:
    """Read a case.

    Args:
        session: a snapshot.
        case_id: its number.
        now: for its state.
        items: how many of its items, best first.
        log: how many entries of its log, the latest; None: all.

    Raises:
        CaseNotFound: no case has this number.
    """
    detail = case_detail(session, case_id, now=now, max_items=items, max_log=log)
    return Dossier(
        detail=detail,
        together=tuple(together(why(session, case_id, most=MOST_REASONS))),
        notices=notices_of(session, case_id),
    )


def together(found: Why) -> Iterator[str]:
    """Yield why items are one case, what was merged into it, and what else may belong to it; a sentence each."""
    for key in found.keys[:MOST_KEYS]:
        others = f", as in {counted(key.cases - 1, 'other case')}" if key.cases > 1 else ""
        yield f"{key.items} of {counted(found.item_count, 'item')}: {said(key.kind, key.value).rstrip(',')}{others}"
    for part in found.merged:
        yield f"case {part.case_id} was merged into it by {part.who}" + (f": {part.note}" if part.note else "")
    for other in found.suggestions:
        yield f"case {other.case_id} ({other.state}) may belong to it: {other.says}"
