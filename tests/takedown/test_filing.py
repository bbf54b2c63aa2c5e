import json
import threading
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
import xarf
from sqlalchemy import select, text

from storage.case_log import log_faults
from storage.custody import Entry, chain, check_chain
from storage.database import snapshot, transaction
from storage.errors import JudgementRefused, NoticeNotFound, NoticeRefused
from storage.judgements import Judgement, judge
from storage.notices import approve, history
from storage.schema import Case, StampRow
from takedown.actors import actors_of
from takedown.catalogue import Catalogue
from takedown.drafting import draft
from takedown.errors import FilingFailed, FilingRefused, UnknownChannel
from takedown.filing import Desk, file_notice, prepare
from takedown.story import tell_story
from tests.alerts.certificates import certificate
from tests.servers.mail import MailSink
from tests.servers.sink import Sink
from tests.takedown.desk import (
    ABUSE,
    LATER,
    SHIPPED,
    changed,
    desk_of,
    drafted,
    refused,
    view_of,
    with_mail,
    with_takedown,
)
from tests.takedown.stage import AUTHORITY, CANARY, LINK, SECRET, Stage, journey


def case_of(stage: Stage) -> Case:
    with snapshot(stage.engine) as session:
        case = session.get_one(Case, stage.case)
        session.expunge(case)
        return case


def steps(stage: Stage) -> list[str]:
    with snapshot(stage.engine) as session:
        return [step.step for step in history(session, stage.case)]


def custody(stage: Stage) -> Entry:
    """Return the only row of the custody chain about a notice."""
    rows = list(chain(stage.engine))
    assert not list(check_chain(rows))
    [row] = [row for row in rows if row.action == "notice"]
    return row


def test_a_mail_leaves_and_its_very_bytes_are_proved(stage: Stage) -> None:
    number = drafted(stage)
    with MailSink() as sink:
        done = file_notice(desk_of(stage, sink.port), number, who="keiko")
    [mail] = sink.mails
    view = view_of(stage, number)
    assert (mail.sender, mail.recipients) == ("brand-protection@hoshino-denki.example", (ABUSE,))
    assert (view.state, view.filed_by, view.filed_at, view.sending_at) == ("filed", "keiko", LATER, None)
    assert view.message_id == mail.message["Message-ID"] == f"<{view.reference}@hoshino-denki.example>"
    assert view.due_at == LATER + timedelta(days=7)  # nobody says how long it takes
    assert done.to == (ABUSE,)
    row = custody(stage)
    assert (row.who, row.subject, row.manifest) == ("keiko", view.reference, view.manifest)
    assert view.manifest is not None
    manifest = json.loads(stage.media.read(view.manifest))
    [kept] = [file for file in manifest["files"] if file["role"] == "message"]
    assert stage.media.read(kept["sha256"]) == mail.raw
    assert manifest["facts"]["to"] == [ABUSE]
    assert manifest["facts"]["answer"] == "OK"
    with snapshot(stage.engine) as session:
        stamps = session.scalars(select(StampRow.authority).where(StampRow.manifest == view.manifest)).all()
    assert stamps == [AUTHORITY]
    assert not list(log_faults(stage.engine))


def test_the_files_that_leave_are_those_of_the_case_alone(stage: Stage) -> None:
    number = drafted(stage)
    content = view_of(stage, number).content
    with MailSink() as sink:
        file_notice(desk_of(stage, sink.port), number, who="keiko")
    message = sink.mails[0].message
    parts = {part.get_filename(): part.get_content() for part in message.walk() if part.get_filename()}
    for file in content["attachments"]:
        assert sha256(parts[file["name"]]).hexdigest() == file["sha256"]
    assert parts.keys() == {file["name"] for file in content["attachments"]}
    report = json.loads(parts["xarf.json"])
    assert view_of(stage, number).reference in json.dumps(report)
    assert xarf.parse(report).errors == []
    for part in (sink.mails[0].raw, *parts.values()):
        assert CANARY.encode() not in (part if isinstance(part, bytes) else str(part).encode())


def test_the_report_for_machines_that_leaves_is_the_one_that_was_approved(stage: Stage) -> None:
    desk = with_takedown(with_mail(stage.config), second_approver=True, approvers=("aoi", "keiko"))
    number = drafted(stage)
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="takedown", approvers=("aoi", "keiko")), now=LATER)
        judge(session, stage.case, Judgement(who="aoi", action="approve", approvers=("aoi", "keiko")), now=LATER)
        approve(session, number, who="aoi", approvers=("aoi", "keiko"), now=LATER)
    [kept] = [file for file in view_of(stage, number).content["attachments"] if file["kind"] == "xarf"]
    journey(stage.engine, stage.media, LINK, stage.case, title="another look", at=LATER)
    later = LATER + timedelta(days=3)
    assert drafted_report(stage, later) != stage.media.read(kept["sha256"])  # made now it would be another one
    with MailSink() as sink:
        file_notice(desk_of(stage, config=with_mail(desk, port=sink.port), now=lambda: later), number, who="keiko")
    [report] = [part.get_content() for part in sink.mails[0].message.walk() if part.get_filename() == "xarf.json"]
    assert sha256(report).hexdigest() == kept["sha256"]


def drafted_report(stage: Stage, at: datetime) -> bytes:
    """Return the report of a draft that is made at this time."""
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=at)
    actor = next(one for one in actors_of(story) if one.kind == "registrar")
    written = draft(story, actor, SHIPPED.get("registrar"), stage.config, "en", stage.media, now=at)
    return stage.media.read(next(one.sha256 for one in written.attachments if one.kind == "xarf"))


def test_filing_asks_for_the_takedown_by_the_same_person(stage: Stage) -> None:
    number = drafted(stage)
    assert case_of(stage).state == "confirmed"
    with MailSink() as sink:
        file_notice(desk_of(stage, sink.port), number, who="aoi")
    assert case_of(stage).state == "takedown"
    assert steps(stage) == ["drafted", "sending", "filed"]


def test_looking_at_what_would_leave_changes_nothing(stage: Stage) -> None:
    number = drafted(stage)
    before = view_of(stage, number)
    with MailSink() as sink:
        out = prepare(desk_of(stage, sink.port), number)
        assert sink.mails == []
    assert out.letter is not None
    assert out.letter.to == (ABUSE,)
    assert view_of(stage, number) == before
    assert case_of(stage).state == "confirmed"


def test_a_second_approver_holds_it_back(stage: Stage) -> None:
    config = with_takedown(with_mail(stage.config), second_approver=True, approvers=("aoi", "keiko"))
    number = drafted(stage)
    with MailSink() as sink:
        desk = desk_of(stage, config=with_mail(config, port=sink.port))
        says = refused(desk, number)
        assert f"waits for aoi: `mekiki takedown approve {number}`" in says
        assert case_of(stage).takedown_asked == "keiko"  # the person's word is kept
        assert prepare(desk, number).waits[0] in says
        with transaction(stage.engine) as session:
            judge(session, stage.case, Judgement(who="aoi", action="approve", approvers=("aoi", "keiko")), now=LATER)
        assert f"`mekiki takedown approve {number}`" in refused(desk, number)
        with transaction(stage.engine) as session:
            approve(session, number, who="aoi", approvers=("aoi", "keiko"), now=LATER)
        assert sink.mails == []
        file_notice(desk, number, who="keiko")
        assert len(sink.mails) == 1
    assert view_of(stage, number).approved_by == "aoi"


def test_what_was_filed_is_not_filed_twice(stage: Stage) -> None:
    number = drafted(stage)
    with MailSink() as sink:
        desk = desk_of(stage, sink.port)
        file_notice(desk, number, who="keiko")
        assert (
            refused(desk, number)
            == f"notice {number} was filed on 2026-11-24 11:00 UTC and is filed; only a draft is filed"
        )
        assert len(sink.mails) == 1


def test_two_people_at_once_send_one_mail(stage: Stage) -> None:
    number = drafted(stage)
    ends: list[str] = []

    def try_it(desk: Desk, who: str) -> None:
        try:
            file_notice(desk, number, who=who)
        except (NoticeRefused, FilingRefused, JudgementRefused) as error:
            ends.append(str(error))
        else:
            ends.append("")

    with MailSink() as sink:
        desk = desk_of(stage, sink.port)
        people = [threading.Thread(target=try_it, args=(desk, who)) for who in ("keiko", "aoi")]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert len(sink.mails) == 1
    assert ends.count("") == 1


def test_what_nobody_has_looked_at_does_not_leave(stage: Stage) -> None:
    """Somebody drafts it anew after it was checked, before it is sent."""
    number = drafted(stage)
    calls: list[datetime] = []

    def clock() -> datetime:
        calls.append(LATER)
        if len(calls) == 2:
            assert drafted(stage, body="other words") == number
        return LATER

    with MailSink() as sink:
        assert "was drafted anew meanwhile" in refused(desk_of(stage, sink.port, now=clock), number)
        assert sink.mails == []
    assert (view_of(stage, number).sending_at, case_of(stage).state) == (None, "confirmed")


@pytest.mark.parametrize(
    ("refuse", "says"),
    [
        ({ABUSE: "550 5.1.1 unknown"}, "the relay answered 550 for every recipient"),
        ({"MAIL": "451 4.3.0 later"}, "the relay answered 451"),
        ({"DATA": "554 5.6.0 spam"}, "the relay answered 554"),
    ],
)
def test_what_the_relay_refuses_leaves_a_draft_and_the_reason(stage: Stage, refuse: dict[str, str], says: str) -> None:
    number = drafted(stage)
    with MailSink(refuse=refuse) as sink:
        with pytest.raises(FilingFailed, match=says) as caught:
            file_notice(desk_of(stage, sink.port), number, who="keiko")
        assert not caught.value.unknown
        view = view_of(stage, number)
        assert (view.state, view.sending_at, view.manifest) == ("draft", None, None)
        with snapshot(stage.engine) as session:
            assert says in history(session, stage.case)[-1].note
        sink.refuse.clear()
        file_notice(desk_of(stage, sink.port), number, who="keiko")  # nothing is in the way of another try
        assert len(sink.mails) == 1
    assert steps(stage) == ["drafted", "sending", "failed", "sending", "filed"]


def test_an_unreachable_relay_is_one_clear_line(stage: Stage) -> None:
    number = drafted(stage)
    with Sink() as closed:
        port = closed.port
    with pytest.raises(FilingFailed) as caught:
        file_notice(desk_of(stage, port), number, who="keiko")
    assert str(caught.value) == f"127.0.0.1:{port}: no connection to the relay (ConnectionRefusedError)"
    assert view_of(stage, number).state == "draft"
    with snapshot(stage.engine) as session:
        *_, failed = history(session, stage.case)
    assert failed.note == "no connection to the relay (ConnectionRefusedError)", "bundles tell others the log"


def test_a_certificate_that_nobody_vouches_for_stops_it(stage: Stage) -> None:
    number = drafted(stage)
    server, trust = certificate(stage.folder, "127.0.0.1")
    with MailSink(tls=server) as sink:
        desk = desk_of(stage, config=with_mail(stage.config, port=sink.port, security="starttls"))
        with pytest.raises(FilingFailed, match="its TLS certificate is not valid"):
            file_notice(desk, number, who="keiko")
        assert sink.mails == []
        trusting = desk_of(stage, config=desk.config, trust=trust)
        file_notice(trusting, number, who="keiko")
        assert len(sink.mails) == 1


def test_a_message_that_may_have_arrived_waits_for_a_person(stage: Stage) -> None:
    number = drafted(stage)
    with MailSink(mute=True) as sink:
        with pytest.raises(FilingFailed, match="nobody knows whether it arrived") as caught:
            file_notice(desk_of(stage, sink.port, seconds=0.5), number, who="keiko")
        assert len(sink.mails) == 1
        assert caught.value.unknown
        assert view_of(stage, number).sending_at == LATER
        assert "did not end" in refused(desk_of(stage, sink.port), number)
        assert len(sink.mails) == 1


def test_a_copy_that_is_refused_is_told(stage: Stage) -> None:
    number = drafted(stage)
    copies = ("legal@hoshino-denki.example", "gone@hoshino-denki.example")
    with MailSink(refuse={copies[1]: "550 5.1.1 unknown"}) as sink:
        desk = desk_of(stage, config=with_mail(stage.config, port=sink.port, copies=copies))
        done = file_notice(desk, number, who="keiko")
    assert sink.mails[0].recipients == (ABUSE, copies[0])
    assert done.refused == {copies[1]: 550}
    with snapshot(stage.engine) as session:
        assert copies[1] in history(session, stage.case)[-1].note


def test_copies_alone_are_no_filing(stage: Stage) -> None:
    number = drafted(stage)
    with MailSink(refuse={ABUSE: "550 5.1.1 unknown"}) as sink:
        desk = desk_of(stage, config=with_mail(stage.config, port=sink.port, copies=("legal@hoshino-denki.example",)))
        with pytest.raises(FilingFailed, match=rf"refused {ABUSE} \(550\) and took the copies alone"):
            file_notice(desk, number, who="keiko")
    assert view_of(stage, number).state == "draft"


def test_without_a_relay_no_mail_leaves(stage: Stage) -> None:
    number = drafted(stage)
    config = with_takedown(stage.config, mail=None)
    assert "[takedown.mail] needs sender and host" in refused(desk_of(stage, config=config), number)


@pytest.mark.parametrize(
    "contact",
    [
        "abuse@registrar.example, evil@c.example",
        "abuse@registrar.example\r\nBcc: evil@c.example",
        "a@b@c.example",
        "abuse@localhost",
        "abuse",
        "",
        "<>",
    ],
)
def test_a_contact_that_is_no_single_address_stops_it(stage: Stage, contact: str) -> None:
    number = drafted(stage, to=(contact,))
    with MailSink() as sink:
        assert "draft the notice again" in refused(desk_of(stage, sink.port), number)
        assert sink.mails == []


@pytest.mark.parametrize("contact", ["Bcc: evil@c.example\r\n <abuse@registrar.example>", " abuse@registrar.example "])
def test_a_name_beside_an_address_adds_nobody(stage: Stage, contact: str) -> None:
    number = drafted(stage, to=(contact,))
    with MailSink() as sink:
        file_notice(desk_of(stage, sink.port), number, who="keiko")
    [mail] = sink.mails
    assert mail.recipients == (ABUSE,)
    assert mail.message["To"] == ABUSE
    assert b"evil" not in mail.raw.partition(b"\r\n\r\n")[0]


def test_a_catalogue_that_names_another_address_wants_a_new_draft(stage: Stage) -> None:
    number = drafted(stage, "apwg")
    catalogue = changed("apwg", address="new-desk@apwg.example")
    assert "the catalogue names new-desk@apwg.example" in refused(desk_of(stage, catalogue=catalogue), number)


def test_unknown_notices_and_channels_are_told(stage: Stage) -> None:
    with pytest.raises(NoticeNotFound, match="there is no notice 77"):
        file_notice(desk_of(stage), 77, who="keiko")
    number = drafted(stage, "apwg")
    empty = Catalogue({channel.key: channel for channel in SHIPPED if channel.key != "apwg"})
    with pytest.raises(UnknownChannel, match="there is no channel 'apwg'"):
        file_notice(desk_of(stage, catalogue=empty), number, who="keiko")


def test_a_form_is_filed_by_the_person_who_filled_it_in(stage: Stage) -> None:
    number = drafted(stage, "cloudflare-phishing")
    out = prepare(desk_of(stage), number)
    assert out.letter is None
    assert out.call is None
    done = file_notice(desk_of(stage), number, who="keiko", theirs="CF-88123")
    assert (done.view.state, done.view.their_reference) == ("filed", "CF-88123")
    assert done.view.manifest is not None
    manifest = json.loads(stage.media.read(done.view.manifest))
    [content] = [file for file in manifest["files"] if file["role"] == "content"]
    assert json.loads(stage.media.read(content["sha256"])) == json.loads(json.dumps(dict(done.view.content)))
    assert custody(stage).manifest == done.view.manifest
    assert case_of(stage).state == "takedown"


def test_only_a_form_gives_its_reference_to_the_person(stage: Stage) -> None:
    number = drafted(stage)
    assert "gets its reference from registrar" in refused(desk_of(stage), number, theirs="X-1")
    assert case_of(stage).state == "confirmed"


def test_a_database_that_fails_after_sending_says_so(stage: Stage) -> None:
    number = drafted(stage)
    with transaction(stage.engine) as session:
        session.execute(text("CREATE TRIGGER full_disk BEFORE INSERT ON custody BEGIN SELECT RAISE(FAIL, 'disk'); END"))
    with MailSink() as sink:
        with pytest.raises(FilingFailed, match="has left, but that could not be written down"):
            file_notice(desk_of(stage, sink.port), number, who="keiko")
        assert len(sink.mails) == 1
    assert view_of(stage, number).sending_at == LATER


def test_the_password_of_the_relay_is_nowhere_but_there(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    (stage.folder / "password").write_text(SECRET)
    server, trust = certificate(stage.folder, "127.0.0.1")
    number = drafted(stage)
    with MailSink(tls=server, accounts={"mekiki": "another one"}) as sink:
        mail = stage.config.takedown.mail
        assert mail is not None
        row = mail.model_dump(exclude={"password"}) | {
            "port": sink.port,
            "security": "starttls",
            "user": "mekiki",
            "password": "file:password",
        }
        config = with_takedown(stage.config, mail=type(mail).model_validate(row, context={"base": stage.folder}))
        with pytest.raises(FilingFailed, match="the relay answered 535") as caught:
            file_notice(desk_of(stage, config=config, trust=trust), number, who="keiko")
        assert sink.logins
    ours = "".join(record.getMessage() for record in caplog.records if record.name != "mail.log")  # the sink's own
    assert "selector" in ours
    assert SECRET not in str(caught.value) + ours
    stage.engine.dispose()
    for path in stage.folder.rglob("*"):
        if path.is_file() and path.name != "password":
            assert SECRET.encode() not in path.read_bytes(), path.name
