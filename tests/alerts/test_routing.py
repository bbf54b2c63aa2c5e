"""Which routes want a case, and what leaves, through the real outbox to a real receiver."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.grouping import OVERFLOW
from alerts.matching import matches, matching_routes, wants
from alerts.outgoing import Outgoing
from config.routes import Matcher, Route, named
from storage.case_facts import CaseFacts, ItemFacts, facts_of
from storage.database import transaction
from storage.intents import move_pending, tell_of_relapse
from tests.alerts.bureau import Bureau, cases_of, told
from tests.servers.sink import Sink


def item(**fields: Any) -> ItemFacts:
    defaults: dict[str, Any] = {
        "kind": "ad",
        "platform": "meta",
        "sources": frozenset({"news-ads"}),
        "countries": frozenset({"JP"}),
        "signals": frozenset({"host.lookalike", "name.mention"}),
        "advertiser": "meta:77",
    }
    return ItemFacts(**{**defaults, **fields})


MIXED = CaseFacts(
    id=7,
    brand="hoshino",
    state="open",
    score=0.8,
    priority=1.2,
    decision="impersonation",
    tags=frozenset({"legal"}),
    items=(item(), item(kind="domain", sources=frozenset({"tips"}), platform=None, advertiser=None)),
)


@pytest.mark.parametrize(
    ("wish", "met"),
    [
        ({}, True),
        ({"brands": ["hoshino"]}, True),
        ({"brands": ["other"]}, False),
        ({"kinds": ["ad"]}, True),
        ({"kinds": ["post"]}, False),
        ({"sources": ["tips"]}, True),
        ({"sources": ["feeds"]}, False),
        ({"min_score": 0.8}, True),
        ({"min_score": 0.81}, False),
        ({"min_priority": 1.2}, True),
        ({"min_priority": 1.3}, False),
        ({"kinds": ["ad"], "sources": ["news-ads"]}, True),
        ({"kinds": ["ad"], "sources": ["tips"]}, False),  # one item must meet both
        ({"platforms": ["meta"], "kinds": ["domain"]}, False),
        ({"countries": ["JP"]}, True),
        ({"countries": ["US"]}, False),
        ({"signals": ["host.lookalike"]}, True),
        ({"signals": ["host"]}, True),  # the family
        ({"signals": ["picture", "lure.offer"]}, False),
        ({"advertisers": ["meta:77"]}, True),
        ({"advertisers": ["meta:78"]}, False),
        ({"tags": ["legal", "shop"]}, True),
        ({"tags": ["shop"]}, False),
        ({"states": ["relapsed"]}, False),
        ({"decisions": ["impersonation"]}, True),
        ({"decisions": ["suspicious"]}, False),
    ],
)
def test_every_wish_of_a_route_must_be_met(wish: dict[str, object], met: bool) -> None:
    assert matches(Matcher.model_validate(wish), MIXED) is met


def chosen(*routes: dict[str, Any]) -> list[str]:
    rows = [Route.model_validate({"receivers": [row.get("key", "r")], **row}) for row in routes]
    return [name for name, _ in matching_routes(list(named(rows)), MIXED)]


def test_every_matching_route_counts_up_to_one_that_stops() -> None:
    others = {"key": "b", "brands": ["other"], "stop": True}
    assert chosen({"key": "a"}, others, {"key": "c", "stop": True}, {"key": "d"}) == ["a", "c"]


def test_a_default_route_counts_where_no_other_matches() -> None:
    default = {"key": "rest", "default": True}
    assert chosen(default, {"key": "a", "brands": ["other"]}) == ["rest"]
    assert chosen(default, {"key": "a"}) == ["a"]
    assert chosen({**default, "min_score": 1.0}) == []


def test_routes_without_a_key_are_named_after_their_receivers() -> None:
    rows = [Route(receivers=("desk", "legal")), Route(receivers=("desk", "legal")), Route(receivers=("x",), key="y")]
    assert [name for name, _ in named(rows)] == ["desk+legal", "desk+legal#2", "y"]


def test_a_route_with_its_own_time_to_judge_hears_nothing_of_the_common_one() -> None:
    own = Route.model_validate({"receivers": ["desk"], "escalate_after": "4h"})
    assert not wants(own, "escalated")
    assert wants(own, "escalated", pressing=True)
    assert wants(Route(receivers=("desk",)), "escalated")


def test_facts_are_those_of_the_case(bureau: Bureau) -> None:
    case = bureau.flag(1, countries=("JP", "TW"))
    bureau.set_case(case, tags=["legal"], priority=0.5)
    with transaction(bureau.engine) as session:
        facts = facts_of(session, [case, 99], bureau.at)
    [seen] = facts[case].items
    assert (list(facts), list(facts[case].tags), facts[case].priority) == ([case], ["legal"], 0.5)
    assert (seen.kind, list(seen.sources), sorted(seen.countries)) == ("ad", ["news-ads"], ["JP", "TW"])
    assert seen.advertiser == "meta:hoshino-denki-sale1.test"
    assert seen.signals == {"host.lookalike", "name.mention"}


@pytest.mark.asyncio
async def test_a_thousand_items_of_one_campaign_in_a_minute_are_told_in_three_messages_at_most(
    bureau: Bureau, sink: Sink
) -> None:
    """SAFETY 30."""
    bureau.webhook("desk", sink.url())
    for batch in range(20):
        bureau.flag_all(range(batch * 50, batch * 50 + 50), host="one-campaign.test")
        await bureau.step(seconds=3)
    for _ in range(6):
        await bureau.step(minutes=5)
    assert [reason for reason, _ in told(sink)] == ["first", "new_items"]
    assert json.loads(sink.bodies[-1])["data"]["case"]["items"] == 1000
    assert bureau.waiting() == []


@pytest.mark.asyncio
async def test_many_cases_of_a_fold_are_told_together(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), group_by=["brand", "source"])
    cases: list[int] = []
    for batch in range(6):
        cases += bureau.flag_all(range(batch * 20, batch * 20 + 20))
        await bureau.step(seconds=10)
    for _ in range(12):
        await bureau.step(minutes=1)
    assert len(set(cases)) == 120
    assert [reason for reason, _ in told(sink)] == ["digest", "digest"]
    assert {alert.gathered for alert in bureau.digests()} == {"group"}
    assert sorted(cases_of(told(sink))) == sorted(cases)


@pytest.mark.asyncio
async def test_a_limit_of_messages_makes_the_rest_a_digest(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), most_per_hour=3)
    first = bureau.flag_all(range(30))
    await bureau.step(seconds=30)
    assert [reason for reason, _ in told(sink)] == ["first", "first", "digest"]
    late = bureau.flag_all(range(30, 35))
    await bureau.step(minutes=30)
    assert {one.held for one in bureau.waiting()} == {"limit"}
    assert len(told(sink)) == 3
    await bureau.step(minutes=31)
    assert [reason for reason, _ in told(sink)[3:]] == ["first", "first", "digest"]
    assert sorted(cases_of(told(sink))) == sorted([*first, *late])
    assert OVERFLOW in {row.fold for row in bureau.rows()}
    assert {alert.gathered for alert in bureau.digests()} == {"limit"}


@pytest.mark.asyncio
async def test_each_route_keeps_its_own_time_reasons_and_language(bureau: Bureau, sink: Sink) -> None:
    with Sink() as slow, Sink() as japanese:
        bureau.webhook("desk", sink.url())
        bureau.webhook("slow", slow.url(), group_wait="2m", group_interval="20m")
        bureau.webhook("legal", japanese.url(), reasons=["first"], language="ja")
        case = bureau.flag(1, host="one.test")
        await bureau.step(seconds=30)
        assert (told(sink), told(slow), told(japanese)) == ([("first", case)], [], [("first", case)])
        assert [(one.route, one.held) for one in bureau.waiting()] == [("slow", "wait")]
        bureau.flag(2, host="one.test")
        await bureau.step(minutes=6)
        assert (told(sink)[1:], told(slow)) == ([("new_items", case)], [("first", case)])
        assert json.loads(slow.bodies[0])["data"]["new_items"] == 2
        bureau.flag(3, host="one.test")
        await bureau.step(minutes=6)
        assert (len(told(sink)), len(told(slow)), len(told(japanese))) == (3, 1, 1)
        await bureau.step(minutes=15)
        assert told(slow)[1:] == [("new_items", case)]
        assert json.loads(japanese.bodies[0])["data"]["language"] == "ja"
        assert json.loads(sink.bodies[0])["data"]["language"] == "en"


@pytest.mark.asyncio
async def test_a_receiver_of_several_routes_hears_of_news_once(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), routed=False)
    bureau.routes += [
        {"key": "a", "receivers": ["desk"]},
        {"key": "b", "receivers": ["desk"]},
        {"key": "c", "receivers": ["desk"], "group_wait": "10m"},
    ]
    case = bureau.flag(1, host="one.test")
    await bureau.step(seconds=30)
    await bureau.step(minutes=10)
    assert told(sink) == [("first", case)]
    assert ("suppressed", "another route told the same receivers") in bureau.notes()
    bureau.flag(2, host="one.test")
    await bureau.step(minutes=6)
    await bureau.step(minutes=20)
    assert told(sink) == [("first", case), ("new_items", case)]


@pytest.mark.asyncio
async def test_what_a_route_kept_that_is_gone_is_told_by_those_that_are_there(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), routed=False)
    bureau.routes = [{"key": "old", "receivers": ["desk"], "group_wait": "1h"}]
    case = bureau.flag()
    await bureau.step(seconds=30)
    bureau.routes = [{"key": "new", "receivers": ["desk"]}]
    await bureau.step(minutes=59)
    assert told(sink) == []
    await bureau.step(minutes=2)
    assert told(sink) == [("first", case)]


@pytest.mark.asyncio
async def test_a_kept_intent_without_a_route_stays_and_is_told_of(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), routed=False)
    bureau.routes = [{"key": "old", "receivers": ["desk"], "group_wait": "1h"}]
    case = bureau.flag()
    await bureau.step(seconds=30)
    bureau.routes = []
    report = await bureau.step(hours=2)
    assert report.problems == (f"case {case}: no route matches",)
    bureau.routes = [{"key": "new", "receivers": ["desk"]}]
    await bureau.step(seconds=1)
    assert told(sink) == [("first", case)]


@pytest.mark.asyncio
async def test_a_dispatcher_killed_between_its_steps_loses_nothing_and_tells_nothing_twice(
    bureau: Bureau, sink: Sink
) -> None:
    """Every step is a transaction; here each is the last one of a dispatcher."""
    bureau.webhook("desk", sink.url(), most_per_hour=3)
    cases = bureau.flag_all(range(12))
    bureau.wait(seconds=30)
    for steps in (1, 2, 2):
        dying = Outgoing(bureau.config, bureau.engine, worker=f"dying {steps}", lease=timedelta(seconds=1))
        dying._routing.split(bureau.at, skip=frozenset())
        if steps > 1:
            dying._routing.release(bureau.at, skip=frozenset())
    await bureau.step(seconds=1)
    messages = told(sink)
    assert [reason for reason, _ in messages] == ["first", "first", "digest"]
    assert sorted(cases_of(messages)) == sorted(cases)


@pytest.mark.asyncio
async def test_dispatchers_side_by_side_keep_limits_and_tell_each_case_once(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), most_per_hour=5)
    bureau.routes.append({"receivers": ["desk"], "most_per_hour": 50})
    cases = bureau.flag_all(range(40))
    bureau.wait(seconds=30)
    await asyncio.gather(*(bureau.dispatch() for _ in range(3)))
    messages = told(sink)
    assert len(messages) == len(sink.received)
    singles = cases_of([message for message in messages if message[0] == "first"])
    [digest] = [message for message in messages if message[0] == "digest"]
    assert len(cases_of([digest])) == 36
    assert sorted(singles) == sorted(cases)


@pytest.mark.asyncio
async def test_a_case_merged_into_another_is_told_with_it(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    one, other = bureau.flag(1), bureau.flag(2)
    with transaction(bureau.engine) as session:
        tell_of_relapse(session, other, bureau.at)
        move_pending(session, other, one, now=bureau.at)
    bureau.set_case(other, state="duplicate", merged_into=one)
    await bureau.step(seconds=30)
    assert told(sink) == [("first", one)]
    assert json.loads(sink.bodies[0])["data"]["new_items"] == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(("state", "messages"), [("dismissed", 0), ("closed", 0), ("confirmed", 1), ("down", 1)])
async def test_what_is_settled_tells_nothing(bureau: Bureau, sink: Sink, state: str, messages: int) -> None:
    bureau.webhook("desk", sink.url())
    bureau.set_case(bureau.flag(), state=state)
    await bureau.step(minutes=1)
    assert len(told(sink)) == messages
    assert len(bureau.waiting()) == 1 - messages


@pytest.mark.asyncio
async def test_while_a_graver_case_is_worked_on_what_belongs_to_it_is_not_told(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url())
    bureau.inhibits = [
        {"source": {"decisions": ["impersonation"]}, "target": {"decisions": ["suspicious"]}, "equal": ["platform"]}
    ]
    grave, mention, elsewhere = bureau.flag(1), bureau.flag(2), bureau.flag(3, platform="x")
    bureau.set_case(mention, decision="suspicious")
    bureau.set_case(elsewhere, decision="suspicious")
    await bureau.step(seconds=30)
    assert sorted(cases_of(told(sink))) == [grave, elsewhere]
    assert [(one.case_id, one.held, one.note) for one in bureau.waiting()] == [
        (mention, "inhibited", f"case {grave} is worked on")
    ]
    bureau.judge(grave, "dismiss", reason="reseller")
    await bureau.step(minutes=6)
    assert told(sink)[2:] == [("first", mention)]
