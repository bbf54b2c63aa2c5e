"""Similar cases: what people decided about cases that have something in common with one that waits.

What two cases have in common is what joins items into campaigns (`storage.schema.campaigns`): a host, an account, a
hand-off, a picture, a template. What very many cases have says nothing and is left out.
"""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.actions import judgement_of
from storage.case_views import SimilarCase
from storage.schema import CampaignKeyRow, Case, CaseKey, CaseLog

MOST = 5  # cases
MOST_KEYS = 200  # of the case
MOST_SHARED = 500  # things that judged cases share with it, of those judged last
HUB = 50  # cases that have a key: from there on it is everybody's


def similar_judged(session: Session, case_id: int, *, most: int = MOST) -> tuple[SimilarCase, ...]:
    """Return cases of the same brand that a person has judged and that share something, the latest judgements first."""
    keys = (
        select(CaseKey.key_id, CampaignKeyRow.kind, CampaignKeyRow.value)
        .join(CampaignKeyRow, CampaignKeyRow.id == CaseKey.key_id)
        .where(CaseKey.case_id == case_id, CampaignKeyRow.cases <= HUB)
        .order_by(CaseKey.strong.desc(), CaseKey.key_id)
        .limit(MOST_KEYS)
    )
    words = {key_id: (kind, value) for key_id, kind, value in session.execute(keys)}
    others = (
        select(CaseKey.key_id, Case)
        .join(Case, Case.id == CaseKey.case_id)
        .where(CaseKey.key_id.in_(words), CaseKey.case_id != case_id)
        .where(Case.judged_at.is_not(None), Case.state != "duplicate")
        .order_by(Case.judged_at.desc(), Case.id, CaseKey.key_id)
        .limit(MOST_SHARED)
    )
    cases: dict[int, Case] = {}
    shares: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for key_id, case in session.execute(others):
        cases[case.id] = case
        shares[case.id].append(words[key_id])
    judgements = held_judgements(session, list(cases))
    found = [
        SimilarCase(
            id=case.id,
            title=case.title,
            state=case.state,
            score=case.score,
            who=entry.who,
            at=entry.at,
            action=entry.action,
            reason=entry.reason,
            note=entry.note,
            shares=tuple(sorted(shares[case.id])),
        )
        for case in cases.values()
        if (entry := judgements.get(case.id)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:most])


def held_judgements(session: Session, case_ids: list[int]) -> dict[int, CaseLog]:
    """Return the judgement that holds for each case."""
    wanted = ("confirm", "dismiss", "reopen", "undo")
    query = select(CaseLog).where(CaseLog.case_id.in_(case_ids), CaseLog.action.in_(wanted)).order_by(CaseLog.id)
    logs: dict[int, list[CaseLog]] = defaultdict(list)
    for entry in session.scalars(query):
        logs[entry.case_id].append(entry)
    return {case_id: held for case_id, log in logs.items() if (held := judgement_of(log)) is not None}
