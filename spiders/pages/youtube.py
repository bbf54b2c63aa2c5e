"""An answer of the YouTube Data API v3 -> posts (videos, channels) or comments. A sandbox target.

https://developers.google.com/youtube/v3/docs. A search costs 100 of 10,000 units a day, a page of comments one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from spiders.pages.answers import Answer, answer, failed, failed_by_status, read_json, word
from spiders.pages.posts import post, rows_of, table, unescaped

DAY = 86400.0  # seconds; quotas are given anew at midnight, Pacific time
_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"})
_CLOSED = frozenset({"commentsDisabled", "videoNotFound", "channelNotFound"})  # of one video: no fault of the source


def parse_answer(body: bytes, *, status: int = 200) -> Answer:
    """Read one page of `search` or `commentThreads`.

    Raises:
        ValueError: the body of a good answer is no JSON, or has no `items`.
    """
    try:
        parsed = table(read_json(body))
    except ValueError:
        if status < 400:
            raise
        return failed_by_status(status)
    if "error" in parsed or status >= 400:
        return _refusal(status, table(parsed.get("error")))
    rows = parsed.get("items")
    if not isinstance(rows, list):
        raise ValueError(f"no `items` in the answer; it has {', '.join(sorted(map(str, parsed))[:10])}")
    items, bad = [], []
    for number, row in enumerate(rows, 1):
        found = list(_items(table(row)))
        items += found
        if not found:
            bad.append((number, "is neither video, channel nor comment"))
    return answer(items, rows=len(rows), bad=bad, next=word(parsed.get("nextPageToken")) or None)


def _refusal(status: int, error: Mapping[str, Any]) -> Answer:
    says = word(error.get("message"))
    reasons = {word(table(entry).get("reason")) for entry in rows_of(error.get("errors"))}
    if reasons & _CLOSED:
        return answer(())
    if reasons & _QUOTA:
        return failed("rate_limited", f"{says} ({', '.join(sorted(reasons))})", wait=DAY)
    if "keyInvalid" in reasons or "API key" in says or status in (401, 403):
        return failed("token", f"{says}; check the API key, and that YouTube Data API v3 is switched on for it")
    return failed_by_status(status, says) if status >= 400 else failed("api_error", says)


def _items(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    snippet = table(row.get("snippet"))
    if "topLevelComment" in snippet:
        yield from _comment(table(snippet["topLevelComment"]))
        for reply in rows_of(table(row.get("replies")).get("comments")):
            yield from _comment(table(reply))
        return
    identity = table(row.get("id"))
    video, channel = word(identity.get("videoId")), word(identity.get("channelId"))
    if not (video or channel):
        return
    thumbnails = table(snippet.get("thumbnails"))
    largest = max((table(one) for one in thumbnails.values()), key=_width, default={})
    yield post(
        video or channel,
        kind="post",
        platform="youtube",
        url=f"https://www.youtube.com/watch?v={video}" if video else f"https://www.youtube.com/channel/{channel}",
        author=(word(snippet.get("channelId")), unescaped(word(snippet.get("channelTitle")))),
        title=unescaped(word(snippet.get("title"))),
        body=unescaped(word(snippet.get("description"))),
        images=[largest.get("url")],
        shown=word(snippet.get("publishedAt")),
        row=row,
    )


def _comment(comment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    snippet, identity = table(comment.get("snippet")), word(comment.get("id"))
    if identity:
        video = word(snippet.get("videoId"))
        yield post(
            identity,
            kind="comment",
            platform="youtube",
            url=f"https://www.youtube.com/watch?v={video}&lc={identity}" if video else "",
            author=(word(table(snippet.get("authorChannelId")).get("value")), word(snippet.get("authorDisplayName"))),
            body=word(snippet.get("textOriginal")) or unescaped(word(snippet.get("textDisplay"))),
            shown=word(snippet.get("publishedAt")),
            row=comment,
        )


def _width(thumbnail: Mapping[str, Any]) -> int:
    width = thumbnail.get("width")
    return width if isinstance(width, int) else 0
