"""mekiki takedown file and reply, typed as people type them."""

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import main
from storage.notice_views import NoticeView
from tests.servers.mail import MailSink
from tests.takedown.desk import ABUSE, drafted, filed_notice, view_of
from tests.takedown.drafts import HOSTILE
from tests.takedown.stage import CANARY, LINK, Stage


@pytest.fixture
def sink(stage: Stage) -> Iterator[MailSink]:
    """The relay that the configuration names; no authority is asked for time stamps."""
    with MailSink() as running:
        path = stage.folder / "mekiki.toml"
        text = path.read_text("utf-8").replace("port = 2525", f"port = {running.port}")
        path.write_text(re.sub(r"(?m)^authority = .*$", "", text), "utf-8")
        yield running


def run(stage: Stage, *arguments: object, stdin: bytes | None = None) -> Result:
    typed = ["takedown", *map(str, arguments), "-c", str(stage.folder / "mekiki.toml")]
    return CliRunner().invoke(main, typed, input=stdin)


def test_without_confirm_it_shows_what_would_leave_and_files_nothing(stage: Stage, sink: MailSink) -> None:
    number = drafted(stage)
    before = view_of(stage, number)
    result = run(stage, "file", number)
    assert result.exit_code == 0, result.output
    for part in (
        f"notice {number} of case {stage.case} to registrar, about registrar hoshino-denki-sale[.]test",
        f"  To:      {ABUSE}",
        f"  Subject: [{before.reference}] ",
        *(f"  file:    {file['name']}" for file in before.content["attachments"]),
        "  file:    xarf.json",
        f"Nothing was filed. To send it: mekiki takedown file {number} --confirm",
    ):
        assert part in result.stdout
    for line in before.content["body"].splitlines():
        if "://" not in line and "." not in line:
            assert line in result.stdout
    assert LINK not in result.stdout  # no address to click by accident
    assert sink.mails == []
    assert view_of(stage, number) == before


def test_with_confirm_it_leaves(stage: Stage, sink: MailSink) -> None:
    number = drafted(stage)
    result = run(stage, "file", number, "--confirm", "--as", "keiko")
    assert result.exit_code == 0, result.output
    view = view_of(stage, number)
    first, *others = result.stdout.splitlines()
    assert first == f"notice {number} filed with registrar by mail to {ABUSE}; our reference {view.reference}"
    assert others == [
        "  the relay said: OK",
        f"  asked after on {view.due_at:%Y-%m-%d}, because nobody says how long it takes",
    ]
    [text] = [part for part in sink.mails[0].message.walk() if part.get_content_type() == "text/plain"][:1]
    assert LINK in text.get_content()  # exactly, as it leaves
    assert view.state == "filed"
    again = run(stage, "file", view.reference, "--confirm")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith(f"mekiki: notice {number} was filed on ")


def test_json_says_what_would_leave_and_what_has_left(stage: Stage, sink: MailSink) -> None:
    number = drafted(stage)
    shown = json.loads(run(stage, "file", number, "--json").stdout)
    assert (shown["filed"], shown["to"], shown["way"]) == (False, [ABUSE], "email")
    assert shown["body"] == view_of(stage, number).content["body"]
    done = json.loads(run(stage, "file", number, "--confirm", "--json").stdout)
    assert (done["filed"], done["reference"]) == (True, view_of(stage, number).reference)


def test_a_refused_copy_is_exit_code_4(stage: Stage, sink: MailSink) -> None:
    path = stage.folder / "mekiki.toml"
    copies = 'copies = ["gone@hoshino-denki.example"]\nhost = "127.0.0.1"'
    path.write_text(path.read_text("utf-8").replace('host = "127.0.0.1"', copies), "utf-8")
    number = drafted(stage)
    sink.refuse["gone@hoshino-denki.example"] = "550 5.1.1 unknown"
    result = run(stage, "file", number, "--confirm")
    assert (result.exit_code, result.stderr) == (4, "mekiki: not taken for gone@hoshino-denki.example (550)\n")
    assert view_of(stage, number).state == "filed"


def test_what_the_relay_refuses_is_exit_code_3_and_one_line(stage: Stage, sink: MailSink) -> None:
    number = drafted(stage)
    sink.refuse[ABUSE] = "550 5.1.1 \x1b[31munknown"
    result = run(stage, "file", number, "--confirm")
    assert result.exit_code == 3
    said = f"mekiki: notice {number}: 127.0.0.1:{sink.port}: the relay answered 550 for every recipient"
    said += "; it is a draft as before, and its case stays in takedown\n"
    assert (result.stdout, result.stderr) == ("", said)


def test_a_form_is_shown_field_by_field_and_filed_with_their_reference(stage: Stage, sink: MailSink) -> None:
    number = drafted(stage, "cloudflare-phishing")
    shown = run(stage, "file", number).stdout
    assert "fill in the form at https://abuse.cloudflare.com/phishing" in shown
    for field in view_of(stage, number).content["fields"]:
        assert f"{field['label']} [{field['key']}]" in shown
    assert f"mekiki takedown file {number} --confirm --reference THEIRS" in shown
    result = run(stage, "file", number, "--confirm", "--reference", "CF-1\x1b[2J")
    assert result.stdout.startswith(f"notice {number} filed with cloudflare-phishing as a form; our reference MK-")
    assert "\x1b" not in result.output
    assert view_of(stage, number).their_reference == "CF-1\x1b[2J"


def test_a_reference_needs_confirm(stage: Stage) -> None:
    result = run(stage, "file", drafted(stage, "cloudflare-phishing"), "--reference", "X")
    assert (result.exit_code, result.stderr) == (
        2,
        "mekiki: --reference goes with --confirm: once the form is filled in\n",
    )


def test_an_unknown_notice_is_one_line(stage: Stage) -> None:
    for arguments in (("file", "77"), ("reply", "--notice", "77")):
        result = run(stage, *arguments, stdin=b"x")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "mekiki: there is no notice 77; `mekiki takedown list` shows all\n"


def read(stage: Stage, number: int) -> str:
    """Read a notice; return the digest that is shown of it."""
    [found] = re.findall(r", content ([0-9a-f]{8})\b", run(stage, "show", number).stdout)
    return str(found)


def agree_on(stage: Stage, approver: str) -> None:
    path = stage.folder / "mekiki.toml"
    agreed = f'[takedown]\nsecond_approver = true\napprovers = ["{approver}"]\n\n[takedown.filer]'
    path.write_text(path.read_text("utf-8").replace("[takedown.filer]", agreed), "utf-8")


def test_a_notice_waits_for_the_second_approver(stage: Stage, sink: MailSink) -> None:
    agree_on(stage, "aoi")
    number = drafted(stage)
    assert (
        f"waits: it waits for approval by aoi: `mekiki takedown approve {number}`" in run(stage, "file", number).stdout
    )
    result = run(stage, "file", number, "--confirm", "--as", "keiko")
    assert (result.exit_code, sink.mails) == (1, [])
    assert f"notice {number}: nothing was filed; the takedown of case {stage.case}" in result.stderr
    assert run(stage, "approve", number, "--content", read(stage, number), "--as", "aoi").exit_code == 0
    assert run(stage, "file", number, "--confirm", "--as", "keiko").exit_code == 0
    assert len(sink.mails) == 1


def test_who_has_approved_a_notice_approves_the_takedown_by_the_command_that_is_named(
    stage: Stage, sink: MailSink
) -> None:
    agree_on(stage, "aoi")
    number = drafted(stage)
    assert run(stage, "approve", number, "--content", read(stage, number), "--as", "aoi").exit_code == 0
    result = run(stage, "file", number, "--confirm", "--as", "keiko")
    assert (result.exit_code, sink.mails) == (1, [])
    assert result.stderr.endswith(f"waits for aoi: `mekiki takedown approve {number}`\n")
    assert run(stage, "approve", number, "--content", read(stage, number), "--as", "aoi").exit_code == 0
    assert run(stage, "approve", number, "--content", read(stage, number), "--as", "aoi").exit_code == 1, (
        "nothing waits any more"
    )
    assert run(stage, "file", number, "--confirm", "--as", "keiko").exit_code == 0
    assert len(sink.mails) == 1


def mail(view: NoticeView, text: str, **headers: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = headers.get("sender", f"Abuse Desk <{ABUSE}>")
    message["Subject"] = headers.get("subject", f"Re: [{view.reference}]")
    message["Message-ID"] = headers.get("id", "<1@registrar.example>")
    message.set_content(text)
    return message.as_bytes()


def test_a_reply_is_put_to_its_notice_with_what_it_seems_to_say(stage: Stage) -> None:
    view = filed_notice(stage)
    (stage.folder / "reply.eml").write_bytes(mail(view, "We have removed the content.\nSee https://evil.test/x\n"))
    result = run(stage, "reply", stage.folder / "reply.eml", "--as", "keiko")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"reply.eml: notice {view.id} (names its reference), now acknowledged",
        f"  from Abuse Desk <abuse@registrar[.]example>: Re: [{view.reference}]",
        "  | We have removed the content.",
        "  | See hxxps://evil[.]test/x",
        f"  it seems to say: down. If so: mekiki takedown state {view.id} down",
    ]
    again = run(stage, "reply", stage.folder / "reply.eml")
    assert again.stdout.startswith(
        f"reply.eml: notice {view.id} (names its reference), now acknowledged; it was on record"
    )


def test_a_mailbox_with_strangers_is_exit_code_4_and_names_them(stage: Stage) -> None:
    view = filed_notice(stage)
    mailbox = b"".join(
        b"From x Tue Nov 24 09:00:00 2026\n" + one.replace(b"\r\n", b"\n") + b"\n"
        for one in (mail(view, "Done."), mail(view, "Hello", subject="Newsletter", id="<2@x.example>"))
    )
    result = run(stage, "reply", "-", stdin=mailbox)
    assert result.exit_code == 4
    assert f"standard input: mail 1: notice {view.id}" in result.stdout
    assert result.stderr == (
        "mekiki: standard input: mail 2: no notice: it names no reference of a notice; say which one it answers with "
        "--notice\n"
    )
    assert run(stage, "reply", stdin=b"Hello.").exit_code == 1


def test_a_pasted_answer_may_set_the_state(stage: Stage) -> None:
    view = filed_notice(stage, "cloudflare-phishing")
    result = run(
        stage, "reply", "--notice", view.id, "--state", "refused", stdin="違反は認められませんでした。".encode()
    )
    assert result.exit_code == 0, result.output
    after = view_of(stage, view.id)
    assert (after.state, after.refused_for) == ("refused", "違反は認められませんでした。")


def test_a_returned_mail_is_told_loudly(stage: Stage) -> None:
    view = filed_notice(stage)
    text = f"Your message to {ABUSE} failed: 550 5.1.1 unknown\n\nMessage-ID: {view.message_id}\n[{view.reference}]"
    returned = mail(view, text, sender="MAILER-DAEMON@relay.example", subject="Returned mail")
    result = run(stage, "reply", stdin=returned)
    assert result.exit_code == 0, result.output
    assert f"notice {view.id}: IT DID NOT ARRIVE at an address that it does not name (5.1.1)" in result.stderr
    assert f"mekiki takedown draft {stage.case} --channel registrar --again" in result.stderr


def test_a_reply_from_another_domain_is_told(stage: Stage) -> None:
    view = filed_notice(stage)
    result = run(stage, "reply", stdin=mail(view, "Done.", sender=f'"{ABUSE}" <x@evil.test>'))
    assert (
        "this reply is from another domain (evil[.]test) than the notice went to; it changed nothing" in result.stderr
    )
    assert view_of(stage, view.id).state == "filed"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--reason", "x"), "--reason goes with --state refused"),
        (("--state", "down"), "--notice and --state go with one message; these are several"),
        (("nowhere.eml",), "'nowhere.eml' does not exist"),
    ],
)
def test_what_does_not_go_together_is_told(stage: Stage, arguments: tuple[str, ...], says: str) -> None:
    view = filed_notice(stage)
    mailbox = b"From x\n" + mail(view, "a") + b"\nFrom y\n" + mail(view, "b", id="<2@x.example>")
    result = run(stage, "reply", *arguments, stdin=mailbox)
    assert result.exit_code == 2
    assert says in result.stderr
    assert view_of(stage, view.id).replies == ()


def test_nothing_is_told(stage: Stage) -> None:
    result = run(stage, "reply", stdin=b" \n")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_hostile_words_reach_no_terminal_raw(stage: Stage, sink: MailSink) -> None:
    view = filed_notice(stage)
    raw = mail(view, HOSTILE).replace(b"Abuse Desk", "Abuse\u202e \u200b=?utf-8?q?=1B]0;x=07?=".encode())
    outputs = [run(stage, "reply", stdin=raw)]
    number = drafted(stage, "apwg", title=f"x{HOSTILE}", body=HOSTILE)
    outputs += [run(stage, "file", number), run(stage, "file", number, "--confirm")]
    for result in outputs:
        assert result.exit_code == 0, result.output
        assert not set(result.output) & set("\x1b\x07\u202e\u200b\u2028\r")
    [sent] = sink.mails
    assert sent.message["Bcc"] is None
    assert sent.recipients == ("reportphishing@apwg.org",)


def test_nothing_of_another_case_leaves(stage: Stage, sink: MailSink) -> None:
    for key in ("registrar", "apwg"):
        number = drafted(stage, key)
        assert run(stage, "file", number, "--confirm").exit_code == 0
    parts: list[Any] = [
        part.get_content() for mail in sink.mails for part in mail.message.walk() if part.get_filename()
    ]
    assert parts
    everything = b"".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    assert CANARY.encode() not in everything + b"".join(mail.raw for mail in sink.mails)
