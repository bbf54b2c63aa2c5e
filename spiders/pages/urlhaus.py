"""An answer of URLhaus -> addresses that spread malware, of which some pose as a brand. A sandbox target.

https://urlhaus-api.abuse.ch/. Not a list of phishing: it is looked through for names of brands only.
"""

from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, kept_row, read_json, word
from spiders.pages.posts import table


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read the recent additions, which come in one page.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `urls`.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    state = word(parsed.get("query_status")) or word(parsed.get("error"))
    if status in (401, 403) or "auth" in state.lower():
        return failed("token", f"{state or status}; set an Auth-Key of auth.abuse.ch")
    if status >= 400:
        return failed_by_status(status, state)
    if state == "no_results":
        return answer(())
    rows = parsed.get("urls")
    if not isinstance(rows, list):
        if state not in ("", "ok"):
            return failed("api_error", state)
        raise ValueError(f"no `urls` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items: list[dict[str, Any]] = []
    bad = []
    for number, row in enumerate(rows, 1):
        entry = table(row)
        identity, url = word(entry.get("id")), word(entry.get("url"))
        if not (identity and url):
            bad.append((number, "has no id or url"))
            continue
        seen = word(entry.get("date_added")).removesuffix(" UTC").replace(" ", "T")
        item = {"id": identity, "kind": "page", "platform": "urlhaus", "url": url, "raw": kept_row(row)}
        items.append(item | ({"first_shown": f"{seen}Z"} if seen else {}))
    return answer(items, bad=bad)
