from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from detector.evidence import Evidence
from storage.case_items import items_of
from storage.case_list import CaseOrder, Place, count_cases, list_cases, place_of
from storage.cases import CaseNotFound, Judgement, case_detail, judge, log_entries
from storage.database import snapshot, transaction
from storage.errors import ItemNotFound
from storage.pictures import PictureRecord, save_picture
from storage.splitting import split
from storage.views import CaseFilters
from tests.storage.examples import MINUTE, NOW, a_verdict, an_item, arrive, see

HOUR = timedelta(hours=1)
SHA, SMALL = "ab" * 32, "cd" * 32


@pytest.fixture
def cases(engine: Engine) -> list[int]:
    """Three cases: scores 0.7 (brand other), 0.9, and 0.9 opened later."""
    ids = []
    plan = [(1, 0.7, "other", "tips"), (2, 0.9, "hoshino", "tips"), (3, 0.9, "hoshino", "web-1")]
    for number, score, brand, source in plan:
        item = an_item(number, host=f"hoshino-{number}.test")
        verdict = a_verdict(item, score=score, brand=brand)
        ids.append(see(engine, item, verdict, at=NOW + number * MINUTE, source=source).cases[0])
    return ids


def test_the_best_come_first_then_the_oldest(engine: Engine, cases: list[int]) -> None:
    with snapshot(engine) as session:
        assert [case.id for case in list_cases(session, now=NOW)] == [cases[1], cases[2], cases[0]]


def test_filters(engine: Engine, cases: list[int]) -> None:
    with snapshot(engine) as session:
        assert [case.id for case in list_cases(session, CaseFilters(brand="other"), now=NOW)] == [cases[0]]
        assert [case.id for case in list_cases(session, CaseFilters(source="web-1"), now=NOW)] == [cases[2]]
        assert [case.id for case in list_cases(session, CaseFilters(min_score=0.8), now=NOW)] == cases[1:]
        assert list_cases(session, CaseFilters(source="nowhere"), now=NOW) == []
        assert list_cases(session, CaseFilters(states=("confirmed",)), now=NOW) == []


def test_states(engine: Engine, cases: list[int]) -> None:
    with transaction(engine) as session:
        judge(session, cases[1], Judgement(who="aki", action="confirm"), now=NOW)
        found = list_cases(session, CaseFilters(states=("open", "confirmed")), now=NOW)
        assert [(case.id, case.state) for case in found] == [
            (cases[1], "confirmed"),
            (cases[2], "open"),
            (cases[0], "open"),
        ]


def test_summary(engine: Engine) -> None:
    first = see(engine, an_item(1))
    see(engine, an_item(2), at=NOW + MINUTE)
    see(engine, an_item(2), at=NOW + 2 * MINUTE)
    with snapshot(engine) as session:
        [case] = list_cases(session, now=NOW)
        assert case.log_id == case_detail(session, case.id).log[-1].id
    assert (case.id, case.brand, case.items) == (first.cases[0], "hoshino", 2)
    assert (case.opened_at, case.last_seen) == (NOW, NOW + 2 * MINUTE)
    assert case.title == "hoshino-denki-sale.test (ad)"
    assert case.top_evidence is not None
    assert case.top_evidence.signal == "host.lookalike"


@pytest.mark.parametrize(
    ("weights", "first"),
    [
        ({"wording.fraud": 4.6, "host.lookalike": 4.3, "claim.known_false": 3.0}, "host.lookalike"),
        ({"setting.fraud": 4.6, "wording.fraud": 3.0, "host.foreign": 0.8}, "host.foreign"),
        ({"wording.fraud": 4.6, "official.partner": -5.0}, "wording.fraud"),
    ],
)
def test_the_first_reason_is_a_named_technique_that_speaks_against_the_item(
    engine: Engine, weights: dict[str, float], first: str
) -> None:
    evidence = tuple(
        Evidence(signal=signal, weight=weight, strength=1.0, observed="o", expected="", says="s")
        for signal, weight in weights.items()
    )
    item = an_item()
    see(engine, item, replace(a_verdict(item), evidence=evidence))
    with snapshot(engine) as session:
        [case] = list_cases(session, now=NOW)
    assert case.top_evidence is not None
    assert case.top_evidence.signal == first


def test_detail_shows_what_was_judged(engine: Engine) -> None:
    item = an_item()
    verdict = a_verdict(item)
    with transaction(engine) as session:
        save_picture(
            session,
            PictureRecord(sha256=SHA, mime="image/png", bytes=9, width=640, height=480, hash=None, rendition=SMALL),
            NOW,
        )
    case = see(engine, item, verdict, pictures={item.images[0]: SHA}).cases[0]
    see(engine, item, verdict, at=NOW + MINUTE, source="web-1", pictures={item.images[0]: SHA})
    with snapshot(engine) as session:
        detail = case_detail(session, case)
    [view] = detail.items
    assert view.item == item
    assert view.verdict == verdict
    assert (view.first_seen, view.last_seen, view.sightings) == (NOW, NOW + MINUTE, 2)
    assert view.sources == ("tips", "web-1")
    [picture] = view.pictures
    assert (picture.reference, picture.sha256, picture.rendition) == (item.images[0], SHA, SMALL)
    assert (picture.width, picture.height) == (640, 480)
    assert detail.deliveries == ()


def test_detail_of_a_large_campaign_shows_the_best(engine: Engine) -> None:
    for number in range(5):
        item = an_item(number)
        see(engine, item, a_verdict(item, score=number / 10))
    with snapshot(engine) as session:
        detail = case_detail(session, 1, max_items=2)
    assert detail.item_count == 5
    assert [view.verdict.score for view in detail.items] == [0.4, 0.3]


def test_items_of_a_large_campaign_come_a_page_at_a_time(engine: Engine) -> None:
    scores = (0.9, 0.95, 0.9, 0.92, 0.9)
    seen = [see(engine, an_item(n), a_verdict(an_item(n), score=score)) for n, score in enumerate(scores, 1)]
    (case_id,) = {one.cases[0] for one in seen}
    with snapshot(engine) as session:
        whole = [view.item_id for view in items_of(session, case_id, limit=10)]
        paged, after = [], None
        while page := items_of(session, case_id, after=after, limit=2):
            paged += [view.item_id for view in page]
            after = page[-1].item_id
        with pytest.raises(ItemNotFound, match="item 999 is not in case"):
            items_of(session, case_id, after=999, limit=2)
        assert [view.item_id for view in case_detail(session, case_id).items] == whole
    assert paged == whole == [seen[place].item_id for place in (1, 3, 0, 2, 4)]


def test_a_log_comes_a_page_at_a_time(engine: Engine, cases: list[int]) -> None:
    with transaction(engine) as session:
        for number in range(5):
            judge(session, cases[0], Judgement(who="aki", action="note", note=f"{number}"), now=NOW + number * MINUTE)
    with snapshot(engine) as session:
        log = case_detail(session, cases[0]).log
        assert case_detail(session, cases[0], max_log=2).log == log[-2:]
        assert log_entries(session, cases[0], most=2, before=log[-2].id) == log[-4:-2]
        assert log_entries(session, cases[0]) == log


def test_unknown_case(engine: Engine) -> None:
    with pytest.raises(CaseNotFound, match="7"), snapshot(engine) as session:
        case_detail(session, 7)


def ids(
    engine: Engine, order: CaseOrder = "priority", after: Place | None = None, limit: int = 50, **wanted: Any
) -> list[int]:
    with snapshot(engine) as session:
        found = list_cases(session, CaseFilters(**wanted), order=order, after=after, limit=limit, now=NOW + 10 * MINUTE)
    return [case.id for case in found]


def test_orders(engine: Engine, cases: list[int]) -> None:
    with transaction(engine) as session:
        judge(session, cases[0], Judgement(who="aki", action="harm", harm="high"), now=NOW)
    assert ids(engine, "priority") == [cases[0], cases[1], cases[2]], "harm counts"
    assert ids(engine, "score") == [cases[1], cases[2], cases[0]]
    assert ids(engine, "age") == [cases[0], cases[1], cases[2]]


@pytest.mark.parametrize("order", ["priority", "score", "age"])
def test_a_list_is_walked_backwards(engine: Engine, cases: list[int], order: CaseOrder) -> None:
    with snapshot(engine) as session:
        forwards = list_cases(session, order=order, now=NOW)
        assert list_cases(session, order=order, now=NOW, backwards=True) == forwards[::-1]
        last = place_of(forwards[-1], order)
        assert list_cases(session, order=order, now=NOW, after=last, limit=1, backwards=True) == [forwards[-2]]
        first = place_of(forwards[0], order)
        assert list_cases(session, order=order, now=NOW, after=first, backwards=True) == []


def test_more_filters(engine: Engine, cases: list[int]) -> None:
    page = an_item(
        4,
        kind="page",
        platform=None,
        advertiser=None,
        links=(),
        images=(),
        texts=(),
        url="https://hoshino-4.test/100%_x",
    )
    cases.append(see(engine, page, a_verdict(page, score=0.8), at=NOW + 4 * MINUTE).cases[0])
    with transaction(engine) as session:
        judge(session, cases[1], Judgement(who="aki", action="assign"), now=NOW)
        judge(session, cases[1], Judgement(who="aki", action="tag", tag="冬_セール"), now=NOW)
        judge(session, cases[2], Judgement(who="aki", action="tag", tag="冬xセール"), now=NOW)
    assert ids(engine, assignee="aki") == [cases[1]]
    assert cases[1] not in ids(engine, assignee="none")
    assert ids(engine, tag="冬_セール") == [cases[1]], "an underscore is no wildcard"
    assert ids(engine, tag="冬") == []
    assert ids(engine, kind="page") == [cases[3]]
    assert ids(engine, text="HOSHINO-4") == [cases[3]]
    assert ids(engine, text="%") == []
    assert ids(engine, older=timedelta(minutes=8)) == [cases[1], cases[0]]
    assert ids(engine, younger=timedelta(minutes=7)) == [cases[2], cases[3]]
    assert ids(engine, min_priority=0.85) == [cases[1], cases[2]]
    with snapshot(engine) as session:
        assert count_cases(session, CaseFilters(min_priority=0.85), now=NOW) == 2
        assert count_cases(session, CaseFilters(states=()), now=NOW) == 0


@pytest.mark.parametrize("order", ["priority", "score", "age"])
def test_pages_follow_one_another_whatever_is_judged_between(engine: Engine, order: CaseOrder) -> None:
    items = [
        an_item(number, host=f"hoshino-{number}.test", advertiser=None, images=(), texts=()) for number in range(12)
    ]
    for number, item in enumerate(items):
        see(engine, item, a_verdict(item, score=0.5 + number % 3 / 10), at=NOW + number % 2 * MINUTE)
    with transaction(engine) as session:
        judge(session, 5, Judgement(who="aki", action="snooze", until=NOW + 5 * MINUTE), now=NOW)
    everything = ids(engine, order)
    assert sorted(everything) == list(range(1, 13)), "a snooze that has run out is open"
    walked: list[int] = []
    after: Place | None = None
    while True:
        with snapshot(engine) as session:
            page = list_cases(session, order=order, after=after, limit=5, now=NOW + 10 * MINUTE)
        if not page:
            break
        walked += [case.id for case in page]
        after = place_of(page[-1], order)
        with transaction(engine) as session:
            judge(session, page[0].id, Judgement(who="aki", action="confirm"), now=NOW)
    assert walked == everything


def test_summaries_tell_what_became_of_a_case(engine: Engine, cases: list[int]) -> None:
    with transaction(engine) as session:
        judge(session, cases[1], Judgement(who="aki", action="dismiss", reason="news", until=NOW + HOUR), now=NOW)
        [case] = list_cases(session, CaseFilters(states=("dismissed",)), now=NOW)
    assert (case.judged_at, case.suppressed_until, case.merged_into, case.held) == (NOW, NOW + HOUR, None, False)
    assert (case.harm, case.sightings, case.publishers, case.tags) == ("normal", 1, 0, ())


def test_earlier_judgements_on_cases_that_share_something(engine: Engine) -> None:
    post = an_item(1, host="hoshino-1.test", texts=(), images=())
    first = see(engine, post).cases[0]
    with transaction(engine) as session:
        judge(session, first, Judgement(who="aki", action="dismiss", reason="reseller", note="契約あり"), now=NOW)
    with snapshot(engine) as session:
        assert case_detail(session, first).similar == (), "not itself"
    second = an_item(2, host="hoshino-1.test", texts=(), images=())
    see(engine, second, a_verdict(second, brand="other"))
    with snapshot(engine) as session:
        assert case_detail(session, 2).similar == (), "of the same brand only"
    with transaction(engine) as session:
        split_off = split(session, first, [see_another(session, first)], who="aki", now=NOW)
        [similar] = case_detail(session, split_off).similar
    assert (similar.id, similar.action, similar.reason, similar.note, similar.who) == (
        first,
        "dismiss",
        "reseller",
        "契約あり",
        "aki",
    )
    assert ("host", "hoshino-1.test") in similar.shares


def see_another(session: Session, case: int) -> int:
    """Let one more item join a case in the caller's transaction; return it."""
    [recorded] = arrive(session, an_item(3, host="hoshino-1.test", texts=(), images=()))
    assert recorded.cases == (case,)
    return recorded.item_id
