"""The social platforms asked over HTTP: the right questions, a few pages of each, answers below one's own posts."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer
from tests.spiders.pages.test_social import SKY, THREAD, TOOT, VIDEO, X

TOKEN = "t0ken-of-the-brand-team"
SOURCES = """
[[source]]
key = "youtube"
kind = "youtube"
token = "env:TOKEN"
url = "{url}/youtube/v3"
queries = ["星野電機"]
own_posts = ["v9"]
pictures = false
delay = 0.0
[[source]]
key = "bluesky"
kind = "bluesky"
url = "{url}"
queries = ["星野電機"]
domains = ["hoshino-denki-sale.test"]
own_posts = ["at://did/app.bsky.feed.post/1"]
pages = 2
pictures = false
delay = 0.0
[[source]]
key = "mastodon"
kind = "mastodon"
url = "{url}"
tags = ["#星野電機"]
pictures = false
delay = 0.0
[[source]]
key = "x"
kind = "x"
token = "env:TOKEN"
url = "{url}/2/tweets/search/recent"
queries = ["星野電機"]
own_posts = ["5"]
pages = 1
pictures = false
delay = 0.0
"""


class Platforms(WebServer):
    """Every page names a next one, without end."""

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        path, query = urlsplit(hit.path).path, parse_qs(urlsplit(hit.path).query)
        status, body = self.said(path, query, hit)
        headers = {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "400"}
        return Answer(status=status, body=json.dumps(body).encode(), kind="application/json", headers=headers)

    def said(self, path: str, query: dict[str, list[str]], hit: Hit) -> tuple[int, object]:
        if path.startswith("/youtube"):
            if hit.headers.get("x-goog-api-key") != TOKEN:
                return 400, {"error": {"errors": [{"reason": "keyInvalid"}]}}
            if path.endswith("search"):
                return 200, {"items": [VIDEO], "nextPageToken": "more"}
            last = "pageToken" in query
            return 200, {"items": [] if last else [THREAD], **({} if last else {"nextPageToken": "two"})}
        if path.endswith("searchPosts"):
            return 200, {"posts": [{**SKY, "uri": f"at://a/b/{len(self.hits)}"}], "cursor": f"c{len(self.hits)}"}
        if path.endswith("getPostThread"):
            return 200, {"thread": {"post": SKY, "replies": [{"post": {**SKY, "uri": "at://a/b/reply"}}]}}
        if "/timelines/tag/" in path:
            return 200, [{**TOOT, "id": str(500 - len(self.hits)), "uri": f"https://m.test/{len(self.hits)}"}]
        if hit.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"title": "Unauthorized"}
        own = query["query"][0].startswith("conversation_id:")
        return 200, {**X, "data": [{**X["data"][0], "id": "2" if own else "1"}]}


@pytest.fixture
def platforms() -> Iterator[Platforms]:
    with Platforms() as server:
        yield server


def test_every_platform_is_read(tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    crawling = Crawling(tmp_path)
    crawling.configure(SOURCES.format(url=platforms.url), allow=[platforms.allow])
    report = crawling.crawl()
    assert {source.key: source.outcome for source in report.sources} == dict.fromkeys(
        ("youtube", "bluesky", "mastodon", "x"), "ok"
    ), [source.problems for source in report.sources]
    found = crawling.rows("SELECT platform, kind, count(*) FROM items GROUP BY 1, 2 ORDER BY 1, 2")
    assert found == [
        ("bluesky", "comment", 1),
        ("bluesky", "post", 4),  # two queries, two pages each
        ("mastodon", "post", 3),  # three pages of the tag, nothing searched without a token
        ("x", "comment", 1),
        ("x", "post", 1),
        ("youtube", "comment", 2),
        ("youtube", "post", 1),
    ]
    asked = [parse_qs(urlsplit(hit.path).query) for hit in platforms.hits]
    assert ['"星野電機" -is:retweet'] in [query.get("query") for query in asked]
    assert ["hoshino-denki-sale.test"] in [query.get("domain") for query in asked]
    kept = (tmp_path / "mekiki.db").read_bytes() + crawling.log.encode() + repr(report).encode()
    assert TOKEN.encode() not in kept


def test_false_claims_are_searched_for_where_the_source_says_so(
    tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    crawling = Crawling(tmp_path)
    crawling.configure(SOURCES.format(url=platforms.url), allow=[platforms.allow])
    claim = "星野電機が開発した世界最小のエアコン"
    text = crawling.file.read_text("utf-8").replace("domains = [", f'false_claims = ["{claim}"]\ndomains = [', 1)
    crawling.file.write_text(text, "utf-8")
    crawling.crawl()
    asked = [parse_qs(urlsplit(hit.path).query) for hit in platforms.hits]
    assert [claim] in [query.get("q") for query in asked]  # Bluesky
    assert any(claim in query.get("query", [""])[0] for query in asked)  # X
    youtube = [hit.path for hit in platforms.hits if "/youtube/v3/search" in hit.path]
    assert not any(claim in parse_qs(urlsplit(path).query)["q"][0] for path in youtube)  # each costs 100 units
