"""What arrives in a dismissed case stays quiet: for a time, and only while it is what was dismissed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from detector.items import Text
from storage.actions import Action
from storage.cases import Judgement, case_detail, judge, undo
from storage.database import transaction
from storage.intents import pending_intents
from storage.outbox import route_intents
from storage.schema import Case
from tests.storage.examples import FAKE_HOST, NOW, a_verdict, an_item, see

DAY = timedelta(days=1)
DISMISS = Judgement(who="aki", action="dismiss", reason="reseller")


def dismissed(engine: Engine, **changes: Any) -> int:
    """Return a case that was dismissed for 90 days."""
    item = an_item(1, **changes)
    case = see(engine, item, a_verdict(item, score=0.6)).cases[0]
    decide(engine, case, DISMISS)
    return case


def decide(engine: Engine, case: int, judgement: Judgement, days: float = 0) -> None:
    with transaction(engine) as session:
        judge(session, case, judgement, now=NOW + days * DAY)


def arrives(engine: Engine, number: int, days: float, score: float = 0.6, **changes: Any) -> None:
    item = an_item(number, **changes)
    assert 1 in see(engine, item, a_verdict(item, score=score), at=NOW + days * DAY).cases


def state(engine: Engine, case: int = 1) -> tuple[str, str, str | None]:
    """Return the state, and action and reason of the last entry of the log."""
    with transaction(engine) as session:
        detail = case_detail(session, case)
        return detail.state, detail.log[-1].action, detail.log[-1].reason


def told(engine: Engine, days: float) -> list[tuple[str, int]]:
    with transaction(engine) as session:
        return [(one.reason, one.count) for one in pending_intents(session, NOW + days * DAY)]


def test_the_same_thing_tomorrow_is_quiet(engine: Engine) -> None:
    dismissed(engine)
    arrives(engine, 2, days=1)
    arrives(engine, 3, days=89, links=(f"https://www.{FAKE_HOST}/another/page",))
    assert state(engine) == ("dismissed", "items_added", None)
    assert told(engine, days=90) == []


def test_what_arrives_after_its_end_opens_the_case_again_and_is_told(engine: Engine) -> None:
    dismissed(engine)
    assert state(engine)[0] == "dismissed"
    arrives(engine, 2, days=91)
    assert state(engine) == ("open", "reopen", "expired")
    assert told(engine, days=92) == [("new_items", 1)]


def test_an_end_that_a_person_sets(engine: Engine) -> None:
    case = dismissed(engine)
    decide(engine, case, Judgement(who="aki", action="dismiss", reason="reseller", until=NOW + 5 * DAY))
    arrives(engine, 2, days=4)
    assert state(engine)[0] == "dismissed"
    arrives(engine, 3, days=6)
    assert state(engine)[0] == "open"


@pytest.mark.parametrize(("score", "after"), [(0.74, "dismissed"), (0.76, "open")])
def test_a_clearly_higher_score_breaks_through(engine: Engine, score: float, after: str) -> None:
    dismissed(engine)
    arrives(engine, 2, days=1, score=0.7)
    arrives(engine, 3, days=2, score=score)
    assert state(engine)[0] == after


def test_a_score_does_not_creep_up(engine: Engine) -> None:
    """Each a little higher than the one before: compared is what the person saw."""
    dismissed(engine)
    arrives(engine, 2, days=1, score=0.7)
    arrives(engine, 3, days=2, score=0.8)
    assert state(engine) == ("open", "reopen", "score")


def test_another_host_breaks_through(engine: Engine) -> None:
    dismissed(engine)
    arrives(engine, 2, days=1, links=(f"https://{FAKE_HOST}/", "https://hoshino-payment.test/"))
    assert state(engine) == ("open", "reopen", "host")
    with transaction(engine) as session:
        assert "hoshino-payment.test" in case_detail(session, 1).log[-1].note


def test_another_way_to_hand_people_over_breaks_through(engine: Engine) -> None:
    dismissed(engine)
    arrives(engine, 2, days=1, texts=(Text(role="body", text="星野電機 お問い合わせはLINE ID: hoshino_sale88"),))
    assert state(engine) == ("open", "reopen", "handoff")


def test_a_way_that_was_seen_then_does_not(engine: Engine) -> None:
    line = (Text(role="body", text="星野電機 お問い合わせはLINE ID: hoshino_sale88"),)
    dismissed(engine, texts=line)
    arrives(engine, 2, days=1, texts=line)
    assert state(engine)[0] == "dismissed"


def test_a_case_that_was_opened_again_is_judged_anew_and_undo_of_the_old_judgement_stays_possible(
    engine: Engine,
) -> None:
    case = dismissed(engine)
    arrives(engine, 2, days=91)
    with transaction(engine) as session:
        undo(session, case, who="aki", now=NOW + 92 * DAY)
    assert state(engine)[0] == "open"
    decide(engine, case, Judgement(who="aki", action="confirm"), days=92)
    assert state(engine)[0] == "confirmed"


def was_down(engine: Engine, *more: Action) -> int:
    """Return a case that was told and then taken down, by what people said of it."""
    item = an_item(1)
    case = see(engine, item, a_verdict(item, score=0.6)).cases[0]
    for action in ("confirm", "down", *more):
        decide(engine, case, Judgement(who="aki", action=action))
    with transaction(engine) as session:
        route_intents(session, {one.id: [] for one in pending_intents(session, NOW + DAY)}, NOW)
    assert told(engine, days=1) == []
    return case


@pytest.mark.parametrize("more", [(), ("close",)])
def test_what_arrives_in_a_case_that_was_down_or_closed_is_a_relapse_and_told_as_one(
    engine: Engine, more: tuple[Action, ...]
) -> None:
    case = was_down(engine, *more)
    arrives(engine, 2, days=1)
    assert state(engine) == ("relapsed", "relapse", "arrived")
    assert told(engine, days=2) == [("relapsed", 0)]
    with transaction(engine) as session:
        assert session.get_one(Case, case).waiting_since == NOW + DAY
        assert case_detail(session, case).log[-1].note == f"1 new item; the case was {'closed' if more else 'down'}"
    arrives(engine, 3, days=1)
    assert told(engine, days=3) == [("relapsed", 0), ("new_items", 1)]


@pytest.mark.parametrize("more", [(), ("close",)])
def test_an_old_ad_that_is_seen_once_more_is_no_relapse(engine: Engine, more: tuple[Action, ...]) -> None:
    was_down(engine, *more)
    arrives(engine, 1, days=1)
    arrives(engine, 1, days=2, score=0.9, countries=("JP",))
    assert state(engine)[0] == ("closed" if more else "down")
    assert told(engine, days=3) == []


def test_a_relapse_that_a_person_saw_is_not_told(engine: Engine) -> None:
    case = was_down(engine)
    decide(engine, case, Judgement(who="aki", action="relapse"))
    assert (state(engine)[0], told(engine, days=1)) == ("relapsed", [])
