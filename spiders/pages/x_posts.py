"""An answer of the X API v2 recent search -> posts. A sandbox target.

https://docs.x.com/x-api/posts/search-recent-posts: seven days back, paid by the post.
"""

from collections.abc import Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, read_json, word
from spiders.pages.posts import post, rows_of, table, unescaped


def parse_answer(body: bytes, *, status: int = 200, own: str = "") -> Answer:
    """Read one page.

    Args:
        body: JSON.
        status: of the answer.
        own: id of one's own conversation that was asked for; what is in it is a comment.

    Raises:
        ValueError: the body of a good answer is no JSON, or no such page.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    rows, meta = parsed.get("data"), table(parsed.get("meta"))
    if status >= 400 or (rows is None and not meta):
        says = word(parsed.get("detail")) or word(parsed.get("title"))
        errors = [table(entry) for entry in rows_of(parsed.get("errors"))]
        says = says or "; ".join(word(entry.get("message")) or word(entry.get("detail")) for entry in errors)
        if status in (401, 403):
            return failed("token", f"{says}; set a valid bearer token of a plan that includes recent search")
        if status >= 400:
            return failed_by_status(status, says)
        if errors or says:
            return failed("api_error", says)
        raise ValueError(f"no `data` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    includes = table(parsed.get("includes"))
    users = {word(table(user).get("id")): table(user) for user in rows_of(includes.get("users"))}
    media = {word(table(one).get("media_key")): table(one) for one in rows_of(includes.get("media"))}
    items, bad = [], []
    for number, row in enumerate(rows_of(rows), 1):
        item = _item(table(row), users, media, own)
        if item is None:
            bad.append((number, "has no id"))
        else:
            items.append(item)
    return answer(items, bad=bad, next=word(meta.get("next_token")) or None)


def _item(
    row: Mapping[str, Any], users: Mapping[str, Any], media: Mapping[str, Any], own: str
) -> dict[str, Any] | None:
    identity = word(row.get("id"))
    if not identity:
        return None
    author = users.get(word(row.get("author_id")), {})
    urls = [table(one) for one in rows_of(table(row.get("entities")).get("urls"))]
    keys = [word(key) for key in rows_of(table(row.get("attachments")).get("media_keys"))]
    pictures = [media[key].get("url") or media[key].get("preview_image_url") for key in keys if key in media]
    return post(
        identity,
        kind="comment" if own else "post",
        platform="x",
        url=f"https://x.com/{word(author.get('username')) or 'i'}/status/{identity}",
        author=(word(row.get("author_id")), word(author.get("name")) or word(author.get("username"))),
        body=unescaped(word(row.get("text"))),
        links=[one.get("unwound_url") or one.get("expanded_url") for one in urls if not one.get("media_key")],
        images=pictures,
        shown=word(row.get("created_at")),
        row=row,
    )
