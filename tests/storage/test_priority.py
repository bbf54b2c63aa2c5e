"""Priority: what it is made of, and that cases keep up with what is seen and said."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from detector.items import Item, Text
from detector.page_facts import PageFacts
from detector.verdict import Decision
from storage.cases import Judgement, case_detail, judge, undo
from storage.database import transaction
from storage.items import record_many
from storage.priority import JudgeWithin, class_of, priority_of
from storage.schema import Case, CaseItem, CaseSource, Harm
from tests.storage.examples import FAKE_HOST, INTERVAL, MINUTE, NOW, WAIT, a_look, a_verdict, an_item, see

HOUR = timedelta(hours=1)
WITHIN = JudgeWithin(high=4 * HOUR, normal=24 * HOUR, low=72 * HOUR)
BANK = (Text(role="body", text="星野電機 お振込先 青空銀行 本店 普通 1234567"),)


def weigh(score: float = 1.0, items: int = 1, sightings: int = 1, publishers: int = 1, harm: Harm = "normal") -> float:
    return priority_of(score=score, items=items, sightings=sightings, publishers=publishers, harm=harm)


def of(engine: Engine, case_id: int = 1) -> Case:
    with transaction(engine) as session:
        return session.get_one(Case, case_id)


def record(
    engine: Engine, *items: Item, minutes: int = 0, within: JudgeWithin | None = WITHIN, score: float = 0.97
) -> int:
    with transaction(engine) as session:
        at = NOW + minutes * MINUTE
        [first, *_] = record_many(
            session,
            [(a_look(item, at=at), [a_verdict(item, score=score)]) for item in items],
            judged_by="judge-1",
            now=at,
            group_wait=WAIT,
            group_interval=INTERVAL,
            judge_within=within,
        )
        return first.cases[0]


def test_priority_is_score_times_reach_times_harm() -> None:
    assert weigh() == 1.0
    assert weigh(score=0.5) == 0.5
    assert weigh(items=10) == weigh(sightings=10) == 1.25
    assert weigh(publishers=10) == 1.5
    assert weigh(items=10, sightings=100, publishers=10) == pytest.approx(2.25)
    assert (weigh(harm="low"), weigh(harm="high")) == (0.5, 2.0)
    assert weigh(items=10**9, sightings=10**9, publishers=10**9, harm="high") == 6.0
    assert weigh(items=0, sightings=0, publishers=0) == 1.0


def test_what_takes_money_goes_before_what_many_pages_mention() -> None:
    assert weigh(harm="high") > weigh(publishers=100, items=3, sightings=100, harm="low")


def test_classes() -> None:
    assert [class_of(value) for value in (0.59, 0.6, 1.49, 1.5)] == ["low", "normal", "normal", "high"]


def test_a_case_counts_its_items_sightings_and_publishers(engine: Engine) -> None:
    pages = [f"https://news{number}.example/a" for number in range(3)]
    for minute in range(2):
        for page in pages:
            see(engine, an_item(1, publisher_url=page), at=NOW + minute * MINUTE, source=f"web-{minute}")
    see(engine, an_item(2, publisher_url="http://[broken"), at=NOW)
    case = of(engine)
    assert (case.items, case.sightings, case.publishers) == (2, 7, 3)
    assert case.priority == priority_of(score=0.97, items=2, sightings=7, publishers=3, harm="normal")
    with transaction(engine) as session:
        places = session.execute(select(CaseSource.source, CaseSource.kind, CaseSource.publisher)).all()
        counted = session.scalars(select(CaseItem.counted).order_by(CaseItem.item_id)).all()
    assert {tuple(place) for place in places} == {
        *((f"web-{minute}", "ad", f"news{number}.example") for minute in range(2) for number in range(3)),
        ("tips", "ad", ""),
    }
    assert counted == [6, 1]


def test_an_item_that_is_flagged_late_brings_what_was_seen_of_it_before(engine: Engine) -> None:
    item = an_item(1, publisher_url="https://news.example/a")
    for _ in range(3):
        see(engine, item, a_verdict(item, decision="mention"))
    assert see(engine, item, judged_by="judge-2").cases == (1,)
    case = of(engine)
    assert (case.sightings, case.publishers) == (4, 1)
    see(engine, item, a_verdict(item, decision="mention"))
    assert of(engine).sightings == 5, "a look that flags nothing is a sighting of the case, too"


def test_harm_is_what_the_worst_item_asks_for(engine: Engine) -> None:
    see(engine, an_item(1))
    assert of(engine).harm == "normal"
    see(engine, an_item(2, texts=BANK))
    case = of(engine)
    assert case.harm == "high"
    assert case.priority == priority_of(score=0.97, items=2, sightings=2, publishers=0, harm="high")
    changed = an_item(3, host=f"other.{FAKE_HOST}")
    see(engine, changed)
    assert of(engine).harm == "high"


@pytest.mark.parametrize(("decision", "harm"), [("impersonation", "normal"), ("suspicious", "low")])
def test_a_page_that_was_seen_is_as_bad_as_it_was_judged(engine: Engine, decision: Decision, harm: Harm) -> None:
    page = Item(id="p", kind="page", url=f"https://{FAKE_HOST}/", page=PageFacts())
    see(engine, page, a_verdict(page, decision=decision))
    assert of(engine).harm == harm


def test_an_item_that_changes_may_make_it_worse(engine: Engine) -> None:
    see(engine, an_item(1))
    see(engine, an_item(1, texts=BANK))
    assert of(engine).harm == "high"


def test_a_person_sets_harm_and_takes_it_back(engine: Engine) -> None:
    see(engine, an_item(1, texts=BANK))
    with transaction(engine) as session:
        judge(session, 1, Judgement(who="aki", action="harm", harm="low"), now=NOW)
        low = case_detail(session, 1)
    assert (low.harm, low.priority) == ("low", priority_of(score=0.97, items=1, sightings=1, publishers=0, harm="low"))
    see(engine, an_item(2, texts=BANK))
    assert of(engine).harm == "low", "what arrives does not overrule a person"
    with transaction(engine) as session:
        undo(session, 1, who="aki", now=NOW)
        assert case_detail(session, 1).harm == "high"


def test_a_case_is_due_as_agreed_for_its_priority(engine: Engine) -> None:
    record(engine, an_item(1))
    assert of(engine).due_at == NOW + 24 * HOUR
    record(engine, an_item(2, texts=BANK), minutes=5)
    assert of(engine).due_at == NOW + 4 * HOUR, "it is worse than it looked at first: due from its opening on"
    with transaction(engine) as session:
        judge(session, 1, Judgement(who="aki", action="harm", harm="low"), now=NOW)
    record(engine, an_item(3), minutes=6)
    assert of(engine).due_at == NOW + 4 * HOUR, "never later than it was told once"


def test_nothing_is_due_where_nothing_is_agreed(engine: Engine) -> None:
    record(engine, an_item(1), within=None)
    assert of(engine).due_at is None


def test_a_person_sets_the_day_and_takes_it_back(engine: Engine) -> None:
    record(engine, an_item(1))
    with transaction(engine) as session:
        judge(session, 1, Judgement(who="aki", action="due", due=NOW + 300 * HOUR), now=NOW)
    record(engine, an_item(2, texts=BANK))
    assert of(engine).due_at == NOW + 300 * HOUR
    with transaction(engine) as session:
        undo(session, 1, who="aki", now=NOW)
    assert of(engine).due_at == NOW + 4 * HOUR


def test_a_snooze_moves_the_day(engine: Engine) -> None:
    record(engine, an_item(1))
    with transaction(engine) as session:
        judge(session, 1, Judgement(who="aki", action="snooze", until=NOW + 48 * HOUR), now=NOW)
    assert of(engine).due_at == NOW + 72 * HOUR
    with transaction(engine) as session:
        undo(session, 1, who="aki", now=NOW)
    assert of(engine).due_at == NOW + 24 * HOUR


def test_a_merge_brings_counts_along_and_an_undo_takes_them_back(engine: Engine) -> None:
    one = record(engine, an_item(1, publisher_url="https://a.example/"))
    other = an_item(
        2, host="hoshino-other.test", publisher_url="https://b.example/", advertiser=None, texts=BANK, images=()
    )
    record(engine, other, minutes=1)
    two = record(engine, other, minutes=2)
    assert one != two
    with transaction(engine) as session:
        judge(session, two, Judgement(who="aki", action="duplicate", into=one), now=NOW + 3 * MINUTE)
    case = of(engine, one)
    assert (case.items, case.sightings, case.publishers, case.harm) == (2, 3, 2, "high")
    assert (of(engine, two).state, of(engine, two).merged_into, of(engine, two).items) == ("duplicate", one, 0)
    with transaction(engine) as session:
        undo(session, two, who="aki", now=NOW + 4 * MINUTE)
    assert (of(engine, one).sightings, of(engine, two).sightings) == (1, 2)
    assert of(engine, two).state == "open"
