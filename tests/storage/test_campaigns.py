import pytest
from sqlalchemy import Engine, select

from detector.items import Advertiser
from storage.campaigns import case_title
from storage.cases import Judgement, case_detail, judge
from storage.database import transaction
from storage.outbox import route_intent
from storage.schema import AlertIntent, Case
from tests.storage.examples import (
    INTERVAL,
    MINUTE,
    NOW,
    WAIT,
    a_verdict,
    an_item,
    count,
    see,
    see_all,
)


def intents(engine: Engine) -> list[AlertIntent]:
    with transaction(engine) as session:
        return list(session.scalars(select(AlertIntent).order_by(AlertIntent.id)))


def test_items_of_one_landing_domain_are_one_case(engine: Engine) -> None:
    first = see(engine, an_item(1))
    second = see(engine, an_item(2, advertiser=Advertiser(id="88")), at=NOW + MINUTE)
    other = see(engine, an_item(3, host="hoshino-outlet.test"))
    assert second.cases == first.cases
    assert second.opened == ()
    assert other.opened != first.cases
    with transaction(engine) as session:
        log = case_detail(session, first.cases[0]).log
    assert [(entry.who, entry.action, entry.data) for entry in log] == [
        ("mekiki", "opened", {"items": [first.item_id]}),
        ("mekiki", "items_added", {"items": [second.item_id]}),
    ]


def test_each_brand_has_its_own_case(engine: Engine) -> None:
    item = an_item()
    recorded = see(engine, item, a_verdict(item), a_verdict(item, brand="other"))
    assert len(recorded.cases) == len(recorded.opened) == 2


def test_score_and_decision_are_the_highest_of_the_verdicts(engine: Engine) -> None:
    weak, strong, weaker = (an_item(number) for number in (1, 2, 3))
    see(engine, weak, a_verdict(weak, score=0.6, decision="suspicious"))
    see(engine, strong, a_verdict(strong, score=0.9, decision="impersonation"))
    case = see(engine, weaker, a_verdict(weaker, score=0.5, decision="suspicious")).cases[0]
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.score, detail.decision, detail.item_count) == (0.9, "impersonation", 3)
    assert [view.verdict.score for view in detail.items] == [0.9, 0.6, 0.5]


def test_first_message_waits_for_its_group_and_tells_of_all(engine: Engine) -> None:
    see_all(engine, [an_item(number) for number in range(3)])
    see(engine, an_item(7), at=NOW + WAIT / 2)
    [intent] = intents(engine)
    assert (intent.reason, intent.state, intent.count) == ("first", "pending", 4)
    assert intent.due_at == NOW + WAIT


def test_later_items_make_one_message_that_keeps_its_distance(engine: Engine) -> None:
    see(engine, an_item(1))
    with transaction(engine) as session:
        route_intent(session, 1, [], NOW)
    for number in (2, 3, 4):
        see(engine, an_item(number), at=NOW + number * MINUTE)
    _, later = intents(engine)
    assert (later.reason, later.count) == ("new_items", 3)
    assert later.due_at == NOW + 2 * MINUTE + INTERVAL


def test_a_changed_item_is_logged_and_not_told_again(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    changed = an_item(countries=("JP",))
    see(engine, changed, at=NOW + MINUTE)
    see(engine, an_item(), at=NOW + 2 * MINUTE)
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert [entry.action for entry in detail.log] == ["opened", "items_changed"]
    assert [view.item for view in detail.items] == [changed]
    assert [intent.count for intent in intents(engine)] == [1]


def test_a_dismissed_case_gets_items_but_no_alert(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="dismiss", reason="reseller"), now=NOW)
    assert see(engine, an_item(2), at=NOW + MINUTE).cases == (case,)
    with transaction(engine) as session:
        assert case_detail(session, case).item_count == 2
    assert [(intent.reason, intent.state) for intent in intents(engine)] == [("first", "suppressed")]


def test_a_confirmed_case_is_told_about_further_items(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="confirm"), now=NOW)
        route_intent(session, 1, [], NOW)
    see(engine, an_item(2), at=NOW + MINUTE)
    assert [intent.reason for intent in intents(engine)] == ["first", "new_items"]


def test_a_failing_transaction_leaves_nothing_behind(engine: Engine) -> None:
    broken = a_verdict(an_item(2), score=7.0)
    with pytest.raises(Exception, match=r"(?i)check"):
        see(engine, an_item(2), a_verdict(an_item(2), brand="other"), broken)
    assert count(engine, Case) == 0
    assert intents(engine) == []


@pytest.mark.parametrize(
    ("campaign", "title"),
    [
        ("host:hoshino-denki-sale.test", "hoshino-denki-sale.test (ad)"),
        ("host:xn--hshinodenki-rnj.test", "xn--hshinodenki-rnj.test = h\u043eshinodenki.test (ad)"),
        ("advertiser:meta:77", "Hoshino Denki Outlet 公式 (ad)"),
        ("item:ad:meta:ad-1", "ad-1 (ad)"),
        ("host:" + "a" * 200, "" + "a" * 99 + "… (ad)"),
    ],
)
def test_titles_are_short_and_say_what_joins_the_items(campaign: str, title: str) -> None:
    assert case_title(campaign, an_item()) == title


def test_title_of_a_nameless_advertiser() -> None:
    item = an_item(advertiser=Advertiser(id="77"))
    assert case_title("advertiser:meta:77", item) == "meta 77 (ad)"
