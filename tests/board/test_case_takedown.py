"""Journeys, the plan, notices and the bundle of a case, over the stage of the tests of takedowns."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image
from sqlalchemy import select
from starlette.testclient import TestClient

from board import signing
from board.app import make_app
from board.board import Board
from desk.likeness import Likenesses
from detector.visits import Hop, Visit
from storage.accounts import add_account
from storage.cases import case_detail
from storage.columns import digest_of
from storage.database import snapshot, transaction
from storage.judgements import Judgement, judge
from storage.notices import history
from storage.schema import BoardSessionRow, CustodyRow
from storage.visits import LinkToVisit, save_visits, visits_of
from takedown.catalogue import load_catalogue
from tests.board.conftest import LOGINS, ORIGIN, PASSWORD, QUICK, Somebody
from tests.board.posted import forms_of
from tests.servers.mail import MailSink
from tests.takedown.conftest import set_up, stage
from tests.takedown.desk import ABUSE, LATER, drafted, view_of, with_mail, with_takedown
from tests.takedown.stage import LANDING, LINK, Stage

__all__ = ["set_up", "stage"]

Open = Callable[..., Somebody]


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as running:
        yield running


@pytest.fixture
def opened(stage: Stage, sink: MailSink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Sign somebody in to a board over the stage; `approvers` makes a second person necessary."""
    monkeypatch.setattr(signing, "HASHER", QUICK)
    monkeypatch.setattr(signing, "_SOMETHING", QUICK.hash("anything"))
    with transaction(stage.engine) as session:
        for role, login in LOGINS.items():
            add_account(session, login, role, QUICK.hash(PASSWORD), now=LATER)
    plain = with_mail(stage.config, port=sink.port)
    clients = []
    with Likenesses(plain.brand, stage.media) as likenesses:

        def make(role: str, *approvers: str) -> Somebody:
            config = with_takedown(plain, second_approver=True, approvers=approvers) if approvers else plain
            board = Board(
                config=config,
                engine=stage.engine,
                media=stage.media,
                catalogue=load_catalogue(None),
                likenesses=likenesses,
                now=lambda: LATER,
            )
            client = TestClient(make_app(board), base_url=ORIGIN, follow_redirects=False)
            clients.append(client)
            one = Somebody(client=client)
            login = LOGINS[role]  # type: ignore[index]  # a role
            assert one.post("/sign-in", {"login": login, "password": PASSWORD}).status_code == 303
            with snapshot(stage.engine) as session:
                tokens = select(BoardSessionRow.token).where(BoardSessionRow.login == login)
                one.token = session.scalars(tokens).all()[-1]
            return one

        yield make
        for client in clients:
            client.close()


def read_of(stage: Stage, number: int) -> str:
    return digest_of(view_of(stage, number).content)[:16]


def seen_in(page: str) -> dict[str, str]:
    """Return what the forms of a notice's page say was seen."""
    return dict(re.findall(r'name="(seen|read)" value="(\w+)"', page))


def seen_of(stage: Stage, number: int) -> str:
    with snapshot(stage.engine) as session:
        steps = history(session, view_of(stage, number).case_id)
    return str(max(step.entry for step in steps if step.notice_id == number))


def test_a_journey_shows_each_hop_with_who_stands_behind_it(stage: Stage, opened: Open) -> None:
    page = unescape(opened("viewer").get(f"/case/{stage.case}").text)
    with snapshot(stage.engine) as session:
        visits = visits_of(session, stage.case)
        registration = case_detail(session, stage.case).registration
    assert registration
    assert registration.facts["registrar"] in page
    assert f"registered {registration.facts['created'][:10]}" in page
    for hop in (hop for visit in visits for hop in visit.hops):
        assert hop.url.replace("https://", "hxxps://").replace(".", "[.]") in page, hop.url
        assert not hop.address or hop.address.replace(".", "[.]") in page
    assert f'data-copy="{LINK}"' in page
    assert f'data-copy="{LANDING}"' in page
    assert "LINE account" in page
    for visit in visits:
        assert visit.says in page
        assert {"offer_seen": "page seen", "differs": "differs"}[visit.outcome] in page


def test_what_could_not_be_told_never_reads_as_clean(stage: Stage, opened: Open) -> None:
    one = Visit(
        url=LINK,
        visitor="abroad",
        started_at=LATER,
        hops=(Hop(url=LINK, how="start", at=LATER, seconds=1.0, problem="timeout"),),
        landing=None,
        outcome="could_not_tell",
        says="no answer (timeout)",
    )
    with transaction(stage.engine) as session:
        link = LinkToVisit(url=LINK, cases=(stage.case,), items=())
        save_visits(session, link, [one], who="mekiki", authority=None, now=LATER)
    page = unescape(opened("viewer").get(f"/case/{stage.case}").text)
    found = re.search(r'<article class="visitor could_not_tell">.*?</article>', page, re.DOTALL)
    assert found
    assert "could not tell" in found[0]
    assert "no answer (timeout)" in found[0]
    assert "page seen" not in found[0]


def test_differences_of_two_visitors_are_marked_in_both(stage: Stage, opened: Open) -> None:
    with snapshot(stage.engine) as session:
        [first, *_] = [visit for visit in visits_of(session, stage.case) if visit.landing]
    assert first.landing
    said = {"telephone": "Sale today 4,990 yen only", "plain": "Sale today 9,800 yen only"}
    seen = [
        replace(
            first, visitor=name, started_at=LATER + timedelta(seconds=number), screenshot=None,
            landing=replace(first.landing, title="Shop", excerpt=words),
        )
        for number, (name, words) in enumerate(said.items())
    ]  # fmt: skip
    with transaction(stage.engine) as session:
        link = LinkToVisit(url=LINK, cases=(stage.case,), items=())
        save_visits(session, link, seen, who="mekiki", authority=None, now=LATER)
    page = opened("viewer").get(f"/case/{stage.case}").text
    for part in ("4,990", "9,800"):
        assert f'Sale today <mark class="differs">{part}</mark> yen only' in page
    assert '<mark class="differs">Shop' not in page


def test_a_screenshot_is_given_for_its_own_case_alone(stage: Stage, opened: Open) -> None:
    with snapshot(stage.engine) as session:
        theirs, other = ({visit.screenshot for visit in visits_of(session, case)} for case in (stage.case, stage.other))
    shot = next(one for one in theirs if one is not None)
    unknown = stage.media.put(b"what no visit of a case has made")
    one = opened("viewer")
    answer = one.get(f"/case/{stage.case}/screen/{shot}?side=320")
    assert answer.status_code == 200
    assert max(Image.open(BytesIO(answer.content)).size) <= 320
    assert one.get(f"/case/{stage.case}/screen/{unknown}").status_code == 404
    assert one.get(f"/case/{stage.other}/screen/{shot}").status_code == (200 if shot in other else 404)
    assert one.get(f"/case/{stage.case}/screen/{shot}?side=9000").status_code == 404


def draft_form(page: str, channel: str) -> dict[str, str]:
    """Return the form of a plan that drafts a notice to a channel."""
    forms = re.findall(r'<form[^>]*/notices"[^>]*>(.*?)</form>', unescape(page), re.DOTALL)
    [form, *_] = [form for form in forms if f'name="channel" value="{channel}"' in form]
    return {**dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)), "again": ""}


def test_a_plan_leads_to_a_draft_and_nothing_leaves(stage: Stage, opened: Open, sink: MailSink) -> None:
    one = opened("analyst")
    fields = draft_form(one.get(f"/case/{stage.case}/plan").text, "registrar")
    assert "<form" not in opened("viewer").get(f"/case/{stage.case}/plan").text.partition('class="plan"')[2]
    answer = one.client.post(f"/case/{stage.case}/notices", data=fields, headers=one.headers)
    number = int(answer.headers["location"].rpartition("/")[2])
    view = view_of(stage, number)
    assert (view.channel, view.state, view.drafted_by) == ("registrar", "draft", "aoki")
    page = unescape(one.get(f"/notice/{number}").text)
    assert view.reference in page
    assert view.content["title"].replace(".test", "[.]test") in page
    assert "An approver files it." in one.get(f"/notice/{number}/outgoing").text
    assert f'action="/notice/{number}/file"' not in one.get(f"/notice/{number}/outgoing").text
    assert one.post(f"/notice/{number}/file", {"read": read_of(stage, number)}).status_code == 403
    assert one.post(f"/case/{stage.case}/notices", {"channel": "nobody"}).status_code == 422
    assert one.post(f"/case/{stage.other}/notices", {"channel": "registrar"}).status_code == 422
    assert sink.mails == []


def test_a_draft_takes_the_place_of_the_one_that_was_seen(stage: Stage, opened: Open) -> None:
    path, plan = f"/case/{stage.case}/notices", f"/case/{stage.case}/plan"
    one, other, third = opened("analyst"), opened("approver"), opened("admin", "suzuki", "kimura")
    forms = [draft_form(person.get(plan).text, "registrar") for person in (one, other)]
    first, second = (
        person.client.post(path, data=form, headers=person.headers)
        for person, form in zip((one, other), forms, strict=True)
    )
    assert (first.status_code, second.status_code) == (303, 409)
    assert "was drafted by aoki meanwhile" in second.text
    number = int(first.headers["location"].rpartition("/")[2])
    assert view_of(stage, number).drafted_by == "aoki"
    form = draft_form(other.get(plan).text, "registrar")
    assert third.post(f"/notice/{number}/approve", {"read": read_of(stage, number)}).status_code == 303
    assert other.client.post(path, data=form, headers=other.headers).status_code == 409  # what was approved since
    form = draft_form(other.get(plan).text, "registrar")
    assert other.client.post(path, data=form, headers=other.headers).headers["location"] == f"/notice/{number}"
    assert view_of(stage, number).drafted_by == "suzuki"
    other.headers["Accept-Language"] = "ja"
    answer = other.client.post(path, data={**form, "seen": "", "once": ""}, headers=other.headers)
    assert (answer.status_code, "下書きは suzuki が先に作成しました" in answer.text) == (409, True)
    assert other.post(f"/notice/{number}/withdraw", seen_in(other.get(f"/notice/{number}").text)).status_code == 303
    answer = other.client.post(path, data={**form, "once": ""}, headers=other.headers)
    assert (answer.status_code, "提出または取り下げられています" in answer.text) == (409, True)


def test_a_notice_leaves_as_it_was_read_on_an_approvers_word(stage: Stage, opened: Open, sink: MailSink) -> None:
    number, one = drafted(stage), opened("approver")
    page = unescape(one.get(f"/notice/{number}/outgoing").text)
    assert ABUSE.replace(".", "[.]") in page
    read = re.findall(r'name="read" value="(\w+)"', page)[0]
    assert sink.mails == []
    drafted(stage, body="Other words than those that were read. " + view_of(stage, number).reference)
    refused = one.post(f"/notice/{number}/file", {"read": read})
    assert (refused.status_code, "not what you have read" in refused.text) == (409, True)
    assert one.post(f"/notice/{number}/file", {"read": ""}).status_code == 422
    assert sink.mails == []
    answer = one.post(f"/notice/{number}/file", {"read": read_of(stage, number)})
    assert answer.headers["location"] == f"/notice/{number}"
    assert len(sink.mails) == 1
    view = view_of(stage, number)
    assert (view.state, view.filed_by) == ("filed", "suzuki")
    assert one.post(f"/notice/{number}/file", {"read": read_of(stage, number)}).status_code == 422
    assert len(sink.mails) == 1


def test_where_a_second_person_is_agreed_a_draft_waits_for_one(stage: Stage, opened: Open, sink: MailSink) -> None:
    number = drafted(stage)
    one = opened("approver", "suzuki", "kimura")
    assert "waits for approval" in one.get(f"/notice/{number}/outgoing").text
    assert one.post(f"/notice/{number}/file", {"read": read_of(stage, number)}).status_code == 422
    assert one.post(f"/notice/{number}/approve", {"read": "0" * 16}).status_code == 409
    other = opened("approver", "kimura")
    assert other.post(f"/notice/{number}/approve", {"read": read_of(stage, number)}).status_code == 422
    assert f'action="/notice/{number}/approve"' in one.get(f"/notice/{number}").text
    admin = opened("admin", "suzuki", "kimura")
    answer = admin.post(f"/notice/{number}/approve", {"read": read_of(stage, number), "note": "read"})
    assert answer.status_code == 303, answer.text
    assert view_of(stage, number).approved_by == "kimura"
    assert sink.mails == []


def test_what_was_learned_is_written_down(stage: Stage, opened: Open) -> None:
    number = drafted(stage)
    approver, one = opened("approver"), opened("analyst")
    approver.post(f"/notice/{number}/file", {"read": read_of(stage, number)})

    def post(step: str, **fields: str) -> int:
        form = {**fields, "seen": seen_in(one.get(f"/notice/{number}").text)["seen"]}
        return one.post(f"/notice/{number}/{step}", form).status_code

    assert post("state", state="acknowledged", theirs="ABC-7") == 303
    assert post("state", state="refused") == 422
    assert post("state", state="") == 422
    assert post("state", state="gone") == 422
    assert post("state", state="refused", reason="no trademark <b>") == 303
    view = view_of(stage, number)
    assert (view.state, view.their_reference, view.refused_for) == ("refused", "ABC-7", "no trademark <b>")
    page = one.get(f"/notice/{number}").text
    assert "no trademark &lt;b&gt;" in page
    assert post("withdraw", note="") == 422
    assert post("withdraw", note="told them by mail") == 303
    with snapshot(stage.engine) as session:
        steps = [(step.step, step.who) for step in history(session, stage.case) if step.notice_id == number]
    assert steps[-3:] == [("acknowledged", "aoki"), ("refused", "aoki"), ("withdrawn", "aoki")]
    assert "Notices" not in page
    assert view.reference in one.get(f"/case/{stage.case}").text


def test_of_two_people_at_once_the_second_overwrites_nothing(stage: Stage, opened: Open) -> None:
    number = drafted(stage)
    approver, one = opened("approver"), opened("analyst")
    approver.post(f"/notice/{number}/file", {"read": read_of(stage, number)})
    seen = seen_in(approver.get(f"/notice/{number}").text)["seen"]
    assert one.post(f"/notice/{number}/state", {"theirs": "ABC-7", "seen": seen}).status_code == 303
    before = seen_of(stage, number)
    for path, form in {
        "state": {"theirs": "XYZ"},
        "state?": {"state": "refused", "reason": "no"},
        "withdraw": {"note": "told them"},
        "retry": {},
    }.items():
        answer = approver.post(f"/notice/{number}/{path}", {**form, "seen": seen})
        assert (answer.status_code, "(reference by aoki)" in answer.text) == (409, True), path
        for nothing in ("", "x", "-1"):
            assert approver.post(f"/notice/{number}/{path}", {**form, "seen": nothing}).status_code == 422
    assert seen_of(stage, number) == before
    approver.headers["Accept-Language"] = "ja"
    answer = approver.post(f"/notice/{number}/state", {"theirs": "XYZ", "seen": seen})
    assert f"削除申請{number}は aoki が先に更新しました。" in answer.text
    view = view_of(stage, number)
    assert (view.state, view.their_reference) == ("filed", "ABC-7")


def test_a_draft_is_noted_as_filed_as_it_was_read(stage: Stage, opened: Open) -> None:
    number, one = drafted(stage), opened("approver")
    path, form = f"/notice/{number}/state", {"state": "filed", **seen_in(one.get(f"/notice/{number}").text)}
    assert one.post(path, {**form, "read": "0" * 16}).status_code == 409
    assert one.post(path, {**form, "read": ""}).status_code == 422
    drafted(stage, body="Other words than those that were read. " + view_of(stage, number).reference)
    assert one.post(path, form).status_code == 409
    assert view_of(stage, number).state == "draft"
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="takedown", approvers=()), now=LATER)
    answer = one.post(path, {"state": "filed", **seen_in(one.get(f"/notice/{number}").text)})
    assert answer.status_code == 303, answer.text
    assert view_of(stage, number).filed_by == "suzuki"


def test_an_analyst_may_not_note_that_a_draft_was_filed(stage: Stage, opened: Open) -> None:
    number, one = drafted(stage), opened("analyst")
    form = {"state": "filed", **seen_in(opened("approver").get(f"/notice/{number}").text)}
    answer = one.post(f"/notice/{number}/state", form)
    assert (answer.status_code, "Your role may not do this." in answer.text) == (403, True)
    assert view_of(stage, number).state == "draft"
    with snapshot(stage.engine) as session:
        last = session.scalars(select(CustodyRow).order_by(CustodyRow.number.desc()).limit(1)).one()
        assert (last.who, last.action, last.subject) == ("aoki", "board state", f"notice {number}")
        assert last.data == {"denied": "status 403"}


def test_each_form_of_a_notice_has_a_key_of_its_own(stage: Stage, opened: Open) -> None:
    number, one = drafted(stage), opened("admin")
    for path in (f"/case/{stage.case}/plan", f"/notice/{number}", f"/notice/{number}/outgoing"):
        forms = [form for form in forms_of(one.get(path).text) if form.way.name not in ("sign-out", "language")]
        assert len({form.values("once")[0] for form in forms}) == len(forms) > 0, path


def test_a_bundle_is_given_as_a_file_and_is_on_record(stage: Stage, opened: Open, tmp_path: Path) -> None:
    assert opened("viewer").post(f"/case/{stage.case}/bundle").status_code == 403
    answer = opened("analyst").post(f"/case/{stage.case}/bundle", {"language": "ja"})
    assert answer.status_code == 200
    assert re.fullmatch(r'attachment; filename="mekiki-case-\d+-.*\.zip"', answer.headers["content-disposition"])
    assert answer.headers["content-type"] == "application/zip"
    names = ZipFile(BytesIO(answer.content)).namelist()
    assert {one.rpartition("/")[2] for one in names} >= {"index.html", "summary.pdf", "verify.py"}
    with snapshot(stage.engine) as session:
        rows = session.execute(select(CustodyRow.action, CustodyRow.data).where(CustodyRow.who == "aoki")).all()
    assert [row.data["sha256"] for row in rows if row.action == "bundle"] == [answer.headers["x-bundle-sha256"]]
    assert "board bundle" in [row.action for row in rows]
