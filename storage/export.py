"""Cases and their items for files: every one that a choice of cases holds, a few at a time, in one snapshot."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.case_items import item_views
from storage.case_list import CaseOrder, list_cases, place_of
from storage.case_views import CaseItemView, CaseSummary
from storage.schema import CaseItem
from storage.views import CaseFilters

PAGE = 500  # cases of the list read at once
CASES = 100  # whose items are read at once
ITEMS = 500  # read at once


def exported_cases(
    session: Session, filters: CaseFilters, *, order: CaseOrder = "priority", now: datetime
) -> Iterator[CaseSummary]:
    """Yield all cases of a list in its order; memory does not grow with their number."""
    place = None
    while page := list_cases(session, filters, order=order, after=place, limit=PAGE, now=now):
        yield from page
        place = place_of(page[-1], order)
        session.expunge_all()


def exported_items(
    session: Session, filters: CaseFilters, *, order: CaseOrder = "priority", now: datetime
) -> Iterator[tuple[CaseSummary, CaseItemView]]:
    """Yield all items of all cases of a list, each with its case, by case; memory does not grow with their number."""
    cases = exported_cases(session, filters, order=order, now=now)
    while some := {case.id: case for case in islice(cases, CASES)}:
        query = select(CaseItem.case_id, CaseItem.item_id).where(CaseItem.case_id.in_(some))
        places = {case_id: place for place, case_id in enumerate(some)}
        members = sorted((places[case_id], case_id, item_id) for case_id, item_id in session.execute(query))
        for start in range(0, len(members), ITEMS):
            named = [(case_id, item_id) for _, case_id, item_id in members[start : start + ITEMS]]
            for case_id, view in item_views(session, named):
                yield some[case_id], view
            session.expunge_all()
