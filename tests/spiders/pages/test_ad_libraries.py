"""Answers of the ad libraries, as they are documented, and what becomes of each."""

import json
from typing import Any

import pytest

from detector.items import Item, decode_item
from spiders.pages import linkedin, meta, microsoft, tiktok
from spiders.pages.answers import Answer

TOKEN = "EAAB-t0ken-of-a-person"
META = {
    "id": "1480022334455667",
    "page_id": "108855443322110",
    "page_name": "Hoshino Denki Outlet 公式",
    "ad_delivery_start_time": "2026-11-11",
    "ad_creative_bodies": ["星野電機 閉店セール!本日限り90%OFF"],
    "ad_creative_link_titles": ["公式アウトレット"],
    "ad_creative_link_captions": ["hoshino-denki-sale.test"],
    "publisher_platforms": ["FACEBOOK", "instagram"],
    "beneficiary_payers": [{"payer": "Old Ltd", "current": False}, {"payer": "QX Trade Ltd", "current": True}],
    "age_country_gender_reach_breakdown": [{"country": "DE"}, {"country": "DE"}, {"country": "FR"}],
    "ad_snapshot_url": f"https://www.facebook.com/ads/archive/render_ad/?id=1&access_token={TOKEN}",
}
TIKTOK = {
    "ad": {
        "id": 9873831353981330123,
        "first_shown_date": 20261101,
        "last_shown_date": "20261120",
        "title": "Hoshino Denki clearance",
        "external_url": "https://hoshino-denki-sale.test/?ttclid=__CLICKID__",
        "videos": [{"url": "https://v16m.cdn.test/x.mp4", "cover_image_url": "https://p16.cdn.test/c.jpg"}],
        "reach": {"unique_users_seen_by_country": {"FR": "12K"}},
    },
    "advertiser": {"buisness_id": 7029742742520710149, "business_name": "QX TRADE LTD", "paid_for_by": "QX"},
}
LINKEDIN = {
    "adUrl": "https://www.linkedin.com/ad-library/detail/1470155666",
    "details": {
        "advertiser": {
            "advertiserName": "Hoshino Denki Careers",
            "advertiserUrl": "https://www.linkedin.com/company/99118822",
            "adPayer": "QX Trade Ltd",
        },
        "adStatistics": {
            "firstImpressionAt": 1793836800000,
            "impressionsDistributionByCountry": [{"country": "urn:li:country:DE"}],
        },
    },
}
MICROSOFT = {
    "AdId": 78202980498079,
    "AdvertiserId": 4295007715,
    "AdvertiserName": "QX Trade Ltd",
    "Title": "星野電機 公式 | 最大90%OFF",
    "DisplayUrl": "hoshino-denki-sale.test/outlet",
    "DestinationUrl": "https://hoshino-denki-sale.test/lp?msclkid=x",
    "AssetJson": '[{"AssetType": "Image", "AssetUrl": "https://cdn.test/a.png"}]',
    "AdDetails": {"PaidForByName": None, "StartDate": "2026-11-01", "EndDate": "2026-11-19T00:00:00"},
}


def the_item(parsed: Answer) -> Item:
    (item,) = parsed["items"]
    return decode_item(json.dumps(item))


def read(module: Any, answer: Any, **options: Any) -> Answer:
    parsed: Answer = module.parse_answer(json.dumps(answer).encode(), **options)
    return parsed


def test_an_ad_of_meta() -> None:
    item = the_item(
        read(meta, {"data": [META], "paging": {"cursors": {"after": "x"}, "next": "https://g.test/?after=x"}})
    )
    assert (item.id, item.platform, item.display_url) == (META["id"], "meta", "hoshino-denki-sale.test")
    assert item.url == "https://www.facebook.com/ads/library/?id=1480022334455667"
    assert [(text.role, text.text) for text in item.texts] == [
        ("body", "星野電機 閉店セール!本日限り90%OFF"),
        ("title", "公式アウトレット"),
        ("caption", "hoshino-denki-sale.test"),
    ]
    assert item.advertiser is not None
    assert item.advertiser.payer == "QX Trade Ltd"
    assert (item.countries, item.platforms) == (("DE", "FR"), ("facebook", "instagram"))
    assert item.links == ()  # the interface does not tell: a normal state
    assert TOKEN not in json.dumps(item.raw)


def test_an_ad_of_meta_in_the_old_names() -> None:
    row = {"id": 2**60, "ad_creative_body": "星野電機", "funding_entity": "QX", "ad_creative_link_caption": "a.test"}
    item = the_item(read(meta, {"data": [row]}))
    assert (item.id, item.display_url, item.texts[0].text) == (str(2**60), "a.test", "星野電機")
    assert item.advertiser is not None
    assert item.advertiser.payer == "QX"


def test_the_pages_of_meta_end_where_nothing_is_left() -> None:
    paging = {"cursors": {"after": "abc"}, "next": f"https://g.test/?access_token={TOKEN}&after=abc"}
    assert read(meta, {"data": [META], "paging": paging})["next"] == "abc"
    assert read(meta, {"data": [META], "paging": {"cursors": {"after": "abc"}}})["next"] is None
    assert read(meta, {"data": [], "paging": paging})["next"] is None


def test_an_ad_of_tiktok() -> None:
    item = the_item(read(tiktok, {"data": TIKTOK, "error": {"code": "ok"}}, detail=True))
    assert (item.id, item.first_shown, item.last_shown) == ("9873831353981330123", "2026-11-01", "2026-11-20")
    assert item.links == ("https://hoshino-denki-sale.test/?ttclid=__CLICKID__",)
    assert (item.images, item.videos) == (("https://p16.cdn.test/c.jpg",), ("https://v16m.cdn.test/x.mp4",))
    assert item.advertiser is not None
    assert (item.advertiser.id, item.advertiser.payer) == ("7029742742520710149", "QX")


@pytest.mark.parametrize(("more", "following"), [(True, "s1"), ("True", "s1"), (False, None), ("false", None)])
def test_an_empty_page_of_tiktok_is_not_the_end(more: Any, following: str | None) -> None:
    answer = {"data": {"ads": [], "has_more": more, "search_id": "s1"}, "error": {"code": "ok"}}
    assert read(tiktok, answer)["next"] == following


def test_an_ad_of_linkedin() -> None:
    links = [{"rel": "next", "href": "/rest/adLibrary?start=50"}]
    parsed = read(linkedin, {"elements": [LINKEDIN], "paging": {"start": 25, "count": 25, "links": links}})
    item = the_item(parsed)
    assert (item.id, item.countries, item.first_shown) == ("1470155666", ("DE",), "2026-11-05")
    assert item.advertiser is not None
    assert (item.advertiser.id, item.advertiser.payer) == ("99118822", "QX Trade Ltd")
    assert parsed["next"] == 50
    assert read(linkedin, {"elements": [], "paging": {"start": 0, "count": 25, "links": links}})["next"] == 25
    assert read(linkedin, {"elements": [LINKEDIN], "paging": {"start": 0, "count": 25, "links": []}})["next"] is None


def test_an_ad_of_microsoft() -> None:
    item = the_item(read(microsoft, {"@odata.count": 1000, "value": [MICROSOFT]}))
    assert (item.id, item.first_shown, item.last_shown) == ("78202980498079", "2026-11-01", "2026-11-19")
    assert item.links == ("https://hoshino-denki-sale.test/lp?msclkid=x",)
    assert item.images == ("https://cdn.test/a.png",)
    assert read(microsoft, {"value": [MICROSOFT] * 24})["next"] == 24
    assert read(microsoft, {"value": [MICROSOFT] * 23})["next"] is None


# fmt: off
REFUSALS: list[tuple[Any, int, Any, str, str, float | None]] = [
    (
        meta,
        400,
        {"error": {"code": 190, "error_subcode": 463, "message": "Session has expired"}},
        "token",
        "new user",
        None,
    ),
    (
        meta,
        400,
        {"error": {"code": 10, "message": "No", "error_user_msg": "Log in"}},
        "token",
        "Log in",
        None,
    ),
    (meta, 400, {"error": {"code": 613, "message": "(#613) Calls"}}, "rate_limited", "#613", 3600.0),
    (meta, 400, {"error": {"code": 100, "message": "(#100) Param"}}, "bad_request", "#100", None),
    (
        meta,
        500,
        {"error": {"code": 1, "message": "Please reduce the amount of data"}},
        "too_much",
        "reduce",
        None,
    ),
    (meta, 200, {"error": {"code": 2, "message": "temporary"}}, "transient", "temporary", 60.0),
    (tiktok, 401, {"error": {"code": "access_token_invalid", "message": "invalid"}}, "token", "secret", None),
    (tiktok, 429, {"code": "rate_limit_exceeded", "message": "Try again later"}, "rate_limited", "later", None),
    (tiktok, 200, {"data": {}, "error": {"code": "invalid_params", "message": "bad"}}, "bad_request", "bad", None),
    (tiktok, 200, {"error": {"code": "daily_quota_limit_exceeded", "message": "q"}}, "rate_limited", "q", 86400.0),
    (linkedin, 401, {"code": "EXPIRED_ACCESS_TOKEN", "message": "expired"}, "token", "expired", None),
    (linkedin, 404, {}, "token", "product Ad Library", None),
    (linkedin, 426, {"code": "NONEXISTENT_VERSION"}, "bad_request", "newer month", None),
    (linkedin, 429, {"code": "TOO_MANY_REQUESTS"}, "rate_limited", "429", 35.0),
    (microsoft, 400, {"error": {"message": "The limit of '24'"}}, "bad_request", "'24'", None),
    (microsoft, 200, {"error": {"message": "odd"}}, "api_error", "odd", None),
    (microsoft, 429, {}, "rate_limited", "429", None),
]
# fmt: on


@pytest.mark.parametrize(("module", "status", "body", "kind", "says", "wait"), REFUSALS)
def test_a_refusal_has_a_name(module: Any, status: int, body: Any, kind: str, says: str, wait: float | None) -> None:
    refusal = read(module, body, status=status)["failed"]
    assert refusal is not None
    assert (refusal["kind"], refusal["wait"]) == (kind, wait)
    assert says in refusal["says"]


@pytest.mark.parametrize("module", [meta, tiktok, linkedin, microsoft])
def test_what_is_no_answer_is_told(module: Any) -> None:
    for body in (b"<html>", b'{"data": [', b"[]", b'{"x": 1}', b"[" * 5000):
        with pytest.raises(ValueError, match=r"not JSON|no `"):
            module.parse_answer(body)
    assert module.parse_answer(b"<html>", status=503)["failed"]["kind"] == "transient"


@pytest.mark.parametrize(
    ("module", "wrap"),
    [
        (meta, lambda rows: {"data": rows}),
        (tiktok, lambda rows: {"data": {"ads": rows}}),
        (linkedin, lambda rows: {"elements": rows}),
        (microsoft, lambda rows: {"value": rows}),
    ],
)
def test_a_bad_row_takes_no_other_along(module: Any, wrap: Any) -> None:
    rows: dict[Any, dict[str, Any]] = {meta: META, tiktok: TIKTOK, linkedin: LINKEDIN, microsoft: MICROSOFT}
    good = rows[module]
    parsed = read(module, wrap([None, good, {}, 7, {"id": None}, "x"]))
    assert (len(parsed["items"]), [number for number, _ in parsed["bad"]]) == (1, [1, 3, 4, 5, 6])
    hostile = {name: [{"a": [1]}, None] for name in good}
    assert len(read(module, wrap([hostile]))["bad"]) in (0, 1)
