import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from storage.notice_views import NoticeView
from takedown.incoming import split_quotes
from takedown.replies import Letterbox, Message, Taken, message_of, messages_in, messages_of, reader, take_reply
from tests.takedown.desk import ABUSE, LATER, SHIPPED, changed, drafted, filed_notice, view_of, with_mail
from tests.takedown.stage import Stage

ANSWERED = LATER + timedelta(days=1)
DESK = f"Example Registrar Abuse Desk <{ABUSE}>"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    with reader() as running:
        yield running


@pytest.fixture
def box(stage: Stage, sandbox: Any) -> Letterbox:
    config = with_mail(stage.config, copies=("legal@hoshino-denki.example",))
    return Letterbox(config=config, catalogue=SHIPPED, engine=stage.engine, media=stage.media, sandbox=sandbox)


def mail(text: str = "We have removed the content.\n", **headers: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = headers.pop("From", DESK)
    message["To"] = "brand-protection@hoshino-denki.example"
    message["Subject"] = headers.pop("Subject", "Re: your report")
    message["Date"] = headers.pop("Date", "Wed, 25 Nov 2026 19:30:00 +0900")
    message["Message-ID"] = headers.pop("Id", "<a1@registrar.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def take(box: Letterbox, message: EmailMessage | bytes, **options: Any) -> Taken:
    body = message if isinstance(message, bytes) else message.as_bytes()
    return take_reply(box, message_of("reply.eml", body), who="keiko", now=ANSWERED, **options)


def answering(view: NoticeView) -> dict[str, str]:
    assert view.message_id is not None
    return {"In_Reply_To": view.message_id, "References": f"<other@x.example> {view.message_id}"}


def test_a_mail_that_answers_ours_acknowledges_the_notice(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    message = mail("Thank you for your report. We will investigate.\n", **answering(view))
    taken = take(box, message)
    assert (taken.number, taken.matched_by, taken.new) == (view.id, "message_id", True)
    assert (taken.state, taken.suggests) == ("acknowledged", "acknowledged")
    after = view_of(stage, view.id)
    [reply] = after.replies
    assert after.answered_at == ANSWERED
    assert (reply.sender, reply.subject) == (DESK, "Re: your report")
    assert reply.received_at == datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
    assert stage.media.read(reply.digest) == message.as_bytes()


@pytest.mark.parametrize(
    "message",
    [
        lambda ref: mail(Subject=f"RE: [{ref}] Abuse report"),
        lambda ref: mail(f"Your reference {ref}: done.\n", Subject="Ticket closed"),
        lambda ref: mail(f"Done.\n\nOn Tue, Nov 24, 2026 at 9:00 AM us wrote:\n> Our reference: {ref}\n"),
        lambda ref: mail(f"done ({ref.lower()})", Subject="x"),
    ],
)
def test_our_reference_is_found_wherever_it_stands(stage: Stage, box: Letterbox, message: Any) -> None:
    view = filed_notice(stage)
    taken = take(box, message(view.reference))
    assert (taken.number, taken.matched_by) == (view.id, "reference")


@pytest.mark.parametrize("theirs", ["20261125-00012", "#88-1234567", "CF:99812", "ABC/77-x"])
def test_their_reference_is_found_in_subject_and_words(stage: Stage, box: Letterbox, theirs: str) -> None:
    view = filed_notice(stage, theirs=theirs)
    assert take(box, mail(Subject=f"[Ticket {theirs}] update")).number == view.id
    assert take(box, mail(f"Case {theirs}, see above.\n")).matched_by == "their_reference"


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ("1234 5678", "Ticket 1234 5678 is closed."),
        ("1234 5678", "Ticket 12345678 is closed."),
        ("CAS-12-34", "your case CAS-12-34: done"),
        ("CAS-12-34", "your case CAS 12 34: done"),
        ("CAS-12-34", "your case cas\u201112\u201134: done"),
        ("20261125-00012", "受付番号：２０２６１１２５ー０００１２　対応しました。"),
        ("#88-1234567", "No. 88 1234567"),
    ],
)
def test_their_reference_is_found_however_it_is_spaced(stage: Stage, box: Letterbox, theirs: str, said: str) -> None:
    view = filed_notice(stage, theirs=theirs)
    filed_notice(stage, "apwg", theirs="1234 5679")
    taken = take(box, mail(f"{said}\n", Subject="update"))
    assert (taken.number, taken.matched_by) == (view.id, "their_reference")


def test_numbers_that_are_a_part_of_another_one_are_no_reference(stage: Stage, box: Letterbox) -> None:
    filed_notice(stage, theirs="1234 5678")
    for said in ("Ticket 1234 56789", "call 91234 5678", "1234, 5678", "1234"):
        assert take(box, mail(f"{said}\n", Subject="update")).number is None


def test_a_reply_is_kept_once(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    message = mail(**answering(view))
    assert take(box, message).new
    assert not take(box, message).new
    assert len(view_of(stage, view.id).replies) == 1


def test_no_reply_changes_more_than_that_an_answer_came(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    taken = take(box, mail("We have removed the content.\n", **answering(view)))
    assert (taken.suggests, taken.state) == ("down", "acknowledged")
    take(box, mail("Your report has been rejected.\n", Id="<a2@registrar.example>", **answering(view)))
    assert view_of(stage, view.id).state == "acknowledged"


def test_the_person_who_reads_it_may_set_the_state(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    text = "We are unable to take action:\nno infringement was found.\n"
    taken = take(box, mail(text, **answering(view)), state="refused")
    assert taken.state == "refused"
    assert view_of(stage, view.id).refused_for == "We are unable to take action: no infringement was found."
    other = filed_notice(stage, "apwg")
    taken = take(box, mail("gone", Subject=other.reference), state="down")
    assert taken.state == "down"


def test_what_names_nothing_is_told_and_not_kept(stage: Stage, box: Letterbox) -> None:
    filed_notice(stage)
    before = sum(path.is_file() for path in stage.media.root.rglob("*"))
    assert take(box, mail("Hello.\n")).why.startswith("it names no reference of a notice")
    assert take(box, mail(Subject="MK-9-ABCDEFGH")).why == "no notice has the reference MK-9-ABCDEFGH"
    assert sum(path.is_file() for path in stage.media.root.rglob("*")) == before


def test_what_names_several_notices_is_left_to_a_person(stage: Stage, box: Letterbox) -> None:
    one, two = filed_notice(stage), filed_notice(stage, "apwg")
    message = mail(Subject=f"{one.reference} and {two.reference}")
    taken = take(box, message)
    assert f"is of notices {one.id}, {two.id}; say which one it answers with --notice" in taken.why
    assert take(box, message, number=two.id).matched_by == "person"
    assert take(box, mail(f"not {two.reference}", Subject=one.reference)).number == one.id  # the subject counts first


def test_a_reply_from_another_domain_is_marked_and_changes_nothing(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    senders = {
        f"{ABUSE} <abuse@registrar-example.test>": "registrar-example.test",
        f'"{ABUSE}" <abuse@registrar-example.test>': "registrar-example.test",
        "<abuse@registrar.example.evil.test>": "evil.test",
        f"<{ABUSE}>, <x@evil.test>": "no readable address",
        "Registrar Abuse": "no readable address",
    }
    for number, (sender, stranger) in enumerate(senders.items()):
        raw = mail(Id=f"<{number}@x.test>", **answering(view)).as_bytes().replace(DESK.encode(), sender.encode())
        taken = take(box, raw)
        assert (taken.stranger, taken.state, taken.number) == (stranger, "filed", view.id)
    assert view_of(stage, view.id).answered_at is None
    known = take(box, mail(From="noreply@tickets.registrar.example", Id="<b@registrar.example>", **answering(view)))
    assert (known.stranger, known.state) == ("", "acknowledged")


def test_the_operator_of_a_form_answers_from_its_own_domain(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage, "cloudflare-phishing")
    assert take(box, mail(From="abuse@notify.cloudflare.com", Subject=view.reference)).stranger == ""
    assert take(box, mail(From="abuse@cloudflare.test", Subject=view.reference)).stranger == "cloudflare.test"


def test_a_channel_answers_from_the_domains_that_its_entry_names(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage, "meta-brand-rights")
    for sender in ("notification@facebookmail.com", "case++x@support.facebook.com", "x@em.facebookmail.com"):
        assert take(box, mail(From=sender, Id=f"<{sender}>", Subject=view.reference)).stranger == ""
    assert take(box, mail(From="x@notfacebookmail.com", Subject=view.reference)).stranger == "notfacebookmail.com"


def test_anybody_with_mail_where_a_form_stands_is_not_the_channel(stage: Stage, box: Letterbox) -> None:
    """Everybody can have an address at yahoo.co.jp: an entry that names its domains answers from no other."""
    channels = changed("meta-brand-rights", url="https://form.yahoo.co.jp/x", mails=["mail.yahoo.co.jp"])
    view = filed_notice(stage, "meta-brand-rights")
    box = replace(box, catalogue=channels)
    assert take(box, mail(From="desk@mail.yahoo.co.jp", Subject=view.reference)).stranger == ""
    assert take(box, mail(From="x@yahoo.co.jp", Id="<y@x>", Subject=view.reference)).stranger == "yahoo.co.jp"
    assert take(box, mail(From="x@facebook.com", Id="<z@x>", Subject=view.reference)).stranger == "facebook.com"


def test_an_answer_of_a_machine_is_an_answer_and_is_told(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    taken = take(box, mail("We have received your report.\n", Auto_Submitted="auto-replied", **answering(view)))
    assert (taken.automatic, taken.state) == (True, "acknowledged")
    assert not take(box, mail(Id="<c@registrar.example>", Auto_Submitted="no", **answering(view))).automatic


def returned(view: NoticeView, recipient: str, action: str = "failed") -> bytes:
    """A delivery status notification (RFC 3464), as mail systems write them."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: brand-protection@hoshino-denki.example
Subject: Undelivered Mail Returned to Sender
Date: Wed, 25 Nov 2026 10:00:00 +0000
Message-ID: <d1@relay.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered. We have removed it.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Postfix-Queue-ID: 4XyZ

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address rejected:
    User unknown

--b
Content-Type: message/rfc822

From: brand-protection@hoshino-denki.example
To: {recipient}
Subject: [{view.reference}] Abuse report
Message-ID: {view.message_id}

the report

--b--
""".replace("\n", "\r\n").encode()


def test_a_returned_mail_says_that_it_did_not_arrive(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    assert take(box, returned(view, ABUSE, "delayed")).returned.endswith("so far: it is tried again")
    assert take(box, returned(view, "legal@hoshino-denki.example")).copy
    assert view_of(stage, view.id).due_at == view.due_at
    taken = take(box, returned(view, ABUSE))
    assert (taken.number, taken.state, taken.suggests, taken.copy) == (view.id, "filed", None, False)
    assert taken.returned.startswith(f"{ABUSE} (5.1.1: smtp; 550 5.1.1 ")
    after = view_of(stage, view.id)
    assert (after.answered_at, after.due_at, after.lost_at) == (None, ANSWERED, ANSWERED)  # somebody has to look now


def test_a_returned_mail_without_its_parts_is_one_too(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    text = f"Delivery failed: 550 5.7.1 blocked\n\n----- Original message -----\nMessage-ID: {view.message_id}\n"
    taken = take(box, mail(f"{text}Subject: [{view.reference}] x\n", From="Mail <mailer-daemon@relay.example>"))
    assert taken.number == view.id
    assert taken.returned == "an address that it does not name (5.7.1)"


def test_japanese_of_old_encodings_is_read(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    head = f"From: =?ISO-2022-JP?B?GyRCRjAkLxsoQg==?= <{ABUSE}>\r\nSubject: Re: [{view.reference}]\r\n"
    quote = "2026年11月24日(火) 18:00 知財部 <a@hoshino-denki.example>:\n> 拝啓\n"
    text = f"ご依頼の件、当該ドメイン名は停止いたしました。\n\n{quote}"
    for number, (charset, coding) in enumerate([("iso-2022-jp", "7bit"), ("shift_jis", "base64"), ("euc-jp", "8bit")]):
        body = text.encode(charset)
        body = base64.encodebytes(body) if coding == "base64" else body
        more = f"Message-ID: <j{number}@registrar.example>\r\nContent-Type: text/plain; charset={charset}\r\n"
        raw = f"{head}{more}Content-Transfer-Encoding: {coding}\r\n\r\n".encode() + body
        taken = take(box, raw)
        assert taken.sender == f"動く <{ABUSE}>"
        assert taken.text == "ご依頼の件、当該ドメイン名は停止いたしました。"
        assert taken.suggests == "down"


def test_an_answer_in_html_alone_is_read_without_what_it_quotes(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    html = (
        "<html><head><style>p{}</style></head><body><p>We need more information.</p><p>Please provide<br>a screenshot."
        f"</p><div class='gmail_quote'>On Tue we wrote:<blockquote>We have removed {view.reference}</blockquote></div>"
    )
    message = mail(Subject="Re: report")
    message.set_content(html, subtype="html")
    taken = take(box, message)
    assert (taken.number, taken.suggests) == (view.id, "information_requested")
    assert taken.text == "We need more information.\nPlease provide\na screenshot."


def test_a_mail_that_a_colleague_passes_on_is_the_one_inside(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    inner = mail("The domain has been suspended.\n", Subject=f"Re: [{view.reference}]")
    outer = mail(
        "See below, please.\n", From="Aoi <aoi@hoshino-denki.example>", Subject="Fwd: x", Id="<o@hoshino.example>"
    )
    outer.add_attachment(inner)
    taken = take(box, outer)
    assert (taken.number, taken.stranger, taken.suggests) == (view.id, "", "down")
    assert (taken.sender, taken.text) == (DESK, "The domain has been suspended.")
    inline = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Example Registrar <abuse@registrar.example>\n"
        f"Date: Wed, 25 Nov 2026\nSubject: Re: [{view.reference}]\nTo: us\n\nWe are unable to remove it.\n"
    )
    taken = take(box, mail(inline, From="aoi@hoshino-denki.example", Id="<p@hoshino.example>", Subject=view.reference))
    assert (taken.sender, taken.text) == ("Example Registrar <abuse@registrar.example>", "We are unable to remove it.")
    assert (taken.stranger, taken.suggests) == ("", "refused")
    japanese = inline.replace("---------- Forwarded message ---------", "-------- 転送メッセージ --------")
    japanese = japanese.replace("From:", "差出人:")
    taken = take(
        box, mail(japanese, From="aoi@hoshino-denki.example", Id="<q@hoshino.example>", Subject=view.reference)
    )
    assert taken.sender == "Example Registrar <abuse@registrar.example>"


def test_pasted_words_are_put_to_the_notice_that_they_name(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage, "cloudflare-phishing", theirs="CF-5512")
    taken = take(box, b"Your report CF-5512 was accepted.\nThe page is no longer available.")
    assert (taken.number, taken.suggests, taken.stranger) == (view.id, "down", "")
    taken = take(box, "お問い合わせを受け付けました。".encode("cp932"), number=view.id)
    assert (taken.matched_by, taken.text) == ("person", "お問い合わせを受け付けました。")


def test_a_reply_to_a_draft_is_kept_and_changes_nothing(stage: Stage, box: Letterbox) -> None:
    number = drafted(stage)
    taken = take(box, mail(Subject=view_of(stage, number).reference))
    assert (taken.number, taken.state, taken.new) == (number, "draft", True)


def test_a_date_to_come_is_no_time_of_arrival(stage: Stage, box: Letterbox) -> None:
    view = filed_notice(stage)
    take(box, mail(Date="Fri, 01 Jan 2100 00:00:00 +0000", **answering(view)))
    take(box, mail(Date="no date", Id="<x@registrar.example>", **answering(view)))
    assert {reply.received_at for reply in view_of(stage, view.id).replies} == {ANSWERED}


def bomb_of_parts(reference: str) -> bytes:
    parts = "".join(f"--b\r\nContent-Type: text/plain\r\n\r\npart {number}\r\n" for number in range(1000))
    return (
        f"From: {DESK}\r\nSubject: {reference}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    ).encode()


def bomb_of_nesting(reference: str) -> bytes:
    head = f"From: {DESK}\r\nSubject: {reference}\r\n"
    opening = "".join(
        f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n--b{number}\r\n' for number in range(900)
    )
    return f"{head}{opening}Content-Type: text/plain\r\n\r\nx\r\n".encode()


def bomb_of_headers(reference: str) -> bytes:
    many = "".join(f"X-{number}: {'a' * 500}\r\n" for number in range(5000))
    to = ", ".join(f"a{number} <a{number}@x.example>" for number in range(3000))
    ids = "<a@b> " * 50_000
    ids = "<a@b> " * 50_000
    return f"From: {DESK}\r\nSubject: {reference}\r\n{many}To: {to}\r\nReferences: {ids}\r\n\r\nx\r\n".encode()


def bomb_of_bytes(reference: str) -> bytes:
    blob = base64.encodebytes(bytes(8 * 2**20)).decode()
    return (
        f"From: {DESK}\r\nSubject: {reference}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n"
        f"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n{blob}\r\n--b--\r\n"
    ).encode()


def bomb_of_quotes(reference: str) -> bytes:
    return (
        f"From: {DESK}\r\nSubject: {reference}\r\n\r\n{'On ' * 300_000}\r\n{'> ' * 200_000}\r\n{'-' * 200_000}".encode()
    )


@pytest.mark.parametrize(
    "bomb",
    [bomb_of_parts, bomb_of_nesting, bomb_of_headers, bomb_of_bytes, bomb_of_quotes],
    ids=lambda one: one.__name__,
)
def test_hostile_mails_are_read_or_refused_and_the_next_one_is_read(stage: Stage, box: Letterbox, bomb: Any) -> None:
    view = filed_notice(stage)
    taken = take(box, bomb(view.reference))
    if taken.number is None:
        assert "broken" in taken.why or "cannot be read safely" in taken.why
    else:
        assert taken.number == view.id
        assert len(taken.text) <= 4000
    assert take(box, mail(**answering(view))).number == view.id


@pytest.mark.parametrize("line", ["original message", "--original message", "--forwarded message", "--"])
def test_a_long_line_of_blanks_keeps_no_reply_away(stage: Stage, box: Letterbox, line: str) -> None:
    view = filed_notice(stage)
    text = f"It is done.\n{line}{' ' * 150_000}x\n"
    assert take(box, mail(text, From="us <a@hoshino-denki.example>", **answering(view))).number == view.id


def test_what_is_no_mail_is_told(box: Letterbox) -> None:
    taken = take_reply(box, Message(name="x", body=b"X-Only: 1\r\n\r\nwords"), who="keiko", now=ANSWERED)
    assert taken.why.startswith("no mail")


def test_mailboxes_folders_and_standard_input_are_cut_into_messages(tmp_path: Path) -> None:
    one, two = mail(Id="<1@x.example>").as_bytes(), mail(Id="<2@x.example>").as_bytes()
    mailbox = b"From a Tue Nov 24\n" + one.replace(b"\r\n", b"\n") + b"\nFrom b Tue Nov 24\n" + two
    (tmp_path / "inbox").write_bytes(mailbox)
    (tmp_path / "one.eml").write_bytes(one)
    (tmp_path / "words.txt").write_bytes(b"They called: it is done.\n")
    for folder, name in (("cur", "1.host:2,S"), ("new", "2.host"), ("tmp", "3.host")):
        (tmp_path / "Maildir" / folder).mkdir(parents=True)
        (tmp_path / "Maildir" / folder / name).write_bytes(two)
    assert [message.name for message in messages_in(tmp_path / "inbox")] == ["inbox: mail 1", "inbox: mail 2"]
    assert [message.name for message in messages_in(tmp_path / "Maildir")] == ["1.host:2,S", "2.host"]
    assert [(message.body, message.pasted) for message in messages_in(tmp_path / "one.eml")] == [(one, False)]
    assert [message.pasted for message in messages_in(tmp_path / "words.txt")] == [True]
    assert len(list(messages_in(tmp_path))) == 4  # of a plain folder its files, not the folders in it
    assert len(messages_of("standard input", mailbox)) == 2


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Done.\n\n> quoted\n> more", "Done."),
        ("Yes.\n\nOn Tue, Nov 24, 2026 at 6:00 PM A <a@b.example>\nwrote:\n> old", "Yes."),
        ("Yes.\n\n-----Original Message-----\nFrom: us\nold", "Yes."),
        ("はい。\n\n----- 元のメッセージ -----\n差出人: 当社\n古い", "はい。"),
        ("はい。\n\n2026年11月24日(火) 18:00 知財部 <a@b.example>:\n> 古い", "はい。"),
        ("Yes.\n\nFrom: us\nSent: Tuesday\nTo: them\nSubject: x\n\nold", "Yes."),
        ("はい。\n\n差出人: 当社\n送信日時: 2026\n宛先: 先方\n件名: x\n\n古い", "はい。"),
        ("##- Please type your reply above this line -##\n\nDone.", "Done."),
        ("Done.\n-- \nAbuse Desk\nTel 1", "Done."),
        ("> Which page?\nThis one: /lp\n> When?\nToday.", "This one: /lp\nToday."),
        ("On Tue, we wrote:\n> Which page?\nThis one.", "This one."),
        ("> all of it is quoted", "> all of it is quoted"),
        ("From: the desk we say hello", "From: the desk we say hello"),
    ],
)
def test_what_is_new_is_told_from_what_is_quoted(text: str, new: str) -> None:
    assert split_quotes(text)[0] == new
