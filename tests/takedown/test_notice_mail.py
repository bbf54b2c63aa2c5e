from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.takedown import NoticeMail
from storage.media import MediaStore
from takedown.channel import Channel
from takedown.errors import FilingRefused
from takedown.mail import LARGEST, Letter, files_of, letter_of, recipients_of, subject_of
from takedown.notice import XARF, Attachment, Notice
from tests.takedown.desk import ABUSE, SHIPPED

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REFERENCE = "MK-3-0123ABCD"
REGISTRAR = SHIPPED.get("registrar")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NOTICE = Notice(
    reference=REFERENCE,
    case_id=3,
    channel="registrar",
    language="ja",
    actor="registrar",
    subject="hoshino-denki-sale.test",
    targets=("hoshino-denki-sale.test",),
    links=(),
    title="なりすましサイトの通報",
    body="拝啓\n星野電機株式会社です。\nhttps://hoshino-denki-sale.test/lp/?c=7&fbclid=IwAR0aB\n",
    to=(ABUSE,),
)


def mail_of(**values: Any) -> NoticeMail:
    row = {"sender": "星野電機 知財部 <brand-protection@hoshino-denki.example>", "host": "relay.example", **values}
    return NoticeMail.model_validate(row)


def letter(notice: Notice = NOTICE, channel: Channel = REGISTRAR, **options: Any) -> Letter:
    mail = mail_of(**options.pop("mail", {}))
    return letter_of(notice, channel, mail, at=options.pop("at", AT), **options)


def parsed(written: Letter) -> EmailMessage:
    message = message_from_bytes(written.data, policy=default)
    assert isinstance(message, EmailMessage)
    assert [defect for part in message.walk() for defect in part.defects] == []
    return message


def words(part: EmailMessage) -> str:
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def parts_of(part: EmailMessage) -> list[EmailMessage]:
    return [inner for inner in part.iter_parts() if isinstance(inner, EmailMessage)]


def file_of(data: bytes, name: str = "screenshot-1-0123456789abcdef.png") -> tuple[Attachment, bytes]:
    return Attachment(name=name, kind="screenshot", sha256=sha256(data).hexdigest(), bytes=len(data)), data


_REPORT = b'{"xarf_version": "4.2.0", "note": "\\u661f"}'
REPORTED = (Attachment(name="xarf.json", kind=XARF, sha256=sha256(_REPORT).hexdigest(), bytes=len(_REPORT)), _REPORT)


def test_the_headers_of_a_notice() -> None:
    written = letter(mail={"reply_to": "abuse-desk@hoshino-denki.example", "copies": ("legal@hoshino-denki.example",)})
    message = parsed(written)
    assert message["From"].addresses[0].display_name == "星野電機 知財部"
    assert message["To"] == ABUSE
    assert message["Cc"] == "legal@hoshino-denki.example"
    assert message["Reply-To"] == "abuse-desk@hoshino-denki.example"
    assert message["Subject"] == f"[{REFERENCE}] なりすましサイトの通報"
    assert message["Message-ID"] == f"<{REFERENCE}@hoshino-denki.example>" == written.message_id
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] is None  # a person files it; desks drop what machines send
    assert written.recipients == (ABUSE, "legal@hoshino-denki.example")


def test_it_is_plain_text_letter_by_letter() -> None:
    message = parsed(letter())
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert words(message) == NOTICE.body


def test_long_addresses_and_lines_arrive_whole() -> None:
    body = f"https://hoshino-denki-sale.test/{'a' * 3000}?=3D\n.\n..\nFrom here\n"
    for text in (body, f"{body}星\n"):
        assert words(parsed(letter(replace(NOTICE, body=text)))) == text


def test_english_stays_readable_in_the_raw_mail() -> None:
    english = letter(
        replace(NOTICE, body="We report a site that deceives people in the name of Hoshino Denki (星野電機).\n")
    )
    assert b"We report a site that deceives people" in english.data
    assert parsed(letter())["Content-Transfer-Encoding"] == "base64"  # of Japanese that is the shorter one


def test_the_same_notice_and_time_give_the_same_bytes() -> None:
    options: dict[str, Any] = {"files": [file_of(PNG), REPORTED]}
    assert letter(**options).data == letter(**options).data
    assert letter(**options).data != letter(replace(NOTICE, body="other"), **options).data


def test_files_arrive_as_they_were_kept() -> None:
    files = [
        file_of(PNG),
        file_of(b"%PDF-1.4\n\xff", "certificate-1-aa.pdf"),
        file_of(b"\x1f\x8b", "warc-1-bb.warc.gz"),
    ]
    message = parsed(letter(files=files))
    found = {part.get_filename(): part for part in message.iter_attachments()}
    assert {name: part.get_content() for name, part in found.items()} == {one.name: data for one, data in files}
    assert [part.get_content_type() for part in found.values()] == ["image/png", "application/pdf", "application/gzip"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\r\nBcc: x@y.example", "請求書.exe", "x" * 300, "", "a.b.c.d.e"]
)
def test_hostile_file_names_become_plain_ones(name: str) -> None:
    message = parsed(letter(files=[file_of(PNG, name)]))
    [part] = list(message.iter_attachments())
    assert part.get_filename() == f"file-1-{sha256(PNG).hexdigest()[:16]}.bin"
    assert part.get_content_type() == "application/octet-stream"


def test_machines_find_the_xarf_report_where_they_look() -> None:
    """RFC 5965 with Feedback-Type xarf and a part called xarf.json, as parsers of abuse desks expect it."""
    message = parsed(letter(files=[REPORTED]))
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "feedback-report"
    text, feedback, report = parts_of(message)
    assert words(text) == NOTICE.body
    assert feedback.get_content_type() == "message/feedback-report"
    assert "Feedback-Type: xarf" in feedback.as_string()
    assert (report.get_content_type(), report.get_param("name"), report.get_filename()) == (
        *("application/json", "xarf.json", "xarf.json"),
    )
    assert report.get_content() == REPORTED[1]


def test_files_stand_beside_the_report() -> None:
    message = parsed(letter(files=[REPORTED, file_of(PNG)]))
    assert message.get_content_type() == "multipart/mixed"
    report, picture = parts_of(message)
    assert (report.get_content_type(), picture.get_content_type()) == ("multipart/report", "image/png")


def test_a_message_that_no_mail_system_takes_is_refused() -> None:
    with pytest.raises(FilingRefused, match=r"27\.\d MB, more than the 20\.0 MB that mail systems take"):
        letter(files=[file_of(bytes(LARGEST))])


HOSTILE_TITLES = [
    "x\r\nBcc: evil@c.example\r\n\r\nbody",
    "x\nTo: evil@c.example",
    "=?utf-8?q?x=0D=0ABcc:_evil@c.example?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAYy5leGFtcGxl?=",
    "\u202egnp.exe \u2028Bcc: evil@c.example",
    "\x00\x0b\x0c\x1b]0;x\x07" + "長" * 500,
]


@pytest.mark.parametrize("title", HOSTILE_TITLES)
def test_no_title_becomes_a_header(title: str) -> None:
    written = letter(replace(NOTICE, title=title))
    message = parsed(written)
    assert message.keys() == parsed(letter()).keys()
    assert str(message["Subject"]).startswith(f"[{REFERENCE}]")
    assert message["Bcc"] is None
    assert message["To"] == ABUSE
    assert words(message) == NOTICE.body
    assert "\n" not in written.subject
    assert len(written.subject) <= 250


@settings(max_examples=60, deadline=None)
@given(title=st.text(max_size=300), body=st.text(max_size=300), contact=st.text(max_size=60))
def test_whatever_strangers_write_one_message_goes_to_one_address(title: str, body: str, contact: str) -> None:
    try:
        written = letter(replace(NOTICE, title=title, body=body, to=(f"{contact} <{ABUSE}>",)))
    except FilingRefused:
        return  # no single address
    message = parsed(written)
    assert (written.to, message["To"]) == ((ABUSE,), ABUSE)
    assert message.keys() == parsed(letter()).keys()
    assert message.get_content_type() == "text/plain"


def test_our_reference_stands_once_in_the_subject() -> None:
    assert subject_of(replace(NOTICE, title=f"[{REFERENCE}] x")) == f"[{REFERENCE}] x"


@pytest.mark.parametrize("key", ["sender", "reply_to", "copies"])
def test_an_address_of_our_own_that_is_none_is_named(key: str) -> None:
    wrong: Any = "keiko" if key != "copies" else ("legal@hoshino-denki.example", "a@b.example, c@d.example")
    with pytest.raises(FilingRefused, match=rf"^takedown\.mail\.{key}(\[1\])? is no single mail address"):
        letter(mail={key: wrong})


def test_too_many_addresses_are_refused() -> None:
    many = tuple(f"abuse{number}@registrar.example" for number in range(11))
    with pytest.raises(FilingRefused, match="11 addresses are more than 10"):
        recipients_of(replace(NOTICE, to=many), REGISTRAR)


def flipped(media: MediaStore, address: str) -> None:
    path = media.path(address)
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes()[1:])


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda media, address: media.path(address).unlink(), "has no file"),
        (flipped, "is damaged; see `mekiki verify`"),
    ],
)
def test_a_file_that_is_not_what_it_was_does_not_leave(
    tmp_path: Any, harm: Callable[[MediaStore, str], None], says: str
) -> None:
    media = MediaStore(tmp_path)
    one, data = file_of(PNG)
    media.put(data)
    assert files_of([one], media) == [(one, data)]
    harm(media, one.sha256)
    with pytest.raises(FilingRefused, match=says) as caught:
        files_of([one], media)
    assert str(caught.value).startswith(one.name)
