from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from storage.case_log import log_faults
from storage.cases import (
    CaseConflict,
    CaseNotFound,
    Judgement,
    JudgementRefused,
    case_detail,
    judge,
    list_cases,
    undo,
)
from storage.database import transaction
from storage.intents import pending_intents
from storage.judgements import standing
from storage.outbox import route_intents
from storage.schema import AlertIntent, Case, CaseLog
from storage.views import CaseFilters
from tests.storage.examples import MINUTE, NOW, an_item, see

HOUR = timedelta(hours=1)
CONFIRM = Judgement(who="aki", action="confirm", note="orders are taken, nothing is shipped")
DISMISS = Judgement(who="aki", action="dismiss", reason="reseller")
SNOOZE = Judgement(who="aki", action="snooze", until=NOW + HOUR)


@pytest.fixture
def case(engine: Engine) -> int:
    return see(engine, an_item()).cases[0]


def decide(engine: Engine, case: int, judgement: Judgement, minutes: int = 0) -> int:
    with transaction(engine) as session:
        return judge(session, case, judgement, now=NOW + minutes * MINUTE)


def take_back(engine: Engine, case: int, who: str = "aki", minutes: int = 0) -> int:
    with transaction(engine) as session:
        return undo(session, case, who=who, now=NOW + minutes * MINUTE)


def state(engine: Engine, case: int) -> str:
    with transaction(engine) as session:
        return case_detail(session, case).state


def due(engine: Engine, minutes: float = 10) -> list[tuple[str, int]]:
    with transaction(engine) as session:
        return [(one.reason, one.count) for one in pending_intents(session, NOW + minutes * MINUTE)]


@pytest.mark.parametrize(("judgement", "after"), [(CONFIRM, "confirmed"), (DISMISS, "dismissed"), (SNOOZE, "snoozed")])
def test_a_judgement_changes_the_state_and_is_logged(
    engine: Engine, case: int, judgement: Judgement, after: str
) -> None:
    log_id = decide(engine, case, judgement)
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert detail.state == after
    assert detail.log_id == detail.log[-1].id == log_id
    last = detail.log[-1]
    assert (last.who, last.action, last.reason, last.note, last.at) == (
        judgement.who,
        judgement.action,
        judgement.reason,
        judgement.note,
        NOW,
    )


def test_owning_and_handing_over(engine: Engine, case: int) -> None:
    decide(engine, case, Judgement(who="aki", action="assign"))
    with transaction(engine) as session:
        assert case_detail(session, case).assignee == "aki"
    decide(engine, case, Judgement(who="aki", action="assign", assignee="ren"))
    with transaction(engine) as session:
        assert case_detail(session, case).assignee == "ren"
    assert state(engine, case) == "open"


def test_a_note_changes_nothing_else(engine: Engine, case: int) -> None:
    decide(engine, case, Judgement(who="aki", action="note", note="called the \x00 shop 😀"))
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.state, detail.log[-1].note) == ("open", "called the \x00 shop 😀")


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(who="aki", action="dismiss"),
        Judgement(who="aki", action="dismiss", reason="because"),
        Judgement(who="aki", action="snooze"),
        Judgement(who="aki", action="snooze", until=NOW),
        Judgement(who="aki", action="note", note=" "),
        Judgement(who=" ", action="confirm"),
    ],
)
def test_incomplete_judgements_are_refused(engine: Engine, case: int, judgement: Judgement) -> None:
    with pytest.raises(JudgementRefused):
        decide(engine, case, judgement)
    assert state(engine, case) == "open"


@pytest.mark.parametrize("before", [CONFIRM, DISMISS])
def test_only_an_open_case_is_snoozed(engine: Engine, case: int, before: Judgement) -> None:
    decide(engine, case, before)
    with pytest.raises(JudgementRefused, match="snooze needs one that is open, snoozed or relapsed"):
        decide(engine, case, SNOOZE)


def test_a_snoozed_case_is_open_again_when_its_time_has_passed(engine: Engine, case: int) -> None:
    decide(engine, case, SNOOZE)
    with transaction(engine) as session:
        assert list_cases(session, now=NOW + HOUR - MINUTE) == []
        [sleeping] = list_cases(session, CaseFilters(states=("snoozed",)), now=NOW + HOUR - MINUTE)
        [awake] = list_cases(session, now=NOW + HOUR)
        assert list_cases(session, CaseFilters(states=("snoozed",)), now=NOW + HOUR) == []
        assert case_detail(session, case, now=NOW + HOUR).state == "open"
    assert (sleeping.state, awake.state) == ("snoozed", "open")
    again = Judgement(who="ren", action="snooze", until=NOW + 3 * HOUR)
    decide(engine, case, again, minutes=61)
    assert state(engine, case) == "snoozed"


def test_two_people_at_once(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        seen = case_detail(session, case).log_id
    with transaction(engine) as session:
        judge(session, case, CONFIRM, now=NOW, expect=seen)
    with pytest.raises(CaseConflict, match="confirm by aki"), transaction(engine) as session:
        judge(session, case, DISMISS, now=NOW, expect=seen)
    assert state(engine, case) == "confirmed"


def test_items_that_arrived_meanwhile_are_a_conflict_too(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        seen = case_detail(session, case).log_id
    see(engine, an_item(2))
    with pytest.raises(CaseConflict, match="items_added"), transaction(engine) as session:
        judge(session, case, DISMISS, now=NOW, expect=seen)


def test_undo_appends_and_restores_what_was_before(engine: Engine, case: int) -> None:
    decide(engine, case, SNOOZE)
    decided = decide(engine, case, DISMISS)
    take_back(engine, case)
    assert state(engine, case) == "snoozed"
    take_back(engine, case)
    assert state(engine, case) == "open"
    with transaction(engine) as session:
        log = case_detail(session, case).log
    assert [entry.action for entry in log] == ["opened", "snooze", "dismiss", "undo", "undo"]
    assert log[3].data == {"undoes": decided, "action": "dismiss"}
    with pytest.raises(JudgementRefused, match="no judgement"):
        take_back(engine, case)


def test_undo_takes_back_ones_own_judgement_only(engine: Engine, case: int) -> None:
    decide(engine, case, CONFIRM)
    decide(engine, case, Judgement(who="ren", action="assign"))
    take_back(engine, case, who="aki")
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.state, detail.assignee) == ("open", "ren")


def test_dismissing_suppresses_the_pending_message_and_undo_revives_it(engine: Engine, case: int) -> None:
    decide(engine, case, DISMISS)
    assert due(engine) == []
    with transaction(engine) as session:
        intent = session.scalars(select(AlertIntent)).one()
        assert (intent.state, intent.note) == ("suppressed", "dismiss by aki: reseller")
    see(engine, an_item(2), at=NOW + MINUTE)
    see(engine, an_item(3), at=NOW + MINUTE)
    assert due(engine) == []
    take_back(engine, case, minutes=2)
    assert due(engine) == [("first", 3)]


def test_undo_of_a_dismissal_tells_what_arrived_after_the_first_message_left(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        route_intents(session, {1: []}, NOW)
    decide(engine, case, DISMISS)
    see(engine, an_item(2), at=NOW + MINUTE)
    take_back(engine, case, minutes=2)
    assert due(engine, minutes=2) == [("new_items", 1)]


def test_what_arrives_while_a_case_sleeps_is_told_when_it_wakes(engine: Engine, case: int) -> None:
    decide(engine, case, SNOOZE)
    see(engine, an_item(2), at=NOW + MINUTE)
    assert due(engine, minutes=59) == []
    assert due(engine, minutes=60) == [("new_items", 1)]


def test_undo_while_a_message_is_pending_raises_its_count(engine: Engine, case: int) -> None:
    decide(engine, case, DISMISS)
    decide(engine, case, Judgement(who="ren", action="confirm"))
    see(engine, an_item(2), at=NOW + MINUTE)
    take_back(engine, case, minutes=2)
    assert due(engine) == [("new_items", 2)]


def test_unknown_case(engine: Engine) -> None:
    with pytest.raises(CaseNotFound):
        decide(engine, 7, CONFIRM)
    with pytest.raises(CaseNotFound):
        take_back(engine, 7)


STEPS = st.lists(
    st.tuples(st.sampled_from(["aki", "ren"]), st.sampled_from(["confirm", "dismiss", "snooze", "undo", "item"])),
    max_size=8,
)


@given(steps=STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_state_is_the_log_replayed_and_no_message_is_lost(engine: Engine, steps: list[tuple[str, str]]) -> None:
    """Whatever people do, nothing is pending twice, and an open case has its message pending or judged."""
    with transaction(engine) as session:
        number = session.query(Case).count()
    host = f"hoshino-{number}.test"
    case = see(engine, an_item(number * 100, host=host)).cases[0]
    for step, (who, action) in enumerate(steps):
        try:
            if action == "undo":
                take_back(engine, case, who=who)
            elif action == "item":
                see(engine, an_item(number * 100 + step + 1, host=host))
            else:
                reason = "news" if action == "dismiss" else None
                until = NOW + HOUR if action == "snooze" else None
                decide(engine, case, Judgement(who=who, action=action, reason=reason, until=until))  # type: ignore[arg-type]
        except JudgementRefused:
            continue
    with transaction(engine) as session:
        row = session.get_one(Case, case)
        log = list(session.scalars(select(CaseLog).where(CaseLog.case_id == case).order_by(CaseLog.id)))
        outcome = standing(log)
        assert (row.state, row.snoozed_until) == (outcome.state, outcome.snoozed_until)
        pending = [one for one in pending_intents(session, NOW + 2 * HOUR, limit=1000) if one.case_id == case]
        undone = {entry.data["undoes"] for entry in log if entry.action == "undo"}
        judged = any(entry.action in ("confirm", "dismiss", "snooze") and entry.id not in undone for entry in log)
    assert len(pending) <= 1
    assert pending or judged


def say(engine: Engine, case: int, action: str, who: str = "aki", **values: object) -> int:
    return decide(engine, case, Judgement(who=who, action=action, **values))  # type: ignore[arg-type]


def test_a_fraud_is_taken_down_comes_back_and_ends(engine: Engine, case: int) -> None:
    states = []
    for action in ("confirm", "takedown", "down", "relapse", "takedown", "down", "close"):
        say(engine, case, action, approvers=())
        states.append(state(engine, case))
    assert states == ["confirmed", "takedown", "down", "relapsed", "takedown", "down", "closed"]


def test_an_action_that_makes_no_sense_is_refused_in_one_line(engine: Engine, case: int) -> None:
    with pytest.raises(JudgementRefused) as refused:
        say(engine, case, "takedown", approvers=())
    assert str(refused.value) == f"case {case} is open; takedown needs one that is confirmed or relapsed"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"action": "tag"}, "letters, digits"),
        ({"action": "tag", "tag": 'a"b'}, "letters, digits"),
        ({"action": "tag", "tag": "x" * 41}, "letters, digits"),
        ({"action": "untag", "tag": "x"}, "no tag 'x'; there are: none"),
        ({"action": "harm", "harm": "huge"}, "low, normal, high"),
        ({"action": "release"}, "not held"),
        ({"action": "duplicate"}, "needs the case"),
        ({"action": "dismiss", "reason": "news", "until": NOW}, "in the future"),
        ({"action": "approve", "who": "ren", "approvers": ("ren",)}, "confirmed or relapsed"),
        ({"action": "confirm", "who": "mekiki"}, "the name of the machine"),
    ],
)
def test_what_is_missing_is_said(engine: Engine, case: int, values: dict[str, str], says: str) -> None:
    with pytest.raises(JudgementRefused, match=says):
        decide(engine, case, Judgement(**{"who": "aki", **values}))  # type: ignore[arg-type]


def test_tags_and_hold(engine: Engine, case: int) -> None:
    for tag in ("urgent", "冬セール", "urgent"):
        say(engine, case, "tag", tag=tag)
    say(engine, case, "untag", tag="urgent")
    say(engine, case, "hold")
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.tags, detail.held) == (("冬セール",), True)
    take_back(engine, case)
    with transaction(engine) as session:
        assert not case_detail(session, case).held


def test_nobodys_case(engine: Engine, case: int) -> None:
    say(engine, case, "assign")
    say(engine, case, "assign", assignee="")
    with transaction(engine) as session:
        assert case_detail(session, case).assignee is None


def test_a_takedown_waits_for_another_person_of_the_list(engine: Engine, case: int) -> None:
    say(engine, case, "confirm")
    say(engine, case, "takedown", approvers=("aki", "keiko"))
    with transaction(engine) as session:
        detail = case_detail(session, case)
    assert (detail.state, detail.takedown_asked) == ("confirmed", "aki")
    for who, says in (("aki", "another person"), ("ren", "ren may not approve takedowns")):
        with pytest.raises(JudgementRefused, match=says):
            say(engine, case, "approve", who=who, approvers=("aki", "keiko"))
    with pytest.raises(JudgementRefused, match="aki has asked for it already"):
        say(engine, case, "takedown", who="ren", approvers=("aki", "keiko"))
    say(engine, case, "approve", who="keiko", approvers=("aki", "keiko"))
    assert state(engine, case) == "takedown"


def test_without_somebody_who_asks_nothing_is_approved(engine: Engine, case: int) -> None:
    say(engine, case, "confirm")
    say(engine, case, "takedown", approvers=("aki", "keiko"))
    take_back(engine, case)
    with pytest.raises(JudgementRefused, match="nobody has asked"):
        say(engine, case, "approve", who="keiko", approvers=("aki", "keiko"))
    assert state(engine, case) == "confirmed"


def test_what_another_persons_decision_rests_on_is_not_taken_back(engine: Engine, case: int) -> None:
    say(engine, case, "confirm")
    say(engine, case, "takedown", who="ren", approvers=())
    with pytest.raises(JudgementRefused, match="takedown by ren rests on it"):
        take_back(engine, case)
    assert state(engine, case) == "takedown"
    take_back(engine, case, who="ren")
    take_back(engine, case)
    assert state(engine, case) == "open"


def test_a_takedown_that_does_not_say_who_approves_is_a_mistake_of_the_program(engine: Engine, case: int) -> None:
    say(engine, case, "confirm")
    with pytest.raises(ValueError, match="who approves"):
        say(engine, case, "takedown")


def test_a_duplicate_becomes_a_part_and_comes_out_again(engine: Engine, case: int) -> None:
    other = see(engine, an_item(9, host="hoshino-other.test", advertiser=None, images=(), texts=())).cases[0]
    say(engine, other, "duplicate", into=case)
    with transaction(engine) as session:
        part, whole = case_detail(session, other), case_detail(session, case)
    assert (part.state, part.merged_into, whole.item_count) == ("duplicate", case, 2)
    with pytest.raises(JudgementRefused, match=f"a part of case {case} now"):
        say(engine, other, "confirm")
    with pytest.raises(CaseNotFound):
        say(engine, case, "duplicate", into=77)
    take_back(engine, other)
    assert state(engine, other) == "open"


def test_a_duplicate_of_a_case_that_has_changed_is_a_conflict(engine: Engine, case: int) -> None:
    other = see(engine, an_item(9, host="hoshino-other.test", advertiser=None, images=(), texts=())).cases[0]
    with pytest.raises(CaseConflict), transaction(engine) as session:
        judge(session, other, Judgement(who="aki", action="duplicate", into=case), now=NOW, expect=0)
    assert state(engine, other) == "open"


def test_closing_suppresses_what_is_pending_and_reopening_by_hand_does_not_tell_it(engine: Engine, case: int) -> None:
    say(engine, case, "confirm")
    say(engine, case, "close")
    assert due(engine) == []
    take_back(engine, case)
    assert due(engine) == [("first", 1)]


def test_when_it_was_first_judged_stays(engine: Engine, case: int) -> None:
    decide(engine, case, CONFIRM, minutes=1)
    decide(engine, case, DISMISS, minutes=2)
    with transaction(engine) as session:
        assert case_detail(session, case).judged_at == NOW + MINUTE
    take_back(engine, case)
    take_back(engine, case)
    with transaction(engine) as session:
        assert case_detail(session, case).judged_at is None


def test_of_many_who_judge_what_they_saw_at_once_one_is_heard(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        seen = case_detail(session, case).log_id
    together = Barrier(4)

    def try_it(number: int) -> bool:
        together.wait()
        try:
            with transaction(engine) as session:
                judge(session, case, Judgement(who=f"p{number}", action="confirm"), now=NOW, expect=seen)
        except CaseConflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(try_it, range(4)))
    assert sum(heard) == 1
    with transaction(engine) as session:
        assert [entry.action for entry in case_detail(session, case).log] == ["opened", "confirm"]
    assert list(log_faults(engine)) == []


def test_merging_and_arriving_at_once_end_in_one_chain_for_each_case(engine: Engine, case: int) -> None:
    """Merges, undos and items that arrive take the same locks in the same order: nobody waits in a circle."""
    other = see(engine, an_item(9, host="hoshino-other.test", advertiser=None, images=(), texts=())).cases[0]
    together = Barrier(3)

    def merges() -> None:
        together.wait()
        for _ in range(3):
            say(engine, other, "duplicate", into=case)
            take_back(engine, other)

    def arrives(first: int, **changes: Any) -> None:
        together.wait()
        for number in range(first, first + 6):
            see(engine, an_item(number, **changes))

    with ThreadPoolExecutor(3) as pool:
        running = [
            pool.submit(merges),
            pool.submit(arrives, 100),
            pool.submit(arrives, 200, host="hoshino-other.test", advertiser=None, images=(), texts=()),
        ]
        for one in running:
            one.result(timeout=60)
    assert list(log_faults(engine)) == []
    with transaction(engine) as session:
        rows = session.scalars(select(Case)).all()
        assert sum(row.items for row in rows) == 14
        assert sum(row.sightings for row in rows) == 14
        for row in rows:
            assert row.items == len(case_detail(session, row.id).items)
