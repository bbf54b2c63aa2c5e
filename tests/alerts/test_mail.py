import io
import re
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from html.parser import HTMLParser

import pytest
from PIL import Image

from alerts.channels import apprise
from alerts.dialect import ANY, PLAIN
from alerts.mail import compose, mailbox
from alerts.message import Alert, CaseReason, Language
from alerts.texts import Texts
from storage.case_views import PictureView
from storage.errors import MediaMissing
from tests.alerts.channels.attacks import ALERTS
from tests.alerts.pictures import box_of, png
from tests.alerts.samples import RAW, alert_of, case, digest_of, hostile_case, view

PNG = png()


def read(address: str) -> bytes:
    if address == "b" * 64:
        return PNG
    raise MediaMissing(address)


def built(alert: Alert, delivery_id: str = "msg_1") -> EmailMessage:
    raw = compose(
        Texts(alert, PLAIN),
        delivery_id,
        sender=mailbox("mekiki <alerts@hoshino-denki.example>"),
        to=(mailbox("legal@hoshino-denki.example"), mailbox("Ads <ads@hoshino-denki.example>")),
        read=read,
    ).as_bytes()
    message = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_text_and_html_say_the_same_and_say_why() -> None:
    message = built(alert_of())
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        for part in (
            "Case 42",
            "星野電機",
            "0.97",
            "First message about this case.",
            "hoshino-denki-sale[.]test",
            "hoshino-denki[.]example",
            "hxxps://news[.]example/article/7",
            "Hoshino Denki Outlet 公式",
            "The domain is old.",
            "mekiki cases show 42",
        ):
            assert part in text, (kind, part)


def test_japanese_mail_is_japanese() -> None:
    message = built(alert_of(language="ja"))
    assert message["Subject"] == "[mekiki] 星野電機のなりすまし:Hoshino Denki Outlet 公式"
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        assert "判定の理由" in text
        assert "First" not in text


def test_the_headers_tell_machines_what_it_is() -> None:
    message = built(alert_of(), "msg_01ABC")
    assert message["Message-ID"] == "<msg_01ABC@hoshino-denki.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["References"] == "<mekiki-case-42@hoshino-denki.example>"
    assert message["From"] == "mekiki <alerts@hoshino-denki.example>"
    assert message["To"] == "legal@hoshino-denki.example, Ads <ads@hoshino-denki.example>"


def test_the_same_alert_and_id_give_the_same_bytes() -> None:
    one, two = built(alert_of()).as_bytes(), built(alert_of()).as_bytes()
    assert one == two
    assert one != built(alert_of(), "msg_2").as_bytes()


def test_the_picture_is_inline_and_named_by_the_html() -> None:
    message = built(alert_of())
    [picture] = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert Image.open(io.BytesIO(picture.get_content())).size == (640, 335)
    assert box_of(picture.get_content()) is not None
    assert picture.get_content_disposition() == "inline"
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in text_of(message, "html")


def test_a_picture_that_is_not_there_leaves_the_mail_without_it() -> None:
    lost = PictureView(reference="banner.png", sha256="a" * 64, rendition="e" * 64, width=9, height=9)
    message = built(alert_of(case(view(pictures=(lost,)))))
    assert "cid:" not in text_of(message, "html")
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


class Remote(HTMLParser):
    """Collects what a mail program would load or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "background", "srcset")]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("reason", ["first", "new_items", "escalated", "relapsed", "repeat"])
def test_hostile_text_stays_text(language: str, reason: str) -> None:
    message = built(alert_of(hostile_case(), reason, 3, language))  # type: ignore[arg-type]
    html = text_of(message, "html")
    reader = Remote()
    reader.feed(html)
    assert "script" not in reader.tags
    assert "a" not in reader.tags
    assert all(address.startswith("cid:") for address in reader.addresses)
    for text in (html, text_of(message, "plain"), message["Subject"]):
        assert not [mark for mark in RAW if mark in text]
        assert "evil.test" not in text
        assert "http:" not in text
        assert "https:" not in text
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted",
        "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(ALERTS))
def test_no_mail_holds_anything_live(name: str) -> None:
    message = built(ALERTS[name])
    html = text_of(message, "html")
    reader = Remote()
    reader.feed(html)
    assert reader.tags <= {"html", "head", "meta", "title", "body", "table", "tr", "td", "div", "span", "br", "img"}
    assert all(address.startswith("cid:") for address in reader.addresses)
    for text in (html, text_of(message, "plain"), message["Subject"]):
        assert not [mark for mark in RAW if mark in text]
        assert not re.search(r"(?i)evil\.test|\bhttps?:", text)
    assert message["To"] == "legal@hoshino-denki.example, Ads <ads@hoshino-denki.example>"
    assert not {"Cc", "Bcc", "Reply-To"} & set(message.keys())
    assert len(message["Subject"]) <= 250


@pytest.mark.parametrize(
    "word",
    [
        "=?utf-8?q?x=0D=0ABcc:victim@evil.test?=",
        "=?utf-8?q?x=0D=0A=0D=0A<a_href=3D'http://evil.test'>?=",
        "=?utf-8?b?G1sybQ==?=",
        "=?utf-8?q?=E2=80=AE?= =?us-ascii?q?=0A?=",
    ],
)
def test_an_encoded_word_of_a_stranger_stays_letters(word: str) -> None:
    """`email` decodes encoded words of a header that it is given, and writes their line breaks as they are."""
    message = built(alert_of(case(title=word)))
    assert message.keys() == built(alert_of(case(title="x"))).keys()
    assert "＝?u" in message["Subject"]
    assert not re.search("[\x00-\x1f\u202e]", message["Subject"])
    assert "First message about this case." in text_of(message, "plain")
    assert "\n" not in mailbox(f"{word} <legal@hoshino-denki.example>").display_name
    texts = Texts(alert_of(case(title=word)), ANY)
    assert "=?" not in apprise.render(texts)[0]  # it writes mails, too


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("legal@hoshino-denki.example", "", "legal@hoshino-denki.example"),
        ("Legal, Tokyo <legal@hoshino-denki.example>", "Legal, Tokyo", "legal@hoshino-denki.example"),
        ('"Doe, Jane" <jane@hoshino-denki.example>', "Doe, Jane", "jane@hoshino-denki.example"),
        ("法務部 <legal@hoshino-denki.example>", "法務部", "legal@hoshino-denki.example"),
        (
            "A\r\nBcc: x@evil.test\r\n <legal@hoshino-denki.example>",
            "A\\u{D}\\u{A}Bcc: x@evil.test",
            "legal@hoshino-denki.example",
        ),
        ("x@evil.test, y <legal@hoshino-denki.example>", "x@evil.test, y", "legal@hoshino-denki.example"),
    ],
)
def test_a_configured_address_is_exactly_one(text: str, name: str, address: str) -> None:
    read = mailbox(text)
    assert (read.display_name, read.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "nobody",
            "a@b.test, c@d.test",
            "a@b.test c@d.test",
            "<a@b.test>, <c@d.test",
            "a@b.test\r\nBcc: c@d.test",
        ),
        *("a@b@c.test", "@b.test", "a@", "a@b..test", "ａ@b.test", "a;b@c.test", "x <a@b.test\n>"),
    ],
)
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is no single mail address$"):
        mailbox(text)


def test_a_digest_names_its_cases() -> None:
    message = built(digest_of(250, "ja"))
    assert message["Subject"] == "[mekiki] desk 宛てのまとめ:250件"
    assert message["References"] is None
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        assert "星野電機のなりすまし:Hoshino Denki Outlet 1" in text
        assert "案件 200 · 新規 · 未対応" in text
        assert "ほか50件" in text
        assert "判定の理由" not in text


@pytest.mark.parametrize(
    ("reason", "language", "begins"),
    [
        ("escalated", "en", "[mekiki] Not judged in time: Impersonation of"),
        ("relapsed", "ja", "[mekiki] 【再出現】星野電機のなりすまし"),
        ("first", "ja", "[mekiki] 星野電機のなりすまし"),
    ],
)
def test_the_subject_says_what_is_urgent(reason: CaseReason, language: Language, begins: str) -> None:
    assert built(alert_of(None, reason, 1, language))["Subject"].startswith(begins)
