"""Locks: who changes cases, and in which order.

Items join, cases merge and split under one lock for each brand; below it the rows of the cases are locked by ascending
id. A judgement locks its case only. So nobody waits in a circle, and a judgement made at the moment when items arrive
comes wholly before or wholly after.
"""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.schema import Case

MACHINE = "mekiki"  # who, in log entries that no person made


def lock_campaigns(session: Session, brands: Iterable[str]) -> None:
    """Let nobody else put items into cases of some brands, or take them out, until the transaction ends.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    for brand in sorted(set(brands)):
        number = int.from_bytes(sha256(f"campaigns of {brand}".encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def lock_cases(session: Session, case_ids: Iterable[int]) -> dict[int, Case]:
    """Return cases as they are now, held until the transaction ends; always locked in the same order."""
    query = select(Case).where(Case.id.in_(list(case_ids))).order_by(Case.id)
    rows = session.scalars(query.with_for_update(key_share=True), execution_options={"populate_existing": True})
    return {case.id: case for case in rows}
