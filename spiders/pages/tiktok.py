"""An answer of TikTok's Commercial Content API -> items. A sandbox target.

https://developers.tiktok.com/doc/commercial-content-api-query-ads: ads shown in the EEA. The list of ads names neither
title nor landing URL; the detail of one ad does.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import (
    Answer,
    FailureKind,
    answer,
    failed,
    failed_by_status,
    kept_row,
    listed,
    read_json,
    texts_of,
    word,
)

_KINDS: dict[str, FailureKind] = {
    "access_token_invalid": "token",
    "scope_not_authorized": "token",
    "scope_permission_missed": "token",
    "invalid_client": "token",
    "invalid_params": "bad_request",
    "rate_limit_exceeded": "rate_limited",
    "daily_quota_limit_exceeded": "rate_limited",
    "internal_error": "transient",
}
DAY = 86400.0  # seconds; the daily quota is reset at 00:00 UTC


def parse_answer(body: bytes, *, status: int = 200, detail: bool = False) -> Answer:
    """Read one page of ads, or the detail of one ad.

    Returns:
        `next` is the `search_id` under which the next page is asked for.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `data`.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    if not isinstance(parsed, dict):
        raise ValueError("no `data` in the answer")
    refusal = _refusal(parsed, status)
    if refusal is not None:
        return refusal
    data = parsed.get("data")
    if not isinstance(data, dict):
        raise ValueError(f"no `data` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    rows = [data] if detail else data.get("ads", [])
    if not isinstance(rows, list):
        raise ValueError("`data.ads` is no list")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        item = _item(row) if isinstance(row, dict) else None
        if item is None:
            bad.append((number, "has no ad.id"))
        else:
            items.append(item)
    more = str(data.get("has_more")).lower() == "true"  # a bool, or its name
    return answer(items, bad=bad, next=word(data.get("search_id")) or None if more else None)


def read_token(body: bytes) -> tuple[str, float]:
    """Read the answer of the token address: the token, and the seconds for which it is good.

    Raises:
        ValueError: there is no token in it; the message says what the interface says.
    """
    parsed = read_json(body)
    table = parsed if isinstance(parsed, dict) else {}
    token = word(table.get("access_token"))
    if not token:
        raise ValueError(word(table.get("error_description")) or word(table.get("error")) or "no access_token")
    seconds = table.get("expires_in")
    return token, float(seconds) if isinstance(seconds, (int, float)) else 0.0


def _refusal(parsed: Mapping[str, Any], status: int) -> Answer | None:
    error = parsed.get("error")
    table = error if isinstance(error, dict) else parsed  # some answers have the error un-nested
    code = word(error) if isinstance(error, str) else word(table.get("code"))
    if code in ("", "ok"):
        return failed_by_status(status) if status >= 400 else None
    says = word(table.get("message")) or word(parsed.get("error_description")) or code
    kind = _KINDS.get(code)
    if kind is None:
        return failed_by_status(status, says) if status >= 400 else failed("api_error", says)
    if kind == "token":
        says += "; check client key, secret and the scope research.adlib.basic (docs/sources.md)"
    return failed(kind, says, wait=DAY if code == "daily_quota_limit_exceeded" else None)


def _item(row: Mapping[str, Any]) -> dict[str, Any] | None:
    ad = _table(row.get("ad"))
    advertiser = _table(row.get("advertiser"))
    identity = word(ad.get("id"))
    if not identity:
        return None
    videos = [video for video in ad.get("videos") or [] if isinstance(video, dict)]
    covers = [video.get("cover_image_url") for video in videos]
    sender = {
        "id": word(advertiser.get("business_id")) or word(advertiser.get("buisness_id")),  # spelt so in their example
        "name": word(advertiser.get("business_name")),
        "payer": word(advertiser.get("paid_for_by")),
    }
    countries = _table(_table(ad.get("reach")).get("unique_users_seen_by_country"))
    item: dict[str, Any] = {
        "id": identity,
        "kind": "ad",
        "platform": "tiktok",
        "url": f"https://library.tiktok.com/ads/detail/?ad_id={identity}",
        "advertiser": {name: value for name, value in sender.items() if value},
        "texts": [*texts_of("title", ad.get("title")), *texts_of("cta", ad.get("call_to_action"))],
        "links": listed(ad.get("external_url")),
        "images": [url for one in (ad.get("image_urls"), *covers) for url in listed(one)],
        "videos": [url for one in videos for url in listed(one.get("url"))],
        "countries": sorted(map(str, countries)),
        "first_shown": _day(ad.get("first_shown_date")),
        "last_shown": _day(ad.get("last_shown_date")),
        "raw": kept_row(row),
    }
    return {name: value for name, value in item.items() if value}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _day(value: Any) -> str:
    """Turn 20261101, a number or a text, into 2026-11-01."""
    digits = word(value)
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else digits
