import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from alerts.channels.slack import SlackChannel
from alerts.channels.slack import render as render_texts
from alerts.dialect import SLACK
from alerts.errors import DeliveryError
from alerts.gate import Gate
from alerts.message import Alert
from alerts.notices import disabled_notice
from alerts.notices import test_notice as notice_of_test
from alerts.texts import Texts
from config import SlackReceiver
from detector.evidence import Evidence
from detector.items import Advertiser, Text
from safety.egress import EgressRule
from tests.alerts.samples import NOW, RAW, alert_of, case, hostile_case, item, view
from tests.servers.sink import Reply, Sink

LONG = "&<>*`" * 8000  # 40,000 characters that grow when escaped


def long_case() -> Alert:
    evidence = tuple(
        Evidence(signal=f"s{n}", weight=n + 1.0, strength=1.0, observed=LONG, expected=LONG, says=LONG)
        for n in range(60)
    )
    big = item(
        platform=LONG,
        url=LONG,
        advertiser=Advertiser(name=LONG),
        texts=(Text(role="body", text=LONG),),
        links=(LONG,) * 50,
        publisher_url=LONG,
    )
    return alert_of(case(*(view(n, item=big, evidence=evidence) for n in range(60)), title=LONG, campaign=LONG))


ALERTS = [
    alert_of(),
    alert_of(None, "new_items", 12),
    alert_of(None, "repeat", 0, "ja"),
    alert_of(hostile_case()),
    alert_of(hostile_case(), "new_items", 3, "ja"),
    long_case(),
    notice_of_test("legal-chat", "en", NOW),
    disabled_notice("legal-chat", 42, "ja", NOW),
]


def render(alert: Alert) -> dict[str, Any]:
    return render_texts(Texts(alert, SLACK))


def texts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in message["blocks"]:
        yield from ([block["text"]] if "text" in block else block["elements"])


@pytest.mark.parametrize("alert", ALERTS)
def test_every_message_is_within_the_limits(alert: Alert) -> None:
    message = render(alert)
    assert 1 <= len(message["blocks"]) <= 50
    for block in message["blocks"]:
        if block["type"] == "header":
            assert 1 <= len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert 1 <= len(block["text"]["text"]) <= 3000
        else:
            assert block["type"] == "context"
            assert 1 <= len(block["elements"]) <= 10
    assert len(message["text"]) <= 3000


@pytest.mark.parametrize("alert", ALERTS)
def test_nothing_hostile_is_live(alert: Alert) -> None:
    message = render(alert)
    for text in (*(entry["text"] for entry in texts(message)), message["text"]):
        assert not re.search(r"<|>(?! )", text.replace("\n> ", "\n")), "only our quote marks"
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        assert "evil.test" not in text
        assert not re.search("https?:", text)
        assert not [mark for mark in RAW if mark in text]
    assert all(entry["verbatim"] for entry in texts(message) if entry["type"] == "mrkdwn")
    assert (message["unfurl_links"], message["unfurl_media"], message["mrkdwn"]) == (False, False, False)


@pytest.mark.parametrize("alert", ALERTS)
def test_formatting_characters_are_only_ours_and_in_pairs(alert: Alert) -> None:
    for entry in texts(render(alert)):
        for line in entry["text"].split("\n"):
            assert line.count("`") % 2 == 0
            outside = re.sub(r"`[^`]*`", "", line)
            assert outside.count("*") % 2 == 0
            assert not re.search(r"[_~`]", outside)


def test_escaping_counts_the_escaped_form_and_cuts_visibly() -> None:
    assert SLACK.plain("a<b") == "a&lt;b"
    assert SLACK.plain("*_~`") == "∗ˍ∼ˋ"
    assert SLACK.code("`x`") == "`ˋxˋ`"
    for cut, limit in ((SLACK.plain("&" * 500, 100), 100), (SLACK.code("&" * 500), SLACK.longest_code)):
        assert limit - 10 <= len(cut) <= limit
        assert cut.strip("`").endswith("&amp;…")


def test_the_message_says_what_why_and_what_next() -> None:
    message = render(alert_of())
    assert message["blocks"][0]["text"]["text"] == "Impersonation of 星野電機: Hoshino Denki Outlet 公式"
    everything = "\n".join(entry["text"] for entry in texts(message))
    assert "First message about this case." in everything
    assert "Score 0.97 of 1.00" in everything
    assert len(re.findall(r"^[123]\. ", everything, re.M)) == 3
    assert "Seen: `hoshino-denki-sale[.]test` · expected: `hoshino-denki[.]example`" in everything
    assert "`mekiki cases show 42`" in everything
    assert "Leads to: `hxxps://hoshino-denki-sale[.]test/lp?c=1`" in everything


def test_a_large_case_says_how_much_is_left_out() -> None:
    message = render(alert_of(case(*(view(n) for n in range(1, 10)))))
    assert any(entry["text"] == "6 further items are in the case." for entry in texts(message))


def channel(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> SlackChannel:
    monkeypatch.setenv("SLACK_URL", sink.url("/services/T0/B0/x"))
    row = SlackReceiver.model_validate({"key": "chat", "channel": "slack", "url": "env:SLACK_URL"})
    return SlackChannel(row, Gate(rule=EgressRule.parse(["127.0.0.1:*"])))


@pytest.mark.asyncio
async def test_a_message_arrives_as_it_was_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink:
        receipt = await channel(sink, monkeypatch).send(alert_of(), "msg_1", now=NOW)
    assert receipt.status == 200
    assert json.loads(sink.received[0].body) == render(alert_of())


@pytest.mark.asyncio
async def test_only_words_that_slack_documents_are_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink(Reply(status=404, body=b"no_service\n"), Reply(status=404, body=b"token T0/B0/x is wrong")) as sink:
        for said in ("chat: answered 404 (no_service)", "chat: answered 404"):
            with pytest.raises(DeliveryError) as caught:
                await channel(sink, monkeypatch).send(alert_of(), "msg_1", now=NOW)
            assert str(caught.value) == said
            assert not caught.value.retryable
