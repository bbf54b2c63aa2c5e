"""Mails that customers forward: the fraud is kept, the customer is not."""

import json
from contextlib import suppress
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from detector.items import Item, decode_item
from spiders.pages.mail import MOST_MAILS, MOST_PARTS, MOST_PICTURES, parse_mail


def picture(colour: str = "red") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (20, 10), colour).save(buffer, "PNG")
    return buffer.getvalue()


def mail(
    subject: str = "偽の広告を見ました", text: str = "これは本物ですか https://hoshino-denki-sale.test/?a=1 。"
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "山田太郎 <taro.yamada@customer.example>"
    message["To"] = "support@hoshino-denki.example"
    message["Subject"] = subject
    message["Date"] = "Mon, 23 Nov 2026 21:00:00 +0900"
    message["Message-ID"] = f"<{abs(hash((subject, text)))}@customer.example>"
    message.set_content(text)
    return message


def read(message: EmailMessage | bytes, **options: Any) -> tuple[list[Item], dict[str, bytes], list[str]]:
    parsed = parse_mail(message if isinstance(message, bytes) else bytes(message), **options)
    return [decode_item(json.dumps(item)) for item in parsed["items"]], parsed["pictures"], parsed["notes"]


def test_a_mail_with_a_screenshot() -> None:
    message = mail()
    message.add_attachment(picture(), maintype="application", subtype="octet-stream", filename="shot.png")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    (item,), pictures, notes = read(message, kind="ad")
    assert (item.kind, item.platform, item.first_shown) == ("ad", "mail", "2026-11-23")
    assert [(text.role, text.text) for text in item.texts] == [
        ("title", "偽の広告を見ました"),
        ("body", "これは本物ですか https://hoshino-denki-sale.test/?a=1 。"),
    ]
    assert item.links == ("https://hoshino-denki-sale.test/?a=1",)
    assert [pictures[name] for name in item.images] == [picture()]
    assert notes == []
    assert "yamada" not in json.dumps(parse_mail(bytes(message))["items"], ensure_ascii=False)
    assert "山田" not in json.dumps(parse_mail(bytes(message))["items"], ensure_ascii=False)


def test_words_and_links_of_html() -> None:
    message = EmailMessage()
    message["Subject"] = "=?iso-2022-jp?B?GyRCQDFMbkVFNSEbKEI=?="
    link = '<a href="https://hoshino-denki-sale.test/lp?b=%E3%81%82">公式</a>'
    html = f'<p>星野電機{link}<a href="/x">y</a><a href="mailto:a@b.test">'
    message.set_content(html, subtype="html", charset="shift_jis")
    (item,), _, _ = read(message)
    assert item.links == ("https://hoshino-denki-sale.test/lp?b=%E3%81%82",)
    assert item.texts[0].text == "星野電機"
    assert "公式" in item.texts[1].text


def test_a_mail_forwarded_as_an_attachment_is_an_item_of_its_own() -> None:
    outer = mail("転送", "こんなメールが来ました")
    inner = mail("星野電機 会員様へ", "https://hoshino-denki-login.test/")
    outer.add_attachment(inner)
    (first, second), _, _ = read(outer)
    assert first.links == ()
    assert second.links == ("https://hoshino-denki-login.test/",)
    assert first.id != second.id


def test_what_is_too_much_is_left_out_and_said() -> None:
    message = mail()
    for number in range(MOST_PICTURES + 2):
        message.add_attachment(picture(f"#{number:06x}"), maintype="image", subtype="png")
    (item,), pictures, notes = read(message)
    assert (len(item.images), len(pictures), len(notes)) == (MOST_PICTURES, MOST_PICTURES, 2)
    bomb = mail()
    for _ in range(MOST_PARTS + 50):
        bomb.add_attachment(b"x", maintype="application", subtype="x")
    assert read(bomb)[2] == [f"only the first {MOST_PARTS} parts of the mail were read"]
    nested = mail("0", "0")
    for number in range(1, MOST_MAILS + 5):
        outer = mail(str(number), str(number))
        outer.add_attachment(nested)
        nested = outer
    assert len(read(nested)[0]) == MOST_MAILS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x89PNG\r\n",
        b"no mail at all",
        b"From: a\r\n" + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" * 3000,
        b"Subject: " + b"=?utf-8?B?" * 2000 + b"\r\nContent-Type: text/plain; charset=nowhere\r\n\r\n\xff\xfe",
        b"From: a@b\r\nContent-Type: message/rfc822\r\n\r\nnot: a\r\n",
        b"Message-ID: <[[[]>\r\nFrom: \"\r\nContent-Transfer-Encoding: base64\r\n\r\n@@@@",
    ],
)  # fmt: skip
def test_a_broken_mail_is_refused_or_read_but_never_breaks(body: bytes) -> None:
    with suppress(ValueError):
        for item in parse_mail(body)["items"]:
            decode_item(json.dumps(item))
