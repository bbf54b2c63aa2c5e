"""All that is known of a case, read at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage.database import snapshot
from storage.profiles import bare_profile
from takedown.errors import TakedownError
from takedown.story import handoffs_of, tell_story
from tests.takedown.stage import CANARY, LINE_ID, LINK, NOW, SHOP, Stage


def test_a_story_is_of_one_case_with_its_journeys_and_registrations(stage: Stage) -> None:
    with snapshot(stage.engine) as session:
        story = tell_story(session, stage.config, stage.case, now=NOW + timedelta(days=1))
    assert story.case.state == "confirmed"
    assert {view.item.id for view in story.case.items} == {
        "ad-501",
        "https://hoshino-denki-sale.test/lp/order",
        "yt-77",
    }
    assert {visit.url for visit in story.case.visits} == {LINK}
    assert story.registrations[SHOP].facts["abuse_email"] == "abuse@registrar.example"
    assert LINE_ID in {one.value for view in story.case.items for one, _ in handoffs_of(view)}
    assert CANARY not in repr(story)


def test_who_tells_of_many_cases_reads_what_brands_are_known_by_once(stage: Stage) -> None:
    [brand] = stage.config.brand
    moon = brand.model_copy(update={"key": "moon"})
    config = stage.config.model_copy(update={"brand": (moon, brand)})
    read = [replace(bare_profile(config, one), products=("as it was read",)) for one in (moon, brand)]
    with snapshot(stage.engine) as session:
        told = tell_story(session, config, stage.case, now=NOW, profiles=read)
        anew = tell_story(session, config, stage.case, now=NOW)
    assert [one.key for one in told.profiles] == [one.key for one in anew.profiles] == ["hoshino", "moon"]
    assert {one.products for one in told.profiles} == {("as it was read",)}


def test_a_brand_that_is_not_configured_any_more_is_said(stage: Stage) -> None:
    [brand] = stage.config.brand
    config = stage.config.model_copy(update={"brand": (brand.model_copy(update={"key": "moon"}),)})
    with snapshot(stage.engine) as session, pytest.raises(TakedownError, match="brand hoshino"):
        tell_story(session, config, stage.case, now=NOW)
