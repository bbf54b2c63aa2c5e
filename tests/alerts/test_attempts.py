import json
import logging
from datetime import timedelta

import pytest
from sqlalchemy import text

from storage import outbox
from storage.cases import case_detail
from storage.database import transaction
from tests.alerts.channels.opening import ROWS
from tests.alerts.office import SECRET, Office
from tests.servers.mail import MailSink
from tests.servers.sink import Reply, Sink

pytestmark = pytest.mark.asyncio


async def test_503_twice_is_delivered_on_the_third_attempt(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.extend([Reply(status=503), Reply(status=503)])
    assert (await office.dispatch()).retried == 1
    office.wait(seconds=4)
    assert (await office.dispatch()).retried == 0
    office.wait(seconds=1)
    assert (await office.dispatch()).retried == 1
    office.wait(minutes=5)
    assert (await office.dispatch()).sent == 1
    assert len(sink.received) == 3
    assert len(set(sink.bodies)) == 1
    assert len({request.headers["webhook-id"] for request in sink.received}) == 1
    [delivery] = office.deliveries().values()
    assert (delivery.state, delivery.attempts) == ("sent", 3)


async def test_the_whole_schedule_then_dead_visible_and_replayed_the_same(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.extend([Reply(status=500)] * 7)
    made = []
    start = office.at
    for _ in range(3 * 24 * 60):
        before = len(sink.received)
        report = await office.dispatch()
        if len(sink.received) > before:
            made.append(round((office.at - start).total_seconds()))
        if report.dead:
            break
        [delivery] = office.deliveries().values()
        office.at = max(delivery.next_at, office.at)
    assert made == [0, 5, 305, 2105, 9305, 27305, 63305]
    assert report.problems[0].startswith("siem: answered 500; given up after attempt 7")
    [delivery] = office.deliveries().values()
    assert (delivery.state, delivery.status, delivery.detail) == ("dead", 500, "answered 500")

    with transaction(office.engine) as session:
        outbox.replay(session, delivery.id, office.at)
    assert (await office.dispatch()).sent == 1
    assert len(set(sink.bodies)) == 1
    assert {request.headers["webhook-id"] for request in sink.received} == {delivery.id}


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 4.5), (1.0, 5.5)])
async def test_the_next_attempt_is_spread(office: Office, sink: Sink, chance: float, wait: float) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=503))
    await office.dispatch(chance=lambda: chance)
    [delivery] = office.deliveries().values()
    assert delivery.next_at - office.at == timedelta(seconds=wait)


async def test_retry_after_is_kept(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=429, headers={"Retry-After": "3600"}))
    assert (await office.dispatch()).retried == 1
    office.wait(minutes=59)
    await office.dispatch()
    assert len(sink.received) == 1
    office.wait(minutes=1)
    assert (await office.dispatch()).sent == 1


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404])
async def test_what_cannot_get_better_ends_at_once(office: Office, sink: Sink, status: int) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=status, headers={"Location": sink.url("/else")}))
    report = await office.dispatch()
    assert (report.dead, report.retried, len(sink.received)) == (1, 0, 1)
    [delivery] = office.deliveries().values()
    assert (delivery.state, delivery.status) == ("dead", status)


async def test_another_receiver_that_breaks_does_not_undo_that_one_is_gone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "secret-\udcff-no-utf-8")
    with Sink(Reply(status=410)) as gone:
        office.webhook("gone", gone.url())
        office.receivers.append(
            {"key": "chat", "channel": "line_works", **ROWS["line_works"], "api": gone.url(), "auth": gone.url()}
            | {"client_secret": "env:CLIENT_SECRET", "private_key": "file:secret"}
        )
        office.flag()
        office.wait(seconds=30)
        report = await office.dispatch()
    assert [line for line in report.problems if "chat: the message cannot be made (UnicodeEncodeError)" in line]
    assert "secret-" not in str(report.problems)
    with transaction(office.engine) as session:
        assert outbox.receiver_disabled(session, "gone") == "answered 410"


async def test_gone_disables_the_receiver_and_the_others_are_told(office: Office, sink: Sink) -> None:
    with Sink(Reply(status=410)) as gone, MailSink() as mail:
        office.webhook("gone", gone.url())
        office.webhook("siem", sink.url(), routed=False)
        office.receivers.append(
            {"key": "mail", "channel": "email", "to": ["a@hoshino-denki.example"], "sender": "b@hoshino-denki.example"}
            | {"host": "127.0.0.1", "port": mail.port, "security": "none"}
        )
        case = office.flag(1)
        office.flag(2)
        office.wait(seconds=30)
        report = await office.dispatch()
        assert len(gone.received) == 1
        assert [
            line for line in report.problems if "gone: answered 410; the receiver is disabled, told siem, mail" in line
        ]
        notice = json.loads(sink.bodies[0])
        assert (notice["type"], notice["data"]["subject"]) == ("receiver.disabled", "gone")
        assert f"mekiki cases show {case}" in notice["data"]["next"]
        assert "Receiver gone is switched off" in mail.mails[0].message["Subject"]

        office.wait(days=2)
        office.flag(3)
        office.wait(seconds=30)
        report = await office.dispatch()
        assert len(gone.received) == 1
        assert report.unrouted == 1
        assert "every receiver of route gone is disabled" in report.problems[0]
        with transaction(office.engine) as session:
            assert outbox.receiver_disabled(session, "gone") == "answered 410"
            outbox.enable_receiver(session, "gone")
        report = await office.dispatch()
        assert (report.sent, len(gone.received)) == (3, 4)  # nothing was lost meanwhile


async def test_a_missing_secret_is_told_and_tried_again(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    (office.folder / "secret").unlink()
    office.flag()
    office.wait(seconds=30)
    report = await office.dispatch()
    assert report.retried == 1
    assert "siem: file:secret cannot be read" in report.problems[0]
    (office.folder / "secret").write_text(SECRET)
    office.wait(seconds=5)
    assert (await office.dispatch()).sent == 1


async def test_a_receiver_that_left_the_configuration_ends_visibly(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=503))
    await office.dispatch()
    office.receivers, office.routes = [], []
    office.wait(seconds=5)
    report = await office.dispatch()
    assert report.dead == 1
    assert "siem: is not in the configuration any more" in report.problems[0]


async def test_a_payload_that_cannot_be_read_stops_only_itself(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    office.flag(1)
    office.wait(seconds=30)
    sink.script.append(Reply(status=503))
    await office.dispatch()
    with transaction(office.engine) as session:
        session.execute(text("UPDATE deliveries SET payload = '{}'"))
    office.flag(2)
    office.wait(seconds=30)
    report = await office.dispatch()
    assert (report.dead, report.sent) == (1, 1)


async def test_a_message_that_cannot_be_made_is_told_and_stops_only_itself(office: Office, sink: Sink) -> None:
    with MailSink(refuse={"MAIL": "451 later"}) as mail:
        office.webhook("siem", sink.url())
        office.receivers.append(
            {"key": "mail", "channel": "email", "to": ["a@hoshino-denki.example"], "sender": "b@hoshino-denki.example"}
            | {"host": "127.0.0.1", "port": mail.port, "security": "none"}
        )
        office.routes.append({"receivers": ["mail"]})
        office.flag(1)
        office.wait(seconds=30)
        await office.dispatch()
        none, odd = '"picture":null', '"picture":{"item":1,"sha256":"nonsense","width":1,"height":1}'
        with transaction(office.engine) as session:
            session.execute(
                text("UPDATE deliveries SET payload = replace(payload, :none, :odd)"), {"none": none, "odd": odd}
            )
        office.flag(2)
        office.wait(seconds=30)
        report = await office.dispatch()
    assert (report.retried, report.sent) == (2, 1)  # the relay still refuses the other one
    assert "mail: the message cannot be made (ValueError in path)" in report.problems[0]


async def test_what_was_written_once_is_sent_though_the_case_has_moved_on(office: Office, sink: Sink) -> None:
    office.webhook("siem", sink.url())
    case = office.flag(1, host="one.test")
    office.wait(seconds=30)
    sink.script.append(Reply(status=503))
    await office.dispatch()
    office.flag(2, host="one.test")
    with transaction(office.engine) as session:
        assert case_detail(session, case).item_count == 2
    office.wait(seconds=5)
    await office.dispatch()
    assert sink.bodies[0] == sink.bodies[1]


async def test_report_and_log_name_receivers_and_never_where_they_are(
    office: Office, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    office.webhook("siem", sink.url("/canary-path?token=canary-token"))
    office.flag()
    office.wait(seconds=30)
    sink.script.append(Reply(status=503, body=b"canary-path"))
    with caplog.at_level(logging.DEBUG):
        report = await office.dispatch()
    assert "siem: answered 503; attempt 1, again at" in report.problems[0]
    assert "canary" not in caplog.text + str(report)
    [delivery] = office.deliveries().values()
    assert "canary" not in str(delivery)
