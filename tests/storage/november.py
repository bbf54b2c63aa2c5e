"""A November of an installation, small enough to be counted by hand.

Days are those of Asia/Tokyo (UTC+9): the month lasts from 10-31 15:00 to 11-30 15:00 UTC.

case  flagged (UTC)  source   what became of it
A     11-03 00:00    meta     shown since 11-02; told after 60 s, confirmed after 2 h, takedown after 4 h, down after
                              48 h, back after 96 h; a second item on 11-04
B     11-05 00:00    meta     domain registered on 11-01; told after 180 s, dismissed as a reseller after 6 h
C     11-10 00:00    youtube  shown since one hour before; told after 120 s (in a digest), confirmed after 10 h
D     11-20 00:00    youtube  nothing
E     11-21 00:00    meta     dismissed as a double after 1 h, before anybody was told
F     10-20 00:00    news     confirmed on 11-02, down on 11-15
G     11-22 00:00    news     confirmed after 1 h, taken back after 2 h
H     12-01 00:00    news     after the month
I     11-25 00:00    meta     confirmed on 12-02, after the month
J     11-26 00:00    news     merged into D on 11-27: no case of its own any more
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from detector.items import Advertiser, Item, Text
from storage.campaigns import lock_cases
from storage.case_log import NewEntry, append_log
from storage.cases import Judgement, judge, undo
from storage.database import transaction
from storage.registrations import Registration, save_registration
from storage.runs import finish_run, start_run
from storage.schema import AlertIntent, Delivery, NoticeRow, VisitRow
from tests.storage.examples import see

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 31, 15, tzinfo=UTC)
END = datetime(2026, 11, 30, 15, tzinfo=UTC)
NOW = datetime(2026, 12, 5, 3, tzinfo=UTC)
HOSTILE = '=A("https://evil.test")|**公式**<script>\u202e evil.test'

# One name each, so that nothing but what a test says brings two of them together.
_SHOPS = {
    "A": ("アウトレット本店", "星の風が半額、倉庫の移転につき全品を処分いたします"),
    "B": ("でんき館", "正規取扱店ならではの長期保証、星野電機の最新モデルを展示中"),
    "C": ("くらしの窓", "アンケートに答えて空気清浄機を受け取る、先着百名さまに進呈"),
    "D": ("お客様センター", "お支払い方法の確認が必要です、本日中に手続きをお願いします"),
    "E": ("夏市", "扇風機と冷風機の夏市、在庫がなくなり次第終了となります"),
    "F": ("懸賞事務局", "ご当選おめでとうございます、賞品の発送先をご入力ください"),
    "G": ("修理受付", "出張修理の受付窓口、部品代のみでその日のうちに伺います"),
    "H": ("冬物展", "暖房器具の冬物展、各地の会場で開催しております"),
    "I": ("株主優待", "株主の皆さまへ特別優待、口座の登録はこちらのフォームから"),
    "J": ("回収便", "古い家電の無料回収便、日時の指定も承っております"),
}


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def an_ad(name: str, number: int = 1, **changes: Any) -> Item:
    shop, body = _SHOPS[name]
    values: dict[str, Any] = {
        "id": f"{name}-{number}",
        "kind": "ad",
        "platform": "meta",
        "advertiser": Advertiser(id=f"adv-{name}", name=shop),
        "texts": (Text(role="body", text=body, lang="ja"),),
        "links": (f"https://shop-{name.lower()}.test/lp",),
    }
    return Item(**{**values, **changes})


def flag(engine: Engine, item: Item, when: datetime, source: str) -> int:
    [case] = see(engine, item, at=when, source=source).cases
    return case


def decide(engine: Engine, case: int, when: datetime, action: Any, **more: Any) -> int:
    with transaction(engine) as session:
        return judge(session, case, Judgement(who="aki", action=action, **more), now=when)


def machine(engine: Engine, case: int, when: datetime, action: str) -> None:
    """Write what the machine notes when it looks again."""
    with transaction(engine) as session:
        entry = NewEntry(case_id=case, at=when, who="mekiki", action=action)
        append_log(session, lock_cases(session, [case]), [entry])


def tell(engine: Engine, case: int, when: datetime, *, state: str = "sent", digest: bool = False) -> None:
    """Write that the message about a case left, alone or in a digest."""
    with transaction(engine) as session:
        intent = session.scalars(select(AlertIntent).where(AlertIntent.case_id == case)).first()
        assert intent is not None
        if digest:
            told = AlertIntent(
                reason="digest",
                state="routed",
                count=1,
                created_at=when,
                due_at=when,
                settled_at=when,
                route="team",
                fold="desk",
            )
            session.add(told)
            session.flush()
            intent.told_in, intent = told.id, told
        number = f"msg_{intent.id:026}"
        session.add(
            Delivery(
                id=number, intent_id=intent.id, receiver="desk", payload="{}", state=state, attempts=1, created_at=when,
                next_at=when, settled_at=None if state == "pending" else when,
            )
        )  # fmt: skip


def run(engine: Engine, source: str, when: datetime, outcome: Any, **counts: int) -> None:
    with transaction(engine) as session:
        finish_run(session, start_run(session, source, when), when + timedelta(minutes=1), outcome, counts)


def visit(engine: Engine, case: int, when: datetime, visitor: str, outcome: str) -> None:
    with transaction(engine) as session:
        row = VisitRow(case_id=case, url="https://shop-a.test/lp", visitor=visitor, started_at=when, outcome=outcome)
        row.visit = {}
        session.add(row)


def notice(engine: Engine, case: int, drafted: datetime, filed: datetime | None) -> None:
    with transaction(engine) as session:
        row = NoticeRow(
            reference=f"MK-{case}-{drafted:%d%H}", case_id=case, channel="meta-ads", language="ja", actor="platform",
            subject="meta", targets=[], links=[], state="filed" if filed else "draft", state_at=filed or drafted,
            drafted_at=drafted, drafted_by="aki", filed_at=filed, filed_by="aki" if filed else None, content={},
        )  # fmt: skip
        session.add(row)


def november(engine: Engine) -> dict[str, int]:
    """Fill a database with the month; return the ids of the cases by name."""
    cases: dict[str, int] = {}
    cases["F"] = flag(engine, an_ad("F", platform="x"), at(10, 20), "news")
    shown: dict[str, Any] = {"first_shown": "2026-11-02", "publisher_url": "https://news.example/1"}
    cases["A"] = flag(engine, an_ad("A", **shown), at(11, 3), "meta")
    assert flag(engine, an_ad("A", 2, platform="instagram"), at(11, 4), "news") == cases["A"]
    see(engine, an_ad("A", **shown), at=at(11, 6), source="youtube")  # once more, elsewhere
    advertiser = Advertiser(id="adv-C", name=HOSTILE)
    cases["B"] = flag(engine, an_ad("B"), at(11, 5), "meta")
    hour_before = "2026-11-10T08:00:00+09:00"
    cases["C"] = flag(engine, an_ad("C", advertiser=advertiser, first_shown=hour_before), at(11, 10), "youtube")
    for name, when, source in (
        ("D", at(11, 20), "youtube"),
        ("E", at(11, 21), "meta"),
        ("G", at(11, 22), "news"),
        ("I", at(11, 25), "meta"),
        ("J", at(11, 26), "news"),
        ("H", at(12, 1), "news"),
    ):
        cases[name] = flag(engine, an_ad(name), when, source)
    assert len(set(cases.values())) == len(cases)
    with transaction(engine) as session:
        facts = {"created": "2026-11-01T00:00:00Z"}
        save_registration(session, Registration(domain="shop-b.test", asked_at=at(11, 6), facts=facts, answer=None))
    _judged(engine, cases)
    for name, when, seconds in (("A", at(11, 3), 60), ("B", at(11, 5), 180)):
        tell(engine, cases[name], when + timedelta(seconds=seconds))
    tell(engine, cases["C"], at(11, 10) + timedelta(seconds=120), digest=True)
    tell(engine, cases["I"], at(11, 25, 1), state="dead")
    tell(engine, cases["D"], at(11, 20, 1), state="pending")
    return cases


def _judged(engine: Engine, cases: dict[str, int]) -> None:
    decide(engine, cases["A"], at(11, 3, 2), "confirm")
    decide(engine, cases["A"], at(11, 3, 4), "takedown", approvers=())
    machine(engine, cases["A"], at(11, 5), "down")
    machine(engine, cases["A"], at(11, 7), "relapse")
    decide(engine, cases["B"], at(11, 5, 6), "dismiss", reason="reseller")
    decide(engine, cases["C"], at(11, 10, 10), "confirm")
    decide(engine, cases["E"], at(11, 21, 1), "dismiss", reason="duplicate")
    decide(engine, cases["F"], at(11, 2), "confirm")
    machine(engine, cases["F"], at(11, 15), "down")
    decide(engine, cases["G"], at(11, 22, 1), "confirm")
    with transaction(engine) as session:
        undo(session, cases["G"], who="aki", now=at(11, 22, 2))
    decide(engine, cases["I"], at(12, 2), "confirm")
    decide(engine, cases["J"], at(11, 27), "duplicate", into=cases["D"])
