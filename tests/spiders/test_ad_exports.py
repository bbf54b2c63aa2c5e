"""Exported tables and advertisers' ads, read through a whole crawl."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow
import pytest
from pyarrow import parquet

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer
from tests.spiders.pages.test_ad_exports import CREATIVE, ROW, SNAP

SOURCES = """
[[source]]
key = "japan"
kind = "google-ads"
token = "env:SERP_KEY"
url = "{url}/search.json"
queries = ["星野電機"]
advertisers = ["AR7"]
pictures = false
delay = 0.0
[[source]]
key = "snap"
kind = "snap"
url = "{url}/ads/search"
queries = ["hoshino"]
pictures = false
delay = 0.0
"""


class Libraries(WebServer):
    """Both interfaces, two pages each; Snap's second link leads on with the same body."""

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        path, query = urlsplit(hit.path).path, parse_qs(urlsplit(hit.path).query)
        number = str(len(self.hits))
        if path == "/search.json":
            more = {} if "next_page_token" in query else {"serpapi_pagination": {"next_page_token": "t2"}}
            body: object = {"ad_creatives": [{**CREATIVE, "ad_creative_id": number}], **more}
        else:
            assert json.loads(hit.body)["paying_advertiser_name"] == "hoshino"
            more = {} if "cursor" in query else {"paging": {"next_link": f"{self.url}/ads/search?cursor=2"}}
            body = {"request_status": "SUCCESS", "ads": [{**SNAP, "id": number}], **more}
        return Answer(body=json.dumps(body).encode(), kind="application/json")


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as server:
        yield server


def test_both_are_read_to_their_end(tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERP_KEY", "a-serp-key-of-ours")
    crawling = Crawling(tmp_path)
    crawling.configure(SOURCES.format(url=libraries.url), allow=[libraries.allow])
    report = crawling.crawl()
    assert {source.key: (source.outcome, source.items) for source in report.sources} == {
        "japan": ("ok", 4),
        "snap": ("ok", 2),
    }, [source.problems for source in report.sources]
    assert b"a-serp-key" not in (tmp_path / "mekiki.db").read_bytes() + crawling.log.encode()


def test_exports_as_lines_and_as_parquet(tmp_path: Path) -> None:
    names = [f"星野電機 {number} 公式" for number in range(1200)]
    rows = [{**ROW, "creative_id": f"CR{n}", "advertiser_disclosed_name": name} for n, name in enumerate(names)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows[:700]]
    lines.insert(600, '{"creative_id": ')
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    parquet.write_table(pyarrow.Table.from_pylist(rows[700:]), tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 broken")
    crawling = Crawling(tmp_path)
    crawling.configure('[[source]]\nkey = "tables"\nkind = "google-export"\npath = "[abc].*"\n', allow=[])
    report = crawling.crawl()["tables"]
    assert report.items == 1200, report.problems
    assert report.errors["bad_line"] == 1
    assert any("a.jsonl: line 601: not JSON" in problem for problem in report.problems)
    assert any("c.parquet" in problem for problem in report.problems)
    assert crawling.rows("SELECT count(*) FROM items WHERE platform = 'google'") == [(1200,)]
