"""LINE WORKS: signing in, keeping the token, forgetting it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import TypeAdapter, ValidationError

from alerts.delivery import Channel
from alerts.errors import DeliveryError
from alerts.gate import Gate
from config.receivers import Receiver
from safety.egress import EgressRule
from safety.secret import redact
from tests.alerts.channels.opening import ROWS, open_to, private_key
from tests.alerts.samples import NOW, alert_of
from tests.servers.sink import Reply, Sink

GATE = Gate(rule=EgressRule.parse(["127.0.0.1:*"]))


def token(value: str = "kr1AAAA-token", life: Any = "86400") -> Reply:
    return Reply(body=json.dumps({"access_token": value, "expires_in": life}).encode())


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def opened(sink: Sink, folder: Path, **fields: Any) -> Channel:
    return open_to("line_works", sink.url(""), folder, GATE, **fields)


def send(channel: Channel, at: datetime = NOW) -> None:
    asyncio.run(channel.send(alert_of(), "msg_1", now=at))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_it_signs_in_as_the_service_account(sink: Sink, tmp_path: Path) -> None:
    sink.script.append(token())
    send(opened(sink, tmp_path, secrets={"client_secret": "secret-of-this-test"}))
    asked, message = sink.received
    assert asked.path == "/token"
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (form["client_id"], form["client_secret"]) == ("client-of-the-app", "secret-of-this-test")
    assert form["scope"] == "bot.message"
    head, claims, signature = form["assertion"].split(".")
    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT"}
    told = json.loads(decoded(claims))
    assert (told["iss"], told["sub"]) == ("client-of-the-app", "abc12.serviceaccount@hoshino-denki.example")
    assert told["iat"] == int(NOW.timestamp())
    assert 0 < told["exp"] - told["iat"] <= 3600
    key = load_pem_private_key(private_key().encode(), None)
    assert isinstance(key, RSAPrivateKey)
    key.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
    assert message.path == "/bots/1234567/channels/3f2a-room/messages"
    assert message.headers["authorization"] == "Bearer kr1AAAA-token"


def test_a_person_is_written_to_at_her_own_place(sink: Sink, tmp_path: Path) -> None:
    sink.script.append(token())
    send(opened(sink, tmp_path, to_channel=None, to_user="analyst@hoshino-denki.example"))
    assert sink.received[1].path == "/bots/1234567/users/analyst%40hoshino-denki.example/messages"


def test_one_token_serves_many_messages_until_shortly_before_its_end(sink: Sink, tmp_path: Path) -> None:
    channel = opened(sink, tmp_path)
    sink.script.extend([token("one-token", 3600), Reply(), Reply(), token("two-token"), Reply()])
    send(channel)
    send(channel, NOW + timedelta(minutes=54))
    send(channel, NOW + timedelta(minutes=56))
    used = [request.headers.get("authorization") for request in sink.received]
    assert used == [None, "Bearer one-token", "Bearer one-token", None, "Bearer two-token"]


def test_a_token_that_is_refused_is_asked_for_once_more(sink: Sink, tmp_path: Path) -> None:
    channel = opened(sink, tmp_path)
    sink.script.extend([token("stale-token"), Reply(status=401), token("fresh-token"), Reply(status=201)])
    send(channel)
    assert [request.headers.get("authorization") for request in sink.received][1::2] == [
        "Bearer stale-token",
        "Bearer fresh-token",
    ]


@pytest.mark.parametrize(
    ("reply", "said", "retryable"),
    [
        (
            Reply(status=401, body=b'{"error": "secret words"}'),
            "answered 401 (to the request for an access token)",
            False,
        ),
        (Reply(status=503), "answered 503 (to the request for an access token)", True),
        (Reply(body=b"{}"), "the answer to the request for an access token holds none", True),
        (
            Reply(body=b'{"access_token": "a\\r\\nX: y"}'),
            "the answer to the request for an access token holds none",
            True,
        ),
    ],
)
def test_without_a_token_nothing_is_sent(reply: Reply, said: str, retryable: bool, sink: Sink, tmp_path: Path) -> None:
    sink.script.append(reply)
    with pytest.raises(DeliveryError) as caught:
        send(opened(sink, tmp_path))
    assert (caught.value.reason, caught.value.retryable) == (said, retryable)
    assert len(sink.received) == 1


def test_a_key_with_escaped_line_breaks_is_read_too(sink: Sink, tmp_path: Path) -> None:
    sink.script.append(token())
    send(opened(sink, tmp_path, secrets={"private_key": private_key().replace("\n", "\\n")}))
    assert len(sink.received) == 2


def test_what_is_no_key_is_said(sink: Sink, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"^r: private_key is no RSA key in PEM$"):
        send(opened(sink, tmp_path, secrets={"private_key": "-----BEGIN PRIVATE KEY-----\nnope"}))
    assert sink.received == []


def test_a_token_is_known_as_a_secret(sink: Sink, tmp_path: Path) -> None:
    sink.script.append(token("kr1-token-that-leaks"))
    send(opened(sink, tmp_path))
    assert "kr1-token-that-leaks" not in redact("Authorization: Bearer kr1-token-that-leaks")


@pytest.mark.parametrize(
    "places", [{}, {"to_channel": "a", "to_user": "b"}, {"to_channel": "../x"}, {"to_user": "a/b"}]
)
def test_a_receiver_writes_to_exactly_one_place(places: dict[str, str]) -> None:
    row = {"key": "r", "channel": "line_works", **ROWS["line_works"], "to_channel": None, **places}
    with pytest.raises(ValidationError):
        TypeAdapter[Any](Receiver).validate_python(row)
