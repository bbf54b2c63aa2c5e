"""What people decided, beside the verdicts of then; and stored verdicts to replay."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from storage.cases import CaseNotFound, Judgement, judge, undo
from storage.database import snapshot, transaction
from storage.judged import Judged, judged_items
from storage.verdicts import case_verdict, item_verdicts, policy_versions
from tests.storage.examples import MINUTE, NOW, a_verdict, an_item, see

CONFIRM = Judgement(who="aki", action="confirm")


def decide(engine: Engine, case: int, judgement: Judgement, minutes: int) -> None:
    with transaction(engine) as session:
        judge(session, case, judgement, now=NOW + minutes * MINUTE)


def judged(engine: Engine, **wanted: object) -> list[Judged]:
    with snapshot(engine) as session:
        return judged_items(session, **wanted)  # type: ignore[arg-type]


def test_nothing_is_judged_before_somebody_does(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    assert judged(engine) == []
    decide(engine, case, Judgement(who="aki", action="note", note="hm"), 1)
    decide(engine, case, Judgement(who="aki", action="snooze", until=NOW + timedelta(days=2)), 2)
    assert judged(engine) == []


def test_only_what_was_there_then_is_judged(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    see(engine, an_item(2), at=NOW + MINUTE)
    decide(engine, case, CONFIRM, 2)
    assert see(engine, an_item(3), at=NOW + MINUTE).cases == (case,)  # a crawler whose clock is late
    changed = an_item(2, links=("https://hoshino-denki-sale.test/other",))
    assert see(engine, changed, a_verdict(changed, score=0.6), at=NOW + 3 * MINUTE).cases == (case,)
    found = judged(engine)
    assert [one.item.id for one in found] == ["ad-1", "ad-2"]
    assert {(one.confirmed, one.reason, one.at, one.case_id) for one in found} == {
        (True, "confirmed", NOW + 2 * MINUTE, case)
    }
    assert [one.verdict for one in found] == [a_verdict(an_item(1)), a_verdict(an_item(2))]
    assert judged(engine, since=NOW + 3 * MINUTE) == []
    assert judged(engine, brand="other") == []


def test_the_last_judgement_that_stands_counts(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    decide(engine, case, CONFIRM, 1)
    decide(engine, case, Judgement(who="aki", action="dismiss", reason="reseller"), 2)
    assert [(one.confirmed, one.reason) for one in judged(engine)] == [(False, "reseller")]
    with transaction(engine) as session:
        undo(session, case, who="aki", now=NOW + 3 * MINUTE)
    assert [one.confirmed for one in judged(engine)] == [True]
    with transaction(engine) as session:
        undo(session, case, who="aki", now=NOW + 4 * MINUTE)
    assert judged(engine) == []


def test_a_duplicate_says_nothing_about_the_item(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    decide(engine, case, Judgement(who="aki", action="dismiss", reason="duplicate"), 1)
    assert judged(engine) == []


def test_stored_verdicts_are_found_by_case_and_by_item(engine: Engine) -> None:
    item = an_item()
    case = see(engine, item).cases[0]
    with snapshot(engine) as session:
        one = case_verdict(session, case)
        assert (one.item, one.verdict) == (item, a_verdict(item))
        assert [again.verdict for again in item_verdicts(session, item.id)] == [one.verdict]
        assert item_verdicts(session, item.id, brand="other") == []
        assert item_verdicts(session, "nothing") == []
        assert policy_versions(session) == {"2026.1"}
        with pytest.raises(CaseNotFound):
            case_verdict(session, case + 1)


def step(engine: Engine, case: int, action: str, minutes: int, **values: object) -> None:
    decide(engine, case, Judgement(who="aki", action=action, **values), minutes)  # type: ignore[arg-type]


def test_what_comes_of_a_confirmed_case_changes_nothing(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    for minute, action in enumerate(("confirm", "takedown", "down", "close"), 1):
        step(engine, case, action, minute, approvers=())
        assert [(one.confirmed, one.at) for one in judged(engine)] == [(True, NOW + MINUTE)]


def test_a_case_that_a_person_reopens_is_not_judged_any_more(engine: Engine) -> None:
    case = see(engine, an_item()).cases[0]
    step(engine, case, "dismiss", 1, reason="news")
    step(engine, case, "reopen", 2)
    assert judged(engine) == []
    step(engine, case, "confirm", 3)
    assert [one.confirmed for one in judged(engine)] == [True]


def test_a_dismissal_that_arrivals_broke_still_holds_for_what_was_seen(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    step(engine, case, "dismiss", 1, reason="news")
    late = an_item(2, links=("https://hoshino-denki-sale.test/", "https://hoshino-payment.test/"))
    see(engine, late, at=NOW + 2 * MINUTE)
    assert [one.item.id for one in judged(engine)] == ["ad-1"]


def test_duplicates_follow_the_case_they_are_in(engine: Engine) -> None:
    case = see(engine, an_item(1)).cases[0]
    other_item = an_item(2, host="hoshino-other.test", advertiser=None, images=(), texts=())
    other = see(engine, other_item, at=NOW + MINUTE).cases[0]
    assert other != case
    step(engine, other, "dismiss", 2, reason="news")
    step(engine, case, "confirm", 3)
    step(engine, other, "duplicate", 4, into=case)
    assert [(one.case_id, one.item.id, one.confirmed) for one in judged(engine)] == [
        (case, "ad-1", True),
        (case, "ad-2", True),
    ]
    with transaction(engine) as session:
        undo(session, other, who="aki", now=NOW + 5 * MINUTE)
    assert [(one.case_id, one.item.id, one.confirmed) for one in judged(engine)] == [
        (other, "ad-2", False),
        (case, "ad-1", True),
    ]
