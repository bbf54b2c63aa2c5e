"""As whom a link was followed, as readers are told: a device and a browser, never a key of ours."""

import re
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from alerts.message import Language
from spiders.visits.visitors import OURS
from takedown.bundle.dossier import Journey
from takedown.bundle.journeys import journey_blocks, rounds_of
from takedown.bundle.locale import Locale
from takedown.translation import in_japanese
from takedown.vocabulary import WORDS
from tests.takedown.drafts import actor_of, channel_of, drafted, story_of
from tests.takedown.stage import Stage
from tests.takedown.ways import journey, telling

TOKYO = ZoneInfo("Asia/Tokyo")
LINK = "https://a.test/"


def told(language: Language) -> Iterator[tuple[str, str]]:
    for one in OURS:
        yield one.key, WORDS[language].visitor(replace(journey(LINK, visitor=one.key), browser=one.browser))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_visitor_of_ours_has_a_name_of_its_own(language: Language) -> None:
    names = dict(told(language))
    assert len(set(names.values())) == len(OURS)
    assert not re.search(r"“|「|\bbare\b", " ".join(names.values())), "none goes by its key"


@pytest.mark.parametrize(
    ("key", "browser", "country", "en", "ja"),
    [
        ("telephone", False, None, "a telephone", "スマートフォン"),
        ("abroad", False, None, "visitor “abroad”", "環境「abroad」"),
        (
            "abroad",
            True,
            "US",
            "visitor “abroad” with a browser, from United States",
            "環境「abroad」（ブラウザー）、接続元 米国",
        ),
        ("telephone", True, None, "a telephone with a browser", "スマートフォン（ブラウザー）"),
        ("browser", False, None, "visitor “browser”", "環境「browser」"),
    ],
)
def test_a_visitor_of_the_teams_own_is_told_by_what_the_visit_says(
    key: str, browser: bool, country: str | None, en: str, ja: str
) -> None:
    visit = replace(journey(LINK, visitor=key), browser=browser, country=country)
    assert Locale("en", TOKYO).visitor(visit) == en
    assert Locale("ja", TOKYO).visitor(visit) == ja


def test_a_lane_of_the_journey_says_once_that_there_was_a_browser() -> None:
    visits = [replace(journey(LINK, visitor="desk"), browser=browser, country="US") for browser in (True, False)]
    shown = journey_blocks(telling(), rounds_of(visits), {}, Locale("en", TOKYO))
    [(seen, plain)] = [block.ways for block in shown if isinstance(block, Journey)]
    assert (seen.visitor, seen.how) == ("A desk computer with a browser", "from United States")
    assert (plain.visitor, plain.how) == ("A desk computer", "without a browser, from United States")


def test_what_two_visitors_saw_is_told_by_their_names() -> None:
    assert in_japanese("desk: abroad saw a page, desk did not (answered 404)") == (
        "パソコンとの比較：環境「abroad」にはページが表示され、パソコンには表示されませんでした"
        "（HTTP ステータス 404 が返されました）"
    )


def test_a_notice_says_as_whom_and_from_where_it_was_seen(stage: Stage) -> None:
    story = story_of(stage)
    visits = tuple(
        replace(visit, visitor="abroad", browser=True, country="US") if visit.visitor == "desk" else visit
        for visit in story.case.visits
    )
    story = replace(story, case=replace(story.case, visits=visits))
    registrar, channel = actor_of(story, "registrar"), channel_of("registrar_abuse")
    english = drafted(stage, story, registrar, channel, "en").body
    assert "(as a telephone with a browser)" in english
    assert "(as visitor “abroad” with a browser, from United States)" in english
    japanese = drafted(stage, story, registrar, channel, "ja").body
    assert "閲覧環境：スマートフォン（ブラウザー））" in japanese
    assert "閲覧環境：環境「abroad」（ブラウザー）、接続元：米国" in japanese
    assert not re.search(r"\bdesk\b", english + japanese)
