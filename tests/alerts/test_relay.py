from datetime import timedelta
from typing import Any

import pytest

from alerts.errors import DeliveryError
from alerts.relay import Relay
from tests.servers.mail import MailSink

pytestmark = pytest.mark.asyncio

MESSAGE = b"Subject: x\r\n\r\nwords\r\n"
SENDER = "brand-protection@hoshino-denki.example"
TO = ("abuse@registrar.example", "copy@hoshino-denki.example")


def relay(port: int, seconds: float = 15.0, **fields: Any) -> Relay:
    row = {"name": "mail", "host": "127.0.0.1", "port": port, "security": "none", **fields}
    return Relay(timeout=timedelta(seconds=seconds), **row)


async def refusal(way: Relay) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await way.send(MESSAGE, SENDER, TO)
    assert caught.value.__context__ is None
    return caught.value


async def test_who_was_taken_who_was_refused_and_what_the_relay_said() -> None:
    with MailSink(refuse={TO[1]: "550 5.1.1 unknown"}) as sink:
        taken = await relay(sink.port).send(MESSAGE, SENDER, TO)
    assert (taken.recipients, taken.refused, taken.answer) == (TO[:1], {TO[1]: 550}, "OK")
    assert sink.mails[0].raw == MESSAGE


async def test_a_message_that_was_taken_without_a_word_may_have_arrived() -> None:
    with MailSink(mute=True) as sink:
        error = await refusal(relay(sink.port, 0.3))
    assert len(sink.mails) == 1
    assert error.unknown


async def test_what_stops_before_the_message_cannot_have_arrived() -> None:
    with MailSink(hang=True) as sink:
        assert not (await refusal(relay(sink.port, 0.3))).unknown
    assert not (await refusal(relay(sink.port))).unknown  # the port is closed now
    with MailSink(refuse={"DATA": "554 5.6.0 spam"}) as sink:
        assert not (await refusal(relay(sink.port))).unknown
    assert sink.mails == []
