"""Items, verdicts and observations that the tests of this folder share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from detector.evidence import Evidence, LinkAt, TextSpan
from detector.items import Advertiser, Item, Text
from detector.verdict import Decision, Verdict
from storage.database import transaction
from storage.items import Observation, Recorded, record_many
from storage.receivers import Outcome, note
from storage.schema import Base

NOW = datetime(2026, 11, 22, 3, 4, 5, 678901, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
FAKE_HOST = "hoshino-denki-sale.test"


def an_item(number: int = 1, *, host: str = FAKE_HOST, **changes: Any) -> Item:
    values: dict[str, Any] = {
        "id": f"ad-{number}",
        "kind": "ad",
        "platform": "meta",
        "advertiser": Advertiser(id="77" if host == FAKE_HOST else host, name="Hoshino Denki Outlet 公式"),
        "texts": (Text(role="title", text="星野電機 閉店セール 90%OFF", lang="ja"),),
        "links": (f"https://{host}/lp?x=1",),
        "images": ("https://cdn.example/a.jpg",),
        "seen_at": NOW,
        "raw": {"sent": number},
    }
    return Item(**{**values, **changes})


def a_verdict(
    item: Item, *, brand: str = "hoshino", score: float = 0.97, decision: Decision = "impersonation"
) -> Verdict:
    named = Evidence(
        signal="name.exact",
        weight=1.1,
        strength=1.0,
        observed="星野電機",
        expected="hoshino-denki.example",
        where=TextSpan(text=0, span=(0, 4)) if item.texts else None,
        says="The item names the brand.",
    )
    imitated = Evidence(
        signal="host.lookalike",
        weight=2.1,
        strength=0.93,
        observed=FAKE_HOST,
        expected="hoshino-denki.example",
        where=LinkAt(link=0) if item.links else None,
        says="The link's host imitates the brand's.",
    )
    return Verdict(id=item.id, brand=brand, score=score, decision=decision, evidence=(named, imitated), policy="2026.1")


def a_look(item: Item, *, at: datetime = NOW, source: str = "tips", **changes: Any) -> Observation:
    return Observation(**{"item": item, "source": source, "run_id": None, "seen_at": at, **changes})


def see(
    engine: Engine,
    item: Item,
    *verdicts: Verdict,
    at: datetime = NOW,
    source: str = "tips",
    judged_by: str = "judge-1",
    pictures: Mapping[str, str] | None = None,
) -> Recorded:
    """Record one observation in a transaction of its own; by default it is flagged."""
    with transaction(engine) as session:
        [recorded] = record_many(
            session,
            [(a_look(item, at=at, source=source, pictures=pictures or {}), verdicts or (a_verdict(item),))],
            judged_by=judged_by,
            now=at,
            group_wait=WAIT,
            group_interval=INTERVAL,
        )
        return recorded


def see_all(engine: Engine, items: Sequence[Item], *, at: datetime = NOW, flagged: bool = True) -> list[Recorded]:
    """Record observations in one transaction."""
    with transaction(engine) as session:
        return arrive(session, *items, at=at, flagged=flagged)


def arrive(session: Session, *items: Item, at: datetime = NOW, flagged: bool = True) -> list[Recorded]:
    """Record observations in the caller's transaction."""
    return record_many(
        session,
        [(a_look(item, at=at), [a_verdict(item)] if flagged else []) for item in items],
        judged_by="judge-1",
        now=at,
        group_wait=WAIT,
        group_interval=INTERVAL,
    )


def count(engine: Engine, model: type[Base]) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def switched_off(session: Session, receiver: str, answer: str, at: datetime) -> None:
    """Note that a receiver is gone (410), as its delivery does."""
    note(session, [(receiver, Outcome(delivery_id="", at=at, ok=False, status=410, detail=answer, gone=True))])
