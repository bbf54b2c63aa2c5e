"""An answer of Mastodon's search, tag timeline or status context -> posts and replies. A sandbox target.

https://docs.joinmastodon.org/methods/search/, /methods/timelines/, /methods/statuses/#context.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, read_json, word
from spiders.pages.posts import post, rows_of, table
from spiders.pages.reader import read_document


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page; a timeline is a list, a search has `statuses`, a context has `descendants`.

    Returns:
        `next` is the id below which the next page of a timeline begins.

    Raises:
        ValueError: the body of a good answer is no JSON, or holds no statuses.
    """
    try:
        parsed = read_json(body)
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    found = table(parsed)
    if "error" in found or status >= 400:
        says = word(found.get("error"))
        if status in (401, 403, 422):
            return failed("token", f"{says}; set a user token with read:search")
        return failed_by_status(status, says) if status >= 400 else failed("api_error", says)
    rows = parsed if isinstance(parsed, list) else found.get("statuses", found.get("descendants"))
    if not isinstance(rows, list):
        raise ValueError(f"no `statuses` in the answer; it has {', '.join(sorted(map(str, found))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        item = _item(table(row), "comment" if "descendants" in found else "post")
        if item is None:
            bad.append((number, "has no id"))
        else:
            items.append(item)
    oldest = word(table(rows[-1]).get("id")) if rows and isinstance(parsed, list) else ""
    return answer(items, bad=bad, next=oldest or None)


def _item(row: Mapping[str, Any], kind: Any) -> dict[str, Any] | None:
    identity, url = word(row.get("uri")) or word(row.get("id")), word(row.get("url"))
    if not identity:
        return None
    account, card = table(row.get("account")), table(row.get("card"))
    document = read_document(word(row.get("content")))
    own = word(account.get("url")).partition("/@")[0]
    hrefs = [element.attributes.get("href", "") for element in document.elements if element.tag == "a"]
    media = [table(one) for one in rows_of(row.get("media_attachments"))]
    return post(
        identity,
        kind=kind,
        platform="mastodon",
        url=url,
        author=(word(account.get("acct")), word(account.get("display_name"))),
        title=word(card.get("title")),
        body=" ".join("".join(document.texts).split()),
        links=[card.get("url"), *(href for href in hrefs if not own or not href.startswith(f"{own}/"))],  # no tags
        images=[card.get("image"), *(one.get("url") for one in media if one.get("type") == "image")],
        shown=word(row.get("created_at")),
        row=row,
    )
