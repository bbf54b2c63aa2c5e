"""An answer of the Microsoft Advertising Ad Library API -> items. A sandbox target.

Ads shown in the EU and EEA, with their landing URL; no token is needed. Documented under "Ad Library API" at
https://learn.microsoft.com/advertising/.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import (
    Answer,
    answer,
    failed,
    failed_by_status,
    kept_row,
    listed,
    read_json,
    texts_of,
    word,
)


def parse_answer(body: bytes, *, status: int = 200, top: int = 24) -> Answer:
    """Read one page of `Ads`.

    Args:
        body: JSON.
        status: of the answer.
        top: how many rows were asked for; fewer are the end, for the total that is told stops counting at 1,000.

    Returns:
        `next` is the number of rows read so far in this page, to be added to `skip`.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `value`.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        parsed = None  # 403 is a page for people
    table: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    error = table.get("error")
    if status >= 400 or isinstance(error, dict):
        says = word(error.get("message")) if isinstance(error, dict) else ""
        if status in (401, 403):
            return failed("blocked", f"answered {status}: {says}".rstrip(": ") + "; raise `delay` and `every`")
        return failed_by_status(status, says) if status >= 400 else failed("api_error", says)
    rows = table.get("value")
    if not isinstance(rows, list):
        raise ValueError(f"no `value` in the answer; it has {', '.join(sorted(map(str, table))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict) and word(row.get("AdId")):
            items.append(_item(row))
        else:
            bad.append((number, "has no AdId"))
    return answer(items, bad=bad, next=len(rows) if len(rows) >= top else None)


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    details = row.get("AdDetails")
    more: Mapping[str, Any] = details if isinstance(details, dict) else {}
    sender = {
        "id": word(row.get("AdvertiserId")),
        "name": word(row.get("AdvertiserName")),
        "payer": word(more.get("PaidForByName")),
    }
    item: dict[str, Any] = {
        "id": word(row["AdId"]),
        "kind": "ad",
        "platform": "microsoft",
        "url": f"https://adlibrary.ads.microsoft.com/ad-details/{word(row['AdId'])}",
        "advertiser": {name: value for name, value in sender.items() if value},
        "texts": [*texts_of("title", row.get("Title")), *texts_of("description", row.get("Description"))],
        "links": listed(row.get("DestinationUrl")),
        "display_url": word(row.get("DisplayUrl")),
        "images": _images(row.get("AssetJson")),
        "first_shown": word(more.get("StartDate"))[:10],
        "last_shown": word(more.get("EndDate"))[:10],
        "raw": kept_row(row),
    }
    return {name: value for name, value in item.items() if value}


def _images(value: Any) -> list[str]:
    """Read the list of assets, which comes as JSON in a text, empty for ads of text alone."""
    text = word(value)
    try:
        assets = read_json(text.encode()) if text else []
    except ValueError:
        return []
    return [
        url
        for asset in (assets if isinstance(assets, list) else [])
        if isinstance(asset, dict)
        for url in listed(asset.get("AssetUrl"))
        if "video" not in word(asset.get("AssetType")).lower()
    ]
