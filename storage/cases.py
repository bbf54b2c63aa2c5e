"""Cases as people read them: one in full. The list is `storage.case_list`, judging `storage.judgements`."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.case_items import best_items, items_of, verdict_from
from storage.case_list import list_cases, summaries
from storage.case_views import CaseDetail, CaseItemView, CaseSummary, LogEntry, PictureView
from storage.deliveries import deliveries_of
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused
from storage.judgements import DISMISS_REASONS, Judgement, judge, undo
from storage.registrations import Registration, landing_domain, registrations
from storage.schema import CaseLog
from storage.similar import similar_judged
from storage.visits import visits_of

__all__ = [
    "DISMISS_REASONS",
    "CaseConflict",
    "CaseDetail",
    "CaseItemView",
    "CaseNotFound",
    "CaseSummary",
    "Judgement",
    "JudgementRefused",
    "PictureView",
    "case_contents",
    "case_detail",
    "judge",
    "list_cases",
    "log_entries",
    "undo",
    "verdict_from",
]

_SHARED = tuple(one.name for one in fields(CaseSummary) if one.name != "items")


def case_detail(
    session: Session,
    case_id: int,
    *,
    now: datetime | None = None,
    max_items: int = 200,
    max_log: int | None = None,
) -> CaseDetail:
    """Return one case with its best items, its log and its messages.

    Args:
        now: for the state; without it a snoozed case reads "snoozed" even when its time has run out.
        max_items: a campaign may have thousands; `item_count` tells how many there are.
        max_log: entries of the log, the latest; None: all.

    Raises:
        CaseNotFound: no case has this id.
    """
    found = case_contents(session, [case_id], now=now, max_items=0)
    if not found:
        raise CaseNotFound(f"there is no case {case_id}")
    contents = found[case_id]
    return replace(
        contents,
        items=items_of(session, case_id, limit=max_items),
        visits=visits_of(session, case_id),
        registration=_registration(session, contents.campaign),
        similar=similar_judged(session, case_id),
        log=log_entries(session, case_id, most=max_log),
        deliveries=deliveries_of(session, case_id),
    )


def case_contents(
    session: Session, case_ids: Sequence[int], *, now: datetime | None = None, max_items: int = 200
) -> dict[int, CaseDetail]:
    """Return cases with their best items, by id, for messages about many; a case that is not there is left out.

    Visits, registration, similar cases, log and messages are left empty: `case_detail` reads them. Arguments as there.
    """
    lines = summaries(session, case_ids, now)
    items = best_items(session, [line.id for line in lines], max_items)
    return {
        line.id: CaseDetail(
            **{name: getattr(line, name) for name in _SHARED},
            item_count=line.items,
            items=items[line.id],
            visits=(),
            registration=None,
            similar=(),
            log=(),
            deliveries=(),
        )
        for line in lines
    }


def _registration(session: Session, campaign: str) -> Registration | None:
    domain = landing_domain(campaign)
    return registrations(session, [domain]).get(domain) if domain else None


def log_entries(
    session: Session, case_id: int, *, most: int | None = None, before: int | None = None
) -> tuple[LogEntry, ...]:
    """Return the latest entries of a case's log, or the latest of those before one; oldest first."""
    query = select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id.desc()).limit(most)
    if before is not None:
        query = query.where(CaseLog.id < before)
    rows = session.scalars(query).all()[::-1]
    return tuple(
        LogEntry(
            id=row.id,
            at=row.at,
            who=row.who,
            action=row.action,
            reason=row.reason,
            note=row.note,
            data=row.data,
        )
        for row in rows
    )
