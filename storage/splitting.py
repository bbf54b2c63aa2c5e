"""Splitting: people take items out of a case into one of their own; with undo. Nothing joins the two again."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detector.campaign import campaign_name
from detector.items import Item
from storage.campaign_keys import keys_of_items
from storage.case_locks import lock_campaigns, lock_cases
from storage.case_log import NewEntry, append_log
from storage.case_pairs import forget
from storage.case_titles import case_title
from storage.columns import digest_of
from storage.errors import CaseNotFound, JudgementRefused
from storage.merging import merge, root_of
from storage.parting import count_parted, part
from storage.schema import Case, CaseItem, CaseLog, ItemVersion, VerdictRow
from storage.settle import check_seen, settle_anew


def split(
    session: Session,
    case_id: int,
    item_ids: Sequence[int],
    *,
    who: str,
    now: datetime,
    note: str = "",
    expect: int | None = None,
) -> int:
    """Take items out of a case into one of their own; return that. The pair is remembered as put apart.

    Args:
        expect: the last entry of its log that the person has seen.

    Raises:
        CaseNotFound: there is no such case.
        CaseConflict: the log has grown since `expect`.
        JudgementRefused: the items are not in the case, or are all of it, or the case is a part of another one.
    """
    brand = session.scalar(select(Case.brand).where(Case.id == case_id))
    if brand is None:
        raise CaseNotFound(f"there is no case {case_id}")
    lock_campaigns(session, [brand])
    [case] = lock_cases(session, [case_id]).values()
    if expect is not None:
        check_seen(session, case_id, expect)
    if case.merged_into is not None:
        raise JudgementRefused(f"case {case_id} is a part of case {case.merged_into}; split that one")
    present = set(session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == case_id)))
    wanted = sorted(set(item_ids))
    if missing := sorted(set(wanted) - present):
        raise JudgementRefused(
            f"item {missing[0]} is not in case {case_id}; `mekiki cases why {case_id}` lists its items"
        )
    if not wanted or len(wanted) == len(present):
        number = "1 item" if len(present) == 1 else f"{len(present)} items"
        raise JudgementRefused(f"case {case_id} has {number}; name some of them, not all and not none")
    new = _opened(session, case, wanted, now)
    cases = {case_id: case, new.id: new}
    entries = (("opened", new.id, {"split_from": case_id}), ("split", case_id, {"into": new.id}))
    append_log(
        session,
        cases,
        [
            NewEntry(case_id=owner, at=now, who=who, action=action, note=note, data={**data, "items": wanted})
            for action, owner, data in entries
        ],
    )
    settle_anew(session, new)
    part(session, case, new, wanted, who=who, now=now)
    settle_anew(session, case)
    return new.id


def unsplit(session: Session, case_id: int, *, who: str, now: datetime, note: str = "") -> int:
    """Put a case that was split off back into the one that it came from; return that one.

    Raises:
        CaseNotFound: there is no such case.
        JudgementRefused: it was not split off, or cannot be merged in its state.
    """
    first = session.scalar(select(CaseLog).where(CaseLog.case_id == case_id).order_by(CaseLog.id).limit(1))
    if first is None:
        raise CaseNotFound(f"there is no case {case_id}")
    origin = first.data.get("split_from")
    if origin is None:
        raise JudgementRefused(f"case {case_id} was not split off another one")
    root = root_of(session, origin)
    count_parted(session, case_id, root, -1)
    merge(session, [case_id, root], who=who, now=now, note=note, into=root)
    forget(session, case_id, origin)
    forget(session, case_id, root)
    return root


def _opened(session: Session, old: Case, item_ids: Sequence[int], now: datetime) -> Case:
    """Open a case for items that leave another one; it is called by what the best of them has."""
    best = session.execute(
        select(CaseItem.item_id, ItemVersion.content, VerdictRow.id, VerdictRow.score, VerdictRow.decision)
        .join(ItemVersion, ItemVersion.id == CaseItem.version_id)
        .join(VerdictRow, VerdictRow.id == CaseItem.verdict_id)
        .where(CaseItem.case_id == old.id, CaseItem.item_id.in_(item_ids))
        .order_by(VerdictRow.score.desc(), VerdictRow.id)
        .limit(1)
    ).one()
    item = msgspec.convert(best.content, Item)
    campaign = campaign_name(item, keys_of_items(session, [best.item_id], old.brand)[best.item_id])
    entries = session.scalar(select(func.count()).select_from(CaseLog).where(CaseLog.case_id == old.id))
    case = Case(
        identity=digest_of([old.brand, "split", old.id, entries]),
        brand=old.brand,
        campaign=campaign,
        title=case_title(campaign, item),
        opened_at=now,
        waiting_since=now,
        state="open",
        score=best.score,
        decision=best.decision,
        verdict_id=best.id,
        last_seen=now,
        harm=old.harm,
        harm_seen=old.harm_seen,
        judge_within=old.judge_within,
        tags=[],
    )
    session.add(case)
    session.flush()
    return case
