"""An answer of the Meta Ad Library API -> items. A sandbox target.

https://www.facebook.com/ads/library/api: ads that reached the EU or UK, and political ones worldwide. It names no
landing URL and no picture, only the host that the ad displays.
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

HOUR = 3600.0  # seconds; the window of Meta's budgets rolls by the hour
_KINDS: dict[int, tuple[FailureKind, float | None]] = {
    1: ("transient", 60.0),
    2: ("transient", 60.0),
    4: ("rate_limited", HOUR),
    10: ("token", None),
    17: ("rate_limited", HOUR),
    32: ("rate_limited", HOUR),
    100: ("bad_request", None),
    190: ("token", None),
    613: ("rate_limited", HOUR),
}  # codes of the Graph API, and how long to wait
_ROLES = {
    "ad_creative_bodies": "body",
    "ad_creative_link_titles": "title",
    "ad_creative_link_captions": "caption",
    "ad_creative_link_descriptions": "description",
}  # each was a single text, named in the singular, before version 13


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page of `ads_archive`.

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
    if isinstance(parsed.get("error"), dict):
        return _failed(parsed["error"], status)
    if status >= 400:
        return failed_by_status(status)
    rows = parsed.get("data")
    if not isinstance(rows, list):
        raise ValueError(f"no `data` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict) and word(row.get("id")):
            items.append(_item(row))
        else:
            bad.append((number, "has no id"))
    paging = parsed.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) else None
    after = word(cursors.get("after")) if isinstance(cursors, dict) else ""
    # `next` carries the token, so the cursor beside it leads on; an empty page is the end (reference of ads_archive).
    more = bool(rows) and isinstance(paging, dict) and bool(paging.get("next"))
    return answer(items, bad=bad, next=after if more and after else None)


def _failed(error: Mapping[str, Any], status: int) -> Answer:
    says = word(error.get("message"))
    if "reduce the amount of data" in says:
        return failed("too_much", says)
    code = error.get("code")
    known = _KINDS.get(code) if isinstance(code, int) else None
    if known is None:
        return failed_by_status(status, says) if status >= 400 else failed("api_error", says)
    kind, wait = known
    if kind == "token":
        says += f" {word(error.get('error_user_msg'))}".rstrip() + "; get a new user token (docs/sources.md)"
    return failed(kind, says, wait=wait)


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    identity = word(row["id"])
    texts = [
        text
        for field, role in _ROLES.items()
        for text in texts_of(role, [*listed(row.get(field)), *listed(row.get(_singular(field)))])
    ]
    payers = row.get("beneficiary_payers")
    current = [payer for payer in payers if isinstance(payer, dict)] if isinstance(payers, list) else []
    payer = next((word(payer.get("payer")) for payer in current if payer.get("current", True)), "")
    sender = {
        "id": word(row.get("page_id")),
        "name": word(row.get("page_name")),
        "payer": payer or word(row.get("bylines")) or word(row.get("funding_entity")),
    }
    breakdown = row.get("age_country_gender_reach_breakdown")
    reached = (
        [word(part.get("country")) for part in breakdown if isinstance(part, dict)]
        if isinstance(breakdown, list)
        else []
    )
    captions = listed(row.get("ad_creative_link_captions")) or listed(row.get("ad_creative_link_caption"))
    item: dict[str, Any] = {
        "id": identity,
        "kind": "ad",
        "platform": "meta",
        "url": f"https://www.facebook.com/ads/library/?id={identity}",
        "advertiser": {name: value for name, value in sender.items() if value},
        "texts": texts,
        "display_url": captions[0] if captions else "",
        "countries": list(dict.fromkeys(filter(None, reached))),
        "platforms": [name.lower() for name in listed(row.get("publisher_platforms"))],
        "first_shown": word(row.get("ad_delivery_start_time")),
        "last_shown": word(row.get("ad_delivery_stop_time")),
        "raw": kept_row({name: value for name, value in row.items() if name != "ad_snapshot_url"}),  # has the token
    }
    return {name: value for name, value in item.items() if value}


def _singular(field: str) -> str:
    return "ad_creative_body" if field == "ad_creative_bodies" else field.removesuffix("s")
