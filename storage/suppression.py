"""Suppression: what arrives in a case that people are done with, and when that is told again.

A dismissed case stays quiet, but never for good and never for what nobody has seen: it is opened again by whatever
arrives after its time has run out, and before that by an item that scores clearly higher than what was dismissed, leads
to a host that none of those led to, or hands people over in another way. What arrives in a case that was taken down or
closed is a relapse. Whoever calls `wake` tells of either.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.handoffs import find_handoffs
from detector.items import Item
from detector.places import places_of
from storage.actions import RULES, undone
from storage.case_log import NewEntry, append_log
from storage.memberships import latest_items
from storage.schema import CampaignKeyRow, Case, CaseKey, CaseLog
from storage.settle import settle_anew

Woken = Literal["relapse", "reopen"]
CLEARLY: float = 0.15  # higher score than anything that was dismissed; a third of the way from suspicious to certain
MOST_READ = 500  # items of a case, the latest; what is not read counts as never seen, and breaks through
MOST_SEARCHED = 100  # of those, for ways to hand people over, which takes a millisecond each; the rest by their keys


def known_then(session: Session, case: Case) -> dict[str, Any]:
    """Return what a person who dismisses a case has seen of it, for the entry in its log."""
    items = latest_items(session, case.id, MOST_READ)
    ways = _handoffs(items[:MOST_SEARCHED]) | _ways_of(session, case.id)
    return {"score": case.score, "hosts": sorted(_hosts(items)), "handoffs": sorted(ways)}


def wake(
    session: Session,
    cases: Mapping[int, Case],
    arrived: Mapping[int, Sequence[tuple[Item, float]]],
    *,
    who: str,
    now: datetime,
) -> dict[int, Woken]:
    """Open cases again that people are done with, where what arrived asks for it.

    Args:
        cases: by id, locked.
        arrived: by case, the items that were never in it, with their scores; before they raise the case's own. An old
            one that is merely seen once more says nothing of a case that is down: whether its links are, visits tell.
        who: in the log.

    Returns:
        What became of the cases that were opened again, by id.
    """
    opened: dict[int, Woken] = {}
    for case_id, items in arrived.items():
        case = cases[case_id]
        woken: tuple[Woken, str, str] | None = None
        if case.state in RULES["relapse"].of:
            number = "1 new item" if len(items) == 1 else f"{len(items)} new items"
            woken = "relapse", "arrived", f"{number}; the case was {case.state}"
        elif case.state == "dismissed" and (broken := _breaks(session, case, items, now)) is not None:
            woken = "reopen", *broken
        if woken is not None:
            action, reason, note = woken
            entry = NewEntry(case_id=case_id, at=now, who=who, action=action, reason=reason, note=note)
            append_log(session, cases, [entry])
            settle_anew(session, case)
            opened[case_id] = action
    return opened


def _breaks(
    session: Session, case: Case, arrived: Sequence[tuple[Item, float]], now: datetime
) -> tuple[str, str] | None:
    """Return reason and words for why what arrived cannot stay quiet; None where it can."""
    if case.suppressed_until is None or case.suppressed_until <= now:
        return "expired", f"dismissed until {case.suppressed_until:%Y-%m-%d}" if case.suppressed_until else "dismissed"
    then = _dismissal(session, case.id)
    score = max(score for _, score in arrived)
    if "score" in then and score >= then["score"] + CLEARLY:
        return "score", f"scores {score:.2f}; what was dismissed scored {then['score']:.2f}"
    if "hosts" in then and (hosts := _hosts([item for item, _ in arrived]) - set(then["hosts"])):
        return "host", f"leads to {min(hosts)}; what was dismissed did not"
    if "handoffs" in then and (kinds := _handoffs([item for item, _ in arrived]) - set(then["handoffs"])):
        return "handoff", f"hands people over by {min(kinds)}; what was dismissed did not"
    return None


def _dismissal(session: Session, case_id: int) -> dict[str, Any]:
    """Return what the dismissal that holds has noted; the case is dismissed, so none after it was."""
    query = select(CaseLog).where(CaseLog.case_id == case_id, CaseLog.action.in_(("dismiss", "undo")))
    log = session.scalars(query.order_by(CaseLog.id)).all()
    gone = undone(log)
    return next((dict(row.data) for row in reversed(log) if row.action == "dismiss" and row.id not in gone), {})


def _ways_of(session: Session, case_id: int) -> set[str]:
    """Return in which ways all items of a case hand people over, as far as that joined them."""
    values = session.scalars(
        select(CampaignKeyRow.value)
        .join(CaseKey, CaseKey.key_id == CampaignKeyRow.id)
        .where(CaseKey.case_id == case_id, CampaignKeyRow.kind == "handoff")
    )
    return {value.partition(":")[0] for value in values}


def _hosts(items: Iterable[Item]) -> set[str]:
    """Return the registrable domains that items lead to."""
    places = (place for item in items for place in places_of(item))
    return {place.host.registrable or place.host.ascii for place in places if place.host is not None}


def _handoffs(items: Iterable[Item]) -> set[str]:
    """Return in which ways items hand people over."""
    return {one.kind for item in items for one in find_handoffs([text.text for text in item.texts], links=item.links)}
