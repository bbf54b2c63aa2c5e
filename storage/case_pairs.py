"""Pairs of cases: those that a person may want to merge, and those that people put apart and nothing joins again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from storage.case_locks import MACHINE
from storage.schema import CasePair
from storage.upsert import insert


def apart(session: Session, case_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return the pairs with one of these cases, smaller id first, that people have put apart."""
    rows = session.execute(
        select(CasePair.low, CasePair.high).where(
            or_(CasePair.low.in_(case_ids), CasePair.high.in_(case_ids)), CasePair.state == "apart"
        )
    )
    return {(low, high) for low, high in rows}


def suggest(session: Session, one: int, other: int, *, item_id: int, key_id: int | None, now: datetime) -> None:
    """Note that a person may want to merge two cases; nothing changes where that is noted, or they were put apart."""
    low, high = sorted((one, other))
    row = {"low": low, "high": high, "state": "suggested", "item_id": item_id, "key_id": key_id}
    session.execute(
        insert(session, CasePair).on_conflict_do_nothing(index_elements=["low", "high"]),
        [{**row, "at": now, "who": MACHINE}],
    )


def put_apart(session: Session, one: int, other: int, *, who: str, now: datetime) -> None:
    """Remember that people put two cases apart."""
    low, high = sorted((one, other))
    statement = insert(session, CasePair)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["low", "high"],
            set_={name: statement.excluded[name] for name in ("state", "at", "who")},
        ),
        [{"low": low, "high": high, "state": "apart", "at": now, "who": who}],
    )


def forget(session: Session, one: int, other: int) -> None:
    """Forget what was noted of two cases."""
    low, high = sorted((one, other))
    session.execute(delete(CasePair).where(CasePair.low == low, CasePair.high == high))


def hand_on(session: Session, into: int, gone: int) -> None:
    """Let what was put apart from a case that is merged, or suggested for it, hold for the other one, too."""
    pairs = session.execute(
        select(
            CasePair.low, CasePair.high, CasePair.state, CasePair.item_id, CasePair.key_id, CasePair.at, CasePair.who
        )
        .where(or_(CasePair.low == gone, CasePair.high == gone))
        .order_by(CasePair.id)
    ).mappings()
    for pair in pairs.all():
        other = pair["low"] if pair["high"] == gone else pair["high"]
        if pair["state"] == "suggested":
            forget(session, gone, other)
        if other != into:
            low, high = sorted((into, other))
            session.execute(
                insert(session, CasePair).on_conflict_do_nothing(index_elements=["low", "high"]),
                [{**pair, "low": low, "high": high}],
            )


def suggested(session: Session, case_id: int) -> list[CasePair]:
    """Return the cases that a person may want to merge with one."""
    query = select(CasePair).where(or_(CasePair.low == case_id, CasePair.high == case_id))
    return list(session.scalars(query.where(CasePair.state == "suggested").order_by(CasePair.id)))
