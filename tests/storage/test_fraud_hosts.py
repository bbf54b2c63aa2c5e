"""Where the items of confirmed cases lead, and what of it is gone; on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from detector.visits import Hop, Outcome, Visit
from storage.cases import Judgement, judge
from storage.database import snapshot, transaction
from storage.fraud_hosts import FraudCase, fraud_cases
from storage.merging import merge
from storage.schema import CaseState
from storage.visits import LinkToVisit, save_visits
from tests.storage.examples import FAKE_HOST, NOW, an_item, see

CONFIRMED: tuple[CaseState, ...] = ("confirmed", "takedown", "down", "relapsed")


def confirm(engine: Engine, case_id: int) -> None:
    with transaction(engine) as session:
        judge(session, case_id, Judgement(who="keiko", action="confirm"), now=NOW)


def read(engine: Engine, *, brand: str | None = None) -> list[FraudCase]:
    with snapshot(engine) as session:
        return list(fraud_cases(session, CONFIRMED, brand=brand))


def look(engine: Engine, case_id: int, url: str, *, status: int, days: int) -> None:
    """Follow a link of a case once."""
    at = NOW + timedelta(days=days)
    hop = Hop(url=url, how="start", at=at, seconds=0.1, status=status)
    outcome: Outcome = "gone" if status == 404 else "offer_seen"
    visit = Visit(
        url=url, visitor="desk", started_at=at, hops=(hop,), landing=None, outcome=outcome, says=f"answered {status}"
    )
    with transaction(engine) as session:
        link = LinkToVisit(url=url, cases=(case_id,))
        save_visits(session, link, [visit], who="mekiki", authority=None, now=at)


def test_only_confirmed_cases_are_read_with_their_own_hosts(engine: Engine) -> None:
    [open_case] = see(engine, an_item(1, host="other-sale.test")).cases
    [case_id] = see(engine, an_item(2)).cases
    assert read(engine) == []
    confirm(engine, case_id)
    [case] = read(engine)
    assert (case.id, case.brand, case.state) == (case_id, "hoshino", "confirmed")
    assert (case.hosts, case.urls) == (frozenset((FAKE_HOST,)), (f"https://{FAKE_HOST}/lp?x=1",))
    assert open_case != case_id


def test_a_brand_is_read_alone(engine: Engine) -> None:
    [case_id] = see(engine, an_item(2)).cases
    confirm(engine, case_id)
    assert [case.id for case in read(engine, brand="hoshino")] == [case_id]
    assert read(engine, brand="moon") == []


def test_a_page_is_its_own_address_and_not_what_it_links_to(engine: Engine) -> None:
    page = an_item(
        3, id=f"https://{FAKE_HOST}/lp", kind="page", url=f"https://{FAKE_HOST}/lp", links=("https://cited.example/x",)
    )
    [case_id] = see(engine, page).cases
    confirm(engine, case_id)
    [case] = read(engine)
    assert case.urls == (f"https://{FAKE_HOST}/lp",)


def test_links_that_are_gone_say_since_when_and_those_that_came_back_are_there(engine: Engine) -> None:
    one, two = (f"https://{FAKE_HOST}/{name}" for name in ("a", "b"))
    [case_id] = see(engine, an_item(1, links=(one, two))).cases
    confirm(engine, case_id)
    for days, url, status in ((1, one, 200), (1, two, 200), (2, one, 404), (3, two, 404)):
        look(engine, case_id, url, status=status, days=days)
    [case] = read(engine)
    assert case.state == "down"
    assert case.gone == {one: NOW + timedelta(days=2), two: NOW + timedelta(days=3)}
    assert case.down_since == NOW + timedelta(days=3)
    look(engine, case_id, two, status=200, days=4)
    [case] = read(engine)
    assert (case.state, case.down_since) == ("relapsed", None)
    assert (set(case.gone), set(case.there)) == ({one}, {two})


def test_what_was_seen_in_a_case_before_it_was_merged_counts(engine: Engine) -> None:
    [stays] = see(engine, an_item(1)).cases
    url, other = "https://other-sale.test/a", "https://other-sale.test/b"
    [goes] = see(engine, an_item(2, host="other-sale.test", links=(url, other))).cases
    confirm(engine, goes)
    look(engine, goes, url, status=200, days=1)
    look(engine, goes, url, status=404, days=2)
    confirm(engine, stays)
    with transaction(engine) as session:
        merge(session, (stays, goes), who="keiko", now=NOW + timedelta(days=3), into=stays)
    [case] = read(engine)
    assert case.id == stays
    assert case.hosts >= {FAKE_HOST, "other-sale.test"}
    assert case.gone == {url: NOW + timedelta(days=2)}


def test_more_cases_than_are_read_at_once_all_come_in_their_order(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.fraud_hosts.CASES", 3)
    cases = [see(engine, an_item(number, host=f"sale-{number}.test")).cases[0] for number in range(7)]
    for case_id in cases:
        confirm(engine, case_id)
    assert [case.id for case in read(engine)] == sorted(cases)
