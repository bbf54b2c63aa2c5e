"""Visits: journeys from links to where they end; append-only."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.visits import Visit
from storage.schema import VisitRow


def save_visits(session: Session, visits: Iterable[Visit], *, case_id: int | None = None) -> None:
    """Append journeys, for a case or for a link that somebody named."""
    session.add_all(
        VisitRow(
            case_id=case_id,
            url=visit.url,
            visitor=visit.visitor,
            started_at=visit.started_at,
            outcome=visit.outcome,
            visit=msgspec.to_builtins(visit),
        )
        for visit in visits
    )


def visits_of(session: Session, case_id: int, *, most: int = 50) -> tuple[Visit, ...]:
    """Return the latest journeys for a case, the newest first."""
    rows = session.scalars(
        select(VisitRow)
        .where(VisitRow.case_id == case_id)
        .order_by(VisitRow.started_at.desc(), VisitRow.id.desc())
        .limit(most)
    )
    return tuple(msgspec.convert(row.visit, Visit) for row in rows)
