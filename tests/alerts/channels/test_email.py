import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from alerts.channels.email import EmailChannel
from alerts.errors import DeliveryError
from config import EmailReceiver
from storage.media import MediaStore
from tests.alerts.certificates import certificate
from tests.alerts.pictures import png
from tests.alerts.samples import NOW, alert_of, case, view
from tests.servers.mail import MailSink
from tests.servers.sink import Reply, Sink

pytestmark = pytest.mark.asyncio

PNG = png(60, 40)
TO = ["legal@hoshino-denki.example", "Ads, Tokyo <ads@hoshino-denki.example>"]


def channel(port: int, folder: Path, seconds: float = 15.0, trust: Any = None, **fields: Any) -> EmailChannel:
    row = {
        "key": "mail",
        "channel": "email",
        "to": TO,
        "sender": "mekiki <alerts@hoshino-denki.example>",
        "host": "relay.example",
        "port": port,
        "security": "none",
        **fields,
    }
    receiver = EmailReceiver.model_validate(row, context={"base": folder})
    hosts = {"relay.example": "127.0.0.1"}
    return EmailChannel(receiver, MediaStore(folder), hosts=hosts, timeout=timedelta(seconds=seconds), trust=trust)


async def refusal(opened: EmailChannel) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await opened.send(alert_of(), "msg_1", now=NOW)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


async def test_one_message_goes_to_all_addresses_with_the_stored_picture(tmp_path: Path) -> None:
    address = MediaStore(tmp_path).put(PNG)
    [picture] = view().pictures
    shown = case(
        view(pictures=(type(picture)(reference="banner.png", sha256="a" * 64, rendition=address, width=60, height=40),))
    )
    with MailSink() as sink:
        receipt = await channel(sink.port, tmp_path).send(alert_of(shown), "msg_1", now=NOW)
    [mail] = sink.mails
    assert receipt.status == 250
    assert mail.sender == "alerts@hoshino-denki.example"
    assert mail.recipients == ("legal@hoshino-denki.example", "ads@hoshino-denki.example")
    assert mail.message["Message-ID"] == "<msg_1@hoshino-denki.example>"
    pictures = [part.get_content() for part in mail.message.walk() if part.get_content_maintype() == "image"]
    assert [Image.open(io.BytesIO(picture)).size for picture in pictures] == [(60, 40)]


async def test_names_that_try_to_add_recipients_add_none(tmp_path: Path) -> None:
    to = ["A\r\nBcc: x@evil.test\r\n <legal@hoshino-denki.example>", "x@evil.test, y <ads@hoshino-denki.example>"]
    with MailSink() as sink:
        await channel(sink.port, tmp_path, to=to).send(alert_of(), "msg_1", now=NOW)
    [mail] = sink.mails
    assert mail.recipients == ("legal@hoshino-denki.example", "ads@hoshino-denki.example")
    assert mail.message["Bcc"] is None
    assert [address.addr_spec for address in mail.message["To"].addresses] == list(mail.recipients)


@pytest.mark.parametrize("field", ["to", "sender"])
async def test_an_address_that_is_none_is_named_by_its_field(tmp_path: Path, field: str) -> None:
    bad = "a@b.test, c@d.test"
    fields: dict[str, Any] = {field: [TO[0], bad] if field == "to" else bad}
    error = await refusal(channel(1, tmp_path, **fields))
    assert error.reason == ("to[1]" if field == "to" else "sender") + " is no single mail address"
    assert error.retryable


@pytest.mark.parametrize(
    ("refuse", "retryable", "status"),
    [
        ({"MAIL": "451 4.3.0 later"}, True, 451),
        ({"MAIL": "550 5.7.1 no"}, False, 550),
        ({"DATA": "452 4.3.1 full"}, True, 452),
        ({"DATA": "554 5.6.0 spam"}, False, 554),
        ({"legal@hoshino-denki.example": "550 no", "ads@hoshino-denki.example": "550 no"}, False, 550),
        ({"legal@hoshino-denki.example": "450 later", "ads@hoshino-denki.example": "550 no"}, True, 450),
    ],
)
async def test_what_a_reply_code_means(tmp_path: Path, refuse: dict[str, str], retryable: bool, status: int) -> None:
    with MailSink(refuse=refuse) as sink:
        error = await refusal(channel(sink.port, tmp_path))
    assert (error.retryable, error.status) == (retryable, status)
    assert sink.mails == []


async def test_a_refused_recipient_does_not_stop_the_others_and_is_told(tmp_path: Path) -> None:
    with MailSink(refuse={"ads@hoshino-denki.example": "550 5.1.1 unknown"}) as sink:
        receipt = await channel(sink.port, tmp_path).send(alert_of(), "msg_1", now=NOW)
    assert sink.mails[0].recipients == ("legal@hoshino-denki.example",)
    assert receipt.problem == "taken for 1 of 2 recipients (550)"


async def test_a_silent_relay_ends_in_time(tmp_path: Path) -> None:
    with MailSink(hang=True) as sink:
        error = await refusal(channel(sink.port, tmp_path, seconds=0.3))
    assert (error.retryable, error.reason) == (True, "no answer within 0.3 s")


async def test_what_is_no_relay_can_be_tried_again(tmp_path: Path) -> None:
    with Sink(Reply(after=threading.Event())) as web:
        assert (await refusal(channel(web.port, tmp_path, seconds=0.3))).retryable
    assert (await refusal(channel(web.port, tmp_path))).retryable  # the port is closed now


async def test_encryption_is_verified_before_anything_is_said(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "relay.example")
    (tmp_path / "password").write_text("correct horse")
    login: dict[str, Any] = {"user": "mekiki", "password": "file:password", "security": "starttls"}
    with MailSink(tls=server, accounts={"mekiki": "correct horse"}) as sink:
        error = await refusal(channel(sink.port, tmp_path, **login))
        assert (error.retryable, error.reason) == (True, "its TLS certificate is not valid")
        assert sink.logins == []
        await channel(sink.port, tmp_path, trust=trust, **login).send(alert_of(), "msg_1", now=NOW)
        (tmp_path / "password").write_text("wrong horse")
        error = await refusal(channel(sink.port, tmp_path, trust=trust, **login))
    assert [mail.user for mail in sink.mails] == ["mekiki"]
    assert (error.retryable, error.status) == (False, 535)
    assert "horse" not in str(error)


async def test_a_relay_without_encryption_gets_nothing(tmp_path: Path) -> None:
    with MailSink() as sink:
        error = await refusal(channel(sink.port, tmp_path, security="starttls"))
    assert error.retryable
    assert sink.mails == []


async def test_a_password_never_goes_in_clear(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse")
    with MailSink(accounts={"mekiki": "correct horse"}) as sink:
        error = await refusal(channel(sink.port, tmp_path, user="mekiki", password="file:password"))
    assert 'security = "starttls"' in error.reason
    assert sink.logins == []
