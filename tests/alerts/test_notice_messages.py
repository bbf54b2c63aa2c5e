"""What is told of notices: once for each due date and answer, with which notice, since when, and what to type."""

import json
from datetime import timedelta
from typing import Any

import pytest

from alerts.wording import digest_facts
from storage.database import transaction
from storage.notices import add_reply, set_state
from tests.alerts.bureau import Bureau, told
from tests.servers.sink import Sink
from tests.storage.noticed import a_reply, file, look_up
from watch.reminders import remind_due

pytestmark = pytest.mark.asyncio
WEEK = timedelta(days=7)
HOSTILE = "Re: <!channel> https://evil.test/\u202e\x1b[31m"


async def asked(bureau: Bureau, sink: Sink, **route: Any) -> tuple[int, int]:
    """Have a case taken down and a notice filed; return both. What was told of the case is forgotten."""
    bureau.webhook("desk", sink.url(), **route)
    case = bureau.flag()
    await bureau.step(seconds=30)
    bureau.judge(case, "confirm")
    bureau.judge(case, "takedown", approvers=())
    number = file(bureau.engine, case, now=bureau.at, channel="meta-brand-rights")
    sink.received.clear()
    return case, number


def data(sink: Sink) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(sink.bodies[-1])["data"]
    return told


async def test_an_answer_that_does_not_come_is_told_once(bureau: Bureau, sink: Sink) -> None:
    case, number = await asked(bureau, sink)
    filed_at = bureau.at
    await bureau.step(days=6)
    assert told(sink) == []
    for _ in range(4):
        await bureau.step(days=1)
    assert told(sink) == [("notice", case)]
    at = look_up(bureau.engine, number)
    says = f"Notice {number} (meta-brand-rights, {at.reference}): filed on {filed_at:%Y-%m-%d %H:%M} UTC, its answer is"
    assert data(sink)["occasion"] == f"{says} overdue."
    assert data(sink)["next"] == [f"mekiki takedown show {number}", "mekiki takedown due"]
    [notice] = data(sink)["notices"]
    assert (notice["id"], notice["channel"], notice["why"]) == (number, "meta-brand-rights", "overdue")


async def test_an_answer_is_told_at_once_and_nothing_in_it_acts(bureau: Bureau, sink: Sink) -> None:
    case, number = await asked(bureau, sink, language="ja")
    bureau.wait(hours=1)
    with transaction(bureau.engine) as session:
        reply = a_reply(subject=HOSTILE, received_at=bureau.at)
        add_reply(session, number, reply, who="aki", now=bureau.at, due=WEEK)
    await bureau.step(seconds=1)
    assert told(sink) == [("notice", case)]
    occasion = data(sink)["occasion"]
    assert occasion.startswith(f"申請 {number}(meta-brand-rights、MK-{case}-")
    assert "に回答が届きました。窓口からの連絡:Re: " in occasion
    for live in ("https://", "\u202e", "\x1b"):
        assert live not in occasion


async def test_what_was_settled_meanwhile_is_not_told(bureau: Bureau, sink: Sink) -> None:
    _, number = await asked(bureau, sink)
    bureau.wait(days=7)
    assert remind_due(bureau.engine, bureau.at).notices == 1
    with transaction(bureau.engine) as session:
        set_state(session, number, "acknowledged", who="aki", now=bureau.at, due=WEEK)
    await bureau.dispatch()
    await bureau.step(hours=1)
    assert told(sink) == []
    assert ("suppressed", "settled meanwhile") in bureau.notes()


async def test_what_is_told_of_notices_stands_beside_what_is_told_of_the_case(bureau: Bureau, sink: Sink) -> None:
    case, _ = await asked(bureau, sink)
    bureau.wait(days=7)
    bureau.flag(101, host="hoshino-denki-sale1.test")
    await bureau.step(minutes=10)
    await bureau.step(minutes=10)
    assert sorted(told(sink), key=str) == [("new_items", case), ("notice", case)]


async def test_a_route_may_leave_it_out(bureau: Bureau, sink: Sink) -> None:
    await asked(bureau, sink, reasons=["first", "relapsed"])
    await bureau.step(days=8)
    assert told(sink) == []


async def test_two_routes_to_one_receiver_tell_it_once(bureau: Bureau, sink: Sink) -> None:
    case, _ = await asked(bureau, sink)
    bureau.routes.append({"receivers": ["desk"], "key": "again"})
    await bureau.step(days=8)
    await bureau.step(minutes=1)
    assert told(sink) == [("notice", case)]


async def test_a_digest_says_that_a_notice_needs_a_look(bureau: Bureau, sink: Sink) -> None:
    case, _ = await asked(bureau, sink, digest="daily 09:00", zone="UTC")
    sink.received.clear()
    await bureau.step(days=8)
    await bureau.step(days=1)
    lines = [line for alert in bureau.digests() for line in alert.digest if line.reason == "notice"]
    assert [line.case for line in lines] == [case]
    assert "notice needs a look" in digest_facts(bureau.digests()[-1], lines[0])
