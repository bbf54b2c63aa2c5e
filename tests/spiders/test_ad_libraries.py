"""The ad libraries asked over HTTP: every page, the right questions, and no token where it does not belong."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer
from tests.spiders.pages.test_ad_libraries import LINKEDIN, META, MICROSOFT, TIKTOK

SECRETS = {"PERSON_TOKEN": "EAAB-t0ken-of-a-person", "CLIENT_KEY": "aw-client-key", "CLIENT_SECRET": "s3cr3t-of-app"}
FRESH = "clt.fresh-access-token"
SEARCH = """
[[source]]
key = "search"
kind = "search"
token = "env:CLIENT_SECRET"
url = "{url}/search.json"
queries = ["星野電機"]
words = ["公式"]
devices = ["mobile"]
delay = 0.0
"""
SOURCES = """
[[source]]
key = "meta"
kind = "meta"
token = "env:PERSON_TOKEN"
url = "{url}/ads_archive"
limit = 4
queries = ["星野電機"]
delay = 0.0
[[source]]
key = "tiktok"
kind = "tiktok"
client_key = "env:CLIENT_KEY"
client_secret = "env:CLIENT_SECRET"
url = "{url}/ad/query/"
detail_url = "{url}/ad/detail/"
token_url = "{url}/oauth/token/"
videos = false
delay = 0.0
[[source]]
key = "linkedin"
kind = "linkedin"
token = "env:PERSON_TOKEN"
url = "{url}/rest/adLibrary"
delay = 0.0
[[source]]
key = "microsoft"
kind = "microsoft"
url = "{url}/api/v1/Ads"
delay = 0.0
"""


class Libraries(WebServer):
    """The four of them, each with what is awkward about it."""

    expired = True  # TikTok's first token is refused once

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        path, query = urlsplit(hit.path).path, parse_qs(urlsplit(hit.path).query)
        status, body = getattr(self, path.strip("/").split("/")[-1].lower().replace(".", "_"))(hit, query)
        return Answer(status=status, body=json.dumps(body).encode(), kind="application/json")

    def ads_archive(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        if hit.headers.get("authorization") != f"Bearer {SECRETS['PERSON_TOKEN']}":
            return 400, {"error": {"code": 190, "message": "expired"}}
        if query["limit"] != ["2"]:
            return 500, {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for"}}
        page = int(query.get("after", ["1"])[0])
        following = f"{self.url}/ads_archive?access_token={SECRETS['PERSON_TOKEN']}&after={page + 1}"
        paging = {"cursors": {"after": str(page + 1)}, "next": following}
        return 200, {"data": [{**META, "id": f"m{page}"}] if page < 3 else [], "paging": paging}

    def token(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        return 200, {"access_token": FRESH + str(len(self.hits)), "expires_in": 7200}

    def query(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        if not hit.headers.get("authorization", "").startswith(f"Bearer {FRESH}") or self.expired:
            self.expired = False
            return 401, {"data": {}, "error": {"code": "access_token_invalid", "message": "invalid"}}
        more = b"search_id" not in hit.body
        ads = [] if more else [{"ad": {"id": 2**60}}]
        return 200, {"data": {"ads": ads, "has_more": more, "search_id": "s1"}, "error": {"code": "ok"}}

    def detail(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        assert json.loads(hit.body) == {"ad_id": 2**60}
        data = {**TIKTOK, "ad": {"id": 2**60, "external_url": "https://hoshino-denki-sale.test/"}}
        return 200, {"data": data, "error": {"code": "ok"}}

    def adlibrary(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        if hit.headers.get("linkedin-version") != "202606":
            return 426, {"code": "NONEXISTENT_VERSION"}
        first = query["start"] == ["0"]  # an empty page that is not the end
        links = [{"rel": "next"}] if first else []
        paging = {"start": int(query["start"][0]), "count": 25, "links": links}
        return 200, {"elements": [] if first else [LINKEDIN], "paging": paging}

    def search_json(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        if query["api_key"] != [SECRETS["CLIENT_SECRET"]]:
            return 401, {"error": "Invalid API key."}
        asked = {name: values[0] for name, values in query.items()}
        link = f"https://www.google.com/aclk?adurl=https://hoshino-denki-sale.test/?q={query['q'][0].replace(' ', '+')}"
        return 200, {"search_parameters": asked, "ads": [{"title": asked["q"], "tracking_link": link}]}

    def ads(self, hit: Hit, query: dict[str, list[str]]) -> tuple[int, object]:
        rows = 24 if query["skip"] == ["0"] else 1
        return 200, {"value": [{**MICROSOFT, "AssetJson": "", "AdId": f"{query['skip'][0]}-{n}"} for n in range(rows)]}


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as server:
        yield server


def test_every_library_is_read_to_its_end(
    tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    crawling = Crawling(tmp_path)
    crawling.configure(SOURCES.format(url=libraries.url), allow=[libraries.allow])
    report = crawling.crawl()
    outcomes = {source.key: (source.outcome, source.problems) for source in report.sources}
    assert {key: outcome for key, (outcome, _) in outcomes.items() if key != "tiktok"} == {
        "meta": "ok",
        "linkedin": "ok",
        "microsoft": "ok",
    }, outcomes
    found = dict(crawling.rows("SELECT platform || ' ' || external_id, 1 FROM items"))
    assert {name for name in found if not name.startswith("microsoft")} == {
        "meta m1",
        "meta m2",
        f"tiktok {2**60}",
        "linkedin 1470155666",
    }
    assert sum(name.startswith("microsoft") for name in found) == 25
    contents = [content for (content,) in crawling.rows("SELECT content FROM item_versions")]
    assert any("https://hoshino-denki-sale.test/" in content and "tiktok" in content for content in contents)
    kept = (tmp_path / "mekiki.db").read_bytes() + crawling.log.encode() + repr(report).encode()
    for secret in (*SECRETS.values(), FRESH):
        assert secret.encode() not in kept
    asked = {parse_qs(urlsplit(hit.path).query)["keyword"][0] for hit in libraries.hits if "keyword=" in hit.path}
    assert asked == {"星野電機", "Hoshino Denki", "hoshinodenki"}
    assert "/robots.txt" not in libraries.paths()


def test_search_pages_are_asked_for_every_query_and_the_key_stays_hidden(
    tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", SECRETS["CLIENT_SECRET"])
    crawling = Crawling(tmp_path)
    crawling.configure(SEARCH.format(url=libraries.url), allow=[libraries.allow])
    report = crawling.crawl()["search"]
    assert (report.outcome, report.items, report.flagged) == ("ok", 2, 2), report.problems
    asked = [parse_qs(urlsplit(hit.path).query) for hit in libraries.hits]
    assert [query["q"] for query in asked] == [["星野電機"], ["星野電機 公式"]]
    assert all((query["gl"], query["device"], query["location"]) == (["jp"], ["mobile"], ["Japan"]) for query in asked)
    monkeypatch.setenv("CLIENT_SECRET", "another-key-of-old")
    refused = crawling.crawl()["search"]
    assert (refused.outcome, refused.errors) == ("failed", {"token": 1})
    kept = (tmp_path / "mekiki.db").read_bytes() + crawling.log.encode() + repr((report, refused)).encode()
    assert SECRETS["CLIENT_SECRET"].encode() not in kept
    assert b"another-key" not in kept
