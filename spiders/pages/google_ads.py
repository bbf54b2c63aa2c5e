"""Ads of the Google Ads Transparency Center -> items: SerpApi's answers, rows of BigQuery. Sandbox targets.

https://serpapi.com/google-ads-transparency-center-api gives the host an ad leads to and its picture, for Japan too; the
tables (bigquery-public-data.google_ads_transparency_center) cover the EEA and Turkey, without words and addresses.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from spiders.pages.answers import Answer, answer, failed_by_status, kept_row, read_json, word
from spiders.pages.posts import rows_of, table
from spiders.pages.search_ads import NOTHING, refused

CENTER = "https://adstransparency.google.com"


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page of SerpApi's engine google_ads_transparency_center.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `ad_creatives`.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    says = word(parsed.get("error"))
    if says and NOTHING not in says:
        return refused(status, says)
    if status >= 400:
        return failed_by_status(status)
    rows = parsed.get("ad_creatives", [] if says or "search_metadata" in parsed else None)
    if not isinstance(rows, list):
        raise ValueError(f"no `ad_creatives` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    region = word(table(parsed.get("search_parameters")).get("region"))
    items, bad = [], []
    for number, row in enumerate(map(table, rows), 1):
        identity = word(row.get("ad_creative_id"))
        if not identity:
            bad.append((number, "has no ad_creative_id"))
            continue
        sender, target = word(row.get("advertiser_id")), word(row.get("target_domain"))
        items.append(
            _filled(
                id=identity,
                kind="ad",
                platform="google",
                url=word(row.get("details_link")) or f"{CENTER}/advertiser/{sender}/creative/{identity}",
                advertiser=_filled(id=sender, name=word(row.get("advertiser"))),
                display_url=target,
                images=[word(row.get("image"))] if word(row.get("image")).startswith("http") else [],
                countries=["JP"] if region == JAPAN else [],
                first_shown=_day(row.get("first_shown")),
                last_shown=_day(row.get("last_shown")),
                raw=kept_row(row),
            )
        )
    following = word(table(parsed.get("serpapi_pagination")).get("next_page_token"))
    return answer(items, bad=bad, next=following or None)


def parse_rows(body: bytes) -> dict[str, Any]:
    """Read rows of `creative_stats` or `removed_creative_stats`, one JSON object a line.

    A structure may come as JSON in a text.

    Returns:
        `items` (Item JSON objects), `bad` ([line from 1, what is wrong]).
    """
    items, bad = [], []
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = table(msgspec.json.decode(line))
            items.append(_row(row))
        except (msgspec.DecodeError, RecursionError) as problem:
            bad.append((number, f"not JSON: {problem}"))
        except ValueError as problem:
            bad.append((number, str(problem)))
    return {"items": items, "bad": bad}


JAPAN = "2392"  # 2000 and the country's number in ISO 3166-1


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    page = word(row.get("creative_page_url"))
    identity = word(row.get("creative_id")) or page.rstrip("/").rpartition("/")[2]
    if not identity:
        raise ValueError("has neither creative_id nor creative_page_url")
    regions = [table(region) for region in rows_of(_unpacked(row.get("region_stats")))]
    shown = sorted(filter(None, (word(region.get("first_shown")) for region in regions)))
    until = sorted(filter(None, (word(region.get("last_shown")) for region in regions)))
    codes = dict.fromkeys(word(region.get("region_code")) for region in regions)
    legal, disclosed = word(row.get("advertiser_legal_name")), word(row.get("advertiser_disclosed_name"))
    return _filled(
        id=identity,
        kind="ad",
        platform="google",
        url=page,
        advertiser=_filled(
            id=word(row.get("advertiser_id")), name=disclosed or legal, payer=word(row.get("ad_funded_by"))
        ),
        countries=[code for code in codes if len(code) == 2],
        first_shown=shown[0] if shown else "",
        last_shown=until[-1] if until else "",
        raw=kept_row(row),
    )


def _unpacked(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
    return value


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _day(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(float(word(seconds)), UTC).date().isoformat() if word(seconds) else ""
    except (ValueError, OverflowError, OSError):
        return ""
