"""Google's and Snap's ads: documented answers, and real rows of the tables where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.items import Item, decode_item
from spiders.pages import google_ads, snap
from spiders.pages.answers import Answer

REAL = Path(__file__).resolve().parents[4] / "shared/data/google_ads_transparency"
CREATIVE = {
    "advertiser_id": "AR11111111111111111111",
    "advertiser": "QX TRADE LTD",
    "ad_creative_id": "CR30410000000000000004",
    "target_domain": "hoshino-denki-sale.test",
    "image": "https://tpc.test/simgad/1",
    "first_shown": 1793836800,
    "last_shown": 1795046400,
}
ROW = {
    "advertiser_id": "AR03199023755254824961",
    "creative_id": "CR08402341381267259393",
    "creative_page_url": "https://adstransparency.google.com/advertiser/AR03/creative/CR08",
    "advertiser_disclosed_name": "Hoshino Denki Shop GmbH",
    "advertiser_legal_name": "",
    "region_stats": [
        {"region_code": "EEA", "first_shown": "2026-11-02", "last_shown": "2026-11-20"},
        {"region_code": "DE", "first_shown": "2026-11-01", "last_shown": "2026-11-19", "times_shown_lower_bound": "0"},
    ],
}
SNAP = {
    "id": "7d0f",
    "ad_account_name": "Hoshino Shop",
    "paying_advertiser_name": "QX TRADE LTD",
    "headline": "90% OFF",
    "brand_name": "Hoshino Denki",
    "creative_type": "WEB_VIEW",
    "impressions_map": {"de": 10, "el": 2, "fr": 0},
    "start_date": "2026-11-01T00:00:00Z",
    "top_snap_media_download_link": "https://cdn.test/a?mo=token",
    "web_view_properties": {"url": "https://hoshino-denki-sale.test/?utm=1"},
}


def read(module: Any, answer: Any, **options: Any) -> Answer:
    parsed: Answer = module.parse_answer(json.dumps(answer).encode(), **options)
    return parsed


def the_item(parsed: Any) -> Item:
    (item,) = parsed["items"]
    return decode_item(json.dumps(item))


def test_an_ad_of_the_transparency_center() -> None:
    page = {"search_parameters": {"region": "2392"}, "ad_creatives": [CREATIVE, {}]}
    parsed = read(google_ads, {**page, "serpapi_pagination": {"next_page_token": "CgoA"}})
    item = the_item(parsed)
    assert (item.id, item.countries) == (CREATIVE["ad_creative_id"], ("JP",))
    assert item.display_url == "hoshino-denki-sale.test"
    assert (item.first_shown, item.last_shown) == ("2026-11-05", "2026-11-19")
    assert item.url is not None
    assert item.url.endswith("/advertiser/AR11111111111111111111/creative/CR30410000000000000004")
    assert (item.images, item.links) == (("https://tpc.test/simgad/1",), ())
    assert (parsed["next"], len(parsed["bad"])) == ("CgoA", 1)


@pytest.mark.parametrize("pack", [lambda value: value, json.dumps])
def test_a_row_of_the_tables(pack: Any) -> None:
    row = {**ROW, "region_stats": pack(ROW["region_stats"])}
    lines = [json.dumps(row), "", "{", "{}", "7"]
    parsed = google_ads.parse_rows("\n".join(lines).encode())
    item = the_item(parsed)
    assert (item.id, item.countries) == (ROW["creative_id"], ("DE",))
    assert (item.first_shown, item.last_shown) == ("2026-11-01", "2026-11-20")
    assert item.advertiser is not None
    assert (item.advertiser.id, item.advertiser.name) == (ROW["advertiser_id"], "Hoshino Denki Shop GmbH")
    assert [number for number, _ in parsed["bad"]] == [3, 4, 5]


def test_a_removed_creative_has_its_id_in_its_address() -> None:
    page = "https://adstransparency.google.com/removed/creative/CR152"
    line = json.dumps({"creative_page_url": page, "disapproval": []})
    assert the_item(google_ads.parse_rows(line.encode())).id == "CR152"


@pytest.mark.real_data
def test_real_rows() -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data/google_ads_transparency is absent")
    for path in sorted(REAL.glob("*STATS.json")):
        rows = json.loads(path.read_bytes())["sample_rows"]
        parsed = google_ads.parse_rows("\n".join(map(json.dumps, rows)).encode())
        assert (len(parsed["items"]), parsed["bad"]) == (len(rows), [])
        items = [decode_item(json.dumps(item)) for item in parsed["items"]]
        assert all(item.first_shown and item.countries and item.url for item in items)


def test_an_ad_of_snap() -> None:
    parsed = read(
        snap,
        {
            "request_status": "SUCCESS",
            "ads": [{"ad_preview": SNAP}, {}],
            "paging": {"next_link": "https://s.test/?cursor=2"},
        },
    )
    item = the_item(parsed)
    assert item.links == ("https://hoshino-denki-sale.test/?utm=1",)
    assert (item.countries, item.first_shown) == (("DE", "GR"), "2026-11-01")
    assert item.images == ("https://cdn.test/a?mo=token",)
    assert "token" not in json.dumps(item.raw)
    assert item.advertiser is not None
    assert item.advertiser.payer == "QX TRADE LTD"
    assert (parsed["next"], len(parsed["bad"])) == ("https://s.test/?cursor=2", 1)
    assert the_item(read(snap, {"ads": [SNAP]})).id == "7d0f"


@pytest.mark.parametrize(
    ("module", "status", "body", "kind"),
    [
        (google_ads, 401, {"error": "Invalid API key."}, "token"),
        (google_ads, 200, {"error": "Google hasn't returned any results for this query."}, None),
        (google_ads, 400, {"error": "Missing query `text` parameter."}, "bad_request"),
        (snap, 200, {"error_code": "E1009", "debug_message": "Too many requests"}, "rate_limited"),
        (snap, 429, {}, "rate_limited"),
        (snap, 200, {"error_code": "E3024", "debug_message": "empty name"}, "api_error"),
        (snap, 500, {}, "transient"),
    ],
)
def test_a_refusal_has_a_name(module: Any, status: int, body: Any, kind: str | None) -> None:
    refusal = read(module, body, status=status)["failed"]
    assert (refusal and refusal["kind"]) == kind
    for broken in (b"<html>", b"[]", b'{"x": 1}'):
        with pytest.raises(ValueError, match=r"not JSON|no `"):
            module.parse_answer(broken)
