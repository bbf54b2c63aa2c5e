"""An answer of urlscan.io's search -> pages that others have scanned. A sandbox target.

https://urlscan.io/docs/search/. Searching publishes nothing; submitting would, and is never done here.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, kept_row, listed, read_json, texts_of, word
from spiders.pages.posts import table


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page.

    Returns:
        `next` is what `search_after` takes: the sort values of the last row.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `results`.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    says = word(parsed.get("message")) or word(parsed.get("description"))
    if status in (401, 403) or "API key" in says:
        return failed("token", f"{says or status}; set a valid API key of urlscan.io")
    if status >= 400:
        return failed_by_status(status, says)
    rows = parsed.get("results")
    if not isinstance(rows, list):
        raise ValueError(f"no `results` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        item = _item(table(row))
        if item is None:
            bad.append((number, "has no page.url"))
        else:
            items.append(item)
    last = table(rows[-1]).get("sort") if rows else None
    more = bool(parsed.get("has_more")) and isinstance(last, list)
    return answer(items, bad=bad, next=",".join(map(str, last)) if more and last else None)


def _item(row: Mapping[str, Any]) -> dict[str, Any] | None:
    page, task = table(row.get("page")), table(row.get("task"))
    url = word(page.get("url")) or word(task.get("url"))
    if not url:
        return None
    item = {
        "id": url,  # the same page, scanned by many, is one item
        "kind": "page",
        "platform": "urlscan",
        "url": url,
        "texts": texts_of("html_title", page.get("title")),
        "images": [link for link in listed(row.get("screenshot")) if link.startswith("http")],
        "first_shown": word(task.get("time")),
        "raw": kept_row(row),
    }
    return {name: value for name, value in item.items() if value}
