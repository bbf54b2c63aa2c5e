"""The example of docs/sources.md, run as written against a local server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

TOKEN = "s3cr3t-t0k3n-of-the-vendor"
DOCS = Path(__file__).resolve().parents[2] / "docs/sources.md"


def row(number: int) -> dict[str, Any]:
    creative = {
        "headline": f"星野電機 閉店セール {number}",
        "bodies": ["本日限り90%OFF", "LINEで友だち追加"],
        "destination": f"https://hoshino-denki-sale.test/{number}",
        "media": [{"type": "video", "url": "https://cdn.test/a.mp4"}],
    }
    return {
        "ad_id": 10**17 + number,
        "page": {"id": 7, "name": "Outlet"},
        "creative": creative,
        "started": "2026-11-10",
    }


def answer(rows: list[dict[str, Any]], **more: Any) -> Answer:
    return Answer(body=json.dumps({"data": {"ads": rows}, **more}).encode(), kind="application/json")


class Api(WebServer):
    """Three pages for each name: one row, none, one row; the links to the next carry the token."""

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        if hit.headers.get("authorization") != f"Bearer {TOKEN}":
            return answer([], error={"message": f"token expired: {TOKEN}"})
        page = int((re.search(r"page=(\d)", hit.path) or ["", "1"])[1])
        paging = (
            {"next": f"{self.url}/v1/ads?page={page + 1}&access_token={TOKEN}&q={len(self.hits)}"} if page < 3 else {}
        )
        return answer([] if page == 2 else [{**row(page), "link": f"{self.url}/?access_token={TOKEN}"}], paging=paging)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        yield server


def crawl(
    folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch, token: str = f"Bearer {TOKEN}"
) -> tuple[Crawling, Any]:
    monkeypatch.setenv("VENDOR_TOKEN", token)
    blocks = re.findall(r"```toml\n(\[\[source\]\].*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if 'kind = "json"' in block]
    source = example.replace("https://api.vendor.example", api.url).replace(
        'every = "1h"', "delay = 0.0\nvideos = false"
    )
    crawling = Crawling(folder)
    crawling.configure(source, allow=[api.allow])
    return crawling, crawling.crawl()["ads"]


def test_the_example_of_the_docs_works_as_written(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    crawling, report = crawl(tmp_path, api, monkeypatch)
    assert report.errors == {}
    assert report.flagged > 0
    assert len(api.hits) == 9  # three names, three pages each; an empty page is not the end
    assert "/robots.txt" not in api.paths()
    contents = [json.loads(content) for (content,) in crawling.rows("SELECT content FROM item_versions")]
    items = {item["id"]: item for item in contents}
    assert set(items) == {"100000000000000001", "100000000000000003"}
    item = items["100000000000000001"]
    assert [text["role"] for text in item["texts"]] == ["title", "body", "body"]
    assert item["links"] == ["https://hoshino-denki-sale.test/1"]
    assert (item["advertiser"]["id"], item["advertiser"]["name"]) == ("7", "Outlet")


def test_a_token_is_neither_kept_nor_told(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    crawling, _ = crawl(tmp_path, api, monkeypatch)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".toml")
    assert TOKEN.encode() not in stored
    assert TOKEN not in crawling.log
    assert b"access_token=***" in stored


def test_an_expired_token_is_one_clear_line(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    _, report = crawl(tmp_path, api, monkeypatch, token="Bearer another-token")
    assert report.errors == {"api_error": 3}
    assert "answered 200, but says: token expired" in report.problems[0]
    assert report.items == 0
