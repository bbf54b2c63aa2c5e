"""The evidence picture where a channel can carry it."""

import asyncio
import base64
import io
import json
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from PIL import Image

from alerts.channels import teams
from alerts.channels.posting import as_json
from alerts.dialect import TEAMS
from alerts.gate import Gate
from alerts.message import Alert
from alerts.texts import Texts
from safety.egress import EgressRule
from storage.case_views import PictureView
from storage.media import MediaStore
from tests.alerts.channels.attacks import ATTACKS, attacked
from tests.alerts.channels.opening import open_to
from tests.alerts.pictures import box_of, jpeg
from tests.alerts.samples import EVIDENCE, NOW, alert_of, case, item, view
from tests.servers.sink import Received, Sink

GATE = Gate(rule=EgressRule.parse(["127.0.0.1:*"]))


def pictured(address: str) -> Alert:
    shown = PictureView(reference="banner.png", sha256="a" * 64, rendition=address, width=1280, height=800)
    return alert_of(case(view(pictures=(shown,), item=item(images=("banner.png",)))))


def in_card(message: dict) -> bytes | None:  # type: ignore[type-arg]
    [attachment] = message["attachments"]
    for element in attachment["content"]["body"]:
        if element["type"] == "Image":
            head, _, data = element["url"].partition(",")
            assert head == "data:image/jpeg;base64"
            return base64.b64decode(data)
    return None


def test_a_card_of_teams_carries_the_framed_picture_within_its_limit() -> None:
    message = teams.render(Texts(pictured("b" * 64), TEAMS), lambda address: jpeg(640, 400))
    picture = in_card(message)
    assert picture is not None
    assert box_of(picture) is not None
    assert len(as_json(message)) <= 28_000


def test_words_go_before_the_picture_where_bytes_are_few() -> None:
    bad = attacked(ATTACKS["words"])
    shown = PictureView(reference="banner.png", sha256="a" * 64, rendition="b" * 64, width=1280, height=800)
    long = alert_of(
        case(*(view(n, item=v.item, evidence=v.verdict.evidence, pictures=(shown,)) for n, v in enumerate(bad.items)))
    )
    assert long.picture is not None
    message = teams.render(Texts(long, TEAMS), lambda address: jpeg(640, 400))
    assert len(as_json(message)) <= 28_000
    assert "mekiki cases show 42" in json.dumps(message)


def parts(request: Received) -> dict[str, Message]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    read = message_from_bytes(head + request.body)
    found = [part for part in read.walk() if not part.is_multipart()]
    return {str(part.get_param("name", header="content-disposition")): part for part in found}


@pytest.mark.parametrize("repeated", [False, True])
def test_discord_gets_the_framed_picture_as_the_file_of_its_embed(repeated: bool, tmp_path: Path) -> None:
    address = MediaStore(tmp_path / "media").put(jpeg(640, 400))
    with Sink() as sink:
        channel = open_to("discord", sink.url(), tmp_path, GATE)
        for _ in range(2 if repeated else 1):
            asyncio.run(channel.send(pictured(address), "msg_1", now=NOW))
    sent = parts(sink.received[0])
    assert sent.keys() == {"payload_json", "files[0]"}
    message = json.loads(sent["payload_json"].get_payload(decode=True))  # type: ignore[arg-type]
    [attached] = message["attachments"]
    assert message["embeds"][0]["image"]["url"] == f"attachment://{attached['filename']}"
    assert sent["files[0]"].get_filename() == attached["filename"] == "evidence.jpeg"
    data = sent["files[0]"].get_payload(decode=True)
    assert isinstance(data, bytes)
    assert Image.open(io.BytesIO(data)).size == (640, 400)
    assert box_of(data) is not None
    assert len({request.body for request in sink.received}) == 1


def test_without_its_picture_the_message_comes_all_the_same(tmp_path: Path) -> None:
    with Sink() as sink:
        channel = open_to("discord", sink.url(), tmp_path, GATE)
        asyncio.run(channel.send(pictured("c" * 64), "msg_1", now=NOW))
    [request] = sink.received
    assert request.headers["content-type"] == "application/json"
    assert "image" not in json.loads(request.body)["embeds"][0]


def test_samples_have_a_picture_to_frame() -> None:
    """Keep the tests above from passing on an alert without any."""
    assert any(entry.signal == "picture.copy" for entry in EVIDENCE)
    assert pictured("b" * 64).picture is not None
