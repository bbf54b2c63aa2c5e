"""What visits do to cases: down when every link is, relapsed when one is there again, told once."""

from collections.abc import Sequence
from typing import Literal

import pytest
from sqlalchemy import Engine, event, select

from detector.items import Item
from detector.visits import Hop, Landing, Visit, outcome_of
from storage.cases import Judgement, case_detail, judge, undo
from storage.database import snapshot, transaction
from storage.intents import pending_intents
from storage.schema import AlertIntent, CaseItem
from storage.visits import LinkToVisit, Wanted, links_of, links_to_visit, save_visits
from tests.storage.examples import FAKE_HOST, MINUTE, NOW, an_item, see

ONE, TWO = f"https://{FAKE_HOST}/one", f"https://{FAKE_HOST}/two"
SHOP = an_item(1, links=(ONE, TWO))


@pytest.fixture
def case(engine: Engine) -> int:
    """A confirmed case with two links, whose first message has left."""
    [found] = see(engine, SHOP).cases
    with transaction(engine) as session:
        judge(session, found, Judgement(who="aki", action="confirm"), now=NOW)
    return found


def look(
    engine: Engine,
    case: int,
    url: str,
    status: int,
    minutes: int,
    visitors: Sequence[str] = ("desk",),
    end: str | None = None,
) -> None:
    """Follow a link, to `end` where it leads on: 200 shows a page, 404 is gone, 503 leaves it open."""
    at = NOW + minutes * MINUTE
    hops: tuple[Hop, ...] = (Hop(url=url, how="start", at=at, seconds=0.1, status=302 if end else status),)
    if end:
        hops = (*hops, Hop(url=end, how="redirect", at=at, seconds=0.1, status=status))
    seen = Landing(title="", text="0" * 16, shape="0" * 16, length=200) if status == 200 else None
    outcome, says = outcome_of(hops, seen, ended=True)
    visits = [
        Visit(url=url, visitor=who, started_at=at, hops=hops, landing=seen, outcome=outcome, says=says, browser=False)
        for who in visitors
    ]
    with transaction(engine) as session:
        save_visits(session, LinkToVisit(url=url, cases=(case,)), visits, who="mekiki", authority=None, now=at)


def story(engine: Engine, case: int) -> tuple[str, list[str]]:
    """Return the state, and what the machine did to it."""
    with transaction(engine) as session:
        detail = case_detail(session, case)
        return detail.state, [entry.action for entry in detail.log if entry.action in ("down", "relapse")]


def relapses(engine: Engine) -> int:
    with transaction(engine) as session:
        return len(session.scalars(select(AlertIntent).where(AlertIntent.reason == "relapsed")).all())


def test_a_case_is_down_when_all_of_its_links_are(engine: Engine, case: int) -> None:
    look(engine, case, ONE, 404, 1)
    assert story(engine, case) == ("confirmed", []), "the other one is still there"
    look(engine, case, TWO, 503, 2)
    assert story(engine, case) == ("confirmed", []), "not seen is not gone"
    look(engine, case, TWO, 404, 3)
    assert story(engine, case) == ("down", ["down"])
    with transaction(engine) as session:
        [entry] = [entry for entry in case_detail(session, case).log if entry.action == "down"]
    assert (entry.who, entry.reason, entry.note) == ("mekiki", "recheck", "all of 2 links: answered 404")


def test_what_comes_back_reopens_the_same_case_and_is_told_once(engine: Engine, case: int) -> None:
    look(engine, case, ONE, 404, 1)
    look(engine, case, TWO, 404, 2)
    look(engine, case, ONE, 200, 3)
    look(engine, case, ONE, 200, 4)
    assert story(engine, case) == ("relapsed", ["down", "relapse"])
    assert relapses(engine) == 1
    with transaction(engine) as session:
        assert "relapsed" in {intent.reason for intent in pending_intents(session, NOW + 60 * MINUTE)}
        assert case_detail(session, case).items[0].item == SHOP
    look(engine, case, ONE, 404, 5)
    assert story(engine, case) == ("down", ["down", "relapse", "down"])


def test_a_link_that_was_gone_before_somebody_confirmed_counts(engine: Engine) -> None:
    [case] = see(engine, an_item(1, links=(ONE,))).cases
    look(engine, case, ONE, 404, 1)
    assert story(engine, case) == ("open", []), "nobody has judged it"
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="confirm"), now=NOW + 2 * MINUTE)
    look(engine, case, ONE, 404, 3)
    assert story(engine, case) == ("down", ["down"])


def test_what_a_person_says_is_gone_and_is_there_is_a_relapse(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="down"), now=NOW)
    look(engine, case, ONE, 200, 1)
    assert story(engine, case) == ("relapsed", ["down", "relapse"])


def test_down_after_a_takedown_and_undo_of_that_takedown(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        judge(session, case, Judgement(who="ren", action="takedown", approvers=()), now=NOW)
    for url in (ONE, TWO):
        look(engine, case, url, 404, 1)
    assert story(engine, case)[0] == "down"
    with transaction(engine) as session:
        undo(session, case, who="ren", now=NOW + 2 * MINUTE)
    assert story(engine, case)[0] == "down", "it is gone, whoever asked for it"


@pytest.mark.parametrize("action", ["dismiss", "close"])
def test_nobody_looks_at_what_people_are_done_with(engine: Engine, case: int, action: str) -> None:
    def due() -> list[str]:
        wanted = Wanted(score=0.9, judged_since=NOW, before=NOW + MINUTE, most=9)
        with transaction(engine) as session:
            return [link.url for link in links_to_visit(session, wanted)]

    assert due() == links_of(Item(id="x", kind="ad", links=(ONE, TWO)))
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action=action, reason="other"), now=NOW)  # type: ignore[arg-type]
    assert due() == []


def test_links_that_nobody_has_followed_and_those_that_are_due_again_are_told_apart(engine: Engine, case: int) -> None:
    def due(reason: Literal["", "visit", "recheck"], minutes: int, of: tuple[int, ...] = ()) -> list[str]:
        before = NOW + minutes * MINUTE
        wanted = Wanted(
            score=0.9, judged_since=NOW, before=before, most=9, reason=reason, of=of, visitors=("desk", "phone")
        )
        with transaction(engine) as session:
            return [link.url for link in links_to_visit(session, wanted)]

    assert (due("visit", 1), due("recheck", 1)) == ([ONE, TWO], [])
    look(engine, case, ONE, 200, 5, ("desk", "phone"))
    assert (due("visit", 1), due("recheck", 1)) == ([TWO], []), "followed since"
    assert (due("visit", 9), due("recheck", 9)) == ([TWO], [ONE])
    assert due("", 9) == [ONE, TWO]
    with transaction(engine) as session:
        [item] = session.scalars(select(CaseItem.item_id).where(CaseItem.case_id == case)).all()
    assert (due("recheck", 9, (item,)), due("recheck", 9, (item + 1,))) == ([ONE], [])


def test_what_is_left_to_others_takes_no_room_from_what_is_followed(engine: Engine, case: int) -> None:
    wanted = Wanted(score=0.9, judged_since=NOW, before=NOW, most=1, left=lambda url: url == ONE)
    with transaction(engine) as session:
        assert [link.url for link in links_to_visit(session, wanted)] == [TWO]


def test_links_that_are_not_due_are_asked_for_together(engine: Engine, case: int) -> None:
    for number in range(2, 60):
        links = tuple(f"https://h{number}.test/{n}" for n in "abc")
        see(engine, an_item(number, host=f"hoshino-{number}.test", links=links))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    with snapshot(engine) as session:
        wanted = Wanted(score=0.9, judged_since=NOW, before=NOW, most=500)
        assert len(links_to_visit(session, wanted)) > 100
    assert len(statements) < 20  # not one for each link
