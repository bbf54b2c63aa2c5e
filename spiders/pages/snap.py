"""An answer of Snap's Ads Gallery API -> items. A sandbox target.

https://developers.snap.com/api/marketing-api/Ads-Gallery: ads in the EU and Turkey, with their landing URL. Very few
answers an hour: a limit may be said with status 200, or be an empty list.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, kept_row, listed, read_json, texts_of, word
from spiders.pages.posts import rows_of, table


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page.

    Returns:
        `next` is the address of the next page, to which the same body is sent.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `ads`.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        parsed = {}
    code = word(parsed.get("error_code"))
    says = word(parsed.get("debug_message")) or word(parsed.get("display_message"))
    if code == "E1009" or status == 429:
        return failed("rate_limited", f"{code} {says}".strip())
    if status in (401, 403):  # there is no token to be refused
        return failed("blocked", f"answered {status}: {code} {says}".rstrip(": ") + "; raise `delay` and `every`")
    if code or status >= 400:
        said = f"{code} {says}".strip()
        return failed_by_status(status, said) if status >= 400 else failed("api_error", said)
    rows = parsed.get("ads", parsed.get("ad_previews"))
    if not isinstance(rows, list):
        raise ValueError(f"no `ads` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        inner = table(row)
        item = _item(table(inner.get("ad_preview")) or inner)
        if item is None:
            bad.append((number, "has no id"))
        else:
            items.append(item)
    return answer(items, bad=bad, next=word(table(parsed.get("paging")).get("next_link")) or None)


def _item(row: Mapping[str, Any]) -> dict[str, Any] | None:
    identity = word(row.get("id"))
    if not identity:
        return None
    name = word(row.get("ad_account_name")) or word(row.get("brand_name"))
    sender = {"name": name, "payer": word(row.get("paying_advertiser_name"))}
    media = listed(row.get("top_snap_media_download_link"))
    pages = [table(row.get("web_view_properties")), *map(table, rows_of(row.get("web_view_properties")))]
    countries = [code.upper() for code, count in table(row.get("impressions_map")).items() if count and len(code) == 2]
    item = {
        "id": identity,
        "kind": "ad",
        "platform": "snap",
        "advertiser": {name: value for name, value in sender.items() if value},
        "texts": [
            *texts_of("title", row.get("headline")),
            *texts_of("name", row.get("brand_name")),
            *texts_of("cta", row.get("call_to_action")),
        ],
        "links": [link for page in pages for link in listed(page.get("url"))],
        "videos" if word(row.get("creative_type")).upper().endswith("VIDEO") else "images": media,
        "countries": ["GR" if code == "EL" else code for code in countries],
        "first_shown": word(row.get("start_date"))[:10],
        "raw": kept_row({name: value for name, value in row.items() if name != "top_snap_media_download_link"}),
    }
    return {name: value for name, value in item.items() if value}
