"""What rechecks and judgements say of notices: down, back, and taken back with the judgement."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from detector.visits import Hop, Visit, outcome_of
from storage.cases import Judgement, judge, undo
from storage.database import transaction
from storage.merging import merge
from storage.notice_due import due_notices
from storage.notice_figures import channel_figures
from storage.notice_steps import ATTEND
from storage.notices import add_reply, history, notices_of, set_state
from storage.registrations import Registration, save_registration
from storage.visits import LinkToVisit, presences, save_visits
from tests.storage.examples import FAKE_HOST, MINUTE, NOW, an_item, see
from tests.storage.noticed import WEEK, a_case, a_reply, draft, file, look_up, steps
from tests.storage.test_presences import ONE, SHOP, TWO, look


@pytest.fixture
def case(engine: Engine) -> int:
    """A case in takedown with two links."""
    [found] = see(engine, SHOP).cases
    with transaction(engine) as session:
        actions: tuple[Any, ...] = ("confirm", "takedown")
        for action in actions:
            judge(session, found, Judgement(who="aki", action=action, approvers=()), now=NOW)
    return found


def states(engine: Engine, case: int) -> list[str]:
    with transaction(engine) as session:
        return [one.state for one in notices_of(session, case)]


def history_of(engine: Engine, case: int, number: int) -> Sequence[str]:
    with transaction(engine) as session:
        return steps(session, case, number)


def judged(engine: Engine, case: int, action: Any, minutes: int, who: str = "mika") -> None:
    with transaction(engine) as session:
        judge(session, case, Judgement(who=who, action=action, approvers=()), now=NOW + minutes * MINUTE)


def test_a_notice_is_down_when_all_of_its_own_links_are(engine: Engine, case: int) -> None:
    one = file(engine, case, links=[ONE], subject="one")
    both = file(engine, case, links=[ONE, TWO], subject="both")
    none = file(engine, case, links=[], subject="none")
    loose = draft(engine, case, links=[ONE], subject="draft")
    look(engine, case, ONE, 503, 1)
    assert states(engine, case) == ["filed", "filed", "filed", "draft"], "not seen is not gone"
    look(engine, case, ONE, 404, 2)
    assert states(engine, case) == ["down", "filed", "filed", "draft"]
    at = look_up(engine, one)
    assert (at.down_at, at.down_by, at.due_at) == (NOW + 2 * MINUTE, "mekiki", None)
    look(engine, case, TWO, 404, 3)
    assert states(engine, case) == ["down", "down", "down", "draft"], "what names no link goes with the case"
    assert history_of(engine, case, both) == ["drafted", "sending", "filed", "down"]
    assert look_up(engine, none).down_at == NOW + 3 * MINUTE
    assert look_up(engine, loose).state == "draft"


def test_a_page_that_is_gone_says_nothing_of_who_showed_its_ad_or_warned_of_it(engine: Engine, case: int) -> None:
    file(engine, case, links=[ONE, TWO], actor="platform", subject="meta")
    file(engine, case, links=[], actor="everyone", subject="everyone")
    file(engine, case, links=[ONE, TWO], actor="host", subject="203.0.113.7")
    for minutes, link in ((1, ONE), (2, TWO)):
        look(engine, case, link, 404, minutes)
    assert states(engine, case) == ["filed", "filed", "down"]
    with transaction(engine) as session:
        due = due_notices(session, NOW + 2 * WEEK, approvals=False)
    assert [(one.notice.subject, one.why) for one in due.notices] == [("meta", "overdue")], "a warning needs no answer"


def test_a_page_where_another_link_ends_goes_with_that_link(engine: Engine) -> None:
    """It is not followed itself, so that nothing of its own will ever say that it is gone."""
    end = f"https://{FAKE_HOST}/order"
    [case] = see(engine, an_item(1, links=(ONE,))).cases
    see(engine, an_item(2, kind="page", url=end, links=(), texts=SHOP.texts))
    look(engine, case, ONE, 200, 1, end=end)
    judged(engine, case, "confirm", 2)
    judged(engine, case, "takedown", 2)
    number = file(engine, case, links=[ONE, end], now=NOW + 3 * MINUTE)
    look(engine, case, ONE, 404, 4, end=end)
    assert look_up(engine, number).state == "down"


def test_a_page_where_another_link_ends_is_back_with_that_link(engine: Engine) -> None:
    end = f"https://{FAKE_HOST}/order"
    [case] = see(engine, an_item(1, links=(ONE,))).cases
    see(engine, an_item(2, kind="page", url=end, links=(), texts=SHOP.texts))
    look(engine, case, ONE, 200, 1, end=end)
    judged(engine, case, "confirm", 2)
    judged(engine, case, "takedown", 2)
    number = file(engine, case, links=[end], now=NOW + 3 * MINUTE)
    for minutes, status, state in ((4, 404, "down"), (5, 200, "back")):
        look(engine, case, ONE, status, minutes, end=end)
        assert look_up(engine, number).state == state


def test_what_was_filed_anew_is_told_by_the_new_notice_alone(engine: Engine, case: int) -> None:
    """The former one stays as it ended; nobody is reminded of it again."""
    first = file(engine, case, links=[ONE])
    look(engine, case, ONE, 404, 1)
    look(engine, case, ONE, 200, 2)
    second = file(engine, case, links=[ONE], now=NOW + 4 * MINUTE)
    assert second != first
    gone = look_up(engine, first)
    for minutes, status, state in ((5, 404, "down"), (6, 200, "back")):
        look(engine, case, ONE, status, minutes)
        assert (look_up(engine, first), look_up(engine, second).state) == (gone, state)
    with transaction(engine) as session:
        due = due_notices(session, NOW + WEEK, approvals=False)
    assert [(one.notice.id, one.why) for one in due.notices] == [(second, "back")]


def test_a_page_that_is_gone_settles_the_notice_of_the_platform_that_it_stood_on(engine: Engine, case: int) -> None:
    file(engine, case, links=[ONE], targets=[ONE], actor="platform", subject="google")
    file(engine, case, links=[ONE], targets=["https://ads.example/501"], actor="platform", subject="meta")
    for minutes, link in ((1, ONE), (2, TWO)):
        look(engine, case, link, 404, minutes)
    assert states(engine, case) == ["down", "filed"]


def test_what_is_there_again_is_back_and_waits_to_be_filed_anew(engine: Engine, case: int) -> None:
    one, two = file(engine, case, links=[ONE], subject="one"), file(engine, case, links=[TWO], subject="two")
    none = file(engine, case, subject="none")
    for minutes, link in ((1, ONE), (2, TWO)):
        look(engine, case, link, 404, minutes)
    look(engine, case, ONE, 200, 3)
    look(engine, case, ONE, 200, 4)
    assert states(engine, case) == ["back", "down", "back"]
    at = look_up(engine, one)
    assert (at.back_at, at.down_at, at.due_at) == (NOW + 3 * MINUTE, NOW + MINUTE, NOW + 3 * MINUTE + ATTEND)
    assert history_of(engine, case, one)[-2:] == ["down", "back"]
    look(engine, case, ONE, 404, 5)
    assert look_up(engine, one).state == "down", "gone once more"
    assert look_up(engine, two).state == "down"
    assert look_up(engine, none).state == "down"


def test_a_refusal_does_not_keep_what_is_gone_from_being_down(engine: Engine, case: int) -> None:
    number = file(engine, case, links=[ONE])
    with transaction(engine) as session:
        set_state(session, number, "refused", who="aki", now=NOW, due=WEEK, note="no")
    look(engine, case, ONE, 404, 1)
    at = look_up(engine, number)
    assert (at.state, at.refused_for) == ("down", "no")


def test_a_notice_that_is_filed_when_its_link_is_gone_is_down_with_the_next_look(engine: Engine, case: int) -> None:
    look(engine, case, ONE, 404, 1)
    number = file(engine, case, links=[ONE], now=NOW + 2 * MINUTE)
    look(engine, case, ONE, 404, 3)
    assert look_up(engine, number).state == "down"


def test_a_person_who_sees_it_is_believed_more_than_a_machine_that_does_not(engine: Engine, case: int) -> None:
    number = file(engine, case, links=[ONE])
    look(engine, case, ONE, 404, 1)
    with transaction(engine) as session:
        set_state(session, number, "back", who="aki", now=NOW + 2 * MINUTE, due=WEEK, note="on my telephone")
    look(engine, case, ONE, 404, 3)
    assert look_up(engine, number).state == "back"


def test_what_a_person_saw_go_is_not_back_because_a_link_never_went(engine: Engine, case: int) -> None:
    ad = file(engine, case, links=[ONE])
    with transaction(engine) as session:
        set_state(session, ad, "down", who="aki", now=NOW, due=WEEK, note="the ad is gone, the shop is not")
    look(engine, case, ONE, 200, 1)
    assert look_up(engine, ad).state == "down"


def test_a_case_that_a_person_calls_down_takes_its_notices_along_and_brings_them_back(
    engine: Engine, case: int
) -> None:
    numbers = [file(engine, case, links=[ONE], subject="one"), file(engine, case, subject="none")]
    judged(engine, case, "down", 1)
    assert states(engine, case) == ["down", "down"]
    assert look_up(engine, numbers[0]).down_by == "mika"
    with transaction(engine) as session:
        undo(session, case, who="mika", now=NOW + 2 * MINUTE)
    assert states(engine, case) == ["filed", "filed"]
    at = look_up(engine, numbers[0])
    assert (at.down_at, at.down_by, at.due_at) == (None, None, NOW + WEEK)
    assert history_of(engine, case, numbers[0]) == ["drafted", "sending", "filed", "(down)", "undo"]
    judged(engine, case, "down", 3)
    judged(engine, case, "relapse", 4)
    assert states(engine, case) == ["back", "back"]
    with transaction(engine) as session:
        undo(session, case, who="mika", now=NOW + 5 * MINUTE)
    assert states(engine, case) == ["down", "down"]


def test_the_machine_finds_back_what_a_person_called_down_with_its_case(engine: Engine, case: int) -> None:
    number = file(engine, case, links=[TWO])
    judged(engine, case, "down", 1)
    look(engine, case, ONE, 200, 2)  # the case is back, by another link
    assert look_up(engine, number).state == "back"


def test_notices_of_a_part_follow_the_whole(engine: Engine) -> None:
    other = "https://hoshino-outlet.test/lp"
    whole = a_case(engine, 1, links=(ONE,))
    part = a_case(engine, 2, host="hoshino-outlet.test", links=(other,))
    number = file(engine, part, links=[other])
    with transaction(engine) as session:
        undo(session, part, who="aki", now=NOW)  # what is in takedown is no duplicate
        merge(session, [whole, part], who="aki", now=NOW)
    look(engine, whole, other, 404, 1)
    assert look_up(engine, number).state == "down"
    look(engine, whole, ONE, 404, 2)
    look(engine, whole, other, 200, 3)
    assert look_up(engine, number).state == "back"
    assert history_of(engine, part, number)[-2:] == ["down", "back"]


def test_a_case_without_notices_is_as_before(engine: Engine) -> None:
    [case] = see(engine, an_item(1, links=(ONE,))).cases
    judged(engine, case, "confirm", 0)
    look(engine, case, ONE, 404, 1)
    judged(engine, case, "relapse", 2)
    assert states(engine, case) == []
    assert FAKE_HOST in ONE


def test_what_did_not_arrive_has_taken_nothing_down_until_it_is_filed_again(engine: Engine, case: int) -> None:
    number = file(engine, case, links=[ONE])
    loose = file(engine, case, links=[], subject="loose")
    with transaction(engine) as session:
        for one in (number, loose):
            reply = a_reply(answers=False, lost=True)
            add_reply(session, one, reply, who="aki", now=NOW + MINUTE, due=WEEK)
    look(engine, case, ONE, 404, 2)
    look(engine, case, TWO, 404, 3)
    at = look_up(engine, number)
    assert (at.state, at.lost_at, at.down_at) == ("filed", NOW + MINUTE, None)
    assert look_up(engine, loose).state == "filed", "nor with its case"
    with transaction(engine) as session:
        assert due_notices(session, NOW + 2 * WEEK, approvals=False).notices == (), "what is gone need not be told"
    look(engine, case, ONE, 200, 4)
    with transaction(engine) as session:
        due = due_notices(session, NOW + 4 * MINUTE, approvals=False).notices
        assert [(one.notice.id, one.why) for one in due] == [(number, "lost"), (loose, "lost")]
    judged(engine, case, "takedown", 4)
    anew = file(engine, case, links=[ONE], now=NOW + 5 * MINUTE, again=True)
    look(engine, case, ONE, 404, 6)
    assert (look_up(engine, number).state, look_up(engine, anew).state) == ("filed", "down")
    look(engine, case, ONE, 200, 7)
    with transaction(engine) as session:
        due = due_notices(session, NOW + 2 * WEEK, approvals=False).notices
        assert [(one.notice.id, one.why) for one in due] == [(loose, "lost"), (anew, "back")], "it is followed up"


def test_a_person_who_knows_that_it_arrived_is_believed_an_answer_alone_is_not(engine: Engine, case: int) -> None:
    """Anybody can write a mail in the name of a channel."""
    number = file(engine, case, links=[ONE])
    with transaction(engine) as session:
        add_reply(session, number, a_reply(answers=False, lost=True), who="aki", now=NOW, due=WEEK)
        add_reply(session, number, a_reply("b" * 64), who="aki", now=NOW + MINUTE, due=WEEK)
    at = look_up(engine, number)
    assert (at.state, at.lost_at, at.due_at) == ("acknowledged", NOW, NOW)
    with transaction(engine) as session:
        set_state(session, number, "acknowledged", who="aki", now=NOW + MINUTE, due=WEEK)
    look(engine, case, ONE, 404, 2)
    at = look_up(engine, number)
    assert (at.state, at.lost_at) == ("down", None)


def test_who_has_likely_taken_it_away_is_on_record_and_others_are_not_credited(engine: Engine, case: int) -> None:
    host = file(engine, case, links=[ONE], actor="host", channel="host", subject="203.0.113.7")
    network = file(engine, case, links=[ONE], actor="cdn", channel="cdn", subject="cdn")
    registrar = file(engine, case, links=[ONE], actor="registrar", channel="registrar")
    look(engine, case, ONE, 404, 1)
    for number in (host, network, registrar):
        assert (look_up(engine, number).state, look_up(engine, number).gone_by) == ("down", "host")
    with transaction(engine) as session:
        found = {one.channel: one for one in channel_figures(session, NOW - WEEK, NOW + WEEK)}
        assert presences(session, case)[ONE].by == "host"
        assert [one.by for one in history(session, case) if one.step == "down"] == ["host"] * 3
    assert {key: (one.down.count, one.by_them) for key, one in found.items()} == {
        "host": (1, 1),
        "cdn": (1, 1),
        "registrar": (1, 0),
    }
    look(engine, case, ONE, 200, 2)
    with transaction(engine) as session:
        set_state(session, host, "down", who="aki", now=NOW + 3 * MINUTE, due=WEEK)
    assert look_up(engine, host).gone_by == "host", "as it went first"


def test_what_the_registry_told_of_a_domain_says_who_holds_it(engine: Engine, case: int) -> None:
    number = file(engine, case, links=[ONE])
    with transaction(engine) as session:
        facts = {"status": ["server hold"]}
        save_registration(session, Registration(domain=FAKE_HOST, asked_at=NOW, facts=facts, answer=None))
        hops = (Hop(url=ONE, how="start", at=NOW, seconds=0.1, problem="dns"),)
        outcome, says = outcome_of(hops, None, ended=True)
        visit = Visit(url=ONE, visitor="desk", started_at=NOW, hops=hops, landing=None, outcome=outcome, says=says)
        save_visits(session, LinkToVisit(url=ONE, cases=(case,)), [visit], who="mekiki", authority=None, now=NOW)
    assert (look_up(engine, number).state, look_up(engine, number).gone_by) == ("down", "registry")


def test_a_person_who_calls_a_case_down_settles_what_a_visit_would(engine: Engine, case: int) -> None:
    host = file(engine, case, actor="host", subject="host")
    ad = file(engine, case, links=[ONE], targets=["https://ads.example/501"], actor="platform", subject="meta")
    warned = file(engine, case, actor="everyone", subject="everyone")
    lost = file(engine, case, actor="host", subject="lost")
    with transaction(engine) as session:
        add_reply(session, lost, a_reply(answers=False, lost=True), who="aki", now=NOW, due=WEEK)
    judged(engine, case, "down", 1)
    assert [look_up(engine, one).state for one in (host, ad, warned, lost)] == ["down", "filed", "filed", "filed"]
