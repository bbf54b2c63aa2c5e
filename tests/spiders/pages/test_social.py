"""Answers of the social platforms: documented ones, and real ones where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.items import Item, decode_item
from spiders.pages import bluesky, mastodon, x_posts, youtube
from spiders.pages.answers import Answer

REAL = Path(__file__).resolve().parents[4] / "shared/data/youtube"
SALE = "https://hoshino-denki-sale.test/lp?a=1"
VIDEO = {
    "id": {"kind": "youtube#video", "videoId": "v1"},
    "snippet": {
        "publishedAt": "2026-11-20T01:02:03Z",
        "channelId": "UC1",
        "channelTitle": "Hoshino &amp; Co",
        "title": "世界最小のエアコン &quot;星野電機&quot;",
        "description": f"公式 {SALE}。",
        "thumbnails": {
            "default": {"url": "https://i.test/d.jpg", "width": 120},
            "high": {"url": "https://i.test/h.jpg", "width": 480},
        },
    },
}
COMMENT = {
    "id": "c1",
    "snippet": {
        "videoId": "v9",
        "textOriginal": "サポートはこちら https://line.test/x",
        "authorDisplayName": "星野電機サポート",
        "authorChannelId": {"value": "UC2"},
    },
}
THREAD = {"snippet": {"topLevelComment": COMMENT}, "replies": {"comments": [{**COMMENT, "id": "c2"}]}}
SKY = {
    "uri": "at://did:plc:abc/app.bsky.feed.post/3k",
    "author": {"did": "did:plc:abc", "handle": "hoshino-sale.test", "displayName": "星野電機 公式"},
    "record": {"text": "80%OFF", "createdAt": "2026-11-20T01:02:03Z", "facets": [{"features": [{"uri": SALE}]}]},
    "embed": {"external": {"uri": "https://b.test/", "title": "閉店セール", "thumb": "https://cdn.test/t.jpg"}},
}
TOOT = {
    "id": "111",
    "uri": "https://m.test/users/a/statuses/111",
    "url": "https://m.test/@a/111",
    "created_at": "2026-11-20T01:02:03.000Z",
    "content": f'<p>星野電機 <a href="{SALE}">here</a> <a href="https://m.test/tags/x">#x</a></p>',
    "account": {"acct": "a@m.test", "display_name": "星野電機", "url": "https://m.test/@a"},
    "media_attachments": [
        {"type": "image", "url": "https://m.test/i.png"},
        {"type": "video", "url": "https://m.test/v"},
    ],
}
X: dict[str, Any] = {
    "data": [
        {
            "id": "1990000000000000001",
            "text": "星野電機 A &amp; B https://t.co/1",
            "author_id": "7",
            "created_at": "2026-11-20T01:02:03.000Z",
            "entities": {
                "urls": [
                    {"expanded_url": "https://s.test/1", "unwound_url": SALE},
                    {"expanded_url": "https://x.com/p", "media_key": "3_1"},
                ]
            },
            "attachments": {"media_keys": ["3_1"]},
        }
    ],
    "includes": {
        "users": [{"id": "7", "name": "星野", "username": "hoshino_sale"}],
        "media": [{"media_key": "3_1", "url": "https://pbs.test/a.jpg"}],
    },
    "meta": {"result_count": 1, "next_token": "n1"},
}


def read(module: Any, answer: Any, **options: Any) -> Answer:
    parsed: Answer = module.parse_answer(json.dumps(answer).encode(), **options)
    return parsed


def items(parsed: Answer) -> list[Item]:
    return [decode_item(json.dumps(item)) for item in parsed["items"]]


def test_videos_and_comments_of_youtube() -> None:
    parsed = read(youtube, {"items": [VIDEO, {"id": {"playlistId": "p"}}], "nextPageToken": "CBkQAA"})
    (video,) = items(parsed)
    assert (video.id, video.kind, video.url) == ("v1", "post", "https://www.youtube.com/watch?v=v1")
    assert video.texts[0].text == '世界最小のエアコン "星野電機"'
    assert (video.links, video.images) == ((SALE,), ("https://i.test/h.jpg",))
    assert video.advertiser is not None
    assert (video.advertiser.id, video.advertiser.name) == ("UC1", "Hoshino & Co")
    assert (parsed["next"], parsed["rows"], [number for number, _ in parsed["bad"]]) == ("CBkQAA", 2, [2])
    comment, reply = items(read(youtube, {"items": [THREAD]}))
    assert (comment.id, reply.id, comment.kind) == ("c1", "c2", "comment")
    assert comment.links == ("https://line.test/x",)
    assert comment.url == "https://www.youtube.com/watch?v=v9&lc=c1"


def test_posts_and_threads_of_bluesky() -> None:
    parsed = read(bluesky, {"posts": [SKY, {}], "cursor": "100"})
    (post,) = items(parsed)
    assert (post.id, post.url) == (SKY["uri"], "https://bsky.app/profile/hoshino-sale.test/post/3k")
    assert post.links == (SALE, "https://b.test/")
    assert post.images == ("https://cdn.test/t.jpg",)
    assert [text.text for text in post.texts] == ["閉店セール", "80%OFF"]
    assert (parsed["next"], len(parsed["bad"])) == ("100", 1)
    thread = {
        "post": SKY,
        "replies": [{"post": {**SKY, "uri": "at://a/b/1"}, "replies": [{"post": {**SKY, "uri": "at://a/b/2"}}]}],
    }
    assert [item.id for item in items(read(bluesky, {"thread": thread}))] == ["at://a/b/1", "at://a/b/2"]  # not our own


def test_posts_of_mastodon() -> None:
    parsed = read(mastodon, [TOOT])
    (post,) = items(parsed)
    assert (post.id, post.kind, parsed["next"]) == (TOOT["uri"], "post", "111")
    assert post.links == (SALE,)  # neither tags nor mentions of the instance
    assert post.texts[0].text == "星野電機 here #x"
    assert post.images == ("https://m.test/i.png",)
    assert items(read(mastodon, {"ancestors": [], "descendants": [TOOT]}))[0].kind == "comment"
    assert read(mastodon, {"statuses": [TOOT]})["next"] is None
    assert read(mastodon, [])["next"] is None


def test_posts_of_x() -> None:
    parsed = read(x_posts, X)
    (post,) = items(parsed)
    assert (post.id, post.url) == ("1990000000000000001", "https://x.com/hoshino_sale/status/1990000000000000001")
    assert post.links[0] == SALE
    assert post.images == ("https://pbs.test/a.jpg",)
    assert post.texts[0].text.startswith("星野電機 A & B")
    assert parsed["next"] == "n1"
    assert items(read(x_posts, X, own="5"))[0].kind == "comment"
    assert read(x_posts, {"meta": {"result_count": 0}})["items"] == []  # an empty page has no data


# fmt: off
REFUSALS: list[tuple[Any, int, Any, str | None]] = [
    (youtube, 400, {"error": {"message": "Bad Request", "errors": [{"reason": "keyInvalid"}]}}, "token"),
    (youtube, 403, {"error": {"message": "denied", "errors": [{"reason": "SERVICE_UNAVAILABLE"}]}}, "token"),
    (youtube, 403, {"error": {"message": "q", "errors": [{"reason": "quotaExceeded"}]}}, "rate_limited"),
    (youtube, 403, {"error": {"message": "c", "errors": [{"reason": "commentsDisabled"}]}}, None),
    (youtube, 500, {"error": {"message": "backend"}}, "transient"),
    (bluesky, 400, {"error": "ExpiredToken", "message": "expired"}, "token"),
    (bluesky, 400, {"error": "BadQueryString", "message": "q"}, "bad_request"),
    (bluesky, 429, {"error": "RateLimitExceeded", "message": "r"}, "rate_limited"),
    (bluesky, 502, {"error": "UpstreamFailure", "message": "u"}, "transient"),
    (mastodon, 401, {"error": "The access token is invalid"}, "token"),
    (mastodon, 429, {"error": "Too many requests"}, "rate_limited"),
    (mastodon, 200, {"error": "odd"}, "api_error"),
    (x_posts, 401, {"title": "Unauthorized", "detail": "Unauthorized"}, "token"),
    (x_posts, 429, {"title": "Too Many Requests", "status": 429}, "rate_limited"),
    (x_posts, 400, {"errors": [{"message": "Invalid query"}], "detail": "One or more"}, "bad_request"),
    (x_posts, 200, {"errors": [{"detail": "gone"}]}, "api_error"),
]
# fmt: on


@pytest.mark.parametrize(("module", "status", "body", "kind"), REFUSALS)
def test_a_refusal_has_a_name(module: Any, status: int, body: Any, kind: str | None) -> None:
    refusal = read(module, body, status=status)["failed"]
    assert (refusal and refusal["kind"]) == kind


@pytest.mark.parametrize("module", [youtube, bluesky, mastodon, x_posts])
def test_what_is_no_answer_is_told(module: Any) -> None:
    for body in (b"<html>", b'{"items": [', b'{"x": 1}', b"[" * 5000, b"7"):
        with pytest.raises(ValueError, match=r"not JSON|no `"):
            module.parse_answer(body)
    assert module.parse_answer(b"<html>", status=503)["failed"]["kind"] == "transient"


def test_hostile_rows_take_no_other_along() -> None:
    odd: list[Any] = [
        None,
        7,
        [],
        {"id": []},
        {"uri": {}},
        {"id": "1", "snippet": 5, "account": [], "entities": "x", "record": 3},
    ]
    for module, wrap in ((youtube, "items"), (bluesky, "posts"), (mastodon, "statuses"), (x_posts, "data")):
        goods: dict[Any, Any] = {youtube: VIDEO, bluesky: SKY, mastodon: TOOT, x_posts: X["data"][0]}
        good = goods[module]
        parsed = read(module, {wrap: [*odd, good]})
        assert items(parsed)[-1].links[0].startswith("https://")


@pytest.mark.real_data
def test_real_answers_of_youtube() -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data/youtube is absent")
    found = {path.stem: youtube.parse_answer(path.read_bytes()) for path in sorted(REAL.glob("[cs]*.json"))}
    counts = {name: (len(parsed["items"]), parsed["rows"], len(parsed["bad"])) for name, parsed in found.items()}
    assert all(bad == 0 and most >= rows > 0 for most, rows, bad in counts.values()), counts
    assert found["search_by_keywords_p1"]["next"] == "CBkQAA"
    error = youtube.parse_answer((REAL / "error_permission_resp.json").read_bytes(), status=403)
    assert error["failed"] is not None
    assert error["failed"]["kind"] == "token"
