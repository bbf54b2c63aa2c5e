import asyncio
import json
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from alerts.dispatch import dispatch_due, send_test
from alerts.errors import DeliveryError, UnknownReceiver
from storage import outbox
from storage.cases import Judgement, judge
from storage.database import transaction
from storage.schema import AlertIntent
from tests.alerts.office import Office
from tests.servers.sink import Reply, Sink
from tests.storage.examples import switched_off

pytestmark = pytest.mark.asyncio


async def test_a_flagged_item_becomes_one_message_after_the_wait(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    case = office.flag()
    assert await office.dispatch() == type(await office.dispatch())()  # nothing is due yet
    office.wait(seconds=30)
    report = await office.dispatch()
    assert (report.routed, report.sent, report.problems) == (1, 1, ())
    body = json.loads(sink.bodies[0])
    assert (body["type"], body["data"]["case"]["id"], body["data"]["case"]["brand_name"]) == (
        "case.first",
        case,
        "星野電機",
    )
    assert (await office.dispatch()).sent == 0
    [delivery] = office.deliveries().values()
    assert (delivery.state, delivery.status, delivery.attempts) == ("sent", 200, 1)


async def test_a_campaign_of_many_items_is_told_in_few_messages(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    for second in range(60):
        office.flag(second, host="one-campaign.test")
        office.wait(seconds=1)
        await office.dispatch()
    for _ in range(20):
        office.wait(minutes=1)
        await office.dispatch()
    bodies = [json.loads(body) for body in sink.bodies]
    assert [body["type"] for body in bodies] == ["case.first", "case.new_items"]
    assert bodies[1]["data"]["case"]["items"] == 60


async def test_alerts_to_a_disabled_receiver_wait_for_it_beside_those_that_leave(office: Office, sink: Sink) -> None:
    with Sink() as off:
        office.webhook("siem", sink.url())
        office.webhook("off", off.url())
        with transaction(office.engine) as session:
            switched_off(session, "off", "answered 410", office.at)
        office.flag()
        office.wait(seconds=30)
        assert (await office.dispatch()).sent == 1
        with transaction(office.engine) as session:
            outbox.enable_receiver(session, "off")
        assert (await office.dispatch()).sent == 1
        assert off.bodies == sink.bodies


async def test_a_case_without_a_route_stays_pending_and_is_told(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url(), kinds=["domain"])
    case = office.flag()
    office.wait(seconds=30)
    for _ in range(2):
        report = await office.dispatch()
        assert (report.unrouted, report.routed) == (1, 0)
        assert report.problems == (f"case {case}: no route matches",)
    assert office.pending() == 1
    office.routes = [{"receivers": ["siem"]}]
    assert (await office.dispatch()).sent == 1


async def test_many_cases_without_a_route_do_not_hide_one_with(office: Office, sink: Sink) -> None:
    for number in range(25):
        office.flag(number)
    office.wait(seconds=1)
    office.flag(99, host="late.test", platform=None)
    office.webhook("siem", sink.url(), kinds=["domain"])
    with transaction(office.engine) as session:
        session.execute(text("UPDATE items SET kind = 'domain' WHERE external_id LIKE 'ad-99-%'"))
        session.execute(
            text(
                'UPDATE item_versions SET content = replace(content, \'"kind":"ad"\', \'"kind":"domain"\') '
                "WHERE content LIKE '%late.test%'"
            )
        )
    office.wait(seconds=30)
    report = await office.dispatch()
    assert (report.unrouted, report.sent) == (25, 1)


async def test_cases_without_a_route_are_read_once_a_pass_and_can_be_skipped(office: Office) -> None:
    loaded: list[AlertIntent] = []

    def count(intent: AlertIntent, context: object) -> None:
        loaded.append(intent)

    for number in range(45):
        office.flag(number, host=f"shop{number}.test", platform=None)
    office.wait(seconds=30)
    event.listen(AlertIntent, "load", count)
    event.listen(AlertIntent, "refresh", count)
    try:
        report = await office.dispatch()
        assert report.unrouted == len(report.unrouted_ids) == office.pending()
        loaded.clear()
        await dispatch_due(office.config, office.engine, office.media, now=office.now)
        assert len(loaded) == report.unrouted
        loaded.clear()
        skip = report.unrouted_ids
        again = await dispatch_due(office.config, office.engine, office.media, now=office.now, skip=skip)
    finally:
        event.remove(AlertIntent, "load", count)
        event.remove(AlertIntent, "refresh", count)
    assert (again.unrouted, again.problems, loaded) == (0, (), [])


async def test_every_route_counts_and_each_receiver_gets_one(office: Office, sink: Sink) -> None:
    with Sink() as other:
        office.webhook("siem", sink.url())
        office.webhook("legal", other.url())
        office.routes.append({"receivers": ["legal", "siem"]})
        office.flag()
        office.wait(seconds=30)
        assert (await office.dispatch()).sent == 2
        assert (len(sink.received), len(other.received)) == (1, 1)


async def test_a_slow_receiver_delays_nobody_else_not_even_later_alerts(office: Office) -> None:
    release = threading.Event()
    with Sink(Reply(after=release)) as slow, Sink() as a, Sink() as b, Sink() as c, Sink() as d:
        office.webhook("slow", slow.url())
        for key, fast in zip("abcd", (a, b, c, d), strict=True):
            office.webhook(key, fast.url())
        office.flag(1)
        office.wait(seconds=30)
        running = asyncio.create_task(office.dispatch(seconds=60))
        await asyncio.to_thread(slow.wait_for, 1)
        for fast in (a, b, c, d):
            await asyncio.to_thread(fast.wait_for, 1)
        office.flag(2)
        office.wait(seconds=30)
        for fast in (a, b, c, d):
            await asyncio.to_thread(fast.wait_for, 2)
        assert not running.done()
        assert len(slow.received) == 1
        release.set()
        assert (await running).sent == 10
        assert len(slow.received) == 2


async def test_the_deliveries_of_one_receiver_leave_in_order(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    cases = []
    for number in range(12):
        cases.append(office.flag(number))
        office.wait(seconds=1)
    office.wait(seconds=30)
    await office.dispatch()
    assert [json.loads(body)["data"]["case"]["id"] for body in sink.bodies] == cases


async def test_a_receiver_gets_its_messages_at_its_pace_also_from_one_pass_to_the_next(
    office: Office, sink: Sink
) -> None:
    """The clock of the office stands still, so each message waits for the whole gap."""
    office.webhook("siem", sink.url())
    office.receivers[0]["rate"] = "5/s"
    office.flag_all(range(3))
    office.wait(seconds=30)
    began = time.monotonic()
    assert (await office.dispatch()).sent == 3
    assert time.monotonic() - began >= 0.4
    with transaction(office.engine) as session:
        session.execute(text("UPDATE deliveries SET state = 'dead'"))
        assert outbox.replay_dead(session, office.at) == 3
    began = time.monotonic()
    assert (await office.dispatch()).sent == 3
    assert time.monotonic() - began >= 0.6


async def test_a_receiver_in_trouble_is_not_asked_again_for_each_waiting_alert(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    for number in range(5):
        office.flag(number)
    office.wait(seconds=30)
    sink.script.append(Reply(status=503))
    await office.dispatch()
    assert len(sink.received) == 1
    assert sorted(row.attempts for row in office.deliveries().values()) == [0, 0, 0, 0, 1]
    office.wait(minutes=3)
    assert (await office.dispatch()).sent == 5


async def test_a_case_that_cannot_be_told_stays_pending_and_stops_only_itself(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    broken = office.flag(1)
    office.flag(2)
    with transaction(office.engine) as session:
        session.execute(text("UPDATE item_versions SET content = '[]' WHERE content LIKE '%sale1.test%'"))
    office.wait(seconds=30)
    report = await office.dispatch()
    assert (report.unrouted, report.sent) == (1, 1)
    assert report.problems == (f"case {broken}: the alert cannot be made (ValidationError)",)


async def test_no_attempt_starts_when_its_lease_may_run_out(office: Office) -> None:
    release = threading.Event()
    with Sink(Reply(after=release)) as slow:
        office.webhook("slow", slow.url())
        office.flag(1)
        office.flag(2)
        office.wait(seconds=30)
        running = asyncio.create_task(office.dispatch(seconds=60))
        await asyncio.to_thread(slow.wait_for, 1)
        office.wait(seconds=101)
        release.set()
        assert (await running).sent == 1
        assert len(slow.received) == 1
        office.wait(seconds=19)
        assert (await office.dispatch()).sent == 1


async def test_judgements_hold_alerts_back(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    dismissed, snoozed = office.flag(1, host="one.test"), office.flag(2, host="two.test")
    with transaction(office.engine) as session:
        judge(session, dismissed, Judgement(who="aiko", action="dismiss", reason="reseller"), now=office.at)
        until = office.at + timedelta(hours=1)
        judge(session, snoozed, Judgement(who="aiko", action="snooze", until=until), now=office.at)
    office.flag(3, host="one.test")
    office.flag(4, host="two.test")
    office.wait(minutes=30)
    assert (await office.dispatch()).sent == 0
    office.wait(minutes=30)
    assert (await office.dispatch()).sent == 1
    assert json.loads(sink.bodies[0])["data"]["case"]["id"] == snoozed


async def test_two_dispatchers_send_each_delivery_once(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    for number in range(20):
        office.flag(number)
    office.wait(seconds=30)
    reports = await asyncio.gather(*(office.dispatch() for _ in range(3)))
    assert sum(report.sent for report in reports) == 20
    assert len({request.headers["webhook-id"] for request in sink.received}) == len(sink.received) == 20


async def test_a_test_message_is_sent_once_and_leaves_no_trace(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    sink.script.append(Reply(status=503))
    with pytest.raises(DeliveryError):
        await send_test(office.config, "siem", office.media, now=office.now)
    receipt = await send_test(office.config, "siem", office.media, now=office.now)
    assert (receipt.status, len(sink.received), len(office.deliveries())) == (200, 2, 0)
    assert json.loads(sink.bodies[1])["type"] == "test"
    with pytest.raises(UnknownReceiver):
        await send_test(office.config, "nobody", office.media, now=office.now)


async def test_the_configured_egress_rule_holds_without_being_asked(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    closed = office.config.model_copy(update={"egress": type(office.config.egress)()})
    report = await dispatch_due(closed, office.engine, office.media, now=office.now)
    assert (report.sent, report.retried, sink.received) == (0, 1, [])
    assert "its address is not public" in report.problems[0]
