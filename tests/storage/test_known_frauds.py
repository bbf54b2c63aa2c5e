"""Creatives judged as fraud are known again; pictures that honest items show, too, are not held against anybody."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import pytest
from sqlalchemy import Engine

from detector.brands import BrandProfile, ReferencePicture
from detector.items import Item
from storage.database import snapshot, transaction
from storage.judgements import Judgement, judge
from storage.known_frauds import MOST, with_known_frauds
from storage.pictures import save_picture
from tests.storage.examples import MINUTE, NOW, a_verdict, an_item, see
from tests.storage.test_pictures import GOOD, REFUSED

BRANDS = (BrandProfile(key="hoshino", name="星野電機"), BrandProfile(key="other", name="Other"))
SMALL = replace(GOOD, sha256="11" * 32, width=88, height=31)


def _store(engine: Engine) -> None:
    with transaction(engine) as session:
        for record in (GOOD, REFUSED, SMALL):
            save_picture(session, record, NOW)


def _see(engine: Engine, item: Item, pictures: Mapping[str, str] | None = None) -> int:
    return see(engine, item, pictures=pictures or {item.images[0]: GOOD.sha256}).cases[0]


def _decide(engine: Engine, case: int, judgement: Judgement) -> None:
    with transaction(engine) as session:
        judge(session, case, judgement, now=NOW + MINUTE)


def _known(engine: Engine) -> list[tuple[ReferencePicture, ...]]:
    with snapshot(engine) as session:
        return [brand.pictures for brand in with_known_frauds(BRANDS, session)]


def test_the_picture_of_a_confirmed_case_is_known_for_its_brand(engine: Engine) -> None:
    _store(engine)
    case = _see(engine, an_item())
    assert _known(engine) == [(), ()]
    _decide(engine, case, Judgement(who="aki", action="confirm"))
    (reference,), others = _known(engine)
    assert (reference.name, reference.role, reference.seen_in) == (f"case {case}", "fraud", ("ad-1",))
    assert reference.hash == GOOD.hash
    assert others == ()


def test_what_was_dismissed_is_not_known(engine: Engine) -> None:
    _store(engine)
    _decide(engine, _see(engine, an_item()), Judgement(who="aki", action="dismiss", reason="reseller"))
    assert _known(engine) == [(), ()]


def test_a_picture_that_other_items_show_is_no_proof(engine: Engine) -> None:
    _store(engine)
    _decide(engine, _see(engine, an_item()), Judgement(who="aki", action="confirm"))
    honest = an_item(2, host="yamada.example", links=("https://yamada.example/",))
    see(engine, honest, a_verdict(honest, score=0.2, decision="mention"), pictures={honest.images[0]: GOOD.sha256})
    assert _known(engine) == [(), ()]


def test_icons_and_unreadable_files_are_left_out(engine: Engine) -> None:
    _store(engine)
    item = an_item(images=("a", "b"))
    case = _see(engine, item, {"a": SMALL.sha256, "b": REFUSED.sha256})
    _decide(engine, case, Judgement(who="aki", action="confirm"))
    assert _known(engine) == [(), ()]


def test_the_newest_cases_are_known_when_there_are_too_many(engine: Engine) -> None:
    _store(engine)
    with transaction(engine) as session:
        for number in range(MOST + 2):
            save_picture(session, replace(GOOD, sha256=f"{number:064x}"), NOW)
    old = _see(engine, an_item(1, host="old-hoshino.test"), {"https://cdn.example/a.jpg": GOOD.sha256})
    images = tuple(f"p{number}" for number in range(MOST + 2))
    new = an_item(2, host="new-hoshino.test", images=images)
    fresh = _see(engine, new, {name: f"{number:064x}" for number, name in enumerate(images)})
    for case in (old, fresh):
        _decide(engine, case, Judgement(who="aki", action="confirm"))
    known = _known(engine)[0]
    assert len(known) == MOST
    assert {reference.name for reference in known} == {f"case {fresh}"}


@pytest.mark.parametrize("action", ["takedown", "down", "close"])
def test_the_picture_stays_known_when_the_fraud_is_gone(
    engine: Engine, action: Literal["takedown", "down", "close"]
) -> None:
    _store(engine)
    case = _see(engine, an_item())
    _decide(engine, case, Judgement(who="aki", action="confirm"))
    _decide(engine, case, Judgement(who="aki", action=action, approvers=()))
    assert [reference.name for reference in _known(engine)[0]] == [f"case {case}"]
    _decide(engine, case, Judgement(who="aki", action="reopen"))
    assert _known(engine) == [(), ()]
