from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from spiders.pages.publisher import parse_page
from spiders.sightings import ad_items, page_item, platform, targets

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def page(**ad: Any) -> dict[str, Any]:
    shown = {
        "slot": "google:div-gpt-ad-1",
        "links": ["https://click.test/aclk?ai=one&adurl=https://shop.test/sale"],
        "texts": [{"role": "title", "text": "星野電機"}],
        "images": ["https://pictures.test/a.jpg?sig=1"],
        "frames": [],
        "advertiser": None,
    }
    return {"texts": [], "links": [], "images": [], "ads": [shown | ad]}


def ids(shown: dict[str, Any], url: str = "https://paper.test/1") -> list[str]:
    return [item.id for item in ad_items(shown, url, NOW)]


def test_one_creative_on_two_pages_is_one_item() -> None:
    again = page(
        slot="adsense:7",
        links=["https://click.test/aclk?ai=two&adurl=https://shop.test/sale"],
        images=["https://pictures.test/a.jpg?sig=2"],
    )
    assert ids(page()) == ids(again, "https://paper.test/2")


@pytest.mark.parametrize(
    "other",
    [
        {"links": ["https://click.test/aclk?ai=one&adurl=https://other.test/sale"]},
        {"texts": [{"role": "title", "text": "別の広告"}]},
        {"images": ["https://pictures.test/b.jpg"]},
    ],
)
def test_another_target_text_or_picture_is_another_item(other: dict[str, Any]) -> None:
    assert ids(page()) != ids(page(**other))


def test_an_ad_says_where_it_was() -> None:
    (item,) = ad_items(page(advertiser="QX Trade"), "https://paper.test/1#top", NOW)
    assert item.publisher_url == "https://paper.test/1"
    assert item.links == ("https://click.test/aclk?ai=one&adurl=https://shop.test/sale",)
    assert item.advertiser is not None
    assert item.advertiser.name == "QX Trade"


def test_an_empty_slot_is_no_item() -> None:
    assert ids(page(links=[], texts=[], images=[])) == []


def test_a_page_is_its_address_without_the_fragment() -> None:
    seen = {"texts": [], "links": [], "images": [f"https://p.test/{n}" for n in range(50)]}
    first, second = page_item(seen, "https://a.test/x#one", NOW), page_item(seen, "https://a.test/x#two", NOW)
    assert (first.id, first.url) == (second.id, "https://a.test/x")
    assert len(first.images) == 20
    assert page_item(seen, "https://a.test/y", NOW).id != first.id


def test_a_page_takes_what_it_shows_and_what_the_caller_knows() -> None:
    html = b"<form action=/in><input type=password name=pw></form>"
    seen = parse_page(html, url="https://a.test/x")
    plain = page_item(seen, "https://a.test/x", NOW)
    assert plain.page is not None
    assert [(form.kind, form.action) for form in plain.page.forms] == [("login", "https://a.test/in")]
    assert (plain.page.certificate_from, plain.page.registered_on) == (None, None)
    known = page_item(
        seen, "https://a.test/x", NOW, certificate_from=date(2026, 11, 20), registered_on=date(2026, 11, 1)
    )
    assert known.page == replace(plain.page, certificate_from=date(2026, 11, 20), registered_on=date(2026, 11, 1))
    assert page_item({"texts": [], "links": [], "images": []}, "https://a.test/x", NOW).page is None


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        ("google:div-gpt-ad-1", "google"),
        ("adsense:ca-pub-1", "google"),
        ("redirect:doubleclick.net", "google"),
        ("redirect:trc.taboola.com", "taboola"),
        ("outbrain", "outbrain"),
        ("labelled", None),
        ("iframe:x", None),
    ],
)
def test_platform(slot: str, name: str | None) -> None:
    assert platform(slot) == name


def test_targets_survive_broken_links() -> None:
    assert list(targets(["http://[::1", "https://A.test/p?q=1"])) == ["http://[::1", "a.test/p"]
