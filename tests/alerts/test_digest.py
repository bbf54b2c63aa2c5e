"""Digests: one message a day or a week that lists the cases, once for each time it covers."""

import asyncio
import json
from typing import Any

import pytest

from tests.alerts.bureau import Bureau, at, cases_of, told
from tests.servers.sink import Sink

pytestmark = pytest.mark.asyncio

DAILY: dict[str, Any] = {"digest": "daily 09:00"}  # in Tokyo; the clock starts on a Sunday at 12:04


async def until(bureau: Bureau, moment: str) -> None:
    """Let the watch work once an hour until then, and then."""
    end = at(moment)
    while (left := (end - bureau.at).total_seconds()) > 0:
        await bureau.step(seconds=min(left, 3600))


async def test_a_daily_digest_lists_the_cases_of_its_day_once(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), **DAILY)
    cases = sorted(bureau.flag_all(range(3)))
    await bureau.step(seconds=30)
    assert {(one.held, one.due_at) for one in bureau.waiting()} == {("digest", at("2026-11-23T09:00+09:00"))}
    grown = bureau.flag(100, host="hoshino-denki-sale0.test")
    await until(bureau, "2026-11-23T08:59+09:00")
    assert sink.received == []
    await until(bureau, "2026-11-23T09:00+09:00")
    late = bureau.flag(9)
    await until(bureau, "2026-11-24T08:00+09:00")
    assert told(sink) == [("digest", cases)]
    data = json.loads(sink.bodies[0])["data"]
    assert (data["digest_total"], data["since"]) == (3, None)
    assert {line["case"]: (line["reason"], line["new_items"]) for line in data["digest"]}[grown] == ("first", 2)
    await until(bureau, "2026-11-24T09:00+09:00")
    assert told(sink)[1:] == [("digest", [late])]
    assert at(json.loads(sink.bodies[1])["data"]["since"]) == at("2026-11-23T09:00+09:00")
    await until(bureau, "2026-11-26T10:00+09:00")
    assert len(told(sink)) == 2  # nothing is told of days on which there was nothing


async def test_a_weekly_digest_in_a_zone_with_daylight_saving(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), digest="weekly Mon 09:00", zone="Europe/Berlin")
    bureau.at = at("2026-03-26T12:00+01:00")
    case = bureau.flag()
    await until(bureau, "2026-03-30T08:59+02:00")
    assert sink.received == []
    await until(bureau, "2026-03-30T09:00+02:00")
    assert told(sink) == [("digest", [case])]


async def test_a_digest_leaves_once_however_many_dispatchers_and_restarts(bureau: Bureau, sink: Sink) -> None:
    with Sink() as other:
        bureau.webhook("desk", sink.url(), **DAILY)
        bureau.webhook("legal", other.url(), routed=False)
        bureau.routes[0]["receivers"].append("legal")
        cases = sorted(bureau.flag_all(range(20)))
        await bureau.step(minutes=1)
        bureau.at = at("2026-11-23T09:00:07+09:00")
        await asyncio.gather(*(bureau.dispatch() for _ in range(3)))
        await bureau.step(seconds=1)
        assert told(sink) == told(other) == [("digest", cases)]


async def test_a_digest_that_was_missed_comes_when_the_watch_is_back(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), **DAILY)
    case = bureau.flag()
    await bureau.step(minutes=1)
    bureau.at = at("2026-11-25T15:00+09:00")
    await bureau.step(seconds=1)
    await bureau.step(seconds=1)
    assert told(sink) == [("digest", [case])]


async def test_what_is_urgent_does_not_wait_for_the_digest(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), urgent_score=0.99, **DAILY)
    urgent, other = bureau.flag_all(range(2))
    bureau.set_case(urgent, score=0.995)
    await bureau.step(seconds=30)
    assert told(sink) == [("first", urgent)]
    bureau.set_case(other, score=0.99)
    bureau.flag(101, host="hoshino-denki-sale1.test")  # it has become urgent
    await bureau.step(minutes=6)
    assert cases_of(told(sink)) == [urgent, other]


async def test_what_is_judged_before_the_digest_is_not_in_it(bureau: Bureau, sink: Sink) -> None:
    bureau.webhook("desk", sink.url(), **DAILY)
    kept, dismissed = bureau.flag_all(range(2))
    await bureau.step(minutes=1)
    bureau.judge(dismissed, "dismiss", reason="reseller")
    await until(bureau, "2026-11-23T09:00+09:00")
    assert told(sink) == [("digest", [kept])]


async def test_empty_digests_are_sent_where_they_are_wanted_but_not_of_the_time_before(
    bureau: Bureau, sink: Sink
) -> None:
    with Sink() as eager:
        bureau.webhook("desk", sink.url(), **DAILY)
        bureau.webhook("eager", eager.url(), empty=True, **DAILY)
        await until(bureau, "2026-11-23T08:00+09:00")
        assert eager.received == []
        await until(bureau, "2026-11-23T11:00+09:00")
        assert (told(sink), told(eager)) == ([], [("digest", [])])
        case = bureau.flag()
        await until(bureau, "2026-11-24T11:00+09:00")
        assert (told(sink), told(eager)[1:]) == ([("digest", [case])], [("digest", [case])])


async def test_a_digest_waits_for_the_end_of_quiet_hours(bureau: Bureau, sink: Sink) -> None:
    bureau.quiets = [{"key": "office", "hours": ["20:00", "08:00"], "holidays": "japan"}]
    bureau.webhook("desk", sink.url(), quiet="office", **DAILY)
    case = bureau.flag()
    await until(bureau, "2026-11-23T23:00+09:00")  # 勤労感謝の日
    assert sink.received == []
    await until(bureau, "2026-11-24T08:30+09:00")
    assert told(sink) == [("digest", [case])]


async def test_what_quiet_hours_hold_is_told_at_their_end_once_for_each_case(bureau: Bureau, sink: Sink) -> None:
    bureau.quiets = [{"key": "night", "hours": ["20:00", "08:00"]}]
    bureau.webhook("desk", sink.url(), quiet="night")
    bureau.at = at("2026-11-24T22:00+09:00")
    case = bureau.flag(1, host="one.test")
    await bureau.step(minutes=1)
    assert [(one.held, one.due_at) for one in bureau.waiting()] == [("quiet", at("2026-11-25T08:00+09:00"))]
    bureau.flag(2, host="one.test")
    await until(bureau, "2026-11-25T07:59+09:00")
    assert sink.received == []
    await until(bureau, "2026-11-25T09:00+09:00")
    assert told(sink) == [("first", case)]
    assert json.loads(sink.bodies[0])["data"]["new_items"] == 2
