import pytest
from sqlalchemy import Engine

from storage.cases import CaseNotFound, Judgement, case_detail, judge, list_cases
from storage.database import snapshot, transaction
from storage.pictures import PictureRecord, save_picture
from storage.views import CaseFilters
from tests.storage.examples import MINUTE, NOW, a_verdict, an_item, see

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


def test_unknown_case(engine: Engine) -> None:
    with pytest.raises(CaseNotFound, match="7"), snapshot(engine) as session:
        case_detail(session, 7)
