"""Everything that triage shows of one case, read in one snapshot."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from storage.cases import CaseDetail, case_detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One case and what is known around it."""

    detail: CaseDetail
    together: tuple[str, ...] = field(default=())  # why its items are one case, a sentence each


def read_dossier(session: Session, case_id: int, *, now: datetime, items: int = 1) -> Dossier:
    """Read a case.

    Args:
        session: a snapshot.
        case_id: its number.
        now: for its state.
        items: how many of its items, best first.

    Raises:
        CaseNotFound: no case has this number.
    """
    return Dossier(detail=case_detail(session, case_id, now=now, max_items=items))
