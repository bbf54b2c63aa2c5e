import base64
import json
import os
from datetime import UTC, datetime, timedelta

import jsonschema
import msgspec
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerts.channels.webhook import WebhookChannel, render, webhook_schema
from alerts.errors import DeliveryError
from alerts.gate import Gate
from alerts.message import Alert
from alerts.notices import disabled_notice
from alerts.notices import test_notice as notice_of_test
from config import WebhookReceiver
from safety.egress import EgressRule
from tests.alerts.samples import NOW, RAW, alert_of, case, digest_of, hostile_case, item, view
from tests.servers.sink import Sink

NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
GATE = Gate(rule=EgressRule.parse(["127.0.0.1:*"]))


def channel(sink: Sink, monkeypatch: pytest.MonkeyPatch, *secrets: str) -> WebhookChannel:
    monkeypatch.setenv("HOOK_URL", sink.url("/hook/abc"))
    for number, secret in enumerate(secrets):
        monkeypatch.setenv(f"HOOK_SECRET_{number}", secret)
    row = {"key": "siem", "channel": "webhook", "url": "env:HOOK_URL"}
    signing = [f"env:HOOK_SECRET_{number}" for number in range(len(secrets))]
    return WebhookChannel(WebhookReceiver.model_validate({**row, "signing": signing}), GATE)


@pytest.mark.asyncio
async def test_the_signature_is_verified_by_the_package_of_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    with Sink() as sink:
        receipt = await channel(sink, monkeypatch, NEW).send(alert_of(), "msg_1", now=now)
    [request] = sink.received
    body = Webhook(NEW).verify(request.body, dict(request.headers))
    assert (receipt.status, body["type"], body["data"]["case"]["id"]) == (200, "case.first", 42)
    assert request.headers["webhook-id"] == "msg_1"
    assert request.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body.replace(b"42", b"43"), dict(request.headers))


@pytest.mark.asyncio
async def test_during_rotation_both_secrets_verify_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        await channel(sink, monkeypatch, NEW, OLD).send(alert_of(), "msg_1", now=datetime.now(UTC))
    [request] = sink.received
    for secret in (NEW, OLD):
        Webhook(secret).verify(request.body, dict(request.headers))
    newest = request.headers["webhook-signature"].split(" ")[0]
    Webhook(NEW).verify(request.body, {**request.headers, "webhook-signature": newest})
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(request.body, {**request.headers, "webhook-signature": newest})


@pytest.mark.asyncio
async def test_a_secret_that_is_not_base64_signs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        await channel(sink, monkeypatch, "plain secret, 合言葉").send(alert_of(), "msg_1", now=datetime.now(UTC))
    Webhook("plain secret, 合言葉".encode()).verify(sink.received[0].body, dict(sink.received[0].headers))


@pytest.mark.asyncio
async def test_a_broken_secret_sends_nothing_unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        for broken in ("whsec_!", "whsec_", "whsec_A", "whsec_" + "c" * 16 + "!!!!" + "c" * 16):
            with pytest.raises(DeliveryError, match=r"siem: signing\[1\] is not whsec_ and base64") as caught:
                await channel(sink, monkeypatch, NEW, broken).send(alert_of(), "msg_1", now=NOW)
            assert caught.value.retryable
    assert sink.received == []


@pytest.mark.asyncio
async def test_the_body_is_the_same_on_every_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        for minutes in (0, 7):
            later = NOW + timedelta(minutes=minutes)
            await channel(sink, monkeypatch, NEW).send(alert_of(), "msg_1", now=later)
    assert len(set(sink.bodies)) == 1
    assert len({request.headers["webhook-timestamp"] for request in sink.received}) == 2


@pytest.mark.parametrize(
    ("alert", "kind"),
    [
        (alert_of(), "case.first"),
        (alert_of(None, "new_items", 3), "case.new_items"),
        (alert_of(None, "escalated", 1), "case.escalated"),
        (alert_of(None, "relapsed", 1, "ja"), "case.relapsed"),
        (alert_of(None, "repeat", 0, "ja"), "case.repeat"),
        (digest_of(5, "ja"), "digest"),
        (digest_of(0), "digest"),
        (alert_of(hostile_case()), "case.first"),
        (notice_of_test("siem", "en", NOW), "test"),
        (disabled_notice("legal", 42, "ja", NOW), "receiver.disabled"),
    ],
)
def test_every_body_is_ascii_follows_the_schema_and_hides_nothing(alert: Alert, kind: str) -> None:
    body = render(alert)
    assert body.isascii()
    assert not [mark for mark in RAW if mark.encode() in body]
    decoded = json.loads(body)
    assert decoded["type"] == kind
    assert decoded["timestamp"] == "2026-11-22T03:04:05Z"
    jsonschema.validate(decoded, webhook_schema(), cls=jsonschema.Draft202012Validator)


def test_only_the_exact_fields_hold_hostile_text() -> None:
    decoded = json.loads(render(alert_of(hostile_case())))
    for link in decoded["data"]["items"][0]["links"]:
        assert link.pop("exact")
    rest = json.dumps(decoded, ensure_ascii=False)
    assert not [mark for mark in RAW if mark in rest]
    assert "evil.test" not in rest


def test_a_machine_gets_the_link_byte_for_byte() -> None:
    exact = "https://x.test/%E2%80%AE?a=\u202e&b=\ud83d"  # an unpaired surrogate, as a hostile page may write
    decoded = json.loads(render(alert_of(case(view(item=item(links=(exact,)))))))
    assert decoded["data"]["items"][0]["links"][0]["exact"] == exact


def test_a_digest_tells_machines_its_time_and_its_cases() -> None:
    decoded = json.loads(render(digest_of(5)))["data"]
    assert (decoded["since"], decoded["digest_total"]) == ("2026-11-21T03:04:05Z", 5)
    assert [line["case"] for line in decoded["digest"]] == [1, 2, 3, 4, 5]
    assert decoded["case"] is None


def test_the_schema_describes_every_field() -> None:
    schema = webhook_schema()
    assert set(schema["$defs"]["WebhookData"]["properties"]) == set(msgspec.to_builtins(_data(alert_of())))


def _data(alert: Alert) -> object:
    return json.loads(render(alert))["data"]


def test_no_secret_of_the_environment_is_read_before_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        opened = channel(sink, monkeypatch, NEW)
    monkeypatch.delenv("HOOK_SECRET_0")
    assert NEW not in repr(vars(opened))
    assert "HOOK_SECRET_0" not in os.environ
