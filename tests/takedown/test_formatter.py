"""Formatter: hostile text in a notice stays one value on one line; an address stays what a browser opens."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.message import Language
from safety.screen import screen
from takedown.formatter import Formatter, exact

TOKYO = ZoneInfo("Asia/Tokyo")


def formatter(language: Language = "en", *, inert: bool = False) -> Formatter:
    return Formatter(language=language, zone=TOKYO, inert=inert)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://a.test/あ?q=%41&r=a b#c", "https://a.test/あ?q=%41&r=a b#c"),
        ("https://a.test/\tx\r\ny", "https://a.test/xy"),
        ("https://a.test/\u202ex\x1b", "https://a.test/%E2%80%AEx%1B"),
        ("https://a.test/\ud800", "https://a.test/%EF%BF%BD"),
    ],
)
def test_an_address_is_exact_but_for_what_nobody_sees(url: str, written: str) -> None:
    assert exact(url) == written


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_whatever_comes_nothing_acts_and_nothing_breaks_the_line(text: str) -> None:
    for one in (formatter(), formatter("ja"), formatter(inert=True)):
        for written in (one.line(text), one.quote(text), one.url(text), one.url(text, 20)):
            assert "\n" not in written
            assert screen(written) == written or len(screen(written)) == len(written)


@pytest.mark.parametrize(("language", "closing"), [("en", "”"), ("ja", "」")])
def test_a_quotation_cannot_be_ended_from_within(language: Language, closing: str) -> None:
    assert formatter(language).quote(f"a{closing} b “c” 「d」").count(closing) == 1


def test_links_are_inert_where_the_channel_wants_it() -> None:
    assert formatter(inert=True).url("https://a.test/x") == "hxxps://a[.]test/x"
    assert formatter(inert=True).line("see https://a.test/x") == "see hxxps://a[.]test/x"
    assert formatter(inert=True).url("@hoshino-sale88") == "@hoshino-sale88"  # no address: an account
    assert formatter().url("https://a.test/x") == "https://a.test/x"


def test_a_moment_is_told_in_utc_and_in_the_zone_of_the_team() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert formatter().moment(late) == "2026-11-24 23:30:00 UTC (2026-11-25 08:30:00 Asia/Tokyo)"
    assert formatter("ja").moment(late) == "2026-11-25 08:30:00（日本時間、UTC 2026-11-24 23:30:00）"
    assert Formatter(language="ja", zone=ZoneInfo("UTC"), inert=False).moment(late) == "2026-11-24 23:30:00 UTC"
