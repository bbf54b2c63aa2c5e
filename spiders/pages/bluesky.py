"""An answer of Bluesky's app.bsky.feed.searchPosts or getPostThread -> posts and replies. A sandbox target.

https://docs.bsky.app/docs/api/app-bsky-feed-search-posts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, read_json, word
from spiders.pages.posts import post, rows_of, table

_TOKEN = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
MOST_REPLIES = 1000


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page of posts, or a thread, whose first post is one's own and is left out.

    Raises:
        ValueError: the body of a good answer is no JSON, or holds no posts.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        parsed = {}
    code, says = word(parsed.get("error")), word(parsed.get("message"))
    if code or status >= 400:
        if code in _TOKEN or status == 401:
            return failed("token", f"{code}: {says}; get a new access token")
        if code == "RateLimitExceeded" or status == 429:
            return failed("rate_limited", f"{code}: {says}")
        if status == 403:
            said = f"answered 403: {code} {says}".rstrip(": ")
            return failed("blocked", f"{said}; set `token`, or the `url` of another instance")
        return (
            failed_by_status(status, f"{code} {says}".strip())
            if status >= 400
            else failed("api_error", f"{code} {says}")
        )
    if "thread" in parsed:
        rows, kind = list(_replies(table(parsed["thread"]))), "comment"
    elif isinstance(parsed.get("posts"), list):
        rows, kind = parsed["posts"], "post"
    else:
        raise ValueError(f"no `posts` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        item = _item(table(row), kind)
        if item is None:
            bad.append((number, "has no uri"))
        else:
            items.append(item)
    return answer(items, bad=bad, next=word(parsed.get("cursor")) or None)


def _replies(thread: Mapping[str, Any]) -> Iterator[Any]:
    waiting = list(rows_of(thread.get("replies")))
    count = 0
    while waiting and count < MOST_REPLIES:
        reply = table(waiting.pop(0))
        count += 1
        yield reply.get("post")
        waiting += rows_of(reply.get("replies"))


def _item(row: Mapping[str, Any], kind: Any) -> dict[str, Any] | None:
    uri = word(row.get("uri"))
    if not uri:
        return None
    author, record, embed = table(row.get("author")), table(row.get("record")), table(row.get("embed"))
    features = [
        table(feature).get("uri")
        for facet in rows_of(record.get("facets"))
        for feature in rows_of(table(facet).get("features"))
    ]
    external = table(embed.get("external"))
    handle = word(author.get("handle")) or word(author.get("did"))
    return post(
        uri,
        kind=kind,
        platform="bluesky",
        url=f"https://bsky.app/profile/{handle}/post/{uri.rpartition('/')[2]}" if handle else "",
        author=(word(author.get("did")), word(author.get("displayName")) or handle),
        title=word(external.get("title")),
        body=word(record.get("text")),
        links=[*features, external.get("uri")],
        images=[external.get("thumb"), *(table(one).get("fullsize") for one in rows_of(embed.get("images")))],
        shown=word(record.get("createdAt")),
        row=row,
    )
