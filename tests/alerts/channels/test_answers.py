"""What each kind of receiver makes of what its service answers: real requests to a local server."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.delivery import Receipt
from alerts.errors import DeliveryError
from alerts.gate import Gate
from alerts.templating import Templates
from safety.egress import EgressRule
from tests.alerts.channels.opening import ROWS, TOKEN, open_to
from tests.alerts.samples import NOW, alert_of
from tests.servers.sink import Received, Reply, Sink

KINDS = pytest.mark.parametrize("kind", list(ROWS))
OURS = [kind for kind in ROWS if kind != "apprise"]  # a message through Apprise starts a child, which takes a second
GATE = Gate(rule=EgressRule.parse(["127.0.0.1:*"]), timeout=timedelta(seconds=20))
PATH = {
    "line_works": "/bots/1234567/channels/3f2a-room/messages",
    "chatwork": "/hook/rooms/987654/messages",
    "google_chat": "/hook?requestId=msg_1&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
    "discord": "/hook?wait=true",
}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def send(kind: str, sink: Sink, folder: Path, *script: Reply, templates: Templates | None = None) -> Receipt:
    if kind == "line_works":
        sink.script.append(TOKEN)
    sink.script.extend(script)
    url = sink.url("" if kind == "line_works" else "/hook")
    channel = open_to(kind, url, folder, GATE, templates=templates)
    return asyncio.run(channel.send(alert_of(language="ja"), "msg_1", now=NOW))


def refusal(kind: str, sink: Sink, folder: Path, *script: Reply) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(kind, sink, folder, *script)
    assert caught.value.receiver == "r"
    return caught.value


def messages(sink: Sink) -> list[Received]:
    return [request for request in sink.received if "/token" not in request.path]


@KINDS
def test_a_message_arrives_once_at_its_place(kind: str, sink: Sink, tmp_path: Path) -> None:
    receipt = send(kind, sink, tmp_path, Reply(status=200))
    assert 200 <= receipt.status < 300
    assert receipt.problem is None
    [request] = messages(sink)
    assert (request.method, request.path) == ("POST", PATH.get(kind, "/hook"))
    assert "案件" in request.body.decode() or "\\u6848" in request.body.decode() or kind == "chatwork"


@pytest.mark.parametrize("status", [201, 202, 204])
@pytest.mark.parametrize("kind", OURS)
def test_every_success_is_one(kind: str, status: int, sink: Sink, tmp_path: Path) -> None:
    body = b"" if status == 204 else b"ok"
    assert send(kind, sink, tmp_path, Reply(status=status, body=body)).detail.startswith("answered 2")


@KINDS
def test_too_many_is_tried_again_when_the_service_says(kind: str, sink: Sink, tmp_path: Path) -> None:
    error = refusal(kind, sink, tmp_path, Reply(status=429, headers={"Retry-After": "120"}))
    assert (error.status, error.retryable, error.retry_after) == (429, True, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("kind", "status"), [*((kind, status) for kind in OURS for status in (500, 502, 503)), ("apprise", 503)]
)
def test_trouble_of_the_service_is_tried_again(kind: str, status: int, sink: Sink, tmp_path: Path) -> None:
    error = refusal(kind, sink, tmp_path, Reply(status=status))
    assert (error.status, error.retryable, error.gone) == (status, True, False)


@pytest.mark.parametrize(
    ("kind", "status"), [*((kind, status) for kind in OURS for status in (400, 401, 403, 404)), ("apprise", 401)]
)
def test_a_refusal_is_final(kind: str, status: int, sink: Sink, tmp_path: Path) -> None:
    again = [TOKEN, Reply(status=401)] if kind == "line_works" and status == 401 else []
    error = refusal(kind, sink, tmp_path, Reply(status=status), *again)
    assert (error.status, error.retryable, error.gone) == (status, False, False)
    assert len(messages(sink)) == (2 if again else 1)


@KINDS
def test_a_receiver_that_is_gone_is_known_as_gone(kind: str, sink: Sink, tmp_path: Path) -> None:
    error = refusal(kind, sink, tmp_path, Reply(status=410))
    assert (error.status, error.retryable, error.gone) == (410, False, True)


@KINDS
def test_a_redirect_is_a_failure_and_not_followed(kind: str, sink: Sink, tmp_path: Path) -> None:
    error = refusal(kind, sink, tmp_path, Reply(status=307, headers={"Location": sink.url("/elsewhere")}))
    assert (error.status, error.retryable) == (307, False)
    assert "/elsewhere" not in {request.path for request in sink.received}


@pytest.mark.parametrize("kind", [kind for kind in OURS if kind != "webhook"])
def test_a_failing_template_of_ones_own_is_told_with_the_receipt(kind: str, sink: Sink, tmp_path: Path) -> None:
    own = tmp_path / "texts"
    (own / "chat").mkdir(parents=True)
    (own / "chat/lead.txt").write_text("{{ case.nothing }}")
    receipt = send(kind, sink, tmp_path, Reply(), templates=Templates(own))
    assert receipt.problem is not None
    assert receipt.problem.startswith("own template chat/lead.txt, line 1: ")
    assert len(messages(sink)) == 1


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("slack", b"no_service", "answered 404 (no_service)"),
        ("discord", b'{"code": 50035, "message": "Invalid token-of-webhook"}', "answered 404 (code 50035)"),
        ("discord", b'{"code": "token-of-webhook"}', "answered 404"),
        (
            "google_chat",
            b'{"error": {"status": "PERMISSION_DENIED", "message": "key=x"}}',
            "answered 404 (PERMISSION_DENIED)",
        ),
        ("google_chat", b'{"error": {"status": "TOKEN"}}', "answered 404"),
        ("line_works", b'{"code": "NOT_FOUND", "description": "x"}', "answered 404 (NOT_FOUND)"),
        ("line_works", b"[1]", "answered 404"),
        ("pagerduty", b'{"status": "invalid event", "errors": ["routing_key"]}', "answered 404 (invalid event)"),
        ("pagerduty", b'{"status": ["x"]}', "answered 404"),
        ("teams", b"token", "answered 404"),
        ("chatwork", b'{"errors": ["Invalid API token"]}', "answered 404"),
    ],
)
def test_only_words_that_a_service_documents_are_repeated(
    kind: str, body: bytes, said: str, sink: Sink, tmp_path: Path
) -> None:
    assert refusal(kind, sink, tmp_path, Reply(status=404, body=body)).reason == said


def form(request: Received) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def test_chatwork_gets_the_token_in_a_header_and_the_message_in_a_form(sink: Sink, tmp_path: Path) -> None:
    send("chatwork", sink, tmp_path)
    [request] = sink.received
    assert request.headers["x-chatworktoken"] == "token-of-an-account"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(request)["self_unread"] == "1"
    assert form(request)["body"].startswith("[info][title]星野電機のなりすまし")
    assert "token" not in urlsplit(request.path).path


def test_pagerduty_joins_the_events_of_a_case(sink: Sink, tmp_path: Path) -> None:
    send("pagerduty", sink, tmp_path)
    event = json.loads(sink.received[0].body)
    assert event["routing_key"] == "0123456789abcdef0123456789abcdef"
    assert (event["event_action"], event["dedup_key"]) == ("trigger", "mekiki-case-42")
    assert (event["payload"]["severity"], event["payload"]["source"]) == ("critical", "hoshino")


def test_google_chat_keeps_the_messages_of_a_case_in_one_thread(sink: Sink, tmp_path: Path) -> None:
    send("google_chat", sink, tmp_path)
    assert json.loads(sink.received[0].body)["thread"] == {"threadKey": "mekiki-case-42"}


def test_apprise_posts_plain_text(sink: Sink, tmp_path: Path) -> None:
    send("apprise", sink, tmp_path)
    told = json.loads(sink.received[0].body)
    assert told["title"].startswith("星野電機のなりすまし")
    assert "検出:hoshino-denki-sale[.]test" in told["message"]
    assert "mekiki cases show 42" in told["message"]


def test_apprise_says_what_it_does_not_know(sink: Sink, tmp_path: Path) -> None:
    channel = open_to("apprise", sink.url(), tmp_path, GATE, secrets={"url": "nosuch://token/x"})
    with pytest.raises(DeliveryError, match="names no service that Apprise knows"):
        asyncio.run(channel.send(alert_of(), "msg_1", now=NOW))


def test_what_apprise_logs_stays_in_its_child(
    sink: Sink, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError):
        send("apprise", sink, tmp_path, Reply(status=500, body=b"an answer that is logged"))
    out, err = capfd.readouterr()
    logged = [f"{record.getMessage()} {record.args}" for record in caplog.records]
    assert not [text for text in (out, err, *logged) if "/hook" in text or "an answer" in text]
