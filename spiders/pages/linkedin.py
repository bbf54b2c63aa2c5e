"""An answer of the LinkedIn Ad Library API -> items. A sandbox target.

https://www.linkedin.com/ad-library/api/ads: who placed an ad and who paid, neither its words nor where it leads.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, kept_row, read_json, word


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page.

    Returns:
        `next` is the `start` of the next page; the end is where no link says "next", not an empty page.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `elements`.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    table: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    if status >= 400:
        return _failed(status, table)
    rows = table.get("elements")
    if not isinstance(rows, list):
        raise ValueError(f"no `elements` in the answer; it has {', '.join(sorted(map(str, table))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        item = _item(row) if isinstance(row, dict) else None
        if item is None:
            bad.append((number, "has no adUrl"))
        else:
            items.append(item)
    paging = _table(table.get("paging"))
    links = paging.get("links")
    more = any(_table(link).get("rel") == "next" for link in links) if isinstance(links, list) else False
    start, count = paging.get("start"), paging.get("count")
    following = start + count if isinstance(start, int) and isinstance(count, int) and count > 0 else None
    return answer(items, bad=bad, next=following if more else None)


def _failed(status: int, table: Mapping[str, Any]) -> Answer:
    says = f"answered {status}: {word(table.get('code'))} {word(table.get('message'))}".rstrip(": ")
    match status:
        case 401 | 403 | 404:  # 404: the product "Ad Library" is not granted to this token
            return failed("token", f"{says}; get a new member token with the product Ad Library (docs/sources.md)")
        case 426:
            return failed("bad_request", f"{says}; set `version` to a newer month")
        case 429:
            return failed("rate_limited", says, wait=35.0)  # measured; it sends no Retry-After
    return failed_by_status(status, word(table.get("message")))


def _item(row: Mapping[str, Any]) -> dict[str, Any] | None:
    url = word(row.get("adUrl"))
    identity = url.rstrip("/").rpartition("/")[2].partition("?")[0]
    if not identity:
        return None
    details = _table(row.get("details"))
    advertiser, seen = _table(details.get("advertiser")), _table(details.get("adStatistics"))
    sender = {
        "id": word(advertiser.get("advertiserUrl")).rstrip("/").rpartition("/")[2],
        "name": word(advertiser.get("advertiserName")),
        "payer": word(advertiser.get("adPayer")),
    }
    shares = seen.get("impressionsDistributionByCountry")
    countries = (
        [word(_table(share).get("country")).rpartition(":")[2] for share in shares] if isinstance(shares, list) else []
    )
    item: dict[str, Any] = {
        "id": identity,
        "kind": "ad",
        "platform": "linkedin",
        "url": url,
        "advertiser": {name: value for name, value in sender.items() if value},
        "countries": list(dict.fromkeys(filter(None, countries))),
        "first_shown": _day(seen.get("firstImpressionAt")),
        "last_shown": _day(seen.get("latestImpressionAt")),
        "raw": kept_row(row),
    }
    return {name: value for name, value in item.items() if value}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _day(value: Any) -> str:
    """Turn milliseconds since 1970 into a date."""
    try:
        return datetime.fromtimestamp(float(value) / 1000, UTC).date().isoformat() if value else ""
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
