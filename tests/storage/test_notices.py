"""What may happen to a notice, who may let it, and what is remembered of it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from storage.cases import Judgement, judge, undo
from storage.database import transaction
from storage.errors import CaseNotFound, NoticeNotFound, NoticeRefused
from storage.merging import merge, unmerge
from storage.notice_list import NoticeFilters, list_notices
from storage.notice_search import matching
from storage.notice_steps import ATTEND, SENDING
from storage.notice_views import chain
from storage.notices import (
    REFERENCE,
    add_reply,
    approve,
    begin_sending,
    filed,
    new_reference,
    notice,
    notices_of,
    save_draft,
    sending_failed,
    set_reference,
    set_state,
    withdraw,
)
from storage.schema import Case, CaseLog
from tests.storage.examples import MINUTE, NOW
from tests.storage.noticed import WEEK, a_case, a_content, a_reply, draft, file, look_up, send, steps

DAY = timedelta(days=1)


@pytest.fixture
def case(engine: Engine) -> int:
    """A case in takedown."""
    return a_case(engine)


def test_our_reference_names_the_case_and_is_never_the_same() -> None:
    made = {new_reference(42) for _ in range(200)}
    assert len(made) == 200
    assert all(REFERENCE.fullmatch(one) and one.startswith("MK-42-") for one in made)


def test_the_way_of_a_notice(engine: Engine, case: int) -> None:
    number = draft(engine, case)
    assert look_up(engine, number).due_at == NOW + ATTEND
    with transaction(engine) as session:
        sent = begin_sending(session, number, who="aki", approvers=(), now=NOW)
        assert (sent.sending_at, sent.due_at) == (NOW, NOW + SENDING)
    with transaction(engine) as session:
        told = {"theirs": "T-99", "manifest": "ab" * 32, "message_id": "<1@hoshino-denki.example>"}
        filed(session, number, who="aki", now=NOW + MINUTE, due=WEEK, **told)
    at = look_up(engine, number)
    assert (at.state, at.sending_at, at.filed_at, at.filed_by) == ("filed", None, NOW + MINUTE, "aki")
    assert (at.their_reference, at.manifest, at.message_id) == tuple(told.values())
    assert at.due_at == NOW + MINUTE + WEEK
    with transaction(engine) as session:
        set_state(session, number, "acknowledged", who="aki", now=NOW + DAY, due=WEEK)
        set_state(session, number, "information_requested", who="aki", now=NOW + 2 * DAY, due=WEEK)
        asked = notice(session, number)
        assert (asked.answered_at, asked.due_at) == (NOW + DAY, NOW + 2 * DAY + ATTEND)
        refused = set_state(session, number, "refused", who="aki", now=NOW + 3 * DAY, due=WEEK, note="no trademark")
        assert (refused.refused_for, refused.settled_at) == ("no trademark", NOW + 3 * DAY)
        down = set_state(session, number, "down", who="aki", now=NOW + 4 * DAY, due=WEEK)
        assert (down.down_at, down.down_by, down.due_at) == (NOW + 4 * DAY, "aki", None)
        back = set_state(session, number, "back", who="aki", now=NOW + 5 * DAY, due=WEEK)
        assert (back.state, back.back_at, back.settled_at) == ("back", NOW + 5 * DAY, None)
        again = set_state(session, number, "down", who="mika", now=NOW + 6 * DAY, due=WEEK)
        assert (again.down_at, again.down_by) == (NOW + 4 * DAY, "aki"), "when it was first seen to be gone"
    with transaction(engine) as session:
        assert steps(session, case, number) == [
            "drafted", "sending", "filed", "acknowledged", "information_requested", "refused", "down", "back", "down"
        ]  # fmt: skip
        entry = session.scalars(select(CaseLog).where(CaseLog.action == "notice").order_by(CaseLog.id)).all()[2]
        assert entry.data["notice"] == number
        assert (entry.data["reference"], entry.data["channel"]) == (at.reference, "example-registrar")


@pytest.mark.parametrize(
    ("actions", "says"),
    [
        (("hold",), "is open: judge it first"),
        (("dismiss",), "is dismissed: nothing is asked of anybody for it"),
        (("confirm", "close"), "is closed: nothing is asked"),
    ],
)
def test_nothing_is_drafted_for_a_case_that_nobody_has_confirmed(
    engine: Engine, actions: tuple[Any, ...], says: str
) -> None:
    case = a_case(engine, 1, *actions)
    with pytest.raises(NoticeRefused, match=says):
        draft(engine, case)
    with transaction(engine) as session:
        assert notices_of(session, case) == ()


def test_a_notice_of_no_case_is_refused(engine: Engine) -> None:
    with pytest.raises(CaseNotFound, match="there is no case 77"):
        draft(engine, 77)


def test_a_draft_takes_the_place_of_the_one_before(engine: Engine, case: int) -> None:
    number = draft(engine, case)
    with transaction(engine) as session:
        approve(session, number, who="boss", approvers=("boss",), now=NOW)
    assert draft(engine, case, body="Better.", who="mika", now=NOW + DAY) == number
    at = look_up(engine, number)
    assert (at.content["body"], at.drafted_by, at.drafted_at) == ("Better.", "mika", NOW + DAY)
    assert at.approved_at is None, "what was approved is not what would be sent now"
    assert draft(engine, case, subject="other.test") != number
    assert draft(engine, case, channel="example-host") != number


def test_a_draft_that_was_filed_or_withdrawn_meanwhile_is_not_written_anew(engine: Engine, case: int) -> None:
    for number in (file(engine, case), draft(engine, case, subject="other.test")):
        with transaction(engine) as session:
            at = notice(session, number)
            if at.state == "draft":
                withdraw(session, number, who="aki", now=NOW)
        with pytest.raises(NoticeRefused, match="at this moment"), transaction(engine) as session:
            save_draft(session, at.content, who="mika", now=NOW, again=True)
        assert look_up(engine, number).drafted_by == "aki"


def test_filing_anew_knows_what_it_follows(engine: Engine, case: int) -> None:
    first = file(engine, case)
    with pytest.raises(
        NoticeRefused,
        match=f"notice {first} was filed with example-registrar on 2026-11-22 and is filed; --again files it anew",
    ):
        draft(engine, case)
    second = draft(engine, case, again=True)
    assert look_up(engine, second).previous_id == first
    with transaction(engine) as session:
        set_state(session, first, "refused", who="aki", now=NOW, due=WEEK, note="no right")
    assert look_up(engine, first).due_at is not None
    send(engine, second)
    assert look_up(engine, first).due_at is None, "it is followed up"
    with transaction(engine) as session:
        set_state(session, second, "down", who="aki", now=NOW + DAY, due=WEEK)
        set_state(session, second, "back", who="aki", now=NOW + 2 * DAY, due=WEEK)
    third = draft(engine, case)
    with transaction(engine) as session:
        known = chain(notices_of(session, case), third)
    assert [(one.id, one.state, one.refused_for, one.back_at) for one in known] == [
        (first, "refused", "no right", None),
        (second, "back", None, NOW + 2 * DAY),
        (third, "draft", None, None),
    ]


def test_a_refusal_is_followed_up_by_whoever_is_asked_next_about_the_same(engine: Engine, case: int) -> None:
    first, other = file(engine, case), file(engine, case, actor="host", subject="203.0.113.7")
    with transaction(engine) as session:
        for number in (first, other):
            set_state(session, number, "refused", who="aki", now=NOW, due=WEEK, note="no")
    file(engine, case, channel="example-dispute")
    assert look_up(engine, first).due_at is None
    assert look_up(engine, other).due_at == NOW + ATTEND


def test_only_another_person_approves(engine: Engine) -> None:
    case = a_case(engine)  # aki has asked for the takedown
    number = draft(engine, case, who="mika")
    for who, says in (
        ("stranger", "stranger may not approve notices; .takedown. approvers names aki, mika, boss"),
        ("mika", f"mika has drafted notice {number}; another person must approve it"),
        ("aki", f"aki has asked for the takedown of case {case}; another person must approve it"),
    ):
        with pytest.raises(NoticeRefused, match=says), transaction(engine) as session:
            approve(session, number, who=who, approvers=("aki", "mika", "boss"), now=NOW)
    with (
        pytest.raises(NoticeRefused, match=rf"waits for approval by another person \(boss\): .*approve {number}"),
        transaction(engine) as session,
    ):
        begin_sending(session, number, who="aki", approvers=("boss",), now=NOW)
    with transaction(engine) as session:
        approve(session, number, who="boss", approvers=("aki", "mika", "boss"), now=NOW)
        begin_sending(session, number, who="aki", approvers=("boss",), now=NOW)
    with pytest.raises(NoticeRefused, match="did not end"), transaction(engine) as session:
        approve(session, number, who="boss", approvers=("boss",), now=NOW)


def test_nothing_is_filed_while_the_case_is_not_in_takedown(engine: Engine) -> None:
    case = a_case(engine, 1, "confirm")
    number = draft(engine, case)
    with pytest.raises(NoticeRefused, match=r"is confirmed; filing notice 1 needs it in takedown$"):
        send(engine, number)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="mika", action="takedown", approvers=("boss",)), now=NOW)
    with pytest.raises(NoticeRefused, match="the takedown that mika asked for waits for another person's approval"):
        send(engine, number)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="boss", action="approve", approvers=("boss",)), now=NOW)
    send(engine, number)


def test_a_try_that_did_not_end_keeps_everybody_from_filing_twice(engine: Engine, case: int) -> None:
    number = draft(engine, case)
    with transaction(engine) as session:
        begin_sending(session, number, who="aki", approvers=(), now=NOW)
    says = rf"notice {number}: a try of 2026-11-22 03:04 UTC did not end: look whether it arrived, then "
    for step in (
        lambda session: begin_sending(session, number, who="mika", approvers=(), now=NOW),
        lambda session: withdraw(session, number, who="mika", now=NOW),
        lambda session: save_draft(session, a_content(case), who="mika", now=NOW),
    ):
        with pytest.raises(NoticeRefused, match=says), transaction(engine) as session:
            step(session)
    with transaction(engine) as session:
        sending_failed(session, number, who="aki", now=NOW, note="it did not arrive")
    send(engine, number)
    assert look_up(engine, number).state == "filed"


def test_two_people_at_once_file_a_notice_once(engine: Engine, case: int) -> None:
    number = draft(engine, case)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def press(who: str) -> None:
        ready.wait()
        try:
            with transaction(engine) as session:
                begin_sending(session, number, who=who, approvers=(), now=NOW)
            outcomes.append(who)
        except NoticeRefused:
            outcomes.append("refused")

    people = [threading.Thread(target=press, args=(who,)) for who in ("aki", "mika")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert sorted(outcomes)[1] == "refused"
    assert {"aki", "mika"} & set(outcomes)


def test_two_people_at_once_draft_one_notice(engine: Engine, case: int) -> None:
    ready = threading.Barrier(2)

    def press(who: str) -> None:
        ready.wait()
        draft(engine, case, who=who)

    people = [threading.Thread(target=press, args=(who,)) for who in ("aki", "mika")]
    for one in people:
        one.start()
    for one in people:
        one.join()
    with transaction(engine) as session:
        assert len(notices_of(session, case)) == 1


@pytest.mark.parametrize("state", ["acknowledged", "information_requested", "down", "back"])
def test_a_draft_has_no_answer(engine: Engine, case: int, state: Any) -> None:
    number = draft(engine, case)
    with pytest.raises(NoticeRefused, match=f"notice {number} is a draft; "), transaction(engine) as session:
        set_state(session, number, state, who="aki", now=NOW, due=WEEK)


def test_a_refusal_needs_its_reason(engine: Engine, case: int) -> None:
    number = file(engine, case)
    with pytest.raises(NoticeRefused, match="Say it with --reason"), transaction(engine) as session:
        set_state(session, number, "refused", who="aki", now=NOW, due=WEEK, note=" ")


def test_a_refusal_that_they_think_over_is_none(engine: Engine, case: int) -> None:
    number = file(engine, case)
    with transaction(engine) as session:
        set_state(session, number, "refused", who="aki", now=NOW, due=WEEK, note="no")
        set_state(session, number, "acknowledged", who="aki", now=NOW, due=WEEK)
    at = look_up(engine, number)
    assert (at.refused_for, at.settled_at, at.due_at) == (None, None, NOW + WEEK)


def test_a_notice_that_was_filed_is_withdrawn_only_when_they_were_told(engine: Engine, case: int) -> None:
    loose, sent = draft(engine, case, subject="other.test"), file(engine, case)
    with transaction(engine) as session:
        withdraw(session, loose, who="aki", now=NOW)
    assert look_up(engine, loose).state == "withdrawn"
    says = "tell them that it is withdrawn, then say with --note how you did"
    with pytest.raises(NoticeRefused, match=says), transaction(engine) as session:
        withdraw(session, sent, who="aki", now=NOW)
    with transaction(engine) as session:
        withdraw(session, sent, who="aki", now=NOW, note="mail of today")
    at = look_up(engine, sent)
    assert (at.state, at.filed_at, at.due_at) == ("withdrawn", NOW, None), "it stays on record that it was filed"
    says = "is withdrawn; down needs one that is filed, acknowledged, "
    with pytest.raises(NoticeRefused, match=says), transaction(engine) as session:
        set_state(session, sent, "down", who="aki", now=NOW, due=WEEK)


def test_a_message_that_comes_back_is_kept_once_and_acknowledges(engine: Engine, case: int) -> None:
    number = file(engine, case)
    with transaction(engine) as session:
        assert add_reply(session, number, a_reply(answers=False), who="aki", now=NOW, due=WEEK)
    assert look_up(engine, number).state == "filed", "a mail that was returned is no answer"
    with transaction(engine) as session:
        assert add_reply(session, number, a_reply("b" * 64, suggests="down"), who="aki", now=NOW + DAY, due=WEEK)
        assert not add_reply(session, number, a_reply("b" * 64), who="mika", now=NOW + 2 * DAY, due=WEEK)
    at = look_up(engine, number)
    assert (at.state, at.answered_at, at.due_at) == ("acknowledged", NOW + DAY, NOW + WEEK), (
        "it waits no longer for what anybody can write"
    )
    assert [(one.digest[0], one.suggests) for one in at.replies] == [("a", None), ("b", "down")]
    with transaction(engine) as session:
        set_state(session, number, "refused", who="aki", now=NOW + 2 * DAY, due=WEEK, note="no")
        add_reply(session, number, a_reply("c" * 64), who="aki", now=NOW + 3 * DAY, due=WEEK)
    assert look_up(engine, number).state == "refused", "what an answer means is said by a person"


def test_a_notice_is_found_by_every_name_that_it_has(engine: Engine, case: int) -> None:
    number, other = file(engine, case), file(engine, case, subject="other.test")
    ours = look_up(engine, number).reference
    with transaction(engine) as session:
        set_reference(session, number, " 2026-11/7 ", who="aki", now=NOW)
        set_state(session, other, "acknowledged", who="aki", now=NOW, due=WEEK, theirs="A-8")
        for name in (str(number), ours, ours.lower(), "2026-11/7"):
            assert notice(session, name).id == number
        assert notice(session, "A-8").id == other
        found = matching(session, references=[ours.lower(), "MK-9-00000000"], theirs=["A-8", "x"])
        assert found == {"reference": (number,), "their_reference": (other,)}
        assert matching(session, squeezed=["a8", "x"]) == {"their_reference": (other,)}
        assert matching(session, theirs=["a8"]) == {"their_reference": ()}
        with pytest.raises(NoticeNotFound, match="there is no notice 99; `mekiki takedown list` shows all"):
            notice(session, "99")
        set_reference(session, other, "2026-11/7", who="aki", now=NOW)
        with pytest.raises(NoticeNotFound, match=f"several notices are called 2026-11/7: {number}, {other}"):
            notice(session, "2026-11/7")


def test_notices_stay_with_a_case_that_becomes_a_part_of_another(engine: Engine) -> None:
    whole = a_case(engine, 1, "confirm", "takedown")
    part = a_case(engine, 2, "confirm", host="hoshino-outlet.test")
    assert whole != part
    number = draft(engine, part, subject="hoshino-outlet.test")
    with transaction(engine) as session:
        merge(session, [whole, part], who="aki", now=NOW)
    send(engine, number)  # the whole is in takedown
    with transaction(engine) as session:
        assert [one.id for one in notices_of(session, whole)] == [number]
        assert [one.id for one in list_notices(session, NoticeFilters(case=part))] == [number]
        assert steps(session, part, number) == ["drafted", "sending", "filed"]
        with pytest.raises(NoticeRefused, match="--again files it anew"):
            save_draft(session, a_content(whole, subject="hoshino-outlet.test"), who="aki", now=NOW)
        unmerge(session, part, who="aki", now=NOW)
        assert notices_of(session, whole) == ()
        assert [one.state for one in notices_of(session, part)] == ["filed"]


def test_taking_a_judgement_back_steps_over_what_happened_to_notices(engine: Engine, case: int) -> None:
    file(engine, case)
    with transaction(engine) as session:
        undo(session, case, who="aki", now=NOW)
        assert session.scalars(select(Case.state).where(Case.id == case)).one() == "confirmed"
        assert [one.state for one in notices_of(session, case)] == ["filed"]


def test_lists_are_read_a_page_at_a_time_the_newest_first(engine: Engine, case: int) -> None:
    numbers = [draft(engine, case, subject=f"{number}.test") for number in range(5)]
    send(engine, numbers[1]), send(engine, numbers[3])
    with transaction(engine) as session:
        first = list_notices(session, limit=2)
        assert [one.id for one in first] == numbers[:2:-1]
        assert [one.id for one in list_notices(session, before=first[-1].id)] == numbers[2::-1]
        by_state = NoticeFilters(states=("filed", "withdrawn"))
        assert [one.id for one in list_notices(session, by_state)] == [numbers[3], numbers[1]]
        both = NoticeFilters(states=("filed",), channels=("example-registrar", "other"))
        assert [one.id for one in list_notices(session, both, limit=1)] == [numbers[3]]
        assert list_notices(session, NoticeFilters(channels=("other",))) == ()
        assert len(list_notices(session, NoticeFilters(channels=("example-registrar",)))) == 5
