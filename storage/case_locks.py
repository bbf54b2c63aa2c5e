"""Locks: who changes cases, and in which order.

Items join, cases merge and split under one lock for each brand; below it the rows of the cases are locked by ascending
id. A judgement locks its case only. So nobody waits in a circle, and a judgement made at the moment when items arrive
comes wholly before or wholly after.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database import lock_name
from storage.schema import Case

MACHINE = "mekiki"  # who, in log entries that no person made


def lock_campaigns(session: Session, brands: Iterable[str]) -> None:
    """Let nobody else put items into cases of some brands, or take them out, until the transaction ends."""
    for brand in sorted(set(brands)):
        lock_name(session, f"campaigns of {brand}")


def lock_cases(session: Session, case_ids: Iterable[int]) -> dict[int, Case]:
    """Return cases as they are now, held until the transaction ends; always locked in the same order."""
    query = select(Case).where(Case.id.in_(list(case_ids))).order_by(Case.id)
    rows = session.scalars(query.with_for_update(key_share=True), execution_options={"populate_existing": True})
    return {case.id: case for case in rows}
