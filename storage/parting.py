"""Parting: items leave a case for another, and what both consist of is counted anew."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from detector.verdict import Decision
from storage.campaign_keys import recount
from storage.case_pairs import put_apart
from storage.reach import publisher_of
from storage.reach import recount as recount_reach
from storage.schema import CampaignKeyRow, Case, CaseItem, CaseKey, CaseSource, ItemRow, Sighting, VerdictRow
from storage.upsert import insert, table_of

GRAVITY: Mapping[Decision, int] = {"impersonation": 2, "suspicious": 1}
_QUIET = {"synchronize_session": False}


def part(
    session: Session,
    old: Case,
    new: Case,
    items: Collection[int],
    *,
    who: str,
    now: datetime,
    shared: Collection[int] = (),
) -> None:
    """Take items from one locked case to another, and remember that people put the two apart.

    What both still have in common does not join on its own any more (`campaign_keys.parted`).

    Args:
        session: whose transaction holds the lock of the brand (`storage.case_locks`).
        old: the case that they leave.
        new: where they go.
        items: of the old case.
        who: said so.
        now: the time.
        shared: items that are in both cases from now on.
    """
    session.flush()
    columns = table_of(CaseItem).c
    session.execute(
        update(CaseItem).where(CaseItem.case_id == old.id, CaseItem.item_id.in_(items)).values(case_id=new.id),
        execution_options=_QUIET,
    )
    kept = select(*columns).where(columns.case_id == old.id, columns.item_id.in_(shared))
    if rows := [{**row, "case_id": new.id} for row in session.execute(kept).mappings()]:
        session.execute(insert(session, CaseItem).on_conflict_do_nothing(), rows)
    recount(session, [old.id, new.id])
    count_parted(session, old.id, new.id, 1)
    put_apart(session, old.id, new.id, who=who, now=now)
    for case in (old, new):
        _places_anew(session, case)
        _weigh_anew(session, case)


def count_parted(session: Session, one: int, other: int, step: int) -> None:
    """Note of what two cases have in common how often people have put such cases apart."""
    here, there = (select(CaseKey.key_id).where(CaseKey.case_id == case_id) for case_id in (one, other))
    columns = CampaignKeyRow
    change = update(CampaignKeyRow).where(columns.id.in_(here), columns.id.in_(there), columns.parted + step >= 0)
    session.execute(change.values(parted=columns.parted + step), execution_options=_QUIET)


def raise_score(case: Case, score: float, verdict_id: int, decision: Decision) -> None:
    """Let a case have the higher score and the graver decision."""
    if score > case.score:
        case.score, case.verdict_id = score, verdict_id
    if GRAVITY.get(decision, 0) > GRAVITY.get(case.decision, 0):
        case.decision = decision


def _weigh_anew(session: Session, case: Case) -> None:
    """Take score, decision and times from what is in a case now."""
    rows = session.execute(
        select(VerdictRow.score, VerdictRow.id, VerdictRow.decision)
        .join(CaseItem, CaseItem.verdict_id == VerdictRow.id)
        .where(CaseItem.case_id == case.id)
        .order_by(VerdictRow.score.desc(), VerdictRow.id)
    ).all()
    if rows:
        case.score, case.verdict_id = rows[0].score, rows[0].id
        decisions: list[Decision] = [row.decision for row in rows]
        decisions.sort(key=lambda one: GRAVITY.get(one, 0))
        case.decision = decisions[-1]
    items = select(CaseItem.item_id).where(CaseItem.case_id == case.id)
    last = session.scalar(select(func.max(Sighting.seen_at)).where(Sighting.item_id.in_(items)))
    case.last_seen = last or case.last_seen
    recount_reach(session, case)


def _places_anew(session: Session, case: Case) -> None:
    """Write down anew where the items of a case were seen."""
    session.execute(delete(CaseSource).where(CaseSource.case_id == case.id), execution_options=_QUIET)
    seen = session.execute(
        select(Sighting.source, ItemRow.kind, Sighting.publisher_url)
        .distinct()
        .join(ItemRow, ItemRow.id == Sighting.item_id)
        .join(CaseItem, CaseItem.item_id == Sighting.item_id)
        .where(CaseItem.case_id == case.id)
    )
    places = {(source, kind, publisher_of(url)) for source, kind, url in seen}
    case.publishers = len({publisher for _, _, publisher in places if publisher})
    if places:
        session.execute(
            table_of(CaseSource).insert(),
            [
                {"case_id": case.id, "source": source, "kind": kind, "publisher": publisher}
                for source, kind, publisher in sorted(places)
            ],
        )
