"""Merging: two cases become one, by the machine where an item belongs to both, by people as they see fit; with undo.

The younger case becomes a duplicate of the older one (or of the one that a person names): its items, keys and pending
messages go over, and what arrives later follows (`Case.merged_into`). The logs of both tell what an undo needs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, select, update
from sqlalchemy.orm import Session

from storage.actions import ACTIONS, refusal, state_at, undone
from storage.campaign_keys import count_cases
from storage.case_locks import MACHINE, lock_campaigns, lock_cases
from storage.case_log import NewEntry, append_log
from storage.case_pairs import hand_on
from storage.errors import CaseNotFound, JudgementRefused
from storage.intents import move_pending
from storage.parting import part, raise_score
from storage.reach import absorb
from storage.schema import Case, CaseItem, CaseJoin, CaseKey, CaseLog
from storage.settle import check_seen, log_of, settle_anew
from storage.upsert import insert, table_of

_QUIET = {"synchronize_session": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """Why two cases are one."""

    item: int | None = None  # that belongs to both
    keys: tuple[str, ...] = ()  # what it has in common with them, `kind:value`
    note: str = ""


def root_of(session: Session, case_id: int) -> int:
    """Return the case that a case has become a part of; itself where it stands alone."""
    while (into := session.scalar(select(Case.merged_into).where(Case.id == case_id))) is not None:
        case_id = into
    return case_id


def family(session: Session, case_id: int) -> list[int]:
    """Return a case and all that have become a part of it."""
    found, new = [case_id], [case_id]
    while new:
        new = list(session.scalars(select(Case.id).where(Case.merged_into.in_(new)).order_by(Case.id)))
        found += new
    return found


def judged(session: Session, case: Case) -> bool:
    """Tell whether a person has done anything with a case."""
    if case.state != "open" or case.judged_at is not None:
        return True
    by_people = exists().where(CaseLog.case_id == case.id, CaseLog.who != MACHINE, CaseLog.action.in_(ACTIONS))
    return bool(session.scalar(select(by_people)))


def merge(
    session: Session,
    case_ids: Sequence[int],
    *,
    who: str,
    now: datetime,
    note: str = "",
    into: int | None = None,
    expect: Mapping[int, int] | None = None,
) -> int:
    """Merge cases of one brand as a person wants it: into the one named, else the oldest; return its id.

    Args:
        expect: case -> the last entry of its log that the person has seen.

    Raises:
        CaseNotFound: there is no such case.
        CaseConflict: a log has grown since `expect`.
        JudgementRefused: they are of two brands, are a part of another case, wait for an approval, or their state
            allows no merging.
    """
    wanted = list(dict.fromkeys(case_ids))
    rows = session.execute(select(Case.id, Case.brand).where(Case.id.in_(wanted)))
    brands: dict[int, str] = dict(rows.all())
    for case_id in wanted:
        if case_id not in brands:
            raise CaseNotFound(f"there is no case {case_id}")
    if len(wanted) < 2:
        raise JudgementRefused("merging needs two different cases")
    if len(set(brands.values())) > 1:
        raise JudgementRefused(f"cases of several brands ({', '.join(sorted(set(brands.values())))}) are never one")
    lock_campaigns(session, brands.values())
    cases = lock_cases(session, wanted)
    for case_id, seen in (expect or {}).items():
        check_seen(session, case_id, seen)
    for case in cases.values():
        if case.merged_into is not None:
            raise JudgementRefused(f"case {case.id} is a part of case {case.merged_into} already; merge that one")
        if case.takedown_asked is not None:  # else who asked for one could approve it as a part of another
            raise JudgementRefused(
                f"case {case.id} waits for the approval of a takedown that {case.takedown_asked} has asked for; "
                "take that back first"
            )
    target = cases[into] if into is not None else min(cases.values(), key=age)
    for case in sorted(cases.values(), key=age):
        if case is target:
            continue
        if refused := refusal("duplicate", case.id, state_at(case.state, case.snoozed_until, now), None):
            raise JudgementRefused(refused)
        put_together(session, cases, target.id, case.id, who=who, now=now, because=Because(note=note))
    return target.id


def put_together(
    session: Session,
    cases: Mapping[int, Case],
    into: int,
    gone: int,
    *,
    who: str,
    now: datetime,
    because: Because,
) -> None:
    """Make one locked case a part of another; the caller holds the lock of their brand."""
    target, source = cases[into], cases[gone]
    session.flush()
    moved, both = _move_items(session, into, gone)
    _move_keys(session, into, gone)
    told: dict[str, Any] = {"items": moved, "both": both}
    if because.item is not None:
        told |= {"item": because.item, "keys": list(because.keys)}
    entries = (("merged", into, {"from": gone}), ("duplicate", gone, {"into": into}))
    append_log(
        session,
        cases,
        [
            NewEntry(case_id=case_id, at=now, who=who, action=action, note=because.note, data={**data, **told})
            for action, case_id, data in entries
        ],
    )
    raise_score(target, source.score, source.verdict_id, source.decision)
    target.last_seen = max(target.last_seen, source.last_seen)
    absorb(session, target, source)
    settle_anew(session, source)
    settle_anew(session, target)
    move_pending(session, gone, into, now=now)
    hand_on(session, into, gone)
    session.flush()


def unmerge(session: Session, case_id: int, *, who: str, now: datetime, note: str = "") -> int:
    """Take a case that was merged out of the other again; return that other case.

    With it go the items that it had brought, and those that arrived since for nothing but them. The pair is remembered
    as put apart.

    Raises:
        CaseNotFound: there is no such case.
        JudgementRefused: it is no part of another case, or that is a part of a third one now.
    """
    case = session.get(Case, case_id)
    if case is None:
        raise CaseNotFound(f"there is no case {case_id}")
    lock_campaigns(session, [case.brand])
    session.refresh(case)
    into = case.merged_into
    if into is None:
        raise JudgementRefused(f"case {case_id} is no part of another case")
    cases = lock_cases(session, [case_id, into])
    if cases[into].merged_into is not None:
        raise JudgementRefused(f"case {into} is a part of case {cases[into].merged_into} now; take that out first")
    log = log_of(session, case_id)
    gone = undone(log)
    last = [entry for entry in log if entry.action == "duplicate" and entry.id not in gone][-1]
    items, both = list(last.data.get("items", ())), list(last.data.get("both", ()))
    followed = _followed(session, into, last)
    undo = {"undoes": last.id, "action": "duplicate"}
    entries = [("undo", case_id, who, undo), ("unmerged", into, who, {"from": case_id, "items": items + followed})]
    if followed:
        entries.append(("items_added", case_id, MACHINE, {"from": into, "items": followed}))
    append_log(
        session,
        cases,
        [
            NewEntry(case_id=owner, at=now, who=by, action=action, note=note, data=data)
            for action, owner, by, data in entries
        ],
    )
    settle_anew(session, case)
    part(session, cases[into], case, items + followed, who=who, now=now, shared=both)
    settle_anew(session, cases[into])
    return into


def age(case: Case) -> tuple[datetime, int]:
    """Order cases, the oldest first."""
    return case.opened_at, case.id


def _followed(session: Session, into: int, merged: CaseLog) -> list[int]:
    """Return the items that came since a merge and had nothing to do but with what the part had brought.

    Over as many steps as it takes. The item for which the machine merged belongs to both, and stays in the whole.
    """
    present = set(session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == into)))
    both = set(merged.data.get("both", ()))
    theirs = present.intersection(merged.data.get("items", ()))
    rows = session.execute(
        select(CaseJoin.item_id, CaseJoin.with_item)
        .join(CaseItem, and_(CaseItem.case_id == CaseJoin.case_id, CaseItem.item_id == CaseJoin.item_id))
        .where(CaseJoin.case_id == into, CaseJoin.at >= merged.at, CaseItem.added_at >= merged.at)
        .order_by(CaseJoin.id)
    )
    leads: dict[int, set[int | None]] = defaultdict(set)
    for item_id, with_item in rows:
        if item_id not in theirs and item_id not in both and item_id != merged.data.get("item"):
            leads[item_id].add(with_item)
    followed: list[int] = []
    while found := [item for item, led in leads.items() if led & theirs and led <= theirs | both]:
        followed += found
        theirs.update(found)
        for item in found:
            del leads[item]
    return sorted(followed)


def _move_items(session: Session, into: int, gone: int) -> tuple[list[int], list[int]]:
    """Move memberships; return the items that went over, and those that were in both cases."""
    columns = table_of(CaseItem).c
    members = list(session.scalars(select(columns.item_id).where(columns.case_id == gone).order_by(columns.item_id)))
    there = table_of(CaseItem).alias().c
    here = select(there.item_id).where(there.case_id == into)
    both = set(session.scalars(select(columns.item_id).where(columns.case_id == gone, columns.item_id.in_(here))))
    mine = delete(CaseItem).where(CaseItem.case_id == gone)
    if both:
        session.execute(mine.where(CaseItem.item_id.in_(both)), execution_options=_QUIET)
    session.execute(update(CaseItem).where(CaseItem.case_id == gone).values(case_id=into), execution_options=_QUIET)
    return [item for item in members if item not in both], sorted(both)


def _move_keys(session: Session, into: int, gone: int) -> None:
    columns = table_of(CaseKey).c
    query = select(columns.key_id, columns.item_id, columns.strong).where(columns.case_id == gone)
    rows = session.execute(query.order_by(columns.key_id)).all()
    if not rows:
        return
    session.execute(table_of(CaseKey).delete().where(columns.case_id == gone))
    session.execute(
        insert(session, CaseKey).on_conflict_do_nothing(index_elements=["key_id", "case_id"]),
        [{"key_id": row.key_id, "case_id": into, "item_id": row.item_id, "strong": row.strong} for row in rows],
    )
    count_cases(session, {row.key_id for row in rows})
