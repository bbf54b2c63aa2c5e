"""Search pages: every ad is found, no organic result is taken for one."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.hosts import destination
from detector.items import Item, decode_item
from spiders.pages.answers import Answer
from spiders.pages.search_ads import parse_answer

PAGES = Path(__file__).resolve().parents[4] / "shared/data/serp"
SOLD: dict[str, list[int]] = json.loads(Path(__file__).with_name("search_pages.json").read_text("utf-8"))
KEY = "s3rp-api-key-of-the-team"
AD = {
    "position": 1,
    "title": "星野電機 公式オンラインストア - 最大90%OFF",
    "link": "https://www.google.com/goto?url=CAESaAHr",
    "displayed_link": "https://www.hoshino-denki-sale.test › outlet",
    "tracking_link": "https://www.google.com/aclk?sa=L&q&adurl=https%3A%2F%2Fhoshino-denki-sale.test%2Flp%3Fgclid%3DCj0",
    "description": "本日限り。",
    "source": "Hoshino Denki Outlet",
}
ORGANIC = {"position": 1, "title": "星野電機", "link": "https://hoshino-denki.example/"}
ASKED = {"engine": "google", "q": "星野電機", "device": "mobile", "google_domain": "google.co.jp", "api_key": KEY}


def read(answer: Any, **options: Any) -> Answer:
    return parse_answer(json.dumps(answer).encode(), **options)


def items(answer: Any) -> list[Item]:
    return [decode_item(json.dumps(item)) for item in read(answer)["items"]]


def test_an_ad_keeps_its_click_address_and_tells_where_it_leads() -> None:
    (item,) = items({"search_parameters": ASKED, "ads": [AD], "organic_results": [ORGANIC]})
    assert item.links == (AD["tracking_link"],)  # byte for byte; google.com/goto says nothing
    host = destination(item.links[0])
    assert host is not None
    assert host.ascii == "hoshino-denki-sale.test"
    assert (item.display_url, item.platform) == ("https://www.hoshino-denki-sale.test", "google")
    assert [(text.role, text.text) for text in item.texts] == [("title", AD["title"]), ("description", "本日限り。")]
    assert item.advertiser is not None
    assert item.advertiser.name == "Hoshino Denki Outlet"
    assert item.raw["search"]["device"] == "mobile"
    assert KEY not in json.dumps(item.raw)


def test_an_ad_is_known_again_although_its_click_address_changes() -> None:
    again = {**AD, "tracking_link": "https://www.google.com/aclk?sa=L&ai=other&adurl", "position": 3}
    first, second = (items({"search_parameters": ASKED, "ads": [ad]})[0].id for ad in (AD, again))
    assert first == second
    assert items({"search_parameters": ASKED, "ads": [{**AD, "title": "別の広告"}]})[0].id != first


def test_every_sold_section_is_read_and_no_other() -> None:
    page = {
        "search_parameters": ASKED,
        "ads": [AD],
        "shopping_results": [
            {"title": "エアコン", "tracking_link": "https://www.google.com/aclk?adurl=https://a.test"}
        ],
        "local_ads": {"title": "店", "ads": [{"title": "修理", "link": "https://b.test/"}]},
        "organic_results": [ORGANIC],
        "related_searches": [{"query": "星野電機 セール"}],
    }
    assert [item.texts[0].text for item in items(page)] == [AD["title"], "修理", "エアコン"]
    shopping = {"search_parameters": {"engine": "google_shopping"}, "shopping_results": [{"title": "エアコン"}]}
    assert items(shopping) == []  # there, the results are offers that nobody paid for


def test_a_place_that_is_sold_is_an_ad_among_places_that_are_not() -> None:
    place = {"type": "local_results", "title": "店", "details": {"website": "https://a.test/", "category": "電器店"}}
    sold = {**place, "title": "別の店", "details": {"website": "/aclk?sa=L&adurl=", "category": "Sponsored"}}
    (item,) = items({"results": [place, sold]})
    assert item.texts[0].text == "別の店"
    assert item.links == ("https://www.google.com/aclk?sa=L&adurl=",)


@pytest.mark.parametrize(
    ("status", "says", "kind"),
    [
        (401, "Invalid API key. Your API key should be here.", "token"),
        (429, "Your account has run out of searches.", "rate_limited"),
        (200, "We couldn't get valid results for this search. Please try again later.", "api_error"),
        (400, "Unsupported `location` parameter.", "bad_request"),
        (503, "", "transient"),
    ],
)
def test_a_refusal_has_a_name(status: int, says: str, kind: str) -> None:
    refusal = read({"error": says} if says else {}, status=status)["failed"]
    assert refusal is not None
    assert refusal["kind"] == kind
    assert says in refusal["says"]


def test_a_page_without_results_is_an_empty_page() -> None:
    parsed = read({"search_metadata": {}, "error": "Google hasn't returned any results for this query."})
    assert (parsed["items"], parsed["failed"]) == ([], None)


def test_what_is_no_search_page_is_told() -> None:
    for body in (b"<html>", b"[]", b'{"x": 1}', b"[" * 5000):
        with pytest.raises(ValueError, match=r"not JSON|no search page"):
            parse_answer(body)
    parsed = read({"search_metadata": {}, "ads": [None, 7, {}, AD, {"title": [1], "link": {}}]})
    assert (len(parsed["items"]), [number for number, _ in parsed["bad"]]) == (1, [1, 2, 3, 5])


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(SOLD))
def test_real_pages(name: str) -> None:
    """Compare with rows read by hand: what is sold on each page, by its place in the list of results."""
    path = next(PAGES.glob(f"*{name}.json"), None)
    if path is None:
        pytest.skip("../shared/data/serp is absent")
    results = json.loads(path.read_bytes())["results"]
    found = {json.dumps(item["raw"]["row"], sort_keys=True) for item in parse_answer(path.read_bytes())["items"]}
    assert found == {json.dumps(results[number], sort_keys=True) for number in SOLD[name]}
